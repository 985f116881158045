/* SPDX-License-Identifier: GPL-2.0-or-later */
/* NetworkPolicies: peers that match nothing, and rules that another policy has, too. */
#include "rules/check/policies.h"

#include <errno.h>

/* Sets of labels, namespaces and rules that one peer or rule is compared with, at most. */
#define COMPARED 1024

/* ---- Policies in order --------------------------------------------------------- */

static int policy_sort(const void *a, const void *b)
{
	const struct svcr_network_policy *const *x = a, *const *y = b;
	int d = strcmp((*x)->ns, (*y)->ns);

	return d ? d : strcmp((*x)->name, (*y)->name);
}

const struct svcr_network_policy **svcr_checks_policies(struct svcr_checks *c)
{
	size_t n = c->m->policies.n;
	const struct svcr_network_policy **v = svcr_arena_array(&c->arena, n + 1, sizeof(*v));

	for (size_t i = 0; v && i < n; i++)
		v[i] = &c->m->policies.v[i];
	if (v && n)
		qsort((void *)v, n, sizeof(*v), policy_sort);
	return v;
}

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

/* True if a pod of the namespace is selected, or if it has too many sets of labels to look at. */
static bool selects_pod_of(struct svcr_checks *c, const char *ns, const struct svcr_selector *s)
{
	size_t n;
	const struct svcr_pod_class *v =
		svcr_pod_index_classes(&c->view.endpoints->made.index, ns, &n);

	for (size_t i = 0; i < n; i++)
		if (i == COMPARED || !s || svcr_selector_matches(s, v[i].labels))
			return true;
	return false;
}

static enum peer_match match_namespaces(struct svcr_checks *c, const struct svcr_policy_peer *p)
{
	enum peer_match found = NO_NAMESPACE;

	for (size_t i = 0; i < c->m->namespaces.n; i++) {
		if (i == COMPARED)
			return MATCHES;
		if (!svcr_selector_matches(p->namespaces, c->namespaces[i]->labels))
			continue;
		found = NO_POD;
		if (selects_pod_of(c, c->namespaces[i]->name, p->pods))
			return MATCHES;
	}
	return found;
}

static enum peer_match match_peer(struct svcr_checks *c, const struct svcr_network_policy *p,
				  const struct svcr_policy_peer *peer)
{
	if (peer->is_block)
		return MATCHES;
	if (!peer->namespaces)
		return selects_pod_of(c, p->ns, peer->pods) ? MATCHES : NO_POD;
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
	int err = svcr_pod_index_make(&c->view.endpoints->made.index, c->m);

	for (size_t i = 0; i < c->m->policies.n; i++)
		for (size_t dir = 0; dir < SVCR_DIRECTION__COUNT; dir++)
			for (size_t k = 0; k < c->m->policies.v[i].rules[dir].n && !err; k++)
				err = check_rule_peers(c, &c->m->policies.v[i], dir, k);
	return err;
}

/* ---- Shadowed rules ------------------------------------------------------------------ */

static bool same_peer(const struct svcr_policy_peer *a, const struct svcr_policy_peer *b)
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

static bool same_port_name(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static bool port_within(const struct svcr_policy_port *p, const struct svcr_policy_port *wide)
{
	return p->protocol == wide->protocol && same_port_name(p->name, wide->name) &&
	       p->first >= wide->first && p->last <= wide->last;
}

static bool peers_within(const struct svcr_policy_rule *r, const struct svcr_policy_rule *wide)
{
	bool all = wide->any_peer || !r->any_peer;

	for (size_t i = 0; i < r->peers.n && all && !wide->any_peer; i++) {
		all = false;
		for (size_t k = 0; k < wide->peers.n && k < COMPARED && !all; k++)
			all = same_peer(&r->peers.v[i], &wide->peers.v[k]);
	}
	return all;
}

static bool ports_within(const struct svcr_policy_rule *r, const struct svcr_policy_rule *wide)
{
	bool all = wide->any_port || !r->any_port;

	for (size_t i = 0; i < r->ports.n && all && !wide->any_port; i++) {
		all = false;
		for (size_t k = 0; k < wide->ports.n && k < COMPARED && !all; k++)
			all = port_within(&r->ports.v[i], &wide->ports.v[k]);
	}
	return all;
}

/* True if one of the rules allows all that `r` allows. */
static bool rules_cover(const struct svcr_policy_rules *rules, const struct svcr_policy_rule *r)
{
	for (size_t i = 0; i < rules->n && i < COMPARED; i++)
		if (&rules->v[i] != r && peers_within(r, &rules->v[i]) &&
		    ports_within(r, &rules->v[i]))
			return true;
	return false;
}

/*
 * Of two policies for the same pods with the same rules, the second is told; otherwise that with
 * the narrower rule.
 */
static int check_against(struct svcr_checks *c, const struct svcr_network_policy *p,
			 const struct svcr_network_policy *wide, bool earlier, size_t dir,
			 size_t rule, bool *ret_told)
{
	const struct svcr_policy_rule *r = &p->rules[dir].v[rule];
	struct svcr_place at = { "NetworkPolicy", p->ns, p->name, p->source, NULL };
	char field[80];

	if (!rules_cover(&wide->rules[dir], r))
		return 0;
	if (!earlier && wide->pods == p->pods)
		for (size_t i = 0; i < wide->rules[dir].n && i < COMPARED; i++)
			if (peers_within(&wide->rules[dir].v[i], r) &&
			    ports_within(&wide->rules[dir].v[i], r))
				return 0;
	*ret_told = true;
	at.field = rule_field(dir, rule, NULL, 0, field);
	return svcr_found(c, "policy-shadowed", &at,
			  "NetworkPolicy %s allows all of it to the same pods: without this rule "
			  "nothing would change",
			  wide->name);
}

/* Compares the rules of a policy with those of the policies that select at least the same pods. */
static int check_policy_rules(struct svcr_checks *c, const struct svcr_network_policy *const *v,
			      size_t n, size_t at)
{
	int err = 0;

	for (size_t dir = 0; dir < SVCR_DIRECTION__COUNT; dir++)
		for (size_t k = 0; k < v[at]->rules[dir].n; k++) {
			bool told = false;

			for (size_t i = 0; i < n && i < SVCR_POLICIES_COMPARED && !told && !err;
			     i++)
				if (i != at && (!v[i]->pods->n || v[i]->pods == v[at]->pods))
					err = check_against(c, v[at], v[i], i < at, dir, k, &told);
		}
	return err;
}

int svcr_check_shadowed(struct svcr_checks *c)
{
	const struct svcr_network_policy **v = svcr_checks_policies(c);
	size_t n = c->m->policies.n;
	int err = v ? 0 : -ENOMEM;

	for (size_t i = 0, end; i < n && !err; i = end) {
		for (end = i + 1; end < n && strcmp(v[end]->ns, v[i]->ns) == 0;)
			end++;
		for (size_t k = i; k < end && !err; k++)
			err = check_policy_rules(c, v + i, end - i, k - i);
	}
	return err;
}
