/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The target "nftables": serves Services with maps of nf_tables. */
#include "rules/nftables/target.h"
#include "rules/nftables/build.h"
#include "rules/nftables/flows.h"
#include "rules/nftables/loss.h"
#include "rules/nftables/report.h"
#include "rules/nftables/refusals.h"
#include "rules/nftables/serving.h"

#include <errno.h>

static int nftables_make(struct svcrules_ruleset *rs, const struct svcrules_options *o,
			 const char *table)
{
	(void)o;
	return svcr_ruleset_add(
		rs, (struct svcr_part *)svcr_nft_new_tables(&svcr_services_layout, table));
}

static int nftables_build(const struct svcrules_model *m, const struct svcrules_options *o,
			  struct svcrules_diags *d, struct svcrules_ruleset *rs)
{
	struct svcr_nft *n = (struct svcr_nft *)rs->parts[0];
	struct svcr_view view;
	int err = svcr_select(&view, m, o, d);

	if (err)
		return err;
	err = svcr_services_build(&view, o, NULL, n);
	/* translation comes after routing (hook output), so there must be a route to cluster IPs */
	for (size_t i = 0; i < view.ncluster_ips; i++)
		svcr_addr_text(&view.cluster_ips[i], rs->stats.routed[view.cluster_ips[i].family]);
	if (!err)
		err = svcr_services_count(&view, m, &rs->stats);
	if (!err)
		err = svcr_refusals_make(&view, m, o, &rs->refusals);
	if (!err)
		err = svcr_serving_make(&view, &rs->serving);
	svcr_view_release(&view);
	return err;
}

static int nftables_report(const struct svcrules_changes *c, bool details, struct svcr_report *ret)
{
	const struct svcr_part_changes *nft = svcr_changes_find(c, &svcr_nft_ops);

	return nft ? svcr_services_report(ret, (const struct svcr_nft_changes *)nft, details, c,
					  NULL) :
		     0;
}

static const char *const formats[] = { "nft", "json", NULL };
static const char *const change_formats[] = { "text", "nft", "json", "markdown", NULL };
static const struct svcrules_setting settings[] = { { .name = NULL } };

const struct svcr_target svcr_target_nftables = {
	.info = { .name = "nftables",
		  .formats = formats,
		  .change_formats = change_formats,
		  .settings = settings,
		  .table_suffix = "",
		  .kernel = true,
		  .explained = true },
	.reads = svcr_services_kinds,
	.make = nftables_make,
	.build = nftables_build,
	.report = nftables_report,
	.loss = svcr_services_loss,
	.flow_stale = svcr_services_flow_stale,
};
