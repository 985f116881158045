/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What NetworkPolicies allow, as the API says it: slow, and written without regard to how rules
 * are built. Works on generated clusters (generate_test.h), and shares nothing with the compiler.
 */
#ifndef SVCR_POLICY_MEANING_TEST_H
#define SVCR_POLICY_MEANING_TEST_H

#include "rules/policy/generate_test.h"

/* The first packet of a connection, after its destination was translated. */
struct np_packet {
	struct np_addr src, dst;
	uint8_t protocol;
	uint16_t port; /* of other protocols than TCP, UDP and SCTP: what stands in its place */
};

/* ---- Selectors ----------------------------------------------------------- */

static inline bool np_expression_holds(const struct np_expression *e, const struct np_labels *l)
{
	uint8_t value = l->value[e->key];
	bool listed = false;

	for (size_t i = 0; i < e->nvalues; i++)
		listed |= e->values[i] == value;
	switch (e->op) {
	case NP_IN: return value && listed;
	case NP_NOT_IN: return !value || !listed;
	case NP_EXISTS: return value;
	case NP_DOES_NOT_EXIST: return !value;
	default: return true; /* the caller knows that it is bad */
	}
}

static inline bool np_selector_bad(const struct np_selector *s)
{
	for (size_t i = 0; i < s->nexpressions; i++)
		if (s->expressions[i].op == NP_UNKNOWN_OPERATOR)
			return true;
	return false;
}

/* All parts that can be understood hold. */
static inline bool np_selector_holds(const struct np_selector *s, const struct np_labels *l)
{
	for (size_t i = 0; i < NP_KEYS; i++)
		if (s->equal[i] && s->equal[i] != l->value[i])
			return false;
	for (size_t i = 0; i < s->nexpressions; i++)
		if (!np_expression_holds(&s->expressions[i], l))
			return false;
	return true;
}

/* A namespace without an object has no labels. */
static inline struct np_labels np_namespace_labels(const struct np_cluster *c, uint8_t ns)
{
	return c->namespaces[ns].present ? c->namespaces[ns].labels : (struct np_labels){ false };
}

/* ---- Pods ---------------------------------------------------------------- */

static inline bool np_pod_has(const struct np_pod *p, const struct np_addr *a)
{
	struct np_addr addrs[2];
	size_t n = np_pod_addrs(p, addrs);

	for (size_t i = 0; i < n; i++)
		if (np_addr_eq(&addrs[i], a))
			return true;
	return false;
}

/* The pod of an address; NULL: it is the address of no pod that policies know. */
static inline const struct np_pod *np_pod_at(const struct np_cluster *c, const struct np_addr *a)
{
	for (size_t i = 0; i < c->npods; i++) {
		const struct np_pod *p = &c->pods[i];

		if (!np_ended(p) && !p->host_network && np_pod_has(p, a))
			return p;
	}
	return NULL;
}

/* True if the address is one of the node's own. */
static inline bool np_host_owns(const struct np_cluster *c, const struct np_addr *a)
{
	struct np_addr node = np_node_addr(a->v6, c->node);
	struct np_addr gateway = np_pod_range(a->v6, c->node, NP_GATEWAY);

	return np_addr_eq(a, &node) || np_addr_eq(a, &gateway);
}

/* ---- Policies ------------------------------------------------------------ */

/* True if the policy has the direction in policyTypes, or by default. Its rules count then. */
static inline bool np_names(const struct np_policy *p, enum np_direction d)
{
	if (p->types == NP_TYPES_ABSENT || p->types == 0)
		return d == NP_INGRESS || p->rules[d].n > 0;
	return p->types & (d == NP_INGRESS ? NP_TYPE_INGRESS : NP_TYPE_EGRESS);
}

/* A type that is not known may be either. */
static inline bool np_isolates(const struct np_policy *p, enum np_direction d)
{
	return np_names(p, d) || p->types & NP_TYPE_BAD;
}

static inline bool np_selects(const struct np_policy *p, const struct np_pod *pod)
{
	return !np_ended(pod) && !pod->host_network && p->ns == pod->ns &&
	       np_selector_holds(&p->pods, &pod->labels);
}

static inline bool np_in_block(const struct np_block *b, const struct np_addr *a)
{
	if (b->addr.v6 != a->v6)
		return false;
	for (unsigned int i = 0; i < b->prefix; i++)
		if ((b->addr.bytes[i / 8] ^ a->bytes[i / 8]) & (0x80 >> i % 8))
			return false;
	return true;
}

