/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kinds.h"

/* clang-format off */
const struct svcr_kind *const svcr_kinds[] = {
	&svcr_kind_service,
	&svcr_kind_endpoint_slice,
	&svcr_kind_endpoint_slice_v1beta1,
	&svcr_kind_endpoints,
	&svcr_kind_node,
	&svcr_kind_pod,
	&svcr_kind_namespace,
	&svcr_kind_network_policy,
	&svcr_kind_ingress,
	&svcr_kind_ingress_class,
	&svcr_kind_secret,
	&svcr_kind_deployment,
	&svcr_kind_stateful_set,
	&svcr_kind_daemon_set,
	&svcr_kind_replica_set,
	&svcr_kind_replication_controller,
	&svcr_kind_job,
	&svcr_kind_cron_job,
	NULL
};

const struct svcr_kind *const svcr_pod_kinds[] = {
	&svcr_kind_pod,
	NULL
};

const struct svcr_kind *const svcr_policy_kinds[] = {
	&svcr_kind_pod,
	&svcr_kind_namespace,
	&svcr_kind_network_policy,
	NULL
};
/* clang-format on */

const struct svcr_kind *svcr_kinds_find(const struct svcr_kind *const *kinds, const char *name,
					const char *api)
{
	for (; *kinds; kinds++)
		if (strcmp((*kinds)->kind, name) == 0 &&
		    (!api || !*api || strcmp((*kinds)->api, api) == 0))
			return *kinds;
	return NULL;
}

const struct svcr_kind *svcr_kinds_only(const struct svcr_kind *const *kinds, struct svcr_str api)
{
	const struct svcr_kind *found = NULL;

	for (; api.len && *kinds; kinds++) {
		/* the first byte is enough for most of them: this is done for every object */
		if (*api.p != *(*kinds)->api || !svcr_str_eq(api, (*kinds)->api))
			continue;
		if (found)
			return NULL;
		found = *kinds;
	}
	return found;
}
