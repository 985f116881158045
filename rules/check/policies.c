/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NetworkPolicies: peers that match nothing, and rules that another policy has, too. */
#include "rules/check/check.h"

/*
 * Sets of labels and namespaces that one peer is compared with, and parts of other rules that one
 * rule is: with more, it is taken for right. So the work grows with the number of peers and rules.
 */
#define COMPARED 1024

static const char *rule_field(size_t dir, size_t rule, const char *of, size_t at,
			      char buf[static 80])
{
	const char *name = dir == SVCR_INGRESS ? "ingress" : "egress";

	if (of)
		snprintf(buf, 80, "spec.%s[%zu].%s[%zu]", name, rule, of, at);
	else
		snprintf(buf, 80, "spec.%s[%zu]", name, rule);
	return buf;
}

/* ---- Peers ---------------------------------------------------------------------- */

enum peer_match { MATCHES, NO_NAMESPACE, NO_POD };

/* Takes one of the steps that are left; false: there is none. */
static bool take_step(size_t *steps)
{
	return *steps && (*steps)--;
}

/* True if a pod of the namespace is selected, or there are too many sets of labels to look at. */
static bool selects_pod_of(struct svcr_checks *c, const char *ns, const struct svcr_selector *s,
			   size_t *steps)
{
	size_t n;
	const struct svcr_pod_class *v = svcr_pod_index_classes(&c->view.endpoints->made.index, ns,
								&n);

	for (size_t i = 0; i < n; i++)
		if (!s || !take_step(steps) || svcr_selector_matches(s, v[i].labels))
			return true;
	return false;
}

static enum peer_match match_namespaces(struct svcr_checks *c, const struct svcr_policy_peer *p)
{
	enum peer_match found = NO_NAMESPACE;
	size_t steps = COMPARED;

	for (size_t i = 0; i < c->m->namespaces.n; i++) {
		if (!take_step(&steps))
			return MATCHES;
		if (!svcr_selector_matches(p->namespaces, c->namespaces[i]->labels))
			continue;
		found = NO_POD;
		if (selects_pod_of(c, c->namespaces[i]->name, p->pods, &steps))
			return MATCHES;
	}
	return found;
}

static enum peer_match match_peer(struct svcr_checks *c, const struct svcr_network_policy *p,
				  const struct svcr_policy_peer *peer)
{
	size_t steps = COMPARED;

	if (peer->is_block)
		return MATCHES;
	if (c->m->planned && (peer->namespaces || !svcr_checks_has_pods(c, p->ns)))
		return MATCHES; /* other manifests have them */
	if (!peer->namespaces)
		return selects_pod_of(c, p->ns, peer->pods, &steps) ? MATCHES : NO_POD;
	/* without the objects, nothing is known about labels of namespaces */
	return c->m->namespaces.n && peer->namespaces->n ? match_namespaces(c, peer) : MATCHES;
}

static int check_rule_peers(struct svcr_checks *c, const struct svcr_network_policy *p, size_t dir,
			    size_t rule)
{
	const struct svcr_policy_rule *r = &p->rules[dir].v[rule];
	struct svcr_place at = { "NetworkPolicy", p->ns, p->name, p->source, NULL };
	char field[80];
	int err = 0;

	for (size_t i = 0; i < r->peers.n && !err; i++) {
		enum peer_match found = match_peer(c, p, &r->peers.v[i]);

		at.field = rule_field(dir, rule, dir == SVCR_INGRESS ? "from" : "to", i, field);
		if (found == NO_NAMESPACE)
			err = svcr_found(c, "peer-matches-nothing", &at,
					 "namespaceSelector matches no namespace: the peer allows "
					 "nothing");
		else if (found == NO_POD && r->peers.v[i].namespaces)
			err = svcr_found(c, "peer-matches-nothing", &at,
					 "the peer matches no pod of the namespaces that it "
					 "selects: it allows nothing");
		else if (found == NO_POD)
			err = svcr_found(c, "peer-matches-nothing", &at,
					 "podSelector matches no pod of namespace %s, and without "
					 "a namespaceSelector only its pods count: it allows "
					 "nothing",
					 p->ns);
	}
	return err;
}

int svcr_check_peers(struct svcr_checks *c)
{
	int err = svcr_checks_index_pods(c);

	for (size_t i = 0; i < c->m->policies.n; i++)
		for (size_t dir = 0; dir < SVCR_DIRECTION__COUNT; dir++)
			for (size_t k = 0; k < c->policies[i]->rules[dir].n && !err; k++)
				err = check_rule_peers(c, c->policies[i], dir, k);
	return err;
}

/* ---- Shadowed rules ------------------------------------------------------------------ */

static bool equal_peers(const struct svcr_policy_peer *a, const struct svcr_policy_peer *b)
{
	if (a->is_block != b->is_block || a->pods != b->pods || a->namespaces != b->namespaces)
		return false;
	if (!a->is_block)
		return true;
	if (!svcr_addr_eq(&a->block.addr, &b->block.addr) || a->block.prefix != b->block.prefix ||
	    a->except.n != b->except.n)
		return false;
	for (size_t i = 0; i < a->except.n; i++)
		if (!svcr_addr_eq(&a->except.v[i].addr, &b->except.v[i].addr) ||
		    a->except.v[i].prefix != b->except.v[i].prefix)
			return false;
	return true;
}

