/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Random clusters with Pods, Namespaces and NetworkPolicies for tests: a seed gives always the
 * same one. There are few labels, addresses and ports, so that selectors match often, blocks of
 * addresses overlap and ranges of ports too. json_test.h prints a cluster, and meaning_test.h says
 * what it allows. The prefix np_ stands for NetworkPolicy.
 */
#ifndef SVCR_POLICY_GENERATE_TEST_H
#define SVCR_POLICY_GENERATE_TEST_H

#include <arpa/inet.h>

#include "rules/generate_test.h"

#define NP_NAMESPACES 4
#define NP_NODES 3
#define NP_PODS 48
#define NP_POLICIES 16
#define NP_KEYS 4
#define NP_KEY_NAME 3        /* kubernetes.io/metadata.name */
#define NP_VALUE_NAMESPACE 5 /* n0, n1 ... */
#define NP_HOSTS 60          /* addresses of pods in the range of a node */
#define NP_GATEWAY 254       /* the host number of the node in the range of its pods */

/* The label NUL is none. */
static const char *const np_keys[NP_KEYS] = { "app", "tier", "example.com/zone",
					      "kubernetes.io/metadata.name" };
static const char *const np_values[] = { NULL, "", "a", "b", "c", "n0", "n1", "n2", "n3" };
static const char *const np_port_names[] = { NULL, "http", "dns", "web" };

struct np_labels {
	bool absent;            /* the object has no metadata.labels */
	uint8_t value[NP_KEYS]; /* of np_values; 0: no label of that key */
};

enum np_operator { NP_IN, NP_NOT_IN, NP_EXISTS, NP_DOES_NOT_EXIST, NP_UNKNOWN_OPERATOR };

struct np_expression {
	uint8_t key, op, nvalues, values[3];
};

struct np_selector {
	bool present;
	uint8_t equal[NP_KEYS]; /* matchLabels; 0: the key is not in it */
	uint8_t nexpressions;
	struct np_expression expressions[2];
};

struct np_addr {
	bool v6;
	uint8_t bytes[16]; /* the first 4 of IPv4, the others 0 */
};

enum np_phase { NP_NO_PHASE, NP_PENDING, NP_RUNNING, NP_UNKNOWN, NP_SUCCEEDED, NP_FAILED };
enum np_place { NP_FIRST_CONTAINER, NP_SECOND_CONTAINER, NP_RESTARTABLE_INIT, NP_INIT };
enum np_families { NP_NO_IP, NP_V4, NP_V6, NP_V4_V6, NP_V6_V4, NP_FAMILIES__COUNT };

struct np_pod_port {
	uint8_t name; /* of np_port_names */
	uint8_t protocol, place;
	bool protocol_absent; /* it is TCP */
	uint16_t number;
};

struct np_pod {
	uint32_t id;
	uint8_t ns, phase;
	uint8_t node;       /* 0: none */
	uint8_t home, host; /* its address: number `host` in the range of node `home` */
	uint8_t families;   /* the order of its addresses */
	bool single;        /* status.podIP alone: the first address */
	bool host_network;
	struct np_labels labels;
	size_t nports;
	struct np_pod_port ports[4];
};

struct np_namespace {
	bool present; /* there is an object */
	struct np_labels labels;
};

struct np_block {
	struct np_addr addr; /* with host bits */
	uint8_t prefix;
	bool bad;
};

struct np_peer {
	struct np_selector pods, namespaces;
	bool is_block;
	bool bad; /* has no member that is known */
	struct np_block block;
	uint8_t nexcept;
	struct np_block except[3];
};

struct np_rule_port {
	uint8_t protocol; /* 0: absent */
	uint8_t name;
	uint16_t number; /* 0 without a name: all ports */
	uint16_t end;    /* 0: absent */
	uint8_t bad;     /* 0, or which value that cannot be understood */
};

struct np_rule {
	bool peers_absent, ports_absent; /* and not empty lists */
	uint8_t npeers, nports;
	struct np_peer peers[3];
	struct np_rule_port ports[4];
};

