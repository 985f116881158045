/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Services: why a port has no endpoint, ports, session affinity, families. */
#include "options.h"
#include "rules/check/check.h"

#include <errno.h>

#define PODS_OF_NAMESPACE 10000000 /* that its services may select, together */
#define PORTS_WORK 1000000         /* ports times endpoints of one service */
#define TARGETS_ASKED 16           /* ports of one service that are looked up in templates */
#define AFFINITY_SHORT 30          /* seconds */
/* net.netfilter.nf_conntrack_udp_timeout_stream, its default: seconds */
#define UDP_STREAM 120

static bool leads_to_endpoints(const struct svcr_service *s)
{
	return s->type != SVCR_EXTERNAL_NAME && !s->not_ours;
}

/* "spec.ports[1].NAME"; without a name, the port itself. */
static const char *port_field(const struct svcr_service *s, const struct svcr_service_port *p,
			      const char *name, char buf[static 64])
{
	snprintf(buf, 64, "spec.ports[%zu]%s%s", (size_t)(p - s->ports.v), name ? "." : "",
		 name ? name : "");
	return buf;
}

/* ---- How many pods ---------------------------------------------------------------- */

/* Takes the pods of a class from those that may still be looked at; ends when there are none. */
static int take_pods(void *arg, const struct svcr_pod_class *class)
{
	size_t *left = arg, n = class->n + 1;

	*left -= n < *left ? n : *left;
	return !*left;
}

/*
 * True if the pods that the service selects may be looked at. Where very many services of a
 * namespace select very many pods each, only the first services are judged.
 */
static bool may_look(struct svcr_checks *c, const struct svcr_service *s)
{
	if (!s->nselector || !c->m->pods.n)
		return true;
	if (c->last_ns != s->ns)
		c->pods_left = PODS_OF_NAMESPACE;
	c->last_ns = s->ns;
	return !svcr_pod_index_match(&c->view.endpoints->made.index, s->ns, s->selector,
				     s->nselector, take_pods, &c->pods_left);
}

/* ---- Reasons --------------------------------------------------------------------- */

/* The families of a service, as bits; *ret_sure: it has them, whatever its endpoints are. */
static unsigned families_of(const struct svcr_service *s, bool *ret_sure)
{
	unsigned families = s->families;

	for (size_t i = 0; i < s->cluster_ips.n; i++)
		families |= 1u << s->cluster_ips.v[i].family;
	*ret_sure = families;
	return families ? families : 1u << SVCR_IPV4 | 1u << SVCR_IPV6;
}

/* The check that says it best; NULL: another one says it, or it is no fault. */
static const char *check_of(const struct svcr_reason *w)
{
	bool no_pod = w->pods.known && w->service->nselector && !w->pods.matched;

	switch (w->why) {
	case SVCR_WHY_NO_SLICE:
	case SVCR_WHY_NO_POD:
	case SVCR_WHY_NO_ENDPOINT: return no_pod ? "selector-no-pod" : svcr_why_name(w->why);
	case SVCR_WHY_PORT: return w->pods.target ? "target-port-name" : svcr_why_name(w->why);
	case SVCR_WHY_FQDN:
	case SVCR_WHY_PROTOCOL:
	case SVCR_WHY_FAMILY:
	case SVCR_WHY_BAD_ENDPOINT:
	case SVCR_WHY_NOT_READY:
	case SVCR_WHY_ELSEWHERE: return svcr_why_name(w->why);
	default: return NULL;
	}
}

/* True if the reason is the same for all ports of a service. */
static bool of_all_ports(const struct svcr_reason *w)
{
	return w->why == SVCR_WHY_NO_SLICE || w->why == SVCR_WHY_NO_POD ||
	       w->why == SVCR_WHY_NO_ENDPOINT || w->why == SVCR_WHY_FQDN;
}

