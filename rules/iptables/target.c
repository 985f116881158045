/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The target "iptables": serves Services with rules that iptables-restore(8) loads. */
#include "rules/iptables/target.h"
#include "diag.h"
#include "rules/iptables/build.h"
#include "rules/nftables/build.h"
#include "select.h"

#include <errno.h>

static int iptables_make(struct svcrules_ruleset *rs, const struct svcrules_options *o,
			 const char *table)
{
	struct svcr_ipt *p = svcr_ipt_new();
	const char *loaded = svcrules_options_get(o, "loaded");
	int err = svcr_ruleset_add(rs, (struct svcr_part *)p);

	(void)table;
	if (err)
		return err;
	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT; f++)
		p->families[f].wanted = o->families[f];
	p->remove = svcrules_options_get(o, "remove");
	p->known = loaded;
	return loaded ? svcr_ipt_loaded_read(&p->loaded, loaded, &p->arena) : 0;
}

/* The kernel's lists of clients are short: xt_recent's parameter ip_list_tot. */
static void warn_affinity(const struct svcr_view *view, struct svcrules_diags *d)
{
	const struct svcr_service *last = NULL;
	size_t n = 0;

	for (size_t i = 0; i < view->nvips; i++) {
		const struct svcr_vip *v = &view->vips[i];

		if (v->service->affinity && v->choice->cluster.n > 1) {
			n += !last;
			last = v->service;
		}
	}
	if (n)
		svcr_diag(
			d,
			&(struct svcrules_diag){ .severity = SVCRULES_NOTICE,
						 .check = "affinity-clients" },
			"session affinity (Service %s/%s) remembers 100 clients of each endpoint, "
			"unless the parameter ip_list_tot of the module xt_recent is higher",
			last->ns, last->name);
}

static int iptables_build(const struct svcrules_model *m, const struct svcrules_options *o,
			  struct svcrules_diags *d, struct svcrules_ruleset *rs)
{
	struct svcr_view view;
	int err = svcr_select(&view, m, o, d);

	if (err)
		return err;
	warn_affinity(&view, d);
	err = svcr_services_count(&view, m, &rs->stats);
	if (!err)
		err = svcr_ipt_build(&view, o, (struct svcr_ipt *)rs->parts[0]);
	svcr_view_release(&view);
	return err;
}

static const char *iptables_expected(const char *setting, const char *value)
{
	(void)setting;
	return svcr_ipt_saved(value) ? NULL : "what iptables-save prints";
}

static const char *iptables_unprintable(const struct svcrules_ruleset *rs, const char *format)
{
	const struct svcr_ipt *p = (const struct svcr_ipt *)rs->parts[0];
	bool both = p->families[SVCR_IPV4].wanted && p->families[SVCR_IPV6].wanted;
	size_t n = 0;

	for (int t = 0; t < IPT_TABLES; t++)
		n += p->loaded.chains[t].n;
	if (both && n)
		return "--loaded tells of one family: name it with --family";
	if (!format || strcmp(format, "text") != 0 || svcr_ipt_printed(p))
		return NULL;
	return "there are rules for IPv4 and for IPv6, which iptables-restore and "
	       "ip6tables-restore load: name one with --family";
}

static const char *const formats[] = { "text", "json", NULL };
static const char *const change_formats[] = { "text", "diff", "json", "markdown", NULL };
static const struct svcrules_setting settings[] = {
	{ .name = "loaded",
	  .argument = "FILE",
	  .file = true,
	  .compile_only = true,
	  .help = "for iptables: what iptables-save prints; /dev/null: nothing is loaded" },
	{ .name = "remove",
	  .compile_only = true,
	  .help = "for iptables: print what removes the rules again" },
	{ .name = NULL }
};

const struct svcr_target svcr_target_iptables = {
	.info = { .name = "iptables",
		  .formats = formats,
		  .change_formats = change_formats,
		  .settings = settings,
		  .table_suffix = "" },
	.reads = svcr_services_kinds,
	.make = iptables_make,
	.build = iptables_build,
	.expected = iptables_expected,
	.unprintable = iptables_unprintable,
};
