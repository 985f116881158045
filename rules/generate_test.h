/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random clusters for tests: a seed gives always the same one. Small numbers
 * are drawn on purpose, so that services share addresses, ports and endpoints.
 */
#ifndef SVCR_GENERATE_TEST_H
#define SVCR_GENERATE_TEST_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define GEN_PORTS 3
#define GEN_ENDPOINTS 12

enum gen_type { GEN_CLUSTER_IP, GEN_NODE_PORT, GEN_LOAD_BALANCER, GEN_EXTERNAL_NAME, GEN_HEADLESS };
enum gen_condition { GEN_PLAIN, GEN_READY, GEN_NOT_READY, GEN_DRAINING, GEN_DEAD, GEN_SERVING };

struct gen_endpoint {
	uint32_t host;
	uint8_t node, condition, hint;
};
struct gen_port {
	uint32_t port, node_port;
	uint8_t protocol;
};

struct gen_service {
	uint32_t id; /* its addresses are made from it */
	enum gen_type type;
	bool v4, v6, internal_local, external_local, no_node_ports, legacy;
	uint32_t timeout, ranges, external_ip, balancer_ip, created;
	size_t nports, nendpoints;
	struct gen_port ports[GEN_PORTS];
	struct gen_endpoint endpoints[GEN_ENDPOINTS];
};

struct gen_cluster {
	uint64_t rng;
	uint32_t next_id;
	uint32_t options; /* bits */
	size_t n;
	struct gen_service *v; /* malloc'ed */
};

static inline uint32_t gen_random(uint64_t *rng, uint32_t below)
{
	*rng = *rng * 6364136223846793005u + 1442695040888963407u;
	return (uint32_t)(*rng >> 33) % below;
}

static inline bool gen_one_in(uint64_t *rng, uint32_t n)
{
	return gen_random(rng, n) == 0;
}

static inline struct gen_endpoint gen_endpoint(uint64_t *rng)
{
	struct gen_endpoint e = { .host = 1 + gen_random(rng, 250) };

	e.node = (uint8_t)gen_random(rng, 3); /* 0: none named */
	if (gen_one_in(rng, 2))
		e.condition = (uint8_t)gen_random(rng, 6);
	if (gen_one_in(rng, 6))
		e.hint = (uint8_t)(1 + gen_random(rng, 2));
	return e;
}

static inline struct gen_port gen_port(uint64_t *rng, bool node_port)
{
	static const uint8_t protocols[] = { 6, 6, 17, 132 };
	struct gen_port p = { .port = 80 + gen_random(rng, 4) };

	p.protocol = protocols[gen_random(rng, 4)];
	if (node_port)
		p.node_port = 30000 + gen_random(rng, 200);
	return p;
}

static inline void gen_policies(uint64_t *rng, struct gen_service *s)
{
	static const uint32_t timeouts[] = { 10, 60, 10800 };

	s->internal_local = gen_one_in(rng, 6);
	s->external_local = gen_one_in(rng, 3);
	if (gen_one_in(rng, 4))
		s->timeout = timeouts[gen_random(rng, 3)];
	s->external_ip = gen_one_in(rng, 5) ? 1 + gen_random(rng, 4) : 0;
	if (s->type == GEN_LOAD_BALANCER) {
		s->balancer_ip = 1 + gen_random(rng, 4);
		s->ranges = gen_random(rng, 6);
		s->no_node_ports = gen_one_in(rng, 3);
	}
}

static inline struct gen_service gen_service(struct gen_cluster *c)
{
	struct gen_service s = { .id = c->next_id++, .v4 = true };
	uint32_t families = gen_random(&c->rng, 4), type = gen_random(&c->rng, 12);

	s.type = type < 5   ? GEN_CLUSTER_IP :
		 type < 8   ? GEN_NODE_PORT :
		 type < 10  ? GEN_LOAD_BALANCER :
		 type == 10 ? GEN_EXTERNAL_NAME :
			      GEN_HEADLESS;
	s.v4 = families != 1;
	s.v6 = families == 1 || families == 2;
	s.legacy = !s.v6 && gen_one_in(&c->rng, 5);
	s.created = gen_random(&c->rng, 60);
	gen_policies(&c->rng, &s);
	s.nports = 1 + gen_random(&c->rng, GEN_PORTS);
	for (size_t i = 0; i < s.nports; i++)
		s.ports[i] = gen_port(&c->rng,
				      s.type == GEN_NODE_PORT ||
					      (s.type == GEN_LOAD_BALANCER && !s.no_node_ports));
	s.nendpoints = gen_random(&c->rng, 6);
	for (size_t i = 0; i < s.nendpoints; i++)
		s.endpoints[i] = gen_endpoint(&c->rng);
	/* one address twice, with other conditions, nodes and hints */
	for (size_t i = 1; i < s.nendpoints; i++)
		if (gen_one_in(&c->rng, 8))
			s.endpoints[i].host = s.endpoints[i - 1].host;
	return s;
}