static int tell_reason(struct svcr_checks *c, const struct svcr_reason *w)
{
	const char *check = check_of(w);
	char text[SVCR_REASON_TEXT], field[64];
	const char *of = w->pods.known && w->pods.target && w->why == SVCR_WHY_PORT ? "targetPort" :
			 w->why == SVCR_WHY_PORT                                    ? "name" :
			 w->why == SVCR_WHY_PROTOCOL                                ? "protocol" :
										      NULL;
	struct svcr_place at = SVCR_PLACE_SERVICE(w->service, NULL);

	if (!check || (w->why == SVCR_WHY_ELSEWHERE && !(c->has & SVCR_HAS_NODE_NAME)))
		return 0;
	if (of_all_ports(w))
		at.field = w->service->nselector ? "spec.selector" : NULL;
	else
		at.field = port_field(w->service, w->port, of, field);
	return svcr_found(c, check, &at, "%s", svcr_reason_text(w, text));
}

/* Judges a port in the families of its service. Sets *ret_all to true if that counts for all. */
static int check_port_reason(struct svcr_checks *c, const struct svcr_service *s,
			     const struct svcr_service_port *p, bool *ret_all)
{
	bool sure, local = s->external_local || s->internal_local;
	unsigned families = families_of(s, &sure);
	struct svcr_reason first = { .why = SVCR_WHY_NONE }, w;
	bool good = false;
	int err;

	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT; f++) {
		if (!(families & 1u << f) || !c->o->families[f])
			continue;
		err = svcr_reason_port(&c->reasons, s, p, f, local && !s->headless, &w);
		if (err)
			return err;
		good = good || w.why == SVCR_WHY_NONE;
		if (first.why == SVCR_WHY_NONE || first.why == SVCR_WHY_FAMILY)
			first = w.why != SVCR_WHY_NONE ? w : first;
	}
	if (first.why == SVCR_WHY_NONE || (good && !sure))
		return 0;
	*ret_all = of_all_ports(&first);
	return tell_reason(c, &first);
}

/* A headless service may have no port: DNS knows its endpoints all the same. */
static int check_portless(struct svcr_checks *c, const struct svcr_service *s)
{
	static const struct svcr_service_port any = { .name = "", .protocol = SVCR_TCP };
	struct svcr_reason w;
	int err = svcr_reason_port(&c->reasons, s, &any, SVCR_IPV4, false, &w);

	return !err && of_all_ports(&w) ? tell_reason(c, &w) : err;
}

/*
 * Each port is judged by its endpoints: of a service that has very many of both, only the first
 * ports are.
 */
static int check_ports_of(struct svcr_checks *c, const struct svcr_service *s)
{
	size_t work = 0, most = svcr_endpoints_most(c->view.endpoints, s);
	bool all = false;
	int err = 0;

	for (size_t k = 0; k < s->ports.n && work <= PORTS_WORK && !err && !all; k++) {
		err = check_port_reason(c, s, &s->ports.v[k], &all);
		work += most;
	}
	return err;
}

/* ---- Manifests ------------------------------------------------------------------------- */

/* Says which named targetPort no template has. */
static int check_planned_ports(struct svcr_checks *c, const struct svcr_service *s,
			       struct svcr_pod_facts *f)
{
	int err = 0;

	for (size_t k = 0; k < s->ports.n && k < TARGETS_ASKED && !err; k++) {
		struct svcr_reason w = { .why = SVCR_WHY_PORT,
					 .service = s,
					 .port = &s->ports.v[k] };

		err = svcr_pod_facts_target(&c->view.endpoints->made.index, c->m, s, w.port, f);
		w.pods = *f;
		if (!err && f->target)
			err = tell_reason(c, &w);
	}
	return err;
}

/* Without slices, templates say what the endpoints will be; a namespace may have none here. */
static int check_planned(struct svcr_checks *c, const struct svcr_service *s)
{
	struct svcr_reason w = { .why = SVCR_WHY_NO_POD, .service = s, .from_pods = true };
	int err;

	if (!s->nselector)
		return 0;
	err = svcr_pod_facts_find(&c->view.endpoints->made.index, c->m, s, &w.pods);
	if (err || !w.pods.all)
		return err;
	return w.pods.matched ? check_planned_ports(c, s, &w.pods) : tell_reason(c, &w);
}

/*
 * True if the service is of a manifest, so that its slices will be made. Some manifests have
 * slices, of services without selectors.
 */
static bool is_to_be_made(const struct svcr_checks *c, const struct svcr_service *s)
{
	bool pending = !s->cluster_ips.n && !s->headless && !c->m->pods.n;

	return s->nselector && (c->m->planned || pending) &&
	       !svcr_endpoints_group(c->view.endpoints, s)->n;
}