enum np_direction { NP_INGRESS, NP_EGRESS };
/* policyTypes: bits, of which the last is a word that does not exist */
enum { NP_TYPE_INGRESS = 1, NP_TYPE_EGRESS = 2, NP_TYPE_BAD = 4, NP_TYPES_ABSENT = 8 };

struct np_policy {
	uint32_t id;
	uint8_t ns, types;
	struct np_selector pods;
	struct {
		bool present;
		uint8_t n;
		struct np_rule v[3];
	} rules[2];
};

struct np_cluster {
	uint64_t rng;
	uint32_t next_id;
	uint8_t node;     /* the one whose rules are looked at */
	bool node_object; /* there are Node objects */
	bool odd;         /* some values cannot be understood */
	struct np_namespace namespaces[NP_NAMESPACES];
	size_t npods, npolicies;
	struct np_pod pods[NP_PODS];
	struct np_policy policies[NP_POLICIES];
};

/* ---- Addresses ----------------------------------------------------------- */

static inline struct np_addr np_addr_text(const char *text)
{
	struct np_addr a = { .v6 = strchr(text, ':') };

	if (inet_pton(a.v6 ? AF_INET6 : AF_INET, text, a.bytes) != 1)
		abort();
	return a;
}

static inline bool np_addr_eq(const struct np_addr *a, const struct np_addr *b)
{
	return a->v6 == b->v6 && memcmp(a->bytes, b->bytes, 16) == 0;
}

/* An address in the range of the pods of a node. */
static inline struct np_addr np_pod_range(bool v6, uint8_t home, uint8_t host)
{
	struct np_addr a = np_addr_text(v6 ? "fd00:244::" : "10.244.0.0");

	a.bytes[v6 ? 5 : 2] = home;
	a.bytes[v6 ? 15 : 3] = host;
	return a;
}

static inline struct np_addr np_node_addr(bool v6, uint8_t node)
{
	struct np_addr a = np_addr_text(v6 ? "2001:db8::" : "192.0.2.0");

	a.bytes[v6 ? 15 : 3] = node;
	return a;
}

static inline struct np_addr np_outside(bool v6, uint8_t host)
{
	struct np_addr a = np_addr_text(v6 ? "2001:db8:113::" : "203.0.113.0");

	a.bytes[v6 ? 15 : 3] = host;
	return a;
}

/* Writes the addresses that the API says the pod has, in that order; returns their number. */
static inline size_t np_pod_addrs(const struct np_pod *p, struct np_addr addrs[2])
{
	static const struct {
		uint8_t n;
		bool v6[2];
	} orders[NP_FAMILIES__COUNT] = {
		[NP_V4] = { 1, { false } },
		[NP_V6] = { 1, { true } },
		[NP_V4_V6] = { 2, { false, true } },
		[NP_V6_V4] = { 2, { true, false } },
	};
	size_t n = orders[p->families].n;

	for (size_t i = 0; i < n; i++)
		addrs[i] = p->host_network ?
				   np_node_addr(orders[p->families].v6[i], p->node) :
				   np_pod_range(orders[p->families].v6[i], p->home, p->host);
	return n == 2 && p->single ? 1 : n;
}

/* ---- Parts of objects ---------------------------------------------------- */

static inline uint8_t np_below(uint64_t *rng, uint32_t below)
{
	return (uint8_t)gen_random(rng, below);
}

static inline struct np_labels np_labels(uint64_t *rng)
{
	struct np_labels l = { .absent = gen_one_in(rng, 12) };

	for (size_t i = 0; i < NP_KEY_NAME && !l.absent; i++)
		l.value[i] = gen_one_in(rng, 3) ? 0 : (uint8_t)(1 + np_below(rng, 3));
	return l;
}

static inline uint8_t np_value_of(uint64_t *rng, uint8_t key)
{
	if (key == NP_KEY_NAME)
		return (uint8_t)(NP_VALUE_NAMESPACE + np_below(rng, NP_NAMESPACES));
	return (uint8_t)(1 + np_below(rng, 3));
}

