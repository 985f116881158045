/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/explain/policy_rule.h"
#include "out.h"

#include <errno.h>

/* A connection as policies see it. */
struct subject {
	const struct svcrules_model *m;
	const struct svcr_nft_packet *packet;
	const struct svcr_pod *pod, *other, *server; /* NULL: no pod */
	const struct svcr_addr *peer;
	enum svcr_direction direction;
};

static const struct svcr_labels *namespace_labels(const struct svcrules_model *m, const char *name)
{
	for (size_t i = 0; i < m->namespaces.n; i++)
		if (strcmp(m->namespaces.v[i].name, name) == 0)
			return m->namespaces.v[i].labels;
	return NULL;
}

static bool peer_holds(const struct subject *s, const struct svcr_network_policy *policy,
		       const struct svcr_policy_peer *p)
{
	if (p->is_block)
		return svcr_policy_block_holds(p, s->peer);
	if (!s->other)
		return false;
	if (p->pods && !svcr_selector_matches(p->pods, s->other->labels))
		return false;
	return p->namespaces ?
		       svcr_selector_matches(p->namespaces, namespace_labels(s->m, s->other->ns)) :
		       strcmp(s->other->ns, policy->ns) == 0;
}

static bool port_holds(const struct subject *s, const struct svcr_policy_port *p)
{
	if (p->protocol != s->packet->protocol)
		return false;
	if (!p->name)
		return s->packet->port >= p->first && s->packet->port <= p->last;
	for (size_t i = 0; s->server && i < s->server->ports.n; i++) {
		const struct svcr_pod_port *c = &s->server->ports.v[i];

		if (strcmp(c->name, p->name) == 0 && c->protocol == p->protocol &&
		    c->port == s->packet->port)
			return true;
	}
	return false;
}

/* ---- Words --------------------------------------------------------------- */

static void out_peer(struct svcr_out *o, const struct svcr_policy_peer *p)
{
	char block[SVCR_CIDR_TEXT];

	if (p->is_block) {
		svcr_out_str(o, svcr_cidr_text(&p->block, block));
		return;
	}
	if (p->pods && p->pods->n)
		svcr_selector_out(o, p->pods);
	else
		svcr_out_str(o, "every pod");
	if (!p->namespaces)
		return;
	svcr_out_str(o, p->namespaces->n ? " in namespaces with " : " in every namespace");
	svcr_selector_out(o, p->namespaces);
}

static void out_port(struct svcr_out *o, const struct svcr_policy_port *p)
{
	const char *protocol = svcr_protocol_name(p->protocol);

	if (p->name)
		svcr_out(o, "port %s (%s)", p->name, protocol);
	else if (p->first == p->last)
		svcr_out(o, "%u/%s", p->first, protocol);
	else if (p->first == 0 && p->last == 65535)
		svcr_out(o, "all ports of %s", protocol);
	else
		svcr_out(o, "%u-%u/%s", p->first, p->last, protocol);
}

/* `peer` and `port` may be NULL: all. */
static int write_rule(struct svcr_arena *a, const struct subject *s,
		      const struct svcr_network_policy *policy, const struct svcr_policy_peer *peer,
		      const struct svcr_policy_port *port, const char **ret)
{
	struct svcr_buffer b = { .len = 0 };
	struct svcr_out o = { .write = svcr_buffer_append, .arg = &b };
	bool in = s->direction == SVCR_INGRESS;
	int err;

	svcr_out(&o, "%s/%s: allows %s %s ", policy->ns, policy->name, in ? "ingress" : "egress",
		 in ? "from" : "to");
	if (peer)
		out_peer(&o, peer);
	else
		svcr_out_str(&o, "everywhere");
	svcr_out_str(&o, in ? " to " : " at ");
	if (port)
		out_port(&o, port);
	else
		svcr_out_str(&o, "all ports");
	err = svcr_out_end(&o);
	*ret = err ? NULL : svcr_arena_strndup(a, b.p, b.len);
	svcr_buffer_release(&b);
	return err ? err : *ret ? 0 : -ENOMEM;
}

/* ---- The rule ------------------------------------------------------------ */

/* Returns true, with what fits: NULL stands for all. */
static bool rule_holds(const struct subject *s, const struct svcr_network_policy *policy,
		       const struct svcr_policy_rule *r, const struct svcr_policy_peer **ret_peer,
		       const struct svcr_policy_port **ret_port)
{
	*ret_peer = NULL;
	*ret_port = NULL;
	for (size_t i = 0; !r->any_peer && !*ret_peer && i < r->peers.n; i++)
		if (peer_holds(s, policy, &r->peers.v[i]))
			*ret_peer = &r->peers.v[i];
	for (size_t i = 0; !r->any_port && !*ret_port && i < r->ports.n; i++)
		if (port_holds(s, &r->ports.v[i]))
			*ret_port = &r->ports.v[i];
	return (r->any_peer || *ret_peer) && (r->any_port || *ret_port);
}

/* The first rule of the policy that allows the connection; false: none does. */
static bool policy_holds(const struct subject *s, const struct svcr_network_policy *c,
			 const struct svcr_policy_peer **ret_peer,
			 const struct svcr_policy_port **ret_port)
{
	if (!c->isolates[s->direction] || strcmp(c->ns, s->pod->ns) != 0 ||
	    !svcr_selector_matches(c->pods, s->pod->labels))
		return false;
	for (size_t k = 0; k < c->rules[s->direction].n; k++)
		if (rule_holds(s, c, &c->rules[s->direction].v[k], ret_peer, ret_port))
			return true;
	return false;
}

int svcr_explain_policy_rule(struct svcr_explain_walker *w, bool in, const char **ret)
{
	const struct svcr_nft_packet *p = &w->eval.packet;
	struct subject s = { .m = w->x->m,
			     .packet = p,
			     .peer = in ? &p->src : &p->dst,
			     .direction = in ? SVCR_INGRESS : SVCR_EGRESS };
	const struct svcr_network_policy *first = NULL;
	const struct svcr_policy_peer *peer;
	const struct svcr_policy_port *port;

	*ret = NULL;
	s.pod = svcr_explain_pod(w->x, in ? &p->dst : &p->src);
	s.other = svcr_explain_pod(w->x, s.peer);
	s.server = svcr_explain_pod(w->x, &p->dst);
	for (size_t i = 0; s.pod && i < s.m->policies.n; i++) {
		const struct svcr_network_policy *c = &s.m->policies.v[i];

		if ((!first || strcmp(c->name, first->name) < 0) &&
		    policy_holds(&s, c, &peer, &port))
			first = c;
	}
	if (!first || !policy_holds(&s, first, &peer, &port))
		return 0;
	return write_rule(&w->x->e->arena, &s, first, peer, port, ret);
}