static inline void gen_add(struct gen_cluster *c)
{
	struct gen_service *v = realloc(c->v, (c->n + 1) * sizeof(*v));

	if (!v)
		abort();
	c->v = v;
	c->v[c->n] = gen_service(c);
	c->n++;
}

static inline struct gen_cluster gen_cluster(uint64_t seed, size_t size)
{
	struct gen_cluster c = { .rng = seed * 2654435761u + 12345, .next_id = 1 };

	c.options = gen_random(&c.rng, 32);
	for (size_t i = 0; i < size; i++)
		gen_add(&c);
	return c;
}

static inline struct gen_cluster gen_copy(const struct gen_cluster *c)
{
	struct gen_cluster copy = *c;

	copy.v = calloc(c->n + 1, sizeof(*copy.v));
	if (!copy.v)
		abort();
	for (size_t i = 0; i < c->n; i++)
		copy.v[i] = c->v[i];
	return copy;
}

static inline void gen_mutate_service(uint64_t *rng, struct gen_service *s)
{
	size_t at = s->nendpoints ? gen_random(rng, (uint32_t)s->nendpoints) : 0;

	switch (gen_random(rng, 9)) {
	case 0:
	case 1:
		if (s->nendpoints < GEN_ENDPOINTS)
			s->endpoints[s->nendpoints++] = gen_endpoint(rng);
		break;
	case 2:
		if (s->nendpoints)
			s->endpoints[at] = s->endpoints[--s->nendpoints];
		break;
	case 3:
		if (s->nendpoints)
			s->endpoints[at] = gen_endpoint(rng);
		break;
	case 4: s->timeout = s->timeout ? 0 : 60; break;
	case 5: s->external_local = !s->external_local; break;
	case 6: s->external_ip = s->balancer_ip = 0; break;
	case 7: s->ranges = s->ranges > 2 ? s->ranges - 1 : 0; break;
	default: s->internal_local = !s->internal_local; break;
	}
}

/* One change: a service more or fewer, or one that differs. */
static inline void gen_mutate(struct gen_cluster *c, uint64_t *rng)
{
	uint32_t what = gen_random(rng, 8);
	size_t at = c->n ? gen_random(rng, (uint32_t)c->n) : 0;

	if (what == 0 || c->n == 0)
		gen_add(c);
	else if (what == 1)
		c->v[at] = c->v[--c->n];
	else
		gen_mutate_service(rng, &c->v[at]);
}

/* ---- As JSON ----------------------------------------------------------- */

struct gen_items {
	char **v;
	size_t n, cap;
};

static inline FILE *gen_item(struct gen_items *items, size_t *len)
{
	char **v = realloc(items->v, (items->n + 1) * sizeof(*v));
	FILE *f;

	if (!v)
		abort();
	items->v = v;
	items->v[items->n] = NULL;
	f = open_memstream(&items->v[items->n++], len);
	if (!f)
		abort();
	return f;
}

static inline const char *gen_protocol(uint8_t protocol)
{
	return protocol == 17 ? "UDP" : protocol == 132 ? "SCTP" : "TCP";
}

static inline void gen_print_ports(FILE *f, const struct gen_service *s)
{
	fprintf(f, "\"ports\":[");
	for (size_t i = 0; i < s->nports; i++) {
		fprintf(f, "%s{\"name\":\"p%zu\",\"protocol\":\"%s\",\"port\":%u", i ? "," : "", i,
			gen_protocol(s->ports[i].protocol), s->ports[i].port);
		if (s->ports[i].node_port)
			fprintf(f, ",\"nodePort\":%u", s->ports[i].node_port);
		fprintf(f, "}");
	}
	fprintf(f, "]");
}

/* Above 2 the list is long, so that it has a set. */
static inline void gen_print_ranges(FILE *f, uint32_t ranges)
{
	if (!ranges)
		return;
	fprintf(f,
		",\"loadBalancerSourceRanges\":[\"203.0.113.0/24\","
		"\"2001:db8:113::/48\"%s",
		ranges > 1 ? ",\"192.0.2.128/25\",\"192.0.2.64/26\"" : "");
	for (uint32_t i = 0; ranges > 2 && i < 14 + ranges; i++)
		fprintf(f, ",\"198.18.%u.0/24\",\"2001:db8:%x::/64\"", 2 * i, 2 * i);
	fprintf(f, "]");
}