static inline struct np_expression np_expression(uint64_t *rng, uint8_t keys, bool odd)
{
	struct np_expression e = { .key = np_below(rng, keys), .op = np_below(rng, 4) };

	if (e.op <= NP_NOT_IN) {
		e.nvalues = (uint8_t)(1 + np_below(rng, 3));
		for (size_t i = 0; i < e.nvalues; i++)
			e.values[i] = np_value_of(rng, e.key);
	}
	if (odd && gen_one_in(rng, 4))
		e.op = NP_UNKNOWN_OPERATOR;
	return e;
}

/* `keys`: pods' labels are the first three. */
static inline struct np_selector np_selector(uint64_t *rng, uint8_t keys, bool odd)
{
	struct np_selector s = { .present = true };
	uint8_t kind = np_below(rng, 8), key = np_below(rng, keys);

	if (kind < 2) /* selects all */
		return s;
	if (kind < 6)
		s.equal[key] = np_value_of(rng, key);
	if (kind == 2) {
		key = np_below(rng, keys);
		s.equal[key] = np_value_of(rng, key);
	}
	if (kind > 3)
		s.nexpressions = (uint8_t)(1 + gen_one_in(rng, 4));
	for (size_t i = 0; i < s.nexpressions; i++)
		s.expressions[i] = np_expression(rng, keys, odd);
	return s;
}

static inline struct np_addr np_some_addr(uint64_t *rng, bool v6)
{
	uint8_t home = (uint8_t)(1 + np_below(rng, NP_NODES));

	switch (np_below(rng, 8)) {
	case 0: return np_node_addr(v6, home);
	case 1:
	case 2: return np_outside(v6, np_below(rng, 8));
	case 3: return np_pod_range(v6, home, NP_GATEWAY);
	default: return np_pod_range(v6, home, np_below(rng, 24));
	}
}

static inline uint8_t np_prefix(uint64_t *rng, bool v6)
{
	static const uint8_t v4s[] = { 0, 1, 8, 16, 23, 24, 27, 28, 29, 30, 31, 32 };
	static const uint8_t v6s[] = { 0, 1, 16, 32, 47, 48, 64, 123, 124, 125, 126, 127, 128 };

	return v6 ? v6s[gen_random(rng, sizeof(v6s))] : v4s[gen_random(rng, sizeof(v4s))];
}

/* The address with other bits after the prefix. */
static inline struct np_addr np_with_host_bits(uint64_t *rng, struct np_addr a, uint8_t prefix)
{
	unsigned int bits = a.v6 ? 128 : 32;

	for (unsigned int i = prefix; i < bits; i++)
		if (i + 5 >= bits && gen_one_in(rng, 2))
			a.bytes[i / 8] ^= (uint8_t)(0x80 >> i % 8);
	return a;
}

static inline struct np_peer np_block_peer(uint64_t *rng, bool odd)
{
	struct np_peer p = { .is_block = true };
	bool v6 = gen_one_in(rng, 3);
	uint8_t prefix = np_prefix(rng, v6), bits = v6 ? 128 : 32;
	struct np_addr a = np_some_addr(rng, v6);

	p.block = (struct np_block){ a, prefix, odd && gen_one_in(rng, 8) };
	if (prefix == bits || gen_one_in(rng, 2))
		return p;
	p.nexcept = (uint8_t)(1 + np_below(rng, 3));
	for (size_t i = 0; i < p.nexcept; i++) {
		struct np_block *e = &p.except[i];
		struct np_addr other = np_some_addr(rng, v6);

		/* mostly of another address in the block; a server stores no other except */
		e->addr = prefix < 17 && prefix % 16 == 0 && other.bytes[0] == a.bytes[0] &&
					  other.bytes[1] == a.bytes[1] ?
				  other :
				  np_with_host_bits(rng, a, prefix);
		do
			e->prefix = np_prefix(rng, v6);
		while (e->prefix <= prefix);
		e->bad = odd && gen_one_in(rng, 3);
	}
	return p;
}

