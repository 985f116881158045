/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Names that DNS makes of objects: those that clash, or lead nowhere. */
#include "rules/check/check.h"

#include <errno.h>

#define DOMAIN "svc.cluster.local"
#define CHAIN_MAX 16 /* names of services that lead to one another */

/* ---- Namespaces ---------------------------------------------------------------- */

/*
 * Top-level domains that names of pods' requests often end with: a pod asks for "api.dev" as
 * "api.dev.svc.cluster.local" first, as ndots is 5.
 */
static const char *const top_level[] = { "ai",   "app",  "at",     "biz",  "ch", "cloud", "co",
					 "com",  "de",   "dev",    "edu",  "eu", "fr",    "gov",
					 "icu",  "in",   "info",   "io",   "it", "jp",    "me",
					 "net",  "nl",   "online", "org",  "pl", "pro",   "ru",
					 "shop", "site", "store",  "tech", "uk", "us",    "xyz" };

static bool is_top_level(const char *name)
{
	for (size_t i = 0; i < sizeof(top_level) / sizeof(*top_level); i++)
		if (strcmp(top_level[i], name) == 0)
			return true;
	return false;
}

int svcr_check_namespaces(struct svcr_checks *c)
{
	const char *last = NULL;
	int err = 0;

	for (size_t i = 0; i < c->m->services.n && !err; i++) {
		const struct svcr_service *s = c->services[i];
		struct svcr_place at = { "Namespace", NULL, s->ns, s->source, "metadata.name" };

		if (last && strcmp(last, s->ns) == 0)
			continue;
		last = s->ns;
		if (is_top_level(s->ns))
			err = svcr_found(
				c, "namespace-top-level", &at,
				"pods that ask for '%s.%s' get Service %s/%s, not the host "
				"of that name in the Internet",
				s->name, s->ns, s->ns, s->name);
	}
	return err;
}

/* ---- ExternalName ----------------------------------------------------------------- */

/*
 * The service that a name of the default cluster domain leads to. *ret_inside: it is such a name,
 * whether the service is there or not.
 */
static const struct svcr_service *service_named(const struct svcr_checks *c, const char *name,
						bool *ret_inside)
{
	char buf[300], *dot;
	size_t len = strlen(name), end = strlen("." DOMAIN);

	if (len && name[len - 1] == '.')
		len--;
	*ret_inside = len > end && strncmp(name + len - end, "." DOMAIN, end) == 0;
	if (!*ret_inside)
		return NULL;
	snprintf(buf, sizeof(buf), "%.*s", (int)(len - end < 253 ? len - end : 253), name);
	dot = strrchr(buf, '.');
	if (!dot) {
		*ret_inside = false;
		return NULL;
	}
	*dot = '\0';
	name = strrchr(buf, '.'); /* the name of an endpoint may stand before the service's */
	return svcr_checks_service(c, dot + 1, name ? name + 1 : buf);
}

/* Follows the name of a service of that type. */
static int check_chain(struct svcr_checks *c, const struct svcr_service *s)
{
	struct svcr_place at = SVCR_PLACE_SERVICE(s, "spec.externalName");
	const struct svcr_service *next = s;
	bool inside = false;

	for (size_t i = 0; next && next->external_name && i < CHAIN_MAX; i++) {
		next = service_named(c, next->external_name, &inside);
		if (next == s)
			return svcr_found(c, "external-name-loop", &at,
					  "'%s' leads back to this service: no address is ever "
					  "found",
					  s->external_name);
		if (!next && inside && !i)
			return svcr_found(c, "external-name-missing", &at,
					  "'%s' is no service of the input", s->external_name);
		if (next && next->type != SVCR_EXTERNAL_NAME)
			break;
	}
	return 0;
}