static bool equal_port_names(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool port_within(const struct svcr_policy_port *p, const struct svcr_policy_port *wide)
{
	return p->protocol == wide->protocol && equal_port_names(p->name, wide->name) &&
	       p->first >= wide->first && p->last <= wide->last;
}

static bool peers_within(const struct svcr_policy_rule *r, const struct svcr_policy_rule *wide,
			 size_t *steps)
{
	bool all = wide->any_peer || !r->any_peer;

	for (size_t i = 0; i < r->peers.n && all && !wide->any_peer; i++) {
		all = false;
		for (size_t k = 0; k < wide->peers.n && !all && take_step(steps); k++)
			all = equal_peers(&r->peers.v[i], &wide->peers.v[k]);
	}
	return all;
}

static bool ports_within(const struct svcr_policy_rule *r, const struct svcr_policy_rule *wide,
			 size_t *steps)
{
	bool all = wide->any_port || !r->any_port;

	for (size_t i = 0; i < r->ports.n && all && !wide->any_port; i++) {
		all = false;
		for (size_t k = 0; k < wide->ports.n && !all && take_step(steps); k++)
			all = port_within(&r->ports.v[i], &wide->ports.v[k]);
	}
	return all;
}

/* True if one of the rules allows all that `r` allows. */
static bool rules_cover(const struct svcr_policy_rules *rules, const struct svcr_policy_rule *r,
			size_t *steps)
{
	for (size_t i = 0; i < rules->n && take_step(steps); i++)
		if (&rules->v[i] != r && peers_within(r, &rules->v[i], steps) &&
		    ports_within(r, &rules->v[i], steps))
			return true;
	return false;
}

/* True if the first rule of `rules` that is no wider than `r` covers it, so that both are equal. */
static bool rules_within(const struct svcr_policy_rules *rules, const struct svcr_policy_rule *r,
			 size_t *steps)
{
	for (size_t i = 0; i < rules->n && take_step(steps); i++)
		if (peers_within(&rules->v[i], r, steps) && ports_within(&rules->v[i], r, steps))
			return true;
	return false;
}

/* A rule of a policy, and the steps that it may take. */
struct narrow {
	const struct svcr_network_policy *p;
	size_t dir, rule, steps;
};

/*
 * Of two policies for the same pods with the same rule, the second is told; otherwise that with
 * the narrower rule.
 */
static bool is_shadowed_by(struct narrow *r, const struct svcr_network_policy *wide, bool earlier)
{
	const struct svcr_policy_rule *rule = &r->p->rules[r->dir].v[r->rule];
	const struct svcr_policy_rules *rules = &wide->rules[r->dir];

	return rules_cover(rules, rule, &r->steps) &&
	       (earlier || wide->pods != r->p->pods || !rules_within(rules, rule, &r->steps));
}

static int tell_shadowed(struct svcr_checks *c, const struct narrow *r,
			 const struct svcr_network_policy *wide)
{
	char field[80];
	struct svcr_place at = { "NetworkPolicy", r->p->ns, r->p->name, r->p->source,
				 rule_field(r->dir, r->rule, NULL, 0, field) };

	return svcr_found(c, "policy-shadowed", &at,
			  "NetworkPolicy %s allows all of it to the same pods: without this rule "
			  "nothing would change",
			  wide->name);
}

/* Compares a rule with those of the policies that select at least the same pods. */
static int check_narrow(struct svcr_checks *c, struct narrow *r,
			const struct svcr_network_policy *const *v, size_t n, size_t at)
{
	for (size_t i = 0; i < n && i < SVCR_POLICIES_COMPARED && r->steps; i++)
		if (i != at && (!v[i]->pods->n || v[i]->pods == r->p->pods) &&
		    is_shadowed_by(r, v[i], i < at))
			return tell_shadowed(c, r, v[i]);
	return 0;
}

static int check_policy_rules(struct svcr_checks *c, const struct svcr_network_policy *const *v,
			      size_t n, size_t at)
{
	int err = 0;

	for (size_t dir = 0; dir < SVCR_DIRECTION__COUNT; dir++)
		for (size_t k = 0; k < v[at]->rules[dir].n && !err; k++)
			err = check_narrow(
				c,
				&(struct narrow){
					.p = v[at], .dir = dir, .rule = k, .steps = 4 * COMPARED },
				v, n, at);
	return err;
}

int svcr_check_shadowed(struct svcr_checks *c)
{
	const struct svcr_network_policy *const *v = c->policies;
	size_t n = c->m->policies.n;
	int err = 0;

	for (size_t i = 0, end; i < n && !err; i = end) {
		for (end = i + 1; end < n && strcmp(v[end]->ns, v[i]->ns) == 0;)
			end++;
		for (size_t k = i; k < end && !err; k++)
			err = check_policy_rules(c, v + i, end - i, k - i);
	}
	return err;
}
