/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ipvs_apply.h"
#include "cleanup.h"
#include "command.h"
#include "input.h"
#include "ipvs.h"
#include "kernel.h"
#include "say.h"
#include "summary.h"
#include "sync.h"
#include "tables.h"
#include "sysctls.h"
#include "warn.h"
#include "exclusive.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <unistd.h>

struct job {
	const struct arguments *args;
	const char *table;
	double start;
	unsigned drain; /* seconds */
	struct rules rules;
	struct ipvs_kernel kernel;
	struct sync sync;
};

static int make_servers(void *arg)
{
	struct job *j = arg;

	return ipvs_make(&j->kernel, j->sync.ipvs, j->table);
}

/* The table, then IPVS, then what both leave behind; the kernel's state has been read. */
static int make_all(struct job *j)
{
	struct sync *s = &j->sync;

	s->nl = j->kernel.nl;
	s->table = j->table;
	s->wanted = j->rules.nft;
	s->ipvs = j->rules.ipvs;
	s->then = make_servers;
	s->arg = j;
	return sync_make(s);
}

static int settle(struct job *j, enum svcrules_ipvs_settle how)
{
	return svcrules_ipvs_settle(j->kernel.have, j->rules.ipvs, j->drain, how) ? say_enomem() : EXIT_DONE;
}

/* --dry-run and --check: nothing is touched. IPVS cannot be asked whether it would take a change. */
static int try_only(struct job *j)
{
	struct ipvs_changes c = { NULL, NULL };
	int code = ipvs_compare(j->kernel.have, j->rules.ipvs, &c);

	if (!code && j->args->given[OPT_DRY_RUN]) {
		if (svcrules_ipvs_changes_print(c.ipvs, c.nft, out_colour(), out_write, NULL) == -ENOMEM)
			code = say_enomem();
		else
			code = cleanup_udp(&(struct cleanup_rules){ j->rules.nft, j->kernel.table_now, j->rules.ipvs, false },
					   true, &j->sync.flows);
	}
	ipvs_changes_release(&c);
	if (code || !j->args->given[OPT_CHECK])
		return code;
	j->sync.nl = j->kernel.nl;
	j->sync.table = j->table;
	j->sync.wanted = j->rules.nft;
	return sync_check(&j->sync);
}

static int sysctls(const struct job *j)
{
	bool strict = j->args->given[OPT_STRICT_ARP];

	if (!j->args->given[OPT_NO_SYSCTLS] && !arguments_trial(j->args))
		return sysctls_apply(strict, j->args->given[OPT_QUIET]);
	if (!j->args->given[OPT_QUIET])
		sysctls_warn(strict);
	return EXIT_DONE;
}

static int look(struct job *j)
{
	int code = ipvs_read(&j->kernel, j->table);

	if (!code)
		code = ipvs_conflicts(&j->kernel, j->rules.ipvs);
	if (!code)
		code = sysctls(j);
	return code ? code : settle(j, SVCRULES_IPVS_APPLY);
}

/* Flows of services that the nftables back end had and nobody has any more. Its rules are gone, its maps tell. */
static int clean_after(struct job *j, const char *table)
{
	struct svcrules_nft *old = NULL;
	size_t flows = 0;
	uint32_t genid;
	int err = kernel_read(j->kernel.nl, table, &old, &genid), code = EXIT_DONE;

	if (err)
		return kernel_failed("read the rules of nftables", err);
	if (!svcrules_nft_foreign(old))
		code = cleanup_udp(&(struct cleanup_rules){ j->rules.nft, old, j->rules.ipvs, false }, false, &flows);
	svcrules_nft_free(old);
	j->sync.flows += flows;
	return code;
}

/* Now that IPVS serves, the other back end need not. */
static int end_nftables(struct job *j, const char *table)
{
	size_t unused;
	int code;

	if (!kernel_has_table(j->kernel.nl, table))
		return EXIT_DONE;
	code = tables_empty(j->kernel.nl, table);
	if (!code)
		code = clean_after(j, table);
	return code ? code : tables_delete(j->kernel.nl, &(struct tables_choice){ .name = table, .chosen = tables_any,
					   .quiet = true }, &unused);
}