int svcr_check_reasons(struct svcr_checks *c)
{
	bool endpoints = c->has & SVCR_HAS_ENDPOINTS;
	int err = svcr_checks_index_pods(c);

	c->last_ns = NULL;
	for (size_t i = 0; i < c->m->services.n && !err; i++) {
		const struct svcr_service *s = c->services[i];

		if (!leads_to_endpoints(s) || !may_look(c, s))
			continue;
		if (!endpoints || is_to_be_made(c, s))
			err = c->m->planned ? check_planned(c, s) : 0;
		else
			err = s->ports.n || !s->headless ? check_ports_of(c, s) :
							   check_portless(c, s);
	}
	return err;
}

/* ---- Families -------------------------------------------------------------------------- */

/* Counts the endpoints of a port in a family, ready or not, and those that are ready. */
static int count_family(struct svcr_checks *c, const struct svcr_service *s,
			const struct svcr_service_port *p, uint8_t family, size_t *ret,
			size_t *ret_ready)
{
	struct svcr_endpoints *x = c->view.endpoints;
	int err = svcr_endpoints_list(x, s, p, family);

	*ret = err ? 0 : x->found.n;
	for (size_t i = 0; i < *ret; i++)
		*ret_ready += x->found.v[i].rank == SVCR_READY;
	return err;
}

/* The first port is enough: slices have all ports for all of their endpoints. */
static int check_families(struct svcr_checks *c, const struct svcr_service *s)
{
	size_t n[SVCR_FAMILY__COUNT] = { 0 }, ready = 0;
	struct svcr_place at = SVCR_PLACE_SERVICE(s, "spec.ipFamilies");
	int err = 0;

	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT && !err; f++)
		err = count_family(c, s, &s->ports.v[0], f, &n[f], &ready);
	if (!err && n[SVCR_IPV4] && n[SVCR_IPV6] && n[SVCR_IPV4] != n[SVCR_IPV6])
		err = svcr_found(c, "dual-stack", &at,
				 "%zu endpoint%s of IPv4, but %zu of IPv6: clients see two "
				 "different services",
				 n[SVCR_IPV4], n[SVCR_IPV4] == 1 ? "" : "s", n[SVCR_IPV6]);
	at.field = NULL;
	if (!err && ready == 1)
		err = svcr_found(c, "single-endpoint", &at,
				 "a single endpoint is ready: while its pod restarts, nobody "
				 "answers");
	return err;
}

int svcr_check_dual_stack(struct svcr_checks *c)
{
	int err = svcr_checks_index_pods(c);

	c->last_ns = NULL;
	for (size_t i = 0; i < c->m->services.n && !err; i++)
		if (leads_to_endpoints(c->services[i]) && c->services[i]->ports.n &&
		    may_look(c, c->services[i]))
			err = check_families(c, c->services[i]);
	return err;
}

/* ---- Session affinity --------------------------------------------------------------------- */

static int check_affinity_of(struct svcr_checks *c, const struct svcr_service *s)
{
	struct svcr_place at = SVCR_PLACE_SERVICE(
		s, "spec.sessionAffinityConfig.clientIP.timeoutSeconds");
	size_t udp = 0;
	int err = 0;

	for (size_t i = 0; i < s->ports.n; i++)
		udp += s->ports.v[i].protocol == SVCR_UDP;
	if (udp && s->affinity < UDP_STREAM)
		err = svcr_found(c, "affinity-udp", &at,
				 "%u seconds, but the kernel keeps a UDP flow on its endpoint for "
				 "%d seconds after its last packet: what a client sends on the "
				 "same port stays there",
				 s->affinity, UDP_STREAM);
	if (!err && udp < s->ports.n && s->affinity < AFFINITY_SHORT)
		err = svcr_found(c, "affinity-short", &at,
				 "%u seconds: a client that pauses longer is sent to another "
				 "endpoint (the default is 10800)",
				 s->affinity);
	return err;
}

int svcr_check_affinity(struct svcr_checks *c)
{
	int err = 0;

	for (size_t i = 0; i < c->m->services.n && !err; i++)
		if (leads_to_endpoints(c->services[i]) && c->services[i]->affinity)
			err = check_affinity_of(c, c->services[i]);
	return err;
}

/* ---- Ports ------------------------------------------------------------------------------- */

