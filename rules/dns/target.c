/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The target "dns": the records that a cluster's own DNS would answer from (Kubernetes DNS
 * specification, schema 1.1.0), as zones.
 */
#include "rules/dns/target.h"
#include "rules/dns/build.h"
#include "rules/dns/settings.h"

static int dns_make(struct svcrules_ruleset *rs, const struct svcrules_options *o,
		    const char *table)
{
	struct svcr_dns *v = svcr_dns_new(o);

	(void)table;
	return svcr_ruleset_add(rs, v ? &v->part : NULL);
}

static int dns_build(const struct svcrules_model *m, const struct svcrules_options *o,
		     struct svcrules_diags *d, struct svcrules_ruleset *rs)
{
	struct svcr_dns *v = (struct svcr_dns *)rs->parts[0];
	int err = svcr_dns_fill(v, m, o, d);

	for (size_t i = 0; i < v->nservices; i++)
		rs->stats.services += !v->services[i].exists;
	for (size_t i = 0; i < v->nservices; i++)
		rs->stats.endpoints += v->services[i].nendpoints;
	return err;
}

static const struct svcr_kind *const kinds[] = {
	&svcr_kind_service,   &svcr_kind_endpoint_slice, &svcr_kind_endpoint_slice_v1beta1,
	&svcr_kind_endpoints, &svcr_kind_namespace,      NULL
};
static const char *const formats[] = { "text", "json", NULL };
static const char *const change_formats[] = { "text", "json", "markdown", NULL };

const struct svcr_target svcr_target_dns = {
	.info = { .name = "dns",
		  .formats = formats,
		  .change_formats = change_formats,
		  .settings = svcr_dns_settings,
		  .table_suffix = "",
		  .any_input = true },
	.reads = kinds,
	.names = true,
	.make = dns_make,
	.build = dns_build,
	.expected = svcr_dns_expected,
};