static inline void gen_print_addresses(FILE *f, const struct gen_service *s)
{
	char v4[32], v6[32];

	snprintf(v4, sizeof(v4), "10.96.%u.%u", (s->id >> 8) & 255, s->id & 255);
	snprintf(v6, sizeof(v6), "fd00:96::%x", s->id);
	if (s->type == GEN_HEADLESS)
		fprintf(f, ",\"clusterIP\":\"None\"");
	else if (s->type == GEN_EXTERNAL_NAME)
		fprintf(f, ",\"externalName\":\"x%u.example.com\"", s->external_ip);
	else
		fprintf(f, ",\"clusterIP\":\"%s\",\"clusterIPs\":[\"%s\"%s%s%s]", s->v4 ? v4 : v6,
			s->v4 ? v4 : v6, s->v4 && s->v6 ? ",\"" : "", s->v4 && s->v6 ? v6 : "",
			s->v4 && s->v6 ? "\"" : "");
	if (s->external_ip)
		fprintf(f, ",\"externalIPs\":[\"198.51.100.%u\",\"2001:db8:51::%u\"]",
			s->external_ip, s->external_ip);
	gen_print_ranges(f, s->ranges);
}

static inline void gen_print_service(FILE *f, const struct gen_service *s)
{
	static const char *const types[] = { "ClusterIP", "NodePort", "LoadBalancer",
					     "ExternalName", "ClusterIP" };

	fprintf(f,
		"{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"s%u\","
		"\"namespace\":\"n%u\","
		"\"creationTimestamp\":\"2024-01-01T00:00:%02uZ\"},\"spec\":{\"type\":\"%s\",",
		s->id, s->id % 3, s->created, types[s->type]);
	gen_print_ports(f, s);
	gen_print_addresses(f, s);
	fprintf(f, ",\"internalTrafficPolicy\":\"%s\"", s->internal_local ? "Local" : "Cluster");
	if (s->id % 5 == 0)
		fprintf(f, ",\"publishNotReadyAddresses\":true");
	if (s->external_local)
		fprintf(f, ",\"externalTrafficPolicy\":\"Local\"");
	if (s->no_node_ports)
		fprintf(f, ",\"allocateLoadBalancerNodePorts\":false");
	if (s->timeout)
		fprintf(f,
			",\"sessionAffinity\":\"ClientIP\",\"sessionAffinityConfig\":{\"clientIP\":"
			"{\"timeoutSeconds\":%u}}",
			s->timeout);
	fprintf(f, "}");
	if (s->balancer_ip)
		fprintf(f,
			",\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":\"203.0.113.%u\"},"
			"{\"ip\":\"2001:db8:113::%u\"}]}}",
			s->balancer_ip, s->balancer_ip);
	fprintf(f, "}");
}

static inline void gen_print_endpoint(FILE *f, const struct gen_endpoint *e, bool v6)
{
	static const char *const conditions[] = {
		"",
		",\"conditions\":{\"ready\":true}",
		",\"conditions\":{\"ready\":false}",
		",\"conditions\":{\"ready\":false,\"serving\":true,\"terminating\":true}",
		",\"conditions\":{\"ready\":false,\"serving\":false,\"terminating\":true}",
		",\"conditions\":{\"serving\":true}",
	};

	fprintf(f, v6 ? "{\"addresses\":[\"fd00:244::%x\"]" : "{\"addresses\":[\"10.244.0.%u\"]",
		e->host);
	if (e->node)
		fprintf(f, ",\"nodeName\":\"node%u\"", e->node);
	fprintf(f, "%s", conditions[e->condition]);
	if (e->host % 4 == 0) /* for names; two endpoints may share one */
		fprintf(f, ",\"hostname\":\"h%u\"", e->host % 32);
	if (e->hint)
		fprintf(f, ",\"hints\":{\"forZones\":[{\"name\":\"z%u\"}]}", e->hint);
	fprintf(f, "}");
}

static inline void gen_print_slice_ports(FILE *f, const struct gen_service *s)
{
	fprintf(f, "\"ports\":[");
	for (size_t i = 0; i < s->nports; i++)
		fprintf(f, "%s{\"name\":\"p%zu\",\"protocol\":\"%s\",\"port\":%zu}", i ? "," : "",
			i, gen_protocol(s->ports[i].protocol), 8080 + i);
	fprintf(f, "]");
}