int svcr_check_external_names(struct svcr_checks *c)
{
	struct svcr_addr a;
	int err = 0;

	for (size_t i = 0; i < c->m->services.n && !err; i++) {
		const struct svcr_service *s = c->services[i];
		struct svcr_place at = SVCR_PLACE_SERVICE(s, "spec.externalName");

		if (s->type != SVCR_EXTERNAL_NAME || !s->external_name)
			continue;
		if (svcr_addr_parse(
			    &a, (struct svcr_str){ s->external_name, strlen(s->external_name) }))
			err = svcr_found(c, "external-name-address", &at,
					 "'%s' is an address, and DNS answers with a name: a "
					 "service without a selector and an EndpointSlice lead to "
					 "an address",
					 s->external_name);
		else
			err = check_chain(c, s);
	}
	return err;
}

/* ---- Hostnames of pods ---------------------------------------------------------------- */

/* A pod that has a name of its own. */
struct named_pod {
	const struct svcr_pod *p;
	const char *kind, *field; /* of the object that says so */
	const char *hostname, *subdomain;
};

static int named_pod_cmp(const struct named_pod *x, const struct named_pod *y)
{
	int d = strcmp(x->p->ns, y->p->ns);

	d = d ? d : strcmp(x->subdomain, y->subdomain);
	return d ? d : strcmp(x->hostname, y->hostname);
}

static int named_pod_sort(const void *a, const void *b)
{
	const struct named_pod *x = a, *y = b;
	int d = named_pod_cmp(x, y);

	d = d ? d : strcmp(x->p->name, y->p->name);
	return d ? d : strcmp(x->kind, y->kind);
}

static struct named_pod named_pod_of(const struct svcr_pod *p, const struct svcr_pod_more *more)
{
	bool set = more->kind && strcmp(more->kind, "StatefulSet") == 0;

	return (struct named_pod){ .p = p,
				   .kind = more->kind ? more->kind : "Pod",
				   .field = set        ? "spec.serviceName" :
					    more->kind ? "spec.template.spec.subdomain" :
							 "spec.subdomain",
				   .hostname = more->hostname,
				   .subdomain = more->subdomain };
}

/* They are sorted by their names, in the arena. */
static const struct named_pod *named_pods(struct svcr_checks *c, size_t *ret_n)
{
	struct named_pod *v = svcr_arena_array(&c->arena, c->m->pods.n + 1, sizeof(*v));

	*ret_n = 0;
	for (size_t i = 0; v && i < c->m->pods.n; i++) {
		const struct svcr_pod *p = &c->m->pods.v[i];
		const struct svcr_pod_more *more = svcr_model_pod_more(c->m, p);

		if (more && more->subdomain && more->hostname && !p->ended)
			v[(*ret_n)++] = named_pod_of(p, more);
	}
	if (*ret_n)
		qsort(v, *ret_n, sizeof(*v), named_pod_sort);
	return v;
}

int svcr_check_hostnames(struct svcr_checks *c)
{
	size_t n;
	const struct named_pod *v = named_pods(c, &n);
	int err = v ? 0 : -ENOMEM;

	for (size_t i = 1; i < n && !err; i++) {
		const struct svcr_pod *p = v[i].p;
		struct svcr_place at = { v[i].kind, p->ns, p->name, p->source, "spec.hostname" };

		if (named_pod_cmp(&v[i], &v[i - 1]) == 0)
			err = svcr_found(c, "hostname-twice", &at,
					 "%s.%s.%s is also the name of %s %s: DNS answers with the "
					 "addresses of both",
					 v[i].hostname, v[i].subdomain, p->ns, v[i - 1].kind,
					 v[i - 1].p->name);
	}
	return err;
}

int svcr_check_subdomains(struct svcr_checks *c)
{
	size_t n;
	const struct named_pod *v = named_pods(c, &n);
	int err = v ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && !err; i++) {
		const struct svcr_pod *p = v[i].p;
		const struct svcr_service *s = svcr_checks_service(c, p->ns, v[i].subdomain);
		struct svcr_place at = { v[i].kind, p->ns, p->name, p->source, v[i].field };

		if (!s)
			err = svcr_found(c, "subdomain-missing", &at,
					 "no Service %s/%s: the pod has no name of its own", p->ns,
					 v[i].subdomain);
		else if (!s->headless)
			err = svcr_found(c, "subdomain-missing", &at,
					 "Service %s/%s is not headless: the pod has no name of "
					 "its own",
					 p->ns, s->name);
	}
	return err;
}