static int make_so(struct job *j, const struct svcrules_options *settings)
{
	int lock = -1, code = exclusive_lock(j->args, &lock);

	if (!code)
		code = look(j);
	if (!code)
		code = make_all(j);
	if (!code)
		code = end_nftables(j, svcrules_options_table(settings));
	if (lock >= 0)
		close(lock);
	return code;
}

static void summary(const struct job *j, const struct svcrules_nft_stats *served, const char *done)
{
	if (!j->args->given[OPT_QUIET])
		summary_print(&(struct summary){ .start = j->start, .served = served, .changed = &j->sync.stats,
						 .messages = j->sync.messages + j->kernel.messages,
						 .ipvs = j->kernel.messages, .flows = j->sync.flows, .done = done });
}

static int work(struct job *j, const struct svcrules_options *settings)
{
	struct svcrules_nft_stats served;
	int code;

	j->kernel.nl = kernel_open();
	if (!j->kernel.nl)
		return EXIT_KERNEL;
	svcrules_nft_stats(j->rules.nft, &served);
	if (!j->args->given[OPT_QUIET])
		warn_host(j->kernel.nl, svcrules_nft_has_table(j->rules.nft, NFPROTO_IPV4),
			  svcrules_nft_has_table(j->rules.nft, NFPROTO_IPV6), &served);
	if (!arguments_trial(j->args)) {
		code = make_so(j, settings);
	} else {
		code = look(j);
		if (!code)
			code = try_only(j);
	}
	if (!code && !j->args->given[OPT_DRY_RUN])
		summary(j, &served, arguments_trial(j->args) ? "accepted, not made" : "sent");
	return code;
}

static void release(struct job *j)
{
	struct netlink *nl = j->kernel.nl;

	sync_release(&j->sync);
	ipvs_kernel_release(&j->kernel);
	rules_release(&j->rules);
	netlink_close(nl);
}

int ipvs_apply(const struct arguments *a, struct svcrules_options *settings)
{
	struct job j = { .args = a, .start = summary_clock(), .table = svcrules_options_ipvs_table(settings) };
	int code = options_drain_timeout(a, &j.drain);

	if (!code)
		code = input_build(a, a->files, a->nfiles, settings, true, NULL, &j.rules);
	if (!code)
		code = work(&j, settings);
	release(&j);
	return code;
}

/* The empty rule set, for what is left of the table to be compared with. */
static int nothing(struct job *j)
{
	j->rules.nft = svcrules_nft_new(j->table);
	j->rules.ipvs = j->rules.nft ? svcrules_ipvs_new(j->rules.nft) : NULL;
	return j->rules.ipvs ? EXIT_DONE : say_enomem();
}

/* Nothing more is sent to IPVS; before the chains go, see tables_empty(). */
static int stop_rules(struct job *j)
{
	return svcrules_nft_serves(j->kernel.table_now) ? tables_empty(j->kernel.nl, j->table) : EXIT_DONE;
}

int ipvs_retire(const struct arguments *a, struct netlink *nl, const struct svcrules_options *settings, bool *ret_left)
{
	struct job j = { .args = a, .table = svcrules_options_ipvs_table(settings), .kernel = { .nl = nl, .optional = true } };
	int code = options_drain_timeout(a, &j.drain);

	*ret_left = false;
	if (code || !ipvs_traces(&j.kernel, j.table))
		return code;
	code = nothing(&j);
	if (!code)
		code = ipvs_read(&j.kernel, j.table);
	if (!code)
		code = settle(&j, SVCRULES_IPVS_RETIRE);
	if (!code)
		code = stop_rules(&j);
	j.sync.retire = true;
	if (!code)
		code = make_all(&j);
	if (!code)
		*ret_left = svcrules_ipvs_servers(j.rules.ipvs) > 0;
	sync_release(&j.sync);
	ipvs_kernel_release(&j.kernel);
	svcrules_ipvs_free(j.rules.ipvs); /* which only borrowed the table */
	svcrules_nft_free(j.rules.nft);
	return code;
}
