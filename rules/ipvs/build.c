/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From what this node must serve to virtual servers, addresses and the table beside them. */
#include "diag.h"
#include "rules/ipvs/ruleset.h"
#include "rules/nftables/build.h"

#include <errno.h>

/* What is built, from what. */
struct builder {
	struct svcrules_ipvs *v;
	const struct svcrules_model *m;
	const struct svcr_view *w;
	const struct svcrules_options *o;
	struct svcr_addrs elsewhere; /* sorted */
};

static int add_own(struct builder *b)
{
	const struct svcr_addrs *host = &b->o->host_ips;
	int err = 0;

	for (size_t i = 0; i < b->w->nnode_ips && !err; i++)
		err = svcr_ipvs_add_addr(&b->v->own, &b->w->node_ips[i]);
	for (size_t i = 0; i < host->n && !err; i++)
		err = svcr_ipvs_add_addr(&b->v->own, &host->v[i]);
	svcr_ipvs_sort(b->v);
	return err;
}

static int add_others(struct builder *b, const struct svcr_addrs *of)
{
	int err = 0;

	for (size_t i = 0; i < of->n && !err; i++)
		if (!svcr_addrs_have(&b->v->own, &of->v[i]))
			err = svcr_ipvs_add_addr(&b->elsewhere, &of->v[i]);
	return err;
}

/*
 * Addresses known to be a machine's, but not this one's: those of other nodes, and those of this one's Node that
 * none of its interfaces has (if these are known), as when a gateway translates them.
 */
static int find_elsewhere(struct builder *b)
{
	int err = 0;

	for (size_t i = 0; i < b->w->nnode_ips && b->o->host_ips.n && !err; i++)
		if (!svcr_addrs_have(&b->o->host_ips, &b->w->node_ips[i]))
			err = svcr_ipvs_add_addr(&b->elsewhere, &b->w->node_ips[i]);
	for (size_t i = 0; i < b->m->nodes.n && !err; i++) {
		const struct svcr_node *n = &b->m->nodes.v[i];

		if (n->name && b->o->node_name && strcmp(n->name, b->o->node_name) == 0)
			continue;
		err = add_others(b, &n->internal_ips);
		if (!err)
			err = add_others(b, &n->other_ips);
	}
	if (b->elsewhere.n)
		qsort(b->elsewhere.v, b->elsewhere.n, sizeof(*b->elsewhere.v), svcr_addr_cmp_sort);
	return err;
}

/*
 * Virtual servers need their address on this host: on the dummy interface, unless another one has it. On the dummy
 * interface an address that belongs elsewhere would cut this node off from its owner: it is left to nftables.
 */
static int bind_addresses(struct builder *b)
{
	const struct svcr_view *w = b->w;
	int err = 0;

	for (size_t i = 0; i < w->nvips && !err; i++) {
		const struct svcr_addr *a = &w->vips[i].addr;

		if ((i && svcr_addr_eq(a, &w->vips[i - 1].addr)) || svcr_addrs_have(&b->v->own, a) ||
		    svcr_addrs_have(&b->elsewhere, a))
			continue;
		err = svcr_ipvs_add_addr(&b->v->addresses, a);
	}
	return err;
}

/* One set of endpoints for all sources: see svcr_nft_splits(). */
static const struct svcr_endpoint_addrs *targets_of(const struct svcr_vip *vip)
{
	return vip->local ? &vip->choice->local : &vip->choice->cluster;
}

static int add_server(struct svcrules_ipvs *v, const struct svcr_vip *vip, const struct svcrules_options *o)
{
	const struct svcr_endpoint_addrs *t = targets_of(vip);
	const char *scheduler = vip->service->scheduler;
	struct svcr_ipvs_server *s;

	if (t->n == 0) /* the table refuses or drops */
		return 0;
	s = SVCR_GROW(&v->servers);
	if (!s)
		return -ENOMEM;
	*s = (struct svcr_ipvs_server){ .addr = vip->addr, .protocol = vip->protocol, .port = vip->port, .marked = true,
					.persistence = vip->service->affinity };
	snprintf(s->scheduler, sizeof(s->scheduler), "%s", svcr_scheduler_known(scheduler) ? scheduler : o->scheduler);
	for (size_t i = 0; i < t->n; i++)
		if (!svcr_ipvs_add_real(s, &(struct svcr_ipvs_real){ .addr = t->v[i].addr, .port = t->v[i].port,
								    .weight = 1 }))
			return -ENOMEM;
	return 0;
}

static void warn_schedulers(const struct svcrules_model *m, const struct svcrules_options *o, struct svcrules_diags *d)
{
	for (size_t i = 0; i < m->services.n; i++) {
		const struct svcr_service *s = &m->services.v[i];
		char object[256];

		if (!*s->scheduler || svcr_scheduler_known(s->scheduler))
			continue;
		snprintf(object, sizeof(object), "Service %s/%s", s->ns, s->name);
		svcr_diag(d, &(struct svcrules_diag){ .severity = SVCRULES_WARNING, .check = "ipvs-scheduler",
			  .source = s->source, .object = object, .field = "metadata.annotations[svcrules.io/ipvs-scheduler]" },
			  "'%.100s' is no scheduler, expected one of %s: ignored, %s is used", s->scheduler,
			  svcr_scheduler_names, o->scheduler);
	}
}

static int build(struct builder *b)
{
	const struct svcr_nft_beside_ipvs beside = { &b->v->addresses, &b->elsewhere };
	int err = add_own(b);

	if (!err)
		err = find_elsewhere(b);
	if (!err)
		err = bind_addresses(b);
	for (size_t i = 0; i < b->w->nvips && !err; i++)
		if (!svcr_addrs_have(&b->elsewhere, &b->w->vips[i].addr))
			err = add_server(b->v, &b->w->vips[i], b->o);
	svcr_ipvs_sort(b->v);
	if (!err)
		err = svcr_nft_build_view(b->w, b->o, b->o->ipvs_table, &beside, &b->v->nft);
	b->v->owns_nft = !err;
	return err;
}

int svcrules_ipvs_build(const struct svcrules_model *m, const struct svcrules_options *o, struct svcrules_diags *d,
			struct svcrules_ipvs **ret)
{
	struct svcrules_ipvs *v = svcrules_ipvs_new(NULL);
	struct svcr_view view;
	struct builder b;
	int err = v ? svcr_select(&view, m, o, d) : -ENOMEM;

	if (err) {
		svcrules_ipvs_free(v);
		return err;
	}
	warn_schedulers(m, o, d);
	b = (struct builder){ .v = v, .m = m, .w = &view, .o = o };
	err = build(&b);
	free(b.elsewhere.v);
	svcr_view_release(&view);
	if (err)
		svcrules_ipvs_free(v);
	else
		*ret = v;
	return err;
}
