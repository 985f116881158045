/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Facts about NetworkPolicies, written by hand: policies, and which packets then pass on node1.
 * They hold for the evaluator of meaning_test.h and for what is compiled.
 *
 * "far>db:80+" says that a TCP connection from the pod `far` to port 80 of the pod `db` passes,
 * "far>db:80/udp-" that one of UDP does not. The places are the pods of facts_cluster() and:
 * node (node1), gate (node1's address towards its pods), other (node2), out and nine (outside).
 */
#ifndef SVCR_POLICY_FACTS_TEST_H
#define SVCR_POLICY_FACTS_TEST_H

#include "rules/policy/meaning_test.h"

/* Keys and values of labels, as indexes of np_keys and np_values. */
enum { APP, TIER, ZONE, NAME };
enum { NONE, BLANK, A, B, C, N0, N1, N2, N3 };
enum { HTTP = 1, DNS, WEB };

struct fact {
	const char *says, *packets;
	uint8_t families; /* 4 or 6: packets of that family only */
	size_t npolicies;
	struct np_policy policies[2];
};

/* clang-format off */
#define ALL { .present = true }
#define LABEL(k, v) { .present = true, .equal[k] = (v) }
#define WHERE(k, o, ...) { .present = true, .nexpressions = 1, .expressions = { \
	{ .key = (k), .op = (o), .nvalues = sizeof((uint8_t[]){ 0, ##__VA_ARGS__ }) - 1, \
	  .values = { __VA_ARGS__ } } } }
#define PEERS(n, ...) .npeers = (n), .peers = { __VA_ARGS__ }
#define PORTS(n, ...) .nports = (n), .ports = { __VA_ARGS__ }
#define ANY_PEER .peers_absent = true
#define ANY_PORT .ports_absent = true
#define PORT(n) { .number = (n) }
#define CIDR(p, v, ...) { .addr = { v, { __VA_ARGS__ } }, .prefix = (p) }
#define INGRESS(n, ...) .rules[NP_INGRESS] = { true, n, { __VA_ARGS__ } }
#define EGRESS(n, ...) .rules[NP_EGRESS] = { true, n, { __VA_ARGS__ } }
/* Of namespace n0, for the pod `db`, with these members. */
#define DB(t, ...) { .pods = LABEL(APP, B), .types = (t), __VA_ARGS__ }
#define IN NP_TYPE_INGRESS
#define OUT NP_TYPE_EGRESS
#define BOTH (IN | OUT)
/* Fact with one policy of that pod, for ingress from any port or any peer. */
#define FROM(says, packets, n, ...) \
	{ says, packets, 0, 1, { DB(IN, INGRESS(1, { ANY_PORT, PEERS(n, __VA_ARGS__) })) } }
#define AT(says, packets, n, ...) \
	{ says, packets, 0, 1, { DB(IN, INGRESS(1, { ANY_PEER, PORTS(n, __VA_ARGS__) })) } }
#define TO_PORT(says, packets, n, ...) \
	{ says, packets, 0, 1, { DB(OUT, EGRESS(1, { ANY_PEER, PORTS(n, __VA_ARGS__) })) } }
#define FROM_BLOCK(says, packets, family, n, ...) \
	{ says, packets, family, 1, { DB(IN, INGRESS(1, { ANY_PORT, PEERS(n, __VA_ARGS__) })) } }

static const struct fact facts[] = {
	/* Which pods are isolated */
	{ "a pod that no policy selects is open",
	  "far>db:80+ out>db:80/udp+ db>out:1+ db>far:0/icmp+ out>db:0/icmp+", 0, 0, { { 0 } } },
	{ "ingress is isolated without egress",
	  "far>db:80- db>far:80+ out>db:80- far>web:80+", 0, 1, { DB(IN) } },
	{ "egress is isolated without ingress",
	  "far>db:80+ db>far:80- db>out:80- web>far:80+", 0, 1, { DB(OUT) } },
	{ "an empty selector selects all pods of the policy's namespace",
	  "far>db:80- far>web:80- far>blank:80+", 0, 1, { { .pods = ALL, .types = IN } } },
	{ "and so does none", "far>db:80- far>web:80- far>blank:80+", 0, 1, { { .types = IN } } },
	{ "a policy of another namespace selects no pod of this one",
	  "far>db:80+ far>web:80+ far>blank:80-", 0, 1, { { .ns = 2, .types = IN } } },
	{ "without policyTypes: ingress, and egress if it has rules",
	  "far>db:80- db>far:80+ db>far:81-", 0, 1,
	  { DB(NP_TYPES_ABSENT, EGRESS(1, { ANY_PEER, PORTS(1, PORT(80)) })) } },
	{ "without policyTypes: not egress if its list is empty",
	  "far>db:80- db>far:80+", 0, 1, { DB(NP_TYPES_ABSENT, EGRESS(0, { 0 })) } },
	{ "the same with empty policyTypes",
	  "far>db:80- db>far:80+ db>far:81-", 0, 1,
	  { DB(0, EGRESS(1, { ANY_PEER, PORTS(1, PORT(80)) })) } },
	{ "empty policyTypes, no egress", "far>db:80- db>far:80+", 0, 1, { DB(0) } },
	{ "egress rules are ignored if policyTypes is Ingress",
	  "far>db:80+ db>far:80+ db>far:81+", 0, 1,
	  { DB(IN, EGRESS(1, { ANY_PEER, PORTS(1, PORT(80)) }), INGRESS(1, { ANY_PEER })) } },
	{ "ingress rules are ignored if policyTypes is Egress",
	  "far>db:80+ far>db:81+ db>far:80-", 0, 1,
	  { DB(OUT, INGRESS(1, { ANY_PEER, PORTS(1, PORT(80)) })) } },
	{ "a listed direction without rules denies everything",
	  "far>db:80- db>far:80- out>db:0/icmp-", 0, 1, { DB(BOTH) } },
	{ "policies add what they allow, and do not combine",
	  "far>db:80+ far>db:81- bare>db:81+ bare>db:80-", 0, 2,
	  { DB(IN, INGRESS(1, { PEERS(1, { .pods = LABEL(APP, A), .namespaces = ALL }),
				PORTS(1, PORT(80)) })),
	    DB(IN, INGRESS(1, { PEERS(1, { .pods = WHERE(APP, NP_DOES_NOT_EXIST),
					   .namespaces = ALL }),
				PORTS(1, PORT(81)) })) } },
	{ "a policy that denies takes nothing away", "far>db:80+", 0, 2,
	  { DB(IN), DB(IN, INGRESS(1, { ANY_PEER })) } },
	{ "pods of the host's network are never selected",
	  "far>node:80+ node>far:80+ out>node:80+", 0, 1, { { .types = BOTH } } },
	FROM("and match no selector", "other>db:80- web>db:80+ far>db:80-",
	     1, { .pods = LABEL(APP, A) }),
	FROM("ended pods are ignored: their address may be another pod's",
	     "bare>db:80- far>db:80-", 1, { .pods = LABEL(APP, C), .namespaces = ALL }),
	FROM("the address of an ended pod is that of the pod that has it now",
	     "bare>db:80+ far>db:80-", 1,
	     { .pods = WHERE(APP, NP_DOES_NOT_EXIST), .namespaces = ALL }),
	FROM("a namespace without an object has no name in a label",
	     "blank>db:80- far>db:80-", 1, { .namespaces = LABEL(NAME, N2) }),
	FROM("a namespace without an object has no labels",
	     "blank>db:80+ far>db:80-", 1, { .namespaces = WHERE(NAME, NP_DOES_NOT_EXIST) }),
	FROM("a namespace is selected by its name",
	     "blank>db:80- far>db:80+ web>db:80-", 1, { .namespaces = LABEL(NAME, N1) }),

	/* What a rule allows */
	{ "peers and ports of different rules never combine",
	  "far>db:80+ far>db:81- web>db:81+ web>db:80-", 0, 1,
	  { DB(IN, INGRESS(2, { PEERS(1, { .namespaces = LABEL(APP, B) }), PORTS(1, PORT(80)) },
			   { PEERS(1, { .pods = ALL }), PORTS(1, PORT(81)) })) } },
	{ "any of the peers at any of the ports",
	  "far>db:80+ far>db:81+ web>db:81+ web>db:80+ far>db:82- blank>db:80-", 0, 1,
	  { DB(IN, INGRESS(1, { PEERS(2, { .namespaces = LABEL(APP, B) }, { .pods = ALL }),
				PORTS(2, PORT(80), PORT(81)) })) } },
	AT("absent peers are any", "far>db:80+ out>db:80+ other>db:80+ far>db:81-", 1, PORT(80)),
	{ "empty peers are any", "far>db:80+ out>db:80+ other>db:80+ far>db:81-", 0, 1,
	  { DB(IN, INGRESS(1, { .npeers = 0, PORTS(1, PORT(80)) })) } },
	FROM("absent ports are all ports and protocols",
	     "web>db:80+ web>db:0/sctp+ web>db:0/icmp+ far>db:0/icmp-", 1, { .pods = ALL }),
	{ "empty ports are all ports and protocols", "web>db:80/udp+ web>db:0/icmp+ far>db:80-",
	  0, 1, { DB(IN, INGRESS(1, { PEERS(1, { .pods = ALL }) })) } },
	{ "{} allows everything", "far>db:1+ out>db:0/icmp+ other>db:80/sctp+", 0, 1,
	  { DB(IN, INGRESS(1, { ANY_PEER, ANY_PORT })) } },
	FROM("a peer that matches nothing allows nothing", "far>db:80- out>db:80- web>db:80-", 1,
	     { .namespaces = LABEL(ZONE, C) }),
	FROM("podSelector alone: pods of the policy's namespace",
	     "web>db:80+ far>db:80- blank>db:80-", 1, { .pods = LABEL(APP, A) }),
	FROM("namespaceSelector alone: all pods of those namespaces",
	     "web>db:80- far>db:80+ bare>db:80+ blank>db:80-", 1,
	     { .namespaces = LABEL(APP, B) }),
	FROM("both selectors in one peer must match",
	     "web>db:80- far>db:80+ bare>db:80- blank>db:80-", 1,
	     { .namespaces = LABEL(APP, B), .pods = LABEL(APP, A) }),
	FROM("one of two peers must match",
	     "web>db:80+ far>db:80+ bare>db:80+ blank>db:80-", 2,
	     { .namespaces = LABEL(APP, B) }, { .pods = LABEL(APP, A) }),
	FROM("namespaceSelector {} is every pod, but no node and nothing outside",
	     "web>db:80+ far>db:80+ bare>db:80+ blank>db:80+ out>db:80- other>db:80-", 1,
	     { .namespaces = ALL }),
	FROM("In", "web>db:80- far>db:80+ bare>db:80- blank>db:80+", 1,
	     { .namespaces = WHERE(NAME, NP_NOT_IN, N0),
	       .pods = WHERE(APP, NP_IN, A, BLANK) }),
	FROM("NotIn holds without the key", "web>db:80- far>db:80- bare>db:80+ blank>db:80+", 1,
	     { .namespaces = ALL, .pods = WHERE(APP, NP_NOT_IN, A, B) }),
	FROM("Exists", "web>db:80+ far>db:80+ bare>db:80- blank>db:80+", 1,
	     { .namespaces = ALL, .pods = WHERE(APP, NP_EXISTS) }),
	FROM("DoesNotExist", "web>db:80- far>db:80- bare>db:80+ blank>db:80-", 1,
	     { .namespaces = ALL, .pods = WHERE(APP, NP_DOES_NOT_EXIST) }),
	FROM("an empty value needs the key", "web>db:80- bare>db:80- blank>db:80+", 1,
	     { .namespaces = ALL, .pods = LABEL(APP, BLANK) }),
	FROM("matchLabels and matchExpressions must both match",
	     "web>db:80+ far>db:80- bare>db:80- blank>db:80-", 1,
	     { .namespaces = ALL, .pods = { true, { [APP] = A }, 1,
		{ { TIER, NP_IN, 1, { A } } } } }),
	AT("without a protocol: TCP", "far>db:80+ far>db:80/udp- far>db:80/sctp-", 1, PORT(80)),
	AT("a protocol without a port is all its ports",
	   "far>db:1/udp+ far>db:65535/udp+ far>db:1- far>db:0/icmp-", 1, { .protocol = 17 }),
	AT("endPort is inclusive", "far>db:79- far>db:80+ far>db:81+ far>db:82+ far>db:83-", 1,
	   { .number = 80, .end = 82 }),
	AT("ranges may overlap",
	   "far>db:79- far>db:80+ far>db:81+ far>db:82+ far>db:83+ far>db:84-", 2,
	   { .number = 80, .end = 82 }, { .number = 81, .end = 83 }),
	AT("a rule for SCTP opens nothing for TCP, but the pod is isolated",
	   "far>db:80/sctp+ far>db:80- far>db:80/udp-", 1, { .protocol = 132, .number = 80 }),
	AT("a named port has the number that the pod gives it", "far>db:81+ far>db:80- far>db:82-",
	   1, { .name = HTTP }),
	AT("a name is looked up in all containers, with its protocol",
	   "far>db:82/udp+ far>db:82-", 1, { .name = DNS, .protocol = 17 }),
	AT("a name of a container that only runs at the beginning is none",
	   "far>db:84- far>db:82-", 1, { .name = DNS }),
	AT("a name of a restartable init container is one", "far>db:83+ far>db:84-", 1,
	   { .name = WEB }),
	TO_PORT("a named port is looked up in each destination; what is no pod has none",
		"db>web:80+ db>web:81- db>far:82+ db>far:80- db>bare:82- db>out:80- db>other:80-",
		1, { .name = HTTP }),
	FROM_BLOCK("ipBlock matches pods too; host bits do not matter",
		   "far>db:80+ bare>db:80+ web>db:80- out>db:80-", 4, 1,
		   { .is_block = true, .block = CIDR(24, false, 10, 244, 2, 77) }),
	FROM_BLOCK("ipBlock never matches the other family",
		   "far>db:80- web>db:80- out>db:80-", 6, 1,
		   { .is_block = true, .block = CIDR(0, false, 0) }),
	FROM_BLOCK("and not IPv4 with a block of IPv6", "far>db:80- web>db:80- out>db:80-", 4, 1,
		   { .is_block = true, .block = CIDR(0, true, 0) }),
	FROM_BLOCK("ipBlock of IPv6", "far>db:80+ bare>db:80+ web>db:80- out>db:80-", 6, 1,
		   { .is_block = true, .block = CIDR(48, true, 0xfd, 0, 2, 0x44, 0, 2, 9) }),
	FROM_BLOCK("ipBlock matches nodes and what is outside",
		   "far>db:80+ other>db:80+ out>db:80+", 4, 1,
		   { .is_block = true, .block = CIDR(0, false, 10, 1) }),
	FROM_BLOCK("except takes away from its block",
		   "out>db:80- nine>db:80+ far>db:80-", 4, 1,
		   { .is_block = true, .block = CIDR(24, false, 203, 0, 113, 0), .nexcept = 1,
		     .except = { CIDR(30, false, 203, 0, 113, 2) } }),
	FROM_BLOCK("except takes nothing away from other peers",
		   "out>db:80+ nine>db:80+ far>db:80+ bare>db:80-", 4, 3,
		   { .is_block = true, .block = CIDR(24, false, 203, 0, 113, 0), .nexcept = 1,
		     .except = { CIDR(30, false, 203, 0, 113, 2) } },
		   { .is_block = true, .block = CIDR(32, false, 203, 0, 113, 1) },
		   { .pods = LABEL(APP, A), .namespaces = ALL }),
	{ "the source's egress and the destination's ingress must both allow",
	  "web>db:80+ web>db:81- web>db:82- far>db:82+ web>far:81+", 0, 2,
	  { DB(IN, INGRESS(1, { ANY_PEER, PORTS(2, PORT(80), PORT(82)) })),
	    { .pods = LABEL(APP, A), .types = OUT,
	      EGRESS(1, { ANY_PEER, PORTS(2, PORT(80), PORT(81)) }) } } },

	/* Whose traffic is judged */
	{ "what another node's pods deny is that node's work", "web>far:80+ far>web:80+", 0, 1,
	  { { .ns = 1, .types = BOTH } } },
	{ "the node reaches its pods and they reach it; other nodes have no exemption",
	  "node>db:80+ gate>db:80/udp+ db>node:80+ db>gate:0/icmp+ other>db:80- db>other:80-",
	  0, 1, { DB(BOTH) } },
	{ "a pod may reach itself", "db>db:80+ db>db:0/icmp+ web>db:80-", 0, 1, { DB(BOTH) } },
	AT("other protocols are dropped unless a rule allows all ports",
	   "far>db:80+ far>db:0/icmp- far>db:1/icmp-", 2, { .number = 0 },
	   { .number = 1, .end = 65535 }),

	/* What cannot be understood opens nothing */
	FROM("an unknown operator in a peer", "web>db:80- far>db:80+ bare>db:80-", 2,
	     { .pods = WHERE(APP, NP_UNKNOWN_OPERATOR, A) },
	     { .pods = LABEL(APP, A), .namespaces = LABEL(NAME, N1) }),
	{ "an unknown operator in spec.podSelector: isolated, and nothing is allowed",
	  "far>db:80- far>web:80- far>blank:80+", 0, 1,
	  { { .pods = WHERE(APP, NP_UNKNOWN_OPERATOR, A), .types = IN,
	      INGRESS(1, { ANY_PEER }) } } },
	FROM("a peer without a known member", "web>db:80- far>db:80- out>db:80-", 1,
	     { .bad = true }),
	FROM_BLOCK("an except takes its whole block away", "out>db:80- nine>db:80- far>db:80+", 4,
		   2,
		   { .is_block = true, .block = CIDR(24, false, 203, 0, 113, 0), .nexcept = 1,
		     .except = { { .addr = { false, { 203, 0, 113, 2 } }, .bad = true } } },
		   { .is_block = true, .block = CIDR(16, false, 10, 244, 2, 1) }),
	AT("a port that is none", "far>db:80- far>db:0/icmp- far>db:81+", 2, { .bad = 1 },
	   PORT(81)),
	AT("ports of which none is understood are not all", "far>db:80- far>db:1/udp-", 1,
	   { .bad = 6 }),
	{ "an unknown policy type isolates both", "far>db:80- db>far:80-", 0, 1,
	  { DB(IN | NP_TYPE_BAD) } },
	{ "and only the rules of a direction that is named count",
	  "far>db:80+ db>far:80-", 0, 1,
	  { DB(IN | NP_TYPE_BAD, INGRESS(1, { ANY_PEER }), EGRESS(1, { ANY_PEER })) } },
};
/* clang-format on */

#define FACTS (sizeof(facts) / sizeof(*facts))

/* ---- The cluster ----------------------------------------------------------- */

enum { POD_WEB, POD_DB, POD_BLANK, POD_FAR, POD_BARE, POD_GONE, POD_HOSTED, FACT_PODS };

static const struct np_pod fact_pods[FACT_PODS] = {
	[POD_WEB] = { .node = 1,
		      .host = 1,
		      .labels = { .value = { [APP] = A, [TIER] = A } },
		      .nports = 1,
		      .ports = { { .name = HTTP, .number = 80, .protocol = 6 } } },
	[POD_DB] = { .node = 1,
		     .host = 2,
		     .labels = { .value = { [APP] = B } },
		     .nports = 4,
		     .ports = { { HTTP, 6, NP_FIRST_CONTAINER, true, 81 },
				{ DNS, 17, NP_SECOND_CONTAINER, false, 82 },
				{ WEB, 6, NP_RESTARTABLE_INIT, false, 83 },
				{ DNS, 6, NP_INIT, false, 84 } } },
	[POD_BLANK] = { .ns = 2, .node = 1, .host = 3, .labels = { .value = { [APP] = BLANK } } },
	[POD_FAR] = { .ns = 1,
		      .node = 2,
		      .host = 4,
		      .labels = { .value = { [APP] = A } },
		      .nports = 1,
		      .ports = { { .name = HTTP, .number = 82, .protocol = 6 } } },
	[POD_BARE] = { .ns = 1, .node = 2, .host = 5, .labels = { .absent = true } },
	[POD_GONE] = { .ns = 1,
		       .node = 2,
		       .host = 5,
		       .phase = NP_SUCCEEDED,
		       .labels = { .value = { [APP] = C } } },
	[POD_HOSTED] = { .node = 2, .host_network = true, .labels = { .value = { [APP] = A } } },
};

static inline struct np_cluster *facts_cluster(const struct fact *f)
{
	struct np_cluster *c = calloc(1, sizeof(*c));

	if (!c)
		abort();
	c->node = 1;
	c->node_object = true;
	c->namespaces[0] = (struct np_namespace){ true, { false, { [APP] = A, [NAME] = N0 } } };
	c->namespaces[1] = (struct np_namespace){ true, { false, { [APP] = B, [NAME] = N1 } } };
	for (size_t i = 0; i < FACT_PODS; i++) {
		struct np_pod *p = &c->pods[c->npods++];

		*p = fact_pods[i];
		p->id = (uint32_t)i + 1;
		p->home = p->node;
		p->families = NP_V4_V6;
		p->phase = p->phase ? p->phase : NP_RUNNING;
	}
	for (size_t i = 0; i < f->npolicies; i++) {
		c->policies[i] = f->policies[i];
		c->policies[i].id = (uint32_t)i + 100;
	}
	c->npolicies = f->npolicies;
	return c;
}

/* ---- Packets --------------------------------------------------------------- */

static inline struct np_addr facts_place(const char *name, bool v6)
{
	static const struct {
		const char *name;
		uint8_t home, host; /* of a pod, else 0 */
	} pods[] = { { "web", 1, 1 }, { "db", 1, 2 },   { "blank", 1, 3 },
		     { "far", 2, 4 }, { "bare", 2, 5 }, { "gate", 1, NP_GATEWAY } };

	for (size_t i = 0; i < sizeof(pods) / sizeof(*pods); i++)
		if (strcmp(name, pods[i].name) == 0)
			return np_pod_range(v6, pods[i].home, pods[i].host);
	if (strcmp(name, "out") == 0 || strcmp(name, "nine") == 0)
		return np_outside(v6, *name == 'o' ? 1 : 9);
	if (strcmp(name, "node") != 0 && strcmp(name, "other") != 0)
		abort();
	return np_node_addr(v6, *name == 'n' ? 1 : 2);
}

/* Reads one packet of a fact and what is expected of it. Returns the rest; NULL: no more. */
static inline const char *facts_packet(const char *text, bool v6, struct np_packet *ret,
				       bool *ret_passes)
{
	char from[8], to[8], protocol[8] = "tcp", sign;
	unsigned int port;
	int len;

	text += strspn(text, " ");
	if (!*text)
		return NULL;
	if (sscanf(text, "%7[a-z]>%7[a-z]:%u%c%n", from, to, &port, &sign, &len) != 4)
		abort();
	text += len;
	if (sign == '/') {
		if (sscanf(text, "%7[a-z]%c%n", protocol, &sign, &len) != 2)
			abort();
		text += len;
	}
	ret->src = facts_place(from, v6);
	ret->dst = facts_place(to, v6);
	ret->port = (uint16_t)port;
	ret->protocol = *protocol == 'i' ? (v6 ? 58 : 1) :
			*protocol == 's' ? 132 :
			*protocol == 'u' ? 17 :
					   6;
	*ret_passes = sign == '+';
	return text;
}

#endif
