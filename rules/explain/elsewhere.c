/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/explain/elsewhere.h"
#include "rules/explain/hooks.h"
#include "rules/policy/build.h"

#include <errno.h>
#include <linux/netfilter.h>

#define NODES_KEPT 32 /* tables of so many nodes; a cluster has thousands */

/* A place for the tables of a node: a new one, or that of the node that came first. */
static struct svcr_explain_node *place_for(struct svcr_explainer *x)
{
	struct svcr_explain_node *slot;

	if (x->nodes.n < NODES_KEPT)
		return SVCR_GROW(&x->nodes);
	slot = &x->nodes.v[x->replaced++ % NODES_KEPT];
	svcr_nft_free(slot->nft);
	*slot = (struct svcr_explain_node){ .name = "" };
	return slot;
}

/* The tables of a node, made when they are first needed; NULL: no memory. */
static const struct svcr_nft *tables_of(struct svcr_explainer *x, const char *node)
{
	struct svcrules_options o = *x->o;
	struct svcr_explain_node *slot;
	struct svcrules_stats stats = { .services = 0 };
	struct svcrules_diags *d;
	int err;

	for (size_t i = 0; i < x->nodes.n; i++)
		if (strcmp(x->nodes.v[i].name, node) == 0)
			return x->nodes.v[i].nft;
	slot = place_for(x);
	if (!slot)
		return NULL;
	slot->name = node;
	slot->nft = svcr_nft_new();
	o.node_name = node;
	/* what is odd about objects is said about the own rule set already */
	d = svcrules_diags_new();
	err = slot->nft && d ? svcr_policy_build(x->m, &o, d, slot->nft, &stats) : -ENOMEM;
	svcrules_diags_free(d);
	if (!err)
		return slot->nft;
	svcr_nft_free(slot->nft);
	*slot = (struct svcr_explain_node){ .name = "" };
	return NULL;
}

/* The address of this node that a masqueraded packet has. */
static const struct svcr_addr *own_address(const struct svcr_explainer *x, uint8_t family)
{
	for (size_t i = 0; i < x->own.n; i++)
		if (x->own.v[i].family == family)
			return &x->own.v[i];
	return NULL;
}

int svcr_explain_elsewhere(struct svcr_explain_walker *w, bool masqueraded, enum svcr_nft_fate *ret)
{
	struct svcr_nft_packet *p = &w->eval.packet;
	const char *own = w->x->o->node_name;
	const struct svcr_pod *pod = w->x->o->network_policy ? svcr_explain_pod(w->x, &p->dst) :
							       NULL;
	const struct svcr_addr *source = masqueraded ? own_address(w->x, p->dst.family) : &p->src;
	struct svcr_nft_packet before = *p;
	const struct svcr_nft *n;
	bool none = false;
	int err = 0;

	*ret = SVCR_FATE_PASSES;
	if (!pod || !pod->node || !own || strcmp(pod->node, own) == 0 || !source)
		return 0;
	n = tables_of(w->x, pod->node);
	w->policy_where = svcr_arena_printf(&w->x->e->arena, "policy on %s", pod->node);
	if (!n || !w->policy_where)
		return -ENOMEM;
	*p = (struct svcr_nft_packet){ .src = *source,
				       .first_src = *source,
				       .dst = p->dst,
				       .first_dst = p->dst,
				       .port = p->port,
				       .first_port = p->port,
				       .protocol = p->protocol };
	*ret = svcr_explain_hook(w, n, NF_INET_POST_ROUTING, "postrouting", &none, &err);
	*p = before;
	return err;
}

void svcr_explain_elsewhere_release(struct svcr_explainer *x)
{
	for (size_t i = 0; i < x->nodes.n; i++)
		svcr_nft_free(x->nodes.v[i].nft);
	free(x->nodes.v);
}