static inline struct np_peer np_peer(uint64_t *rng, bool odd)
{
	struct np_peer p = { .bad = odd && gen_one_in(rng, 12) };
	uint8_t kind = np_below(rng, 10);

	if (p.bad)
		return p;
	if (kind > 6)
		return np_block_peer(rng, odd);
	if (kind < 5)
		p.pods = np_selector(rng, NP_KEY_NAME, odd);
	if (kind > 2)
		p.namespaces = np_selector(rng, NP_KEYS, odd);
	return p;
}

static inline struct np_rule_port np_rule_port(uint64_t *rng, bool odd)
{
	static const uint8_t protocols[] = { 0, 6, 6, 17, 132 };
	static const uint16_t numbers[] = { 80, 81, 82, 83, 53, 443 };
	static const uint16_t ends[] = { 81, 82, 84, 90, 443, 8080, 65535 };
	struct np_rule_port p = { .protocol = protocols[gen_random(rng, 5)] };
	uint8_t kind = np_below(rng, 8);

	if (kind == 0) /* all ports of the protocol */
		return p;
	if (kind < 3) {
		p.name = (uint8_t)(1 + np_below(rng, 3));
		return p;
	}
	p.number = gen_one_in(rng, 20) ? 1 : numbers[gen_random(rng, 6)];
	if (kind > 5) {
		p.end = ends[gen_random(rng, 7)];
		if (p.end < p.number)
			p.end = p.number;
	}
	if (odd && gen_one_in(rng, 5))
		p.bad = (uint8_t)(1 + np_below(rng, 6));
	return p;
}

static inline struct np_rule np_rule(uint64_t *rng, bool odd)
{
	struct np_rule r = { .peers_absent = true, .ports_absent = true };

	if (gen_one_in(rng, 16)) /* {} */
		return r;
	r.peers_absent = gen_one_in(rng, 2);
	r.npeers = gen_one_in(rng, 4) ? 0 : (uint8_t)(1 + np_below(rng, 3));
	r.ports_absent = gen_one_in(rng, 2);
	r.nports = gen_one_in(rng, 3) ? 0 : (uint8_t)(1 + np_below(rng, 4));
	r.peers_absent &= r.npeers == 0;
	r.ports_absent &= r.nports == 0;
	for (size_t i = 0; i < r.npeers; i++)
		r.peers[i] = np_peer(rng, odd);
	for (size_t i = 0; i < r.nports; i++)
		r.ports[i] = np_rule_port(rng, odd);
	return r;
}

/* ---- Objects ------------------------------------------------------------- */

static inline struct np_policy np_policy(struct np_cluster *c)
{
	static const uint8_t types[] = { NP_TYPES_ABSENT, 0, 1, 1, 2, 2, 3, 3 };
	struct np_policy p = { .id = c->next_id++, .ns = np_below(&c->rng, NP_NAMESPACES) };
	bool odd = c->odd && gen_one_in(&c->rng, 2);

	p.pods = np_selector(&c->rng, NP_KEY_NAME, odd);
	p.pods.present = p.pods.nexpressions || memcmp(p.pods.equal, (uint8_t[NP_KEYS]){ 0 }, 4) ||
			 gen_one_in(&c->rng, 2);
	p.types = types[gen_random(&c->rng, 8)];
	if (odd && gen_one_in(&c->rng, 4))
		p.types = (p.types & 3) | NP_TYPE_BAD;
	for (int d = 0; d < 2; d++) {
		p.rules[d].present = !gen_one_in(&c->rng, 4);
		if (!p.rules[d].present)
			continue;
		p.rules[d].n = np_below(&c->rng, 4);
		for (size_t i = 0; i < p.rules[d].n; i++)
			p.rules[d].v[i] = np_rule(&c->rng, odd);
	}
	return p;
}

static inline bool np_ended(const struct np_pod *p)
{
	return p->phase >= NP_SUCCEEDED;
}

static inline bool np_host_taken(const struct np_cluster *c, uint8_t home, uint8_t host)
{
	for (size_t i = 0; i < c->npods; i++)
		if (!np_ended(&c->pods[i]) && !c->pods[i].host_network && c->pods[i].home == home &&
		    c->pods[i].host == host)
			return true;
	return false;
}

