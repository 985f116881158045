/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Kubernetes has replaced: annotations, fields, and versions of its API. */
#include "rules/check/check.h"

#include <errno.h>

/* ---- Services ---------------------------------------------------------------------- */

#define ANNOTATION(name) "metadata.annotations[" name "]"
#define BETA(name) ANNOTATION("service.beta.kubernetes.io/" name)
#define NOT_OBEYED "no longer obeyed: use "

/* clang-format off */
static const struct {
	const char *field, *instead;
} old_fields[SVCR_OLD__COUNT] = {
	[SVCR_OLD_TOPOLOGY_HINTS] = {
		ANNOTATION("service.kubernetes.io/topology-aware-hints"),
		"deprecated since Kubernetes 1.27: use spec.trafficDistribution" },
	[SVCR_OLD_UNREADY_ENDPOINTS] = {
		ANNOTATION("service.alpha.kubernetes.io/tolerate-unready-endpoints"),
		NOT_OBEYED "spec.publishNotReadyAddresses" },
	[SVCR_OLD_EXTERNAL_TRAFFIC] = {
		BETA("external-traffic"), NOT_OBEYED "spec.externalTrafficPolicy" },
	[SVCR_OLD_HEALTH_PORT] = {
		BETA("healthcheck-nodeport"), NOT_OBEYED "spec.healthCheckNodePort" },
	[SVCR_OLD_SOURCE_RANGES] = {
		BETA("load-balancer-source-ranges"),
		"deprecated, and not obeyed here: use spec.loadBalancerSourceRanges" },
	[SVCR_OLD_LOAD_BALANCER_IP] = {
		"spec.loadBalancerIP",
		"deprecated since Kubernetes 1.24: use what the load balancer's vendor has for it, "
		"as an annotation" },
	[SVCR_OLD_TOPOLOGY_KEYS] = {
		"spec.topologyKeys", NOT_OBEYED "spec.trafficDistribution" },
};
/* clang-format on */

static int check_old_service(struct svcr_checks *c, const struct svcr_service *s)
{
	int err = 0;

	for (int i = 0; i < SVCR_OLD__COUNT && !err; i++) {
		struct svcr_place at = SVCR_PLACE_SERVICE(s, old_fields[i].field);
		bool annotation = i < SVCR_OLD_LOAD_BALANCER_IP;

		if (s->old & 1u << i)
			err = svcr_found(c,
					 annotation ? "deprecated-annotation" : "deprecated-field",
					 &at, "%s", old_fields[i].instead);
	}
	return err;
}

int svcr_check_old_services(struct svcr_checks *c)
{
	int err = 0;

	for (size_t i = 0; i < c->m->services.n && !err; i++)
		err = check_old_service(c, c->services[i]);
	return err;
}

/* ---- Ingress ------------------------------------------------------------------------ */

#define OLD_CLASS "kubernetes.io/ingress.class"

int svcr_check_old_ingresses(struct svcr_checks *c)
{
	int err = 0;

	for (size_t k = 0; k < c->m->ingresses.n && !err; k++) {
		const struct svcr_ingress *i = c->ingresses[k];
		struct svcr_place at = { "Ingress", i->ns, i->name, i->source,
					 ANNOTATION(OLD_CLASS) };

		if (svcr_map_get(&i->annotations, OLD_CLASS))
			err = svcr_found(c, "deprecated-class", &at,
					 "deprecated since Kubernetes 1.18: use "
					 "spec.ingressClassName");
	}
	return err;
}

/* ---- Versions of the API -------------------------------------------------------------- */

/* Versions that API servers had; other groups have kinds of these names, which are no mistakes. */
static const char *const old_versions[] = {
	"extensions/v1beta1", "networking.k8s.io/v1beta1", "apps/v1beta1", "apps/v1beta2",
	"batch/v1beta1",      "discovery.k8s.io/v1alpha1",
};

/* True for "Ingress (extensions/v1beta1)", as objects are counted that are not read. */
static bool is_old(const char *kind)
{
	const char *version = strstr(kind, " (");
	size_t len = version ? strlen(version += 2) : 0;

	for (size_t i = 0; len && i < sizeof(old_versions) / sizeof(*old_versions); i++)
		if (strlen(old_versions[i]) == len - 1 &&
		    memcmp(version, old_versions[i], len - 1) == 0)
			return true;
	return false;
}

static int ignored_sort(const void *a, const void *b)
{
	return strcmp(((const struct svcr_ignored *)a)->kind,
		      ((const struct svcr_ignored *)b)->kind);
}

int svcr_check_old_versions(struct svcr_checks *c)
{
	size_t n = c->m->ignored.n;
	struct svcr_ignored *v = svcr_arena_array(&c->arena, n + 1, sizeof(*v));
	int err = v ? 0 : -ENOMEM;

	if (v && n) {
		memcpy(v, c->m->ignored.v, n * sizeof(*v));
		qsort(v, n, sizeof(*v), ignored_sort);
	}
	for (size_t i = 0; i < n && !err; i++)
		if (is_old(v[i].kind))
			err = svcr_found(
				c, "old-version", &(struct svcr_place){ .kind = v[i].kind },
				"%zu object%s of a version that API servers no longer "
				"have, and that %s not checked",
				v[i].n, v[i].n == 1 ? "" : "s", v[i].n == 1 ? "is" : "are");
	return err;
}