/* `first` of the endpoints comes first. */
static inline void gen_print_slice(FILE *f, const struct gen_service *s, bool v6, uint64_t first)
{
	fprintf(f,
		"{\"apiVersion\":\"discovery.k8s.io/v1\",\"kind\":\"EndpointSlice\",\"metadata\":{"
		"\"name\":"
		"\"s%u-%d\",\"namespace\":\"n%u\",\"labels\":{"
		"\"kubernetes.io/service-name\":\"s%u\"}},"
		"\"addressType\":\"%s\",",
		s->id, v6 ? 6 : 4, s->id % 3, s->id, v6 ? "IPv6" : "IPv4");
	gen_print_slice_ports(f, s);
	fprintf(f, ",\"endpoints\":[");
	for (size_t i = 0; i < s->nendpoints; i++) {
		fprintf(f, "%s", i ? "," : "");
		gen_print_endpoint(f, &s->endpoints[(i + first) % s->nendpoints], v6);
	}
	fprintf(f, "]}");
}

static inline void gen_print_legacy(FILE *f, const struct gen_service *s)
{
	fprintf(f,
		"{\"apiVersion\":\"v1\",\"kind\":\"Endpoints\",\"metadata\":{\"name\":\"s%u\","
		"\"namespace\":\"n%u\"},"
		"\"subsets\":[{\"addresses\":[",
		s->id, s->id % 3);
	for (size_t i = 0; i < s->nendpoints; i++)
		fprintf(f, "%s{\"ip\":\"10.244.0.%u\"}", i ? "," : "", s->endpoints[i].host);
	fprintf(f, "],");
	gen_print_slice_ports(f, s);
	fprintf(f, "}]}");
}

static inline void gen_print_node(FILE *f)
{
	fprintf(f, "{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"node1\","
		   "\"labels\":"
		   "{\"topology.kubernetes.io/zone\":\"z1\"}},\"spec\":{"
		   "\"podCIDRs\":[\"10.244.0.0/24\",\"fd00:244::/64\"]},"
		   "\"status\":{\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"192.0.2.1\"},"
		   "{\"type\":\"InternalIP\",\"address\":\"2001:db8::1\"}]}}");
}

static inline void gen_service_items(struct gen_items *items, const struct gen_service *s,
				     uint64_t shuffle)
{
	size_t len;
	FILE *f = gen_item(items, &len);

	gen_print_service(f, s);
	fclose(f);
	for (int v6 = 0; v6 < 2; v6++) {
		if (v6 ? !s->v6 : !s->v4)
			continue;
		f = gen_item(items, &len);
		if (s->legacy && !v6)
			gen_print_legacy(f, s);
		else
			gen_print_slice(f, s, v6, shuffle);
		fclose(f);
	}
}

static inline void gen_shuffle(struct gen_items *items, uint64_t seed)
{
	for (size_t i = items->n; seed && i > 1; i--) {
		size_t at = gen_random(&seed, (uint32_t)i);
		char *swap = items->v[at];

		items->v[at] = items->v[i - 1];
		items->v[i - 1] = swap;
	}
}

/* The items as a List, in an order that `shuffle` gives (0: as made); malloc'ed. Frees them. */
static inline char *gen_list(struct gen_items *items, uint64_t shuffle)
{
	char *text = NULL;
	size_t len;
	FILE *f;

	gen_shuffle(items, shuffle);
	f = open_memstream(&text, &len);
	if (!f)
		abort();
	fprintf(f, "{\"apiVersion\":\"v1\",\"kind\":\"List\",\"items\":[");
	for (size_t i = 0; i < items->n; i++) {
		fprintf(f, "%s%s", i ? ",\n" : "", items->v[i]);
		free(items->v[i]);
	}
	fprintf(f, "]}\n");
	fclose(f);
	free(items->v);
	return text;
}

/* The cluster as a List, in an order that `shuffle` gives (0: as made); malloc'ed. */
static inline char *gen_json(const struct gen_cluster *c, uint64_t shuffle)
{
	struct gen_items items = { NULL, 0, 0 };
	size_t len;
	FILE *f;

	if (c->options & 1) {
		f = gen_item(&items, &len);
		gen_print_node(f);
		fclose(f);
	}
	for (size_t i = 0; i < c->n; i++)
		gen_service_items(&items, &c->v[i], shuffle);
	return gen_list(&items, shuffle);
}

/* ---- Two clusters -------------------------------------------------------- */

/*
 * Mostly b is a few steps from a; at times it is unrelated, or one of them is empty. Both to be
 * freed.
 */
static inline void gen_pair(struct gen_cluster *a, struct gen_cluster *b, int seed)
{
	uint64_t rng = (uint64_t)seed + 77;

	*a = gen_cluster((uint64_t)seed, gen_random(&rng, 10));
	if (seed % 7 == 3) {
		*b = gen_cluster((uint64_t)seed + 100000, gen_random(&rng, 8));
		return;
	}
	*b = gen_copy(a);
	for (uint32_t i = gen_random(&rng, 5) + 1; i > 0; i--)
		gen_mutate(b, &rng);
	if (seed % 5 == 1)
		b->options ^= 1u << gen_random(&rng, 5);
}

#endif