static inline void np_place(struct np_cluster *c, struct np_pod *p)
{
	p->host = (uint8_t)(1 + np_below(&c->rng, 24));
	for (int i = 0; np_host_taken(c, p->home, p->host) && i < NP_HOSTS; i++)
		p->host = (uint8_t)(p->host % NP_HOSTS + 1);
}

static inline struct np_pod np_pod(struct np_cluster *c)
{
	static const uint8_t protocols[] = { 6, 6, 17, 132 };
	static const uint8_t families[] = { NP_NO_IP, NP_V4,    NP_V4,    NP_V6,
					    NP_V6,    NP_V4_V6, NP_V4_V6, NP_V6_V4 };
	uint64_t *rng = &c->rng;
	struct np_pod p = { .id = c->next_id++, .ns = np_below(rng, NP_NAMESPACES) };

	p.node = gen_one_in(rng, 20) ? 0 :
		 gen_one_in(rng, 2)  ? c->node :
				       (uint8_t)(1 + np_below(rng, NP_NODES));
	p.home = p.node ? p.node : 1;
	p.host_network = p.node && gen_one_in(rng, 10);
	p.families = families[gen_random(rng, 8)];
	p.single = gen_one_in(rng, 5);
	p.phase = gen_one_in(rng, 8) ? (uint8_t)(NP_SUCCEEDED + np_below(rng, 2)) :
				       np_below(rng, 4);
	p.labels = np_labels(rng);
	if (np_ended(&p)) /* another pod may have its address */
		p.host = (uint8_t)(1 + np_below(rng, 24));
	else
		np_place(c, &p);
	p.nports = np_below(rng, 5);
	for (size_t i = 0; i < p.nports; i++)
		p.ports[i] = (struct np_pod_port){ .name = np_below(rng, 4),
						   .protocol = protocols[gen_random(rng, 4)],
						   .place = np_below(rng, 4),
						   .number = (uint16_t)(80 + gen_random(rng, 4)) };
	for (size_t i = 0; i < p.nports; i++)
		p.ports[i].protocol_absent = p.ports[i].protocol == 6 && gen_one_in(rng, 2);
	return p;
}

static inline struct np_namespace np_namespace(struct np_cluster *c, uint8_t number)
{
	struct np_namespace n = { .present = !gen_one_in(&c->rng, 6) };

	n.labels = np_labels(&c->rng);
	if (!n.labels.absent)
		n.labels.value[NP_KEY_NAME] = (uint8_t)(NP_VALUE_NAMESPACE + number);
	return n;
}

static inline void np_add_pod(struct np_cluster *c)
{
	if (c->npods == NP_PODS)
		return;
	c->pods[c->npods] = np_pod(c);
	c->npods++;
}

static inline void np_add_policy(struct np_cluster *c)
{
	if (c->npolicies < NP_POLICIES) {
		c->policies[c->npolicies] = np_policy(c);
		c->npolicies++;
	}
}

/* malloc'ed */
static inline struct np_cluster *np_cluster(uint64_t seed)
{
	struct np_cluster *c = calloc(1, sizeof(*c));
	size_t pods, policies;

	if (!c)
		abort();
	c->rng = seed * 2654435761u + 987;
	c->next_id = 1;
	c->node = (uint8_t)(1 + np_below(&c->rng, NP_NODES));
	c->node_object = !gen_one_in(&c->rng, 3);
	c->odd = gen_one_in(&c->rng, 5);
	pods = 5 + gen_random(&c->rng, 36);
	policies = gen_random(&c->rng, 13);
	for (uint8_t i = 0; i < NP_NAMESPACES; i++)
		c->namespaces[i] = np_namespace(c, i);
	for (size_t i = 0; i < pods; i++)
		np_add_pod(c);
	for (size_t i = 0; i < policies; i++)
		np_add_policy(c);
	return c;
}

static inline struct np_cluster *np_copy(const struct np_cluster *c)
{
	struct np_cluster *copy = malloc(sizeof(*copy));

	if (!copy)
		abort();
	*copy = *c;
	return copy;
}

#endif
