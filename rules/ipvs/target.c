/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The target "ipvs": serves Services with virtual servers at addresses of the interface
 * svcrules0, and with tables of nf_tables for masquerading, source ranges and what IPVS cannot
 * do.
 */
#include "rules/ipvs/target.h"
#include "rules/ipvs/build.h"
#include "rules/ipvs/drain.h"
#include "rules/ipvs/layout.h"
#include "rules/ipvs/report.h"
#include "rules/nftables/build.h"
#include "rules/nftables/flows.h"
#include "rules/nftables/loss.h"

#include <errno.h>
#include <stdlib.h>

#define DRAIN_DEFAULT 900 /* seconds */
#define DRAIN_MAX 604800  /* a week */

/* Returns the number of seconds, or -1. */
static long drain_seconds(const char *value)
{
	unsigned long seconds;
	char *end;

	if (!value)
		return DRAIN_DEFAULT;
	errno = 0;
	seconds = strtoul(value, &end, 10);
	return *value < '0' || *value > '9' || *end || errno || seconds > DRAIN_MAX ? -1 :
										      (long)seconds;
}

static const char *ipvs_expected(const char *setting, const char *value)
{
	if (strcmp(setting, "ipvs-scheduler") == 0)
		return svcr_scheduler_known(value) ? NULL : svcr_scheduler_names;
	return drain_seconds(value) >= 0 ? NULL : "seconds from 0 to 604800";
}

static int ipvs_add_parts(struct svcrules_ruleset *rs, const struct svcrules_options *o,
			  const char *table)
{
	struct svcr_ipvs *v;
	int err = svcr_ruleset_add(
		rs, (struct svcr_part *)svcr_nft_new_tables(&svcr_ipvs_layout, table));

	if (!err)
		err = svcr_ruleset_add(rs, (struct svcr_part *)svcr_link_new(table));
	v = err ? NULL : svcr_ipvs_new();
	if (!v)
		return -ENOMEM;
	v->drain_timeout = (uint32_t)drain_seconds(svcrules_options_get(o, "drain-timeout"));
	return svcr_ruleset_add(rs, &v->part);
}

static const char *const formats[] = { "", "nft", "json", "ip", "ipvsadm", NULL };
static const char *const change_formats[] = { "text", "nft",     "json", "markdown",
					      "ip",   "ipvsadm", NULL };
static const struct svcrules_setting settings[] = {
	{ .name = "ipvs-scheduler",
	  .argument = "NAME",
	  .help = "for IPVS: how endpoints are chosen (default: rr)" },
	{ .name = "drain-timeout",
	  .argument = "SECONDS",
	  .apply_only = true,
	  .help = "for IPVS: how long a removed endpoint may keep its connections (default: 900)" },
	{ .name = "no-sysctls",
	  .apply_only = true,
	  .help = "for IPVS: set no net.ipv4.vs sysctl, warn where one is wrong" },
	{ .name = "strict-arp",
	  .apply_only = true,
	  .help = "for IPVS: set arp_ignore and arp_announce, for load-balancer IPs" },
	{ .name = NULL }
};

static const char *const modules[] = { "ip_vs", "dummy", NULL };

const struct svcr_target svcr_target_ipvs = {
	.info = { .name = "ipvs",
		  .formats = formats,
		  .change_formats = change_formats,
		  .settings = settings,
		  .table_suffix = "-ipvs",
		  .kernel = true,
		  .explained = true,
		  .modules = modules,
		  .host_addresses = true },
	.reads = svcr_services_kinds,
	.make = ipvs_add_parts,
	.build = svcr_ipvs_build,
	.expected = ipvs_expected,
	.settle = svcr_ipvs_settle,
	.report = svcr_ipvs_report,
	.loss = svcr_services_loss,
	.flow_stale = svcr_services_flow_stale,
};