static inline bool np_block_allows(const struct np_peer *p, const struct np_addr *a)
{
	if (p->block.bad || !np_in_block(&p->block, a))
		return false;
	for (size_t i = 0; i < p->nexcept; i++)
		if (p->except[i].bad || np_in_block(&p->except[i], a))
			return false;
	return true;
}

static inline bool np_peer_allows(const struct np_cluster *c, const struct np_policy *policy,
				  const struct np_peer *p, const struct np_addr *a)
{
	const struct np_pod *pod = np_pod_at(c, a);
	struct np_labels namespace;

	if (p->bad)
		return false;
	if (p->is_block)
		return np_block_allows(p, a);
	if (!pod || np_selector_bad(&p->pods) || np_selector_bad(&p->namespaces))
		return false;
	if (p->pods.present && !np_selector_holds(&p->pods, &pod->labels))
		return false;
	namespace = np_namespace_labels(c, pod->ns);
	return p->namespaces.present ? np_selector_holds(&p->namespaces, &namespace) :
				       pod->ns == policy->ns;
}

/* True if a container of the pod that runs beside the others has that port under that name. */
static inline bool np_pod_names(const struct np_pod *p, uint8_t name, uint8_t protocol,
				uint16_t port)
{
	for (size_t i = 0; p && i < p->nports; i++)
		if (p->ports[i].name == name && p->ports[i].protocol == protocol &&
		    p->ports[i].number == port && p->ports[i].place != NP_INIT)
			return true;
	return false;
}

static inline bool np_port_allows(const struct np_cluster *c, const struct np_rule_port *r,
				  const struct np_packet *p)
{
	uint8_t protocol = r->protocol ? r->protocol : 6;

	if (r->bad || p->protocol != protocol)
		return false;
	if (r->name)
		return np_pod_names(np_pod_at(c, &p->dst), r->name, protocol, p->port);
	if (!r->number)
		return true;
	return p->port >= r->number && p->port <= (r->end ? r->end : r->number);
}

static inline bool np_rule_allows(const struct np_cluster *c, const struct np_policy *policy,
				  const struct np_rule *r, const struct np_addr *peer,
				  const struct np_packet *p)
{
	bool peers = r->npeers == 0, ports = r->nports == 0;

	for (size_t i = 0; i < r->npeers && !peers; i++)
		peers = np_peer_allows(c, policy, &r->peers[i], peer);
	for (size_t i = 0; i < r->nports && !ports; i++)
		ports = np_port_allows(c, &r->ports[i], p);
	return peers && ports;
}

static inline bool np_policy_allows(const struct np_cluster *c, const struct np_policy *policy,
				    enum np_direction d, const struct np_packet *p)
{
	const struct np_addr *peer = d == NP_INGRESS ? &p->src : &p->dst;

	if (!np_names(policy, d) || np_selector_bad(&policy->pods))
		return false;
	for (size_t i = 0; i < policy->rules[d].n; i++)
		if (np_rule_allows(c, policy, &policy->rules[d].v[i], peer, p))
			return true;
	return false;
}

/* True if a policy selects the pod for that direction. */
static inline bool np_isolated(const struct np_cluster *c, const struct np_pod *pod,
			       enum np_direction d)
{
	for (size_t i = 0; i < c->npolicies; i++)
		if (np_isolates(&c->policies[i], d) && np_selects(&c->policies[i], pod))
			return true;
	return false;
}

/* ---- Packets ------------------------------------------------------------- */

/* What the policies that select the pod say about a packet from it (to it). */
static inline bool np_pod_allows(const struct np_cluster *c, const struct np_pod *pod,
				 enum np_direction d, const struct np_packet *p)
{
	if (!np_isolated(c, pod, d))
		return true;
	for (size_t i = 0; i < c->npolicies; i++)
		if (np_selects(&c->policies[i], pod) && np_policy_allows(c, &c->policies[i], d, p))
			return true;
	return false;
}

/* One direction, as the node c->node judges it. */
static inline bool np_direction_allows(const struct np_cluster *c, enum np_direction d,
				       const struct np_packet *p)
{
	const struct np_addr *own = d == NP_INGRESS ? &p->dst : &p->src;
	const struct np_addr *peer = d == NP_INGRESS ? &p->src : &p->dst;
	const struct np_pod *pod = np_pod_at(c, own);

	if (!pod || pod->node != c->node)
		return true;
	if (np_host_owns(c, peer) || np_pod_has(pod, peer))
		return true;
	return np_pod_allows(c, pod, d, p);
}

/* True if the node c->node lets the packet pass. */
static inline bool np_allowed(const struct np_cluster *c, const struct np_packet *p)
{
	return np_direction_allows(c, NP_EGRESS, p) && np_direction_allows(c, NP_INGRESS, p);
}

#endif