static int port_number_cmp(const void *a, const void *b)
{
	const struct svcr_service_port *x = *(const struct svcr_service_port *const *)a,
				       *y = *(const struct svcr_service_port *const *)b;
	int d = (int)x->port - (int)y->port;

	d = d ? d : (int)x->protocol - (int)y->protocol;
	return d ? d : (x > y) - (x < y);
}

static int port_name_sort(const void *a, const void *b)
{
	const struct svcr_service_port *x = *(const struct svcr_service_port *const *)a,
				       *y = *(const struct svcr_service_port *const *)b;
	int d = strcmp(x->name, y->name);

	return d ? d : (x > y) - (x < y);
}

static int check_port_names(struct svcr_checks *c, const struct svcr_service *s,
			    const struct svcr_service_port **v, size_t n)
{
	char field[64];
	int err = 0;

	qsort((void *)v, n, sizeof(*v), port_name_sort);
	for (size_t i = 0; i < n && !err; i++) {
		struct svcr_place at = SVCR_PLACE_SERVICE(s, port_field(s, v[i], "name", field));

		if (!*v[i]->name)
			err = svcr_found(c, "port-names", &at,
					 "missing: each of several ports needs a name");
		else if (i && strcmp(v[i]->name, v[i - 1]->name) == 0)
			err = svcr_found(c, "port-names", &at, "'%s' is the name of port %u, too",
					 v[i]->name, v[i - 1]->port);
	}
	return err;
}

static int check_port_numbers(struct svcr_checks *c, const struct svcr_service *s,
			      const struct svcr_service_port **v, size_t n)
{
	char field[64];
	int err = 0;

	qsort((void *)v, n, sizeof(*v), port_number_cmp);
	for (size_t i = 1; i < n && !err; i++) {
		struct svcr_place at = SVCR_PLACE_SERVICE(s, port_field(s, v[i], "port", field));

		if (v[i]->port == v[i - 1]->port && v[i]->protocol == v[i - 1]->protocol)
			err = svcr_found(
				c, "port-twice", &at,
				"%s port %u is in the list twice: an API server refuses it",
				svcr_protocol_name(v[i]->protocol), v[i]->port);
	}
	return err;
}

static int check_several(struct svcr_checks *c, const struct svcr_service *s)
{
	const struct svcr_service_port **v = reallocarray(NULL, s->ports.n, sizeof(*v));
	int err = v ? 0 : -ENOMEM;

	for (size_t i = 0; v && i < s->ports.n; i++)
		v[i] = &s->ports.v[i];
	if (!err)
		err = check_port_names(c, s, v, s->ports.n);
	if (!err)
		err = check_port_numbers(c, s, v, s->ports.n);
	free((void *)v);
	return err;
}

/* Ranges of one family admit nobody to addresses of the other. */
static int check_source_ranges(struct svcr_checks *c, const struct svcr_service *s)
{
	struct svcr_place at = SVCR_PLACE_SERVICE(s, "spec.loadBalancerSourceRanges");
	char text[SVCR_ADDR_TEXT];

	for (size_t i = 0; i < s->balancer_ips.n; i++) {
		const struct svcr_addr *a = &s->balancer_ips.v[i];
		bool admits = false;

		for (size_t k = 0; k < s->ranges.n && !admits; k++)
			admits = s->ranges.v[k].addr.family == a->family;
		if (!admits)
			return svcr_found(c, "nobody-admitted", &at,
					  "no entry is of %s: nobody is admitted to %s",
					  a->family == SVCR_IPV6 ? "IPv6" : "IPv4",
					  svcr_addr_text(a, text));
	}
	return 0;
}

int svcr_check_ports(struct svcr_checks *c)
{
	int err = 0;

	for (size_t i = 0; i < c->m->services.n && !err; i++) {
		const struct svcr_service *s = c->services[i];
		struct svcr_place at = SVCR_PLACE_SERVICE(s, "spec.ports");

		if (!leads_to_endpoints(s))
			continue;
		if (!s->ports.n && !s->headless)
			err = svcr_found(c, "no-ports", &at, "no port that could be used");
		if (!err && s->ports.n > 1)
			err = check_several(c, s);
		if (!err && s->ranges.n)
			err = check_source_ranges(c, s);
	}
	return err;
}
