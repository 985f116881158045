/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/ipvs/build.h"
#include "diag.h"
#include "rules/ipvs/servers.h"
#include "rules/nftables/build.h"
#include "rules/nftables/refusals.h"
#include "rules/nftables/serving.h"

#include <errno.h>

/* The input and the output of a build. */
struct ipvs_builder {
	struct svcr_ipvs_parts p;
	const char *scheduler; /* for services that name no scheduler */
	const struct svcrules_model *m;
	const struct svcr_view *w;
	const struct svcrules_options *o;
	struct svcr_addrs elsewhere; /* sorted */
};

static int add_own(struct ipvs_builder *b)
{
	const struct svcr_addrs *host = &b->o->host_ips;
	int err = 0;

	for (size_t i = 0; i < b->w->nnode_ips && !err; i++)
		err = svcr_addrs_add(&b->p.ipvs->own, &b->w->node_ips[i]);
	for (size_t i = 0; i < host->n && !err; i++)
		err = svcr_addrs_add(&b->p.ipvs->own, &host->v[i]);
	svcr_addrs_sort(&b->p.ipvs->own);
	return err;
}

static int add_others(struct ipvs_builder *b, const struct svcr_addrs *of)
{
	int err = 0;

	for (size_t i = 0; i < of->n && !err; i++)
		if (!svcr_addrs_have(&b->p.ipvs->own, &of->v[i]))
			err = svcr_addrs_add(&b->elsewhere, &of->v[i]);
	return err;
}

/*
 * Collects addresses that belong to other machines: the addresses of other nodes, and addresses
 * in this node's own Node object that none of its interfaces has (if the interfaces are known),
 * for example because a gateway translates them.
 */
static int find_elsewhere(struct ipvs_builder *b)
{
	int err = 0;

	for (size_t i = 0; i < b->w->nnode_ips && b->o->host_ips.n && !err; i++)
		if (!svcr_addrs_have(&b->o->host_ips, &b->w->node_ips[i]))
			err = svcr_addrs_add(&b->elsewhere, &b->w->node_ips[i]);
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
 * A virtual server works only if its address is on this host: on the dummy interface, unless
 * another interface has it. An address of another machine must not be put on the dummy
 * interface, because this node could then no longer reach that machine; such services are left
 * to nftables.
 */
static int bind_addresses(struct ipvs_builder *b)
{
	const struct svcr_view *w = b->w;
	int err = 0;

	for (size_t i = 0; i < w->nvips && !err; i++) {
		const struct svcr_addr *a = &w->vips[i].addr;

		if ((i && svcr_addr_eq(a, &w->vips[i - 1].addr)) ||
		    svcr_addrs_have(&b->p.ipvs->own, a) || svcr_addrs_have(&b->elsewhere, a))
			continue;
		err = svcr_addrs_add(&b->p.link->addresses, a);
	}
	return err;
}

/*
 * Returns the endpoints of a virtual server, which are the same for all sources: see
 * svcr_services_splits().
 */
static const struct svcr_endpoint_addrs *endpoints_of(const struct svcr_vip *vip)
{
	return vip->local ? &vip->choice->local : &vip->choice->cluster;
}

static int build_server(struct svcr_ipvs *v, const struct svcr_vip *vip, const char *fallback)
{
	const struct svcr_endpoint_addrs *t = endpoints_of(vip);
	const char *scheduler = vip->service->scheduler;
	struct svcr_ipvs_server *s;

	if (t->n == 0) /* without endpoints the table refuses or drops the packets */
		return 0;
	s = SVCR_GROW(&v->servers);
	if (!s)
		return -ENOMEM;
	*s = (struct svcr_ipvs_server){ .addr = vip->addr,
					.protocol = vip->protocol,
					.port = vip->port,
					.marked = true,
					.persistence = vip->service->affinity };
	snprintf(s->scheduler, sizeof(s->scheduler), "%s",
		 svcr_scheduler_known(scheduler) ? scheduler : fallback);
	for (size_t i = 0; i < t->n; i++)
		if (!svcr_ipvs_add_real(s, &(struct svcr_ipvs_real){ .addr = t->v[i].addr,
								     .port = t->v[i].port,
								     .weight = 1 }))
			return -ENOMEM;
	return 0;
}

static void warn_schedulers(const struct svcrules_model *m, const char *fallback,
			    struct svcrules_diags *d)
{
	for (size_t i = 0; i < m->services.n; i++) {
		const struct svcr_service *s = &m->services.v[i];
		char object[256];

		if (!*s->scheduler || svcr_scheduler_known(s->scheduler))
			continue;
		snprintf(object, sizeof(object), "Service %s/%s", s->ns, s->name);
		svcr_diag(d,
			  &(struct svcrules_diag){
				  .severity = SVCRULES_WARNING,
				  .check = "ipvs-scheduler",
				  .source = s->source,
				  .object = object,
				  .field = "metadata.annotations[svcrules.io/ipvs-scheduler]" },
			  "'%.100s' is no scheduler, expected one of %s: ignored, %s is used",
			  s->scheduler, svcr_scheduler_names, fallback);
	}
}

static int build_parts(struct ipvs_builder *b)
{
	const struct svcr_services_delegate ipvs = { &b->p.link->addresses, &b->elsewhere };
	int err = add_own(b);

	if (!err)
		err = find_elsewhere(b);
	if (!err)
		err = bind_addresses(b);
	for (size_t i = 0; i < b->w->nvips && !err; i++)
		if (!svcr_addrs_have(&b->elsewhere, &b->w->vips[i].addr))
			err = build_server(b->p.ipvs, &b->w->vips[i], b->scheduler);
	svcr_ipvs_sort(b->p.ipvs);
	svcr_addrs_sort(&b->p.link->addresses);
	return err ? err : svcr_services_build(b->w, b->o, &ipvs, b->p.nft);
}

int svcr_ipvs_build(const struct svcrules_model *m, const struct svcrules_options *o,
		    struct svcrules_diags *d, struct svcrules_ruleset *rs)
{
	const char *scheduler = svcrules_options_get(o, "ipvs-scheduler");
	struct ipvs_builder b = { .p = svcr_ipvs_parts(rs), .m = m, .o = o };
	struct svcr_view view;
	int err = svcr_select(&view, m, o, d);

	if (err)
		return err;
	b.w = &view;
	b.scheduler = scheduler ? scheduler : SVCR_SCHEDULER_DEFAULT;
	warn_schedulers(m, b.scheduler, d);
	err = build_parts(&b);
	if (!err)
		err = svcr_refusals_make(&view, m, o, &rs->refusals);
	if (!err)
		err = svcr_serving_make(&view, &rs->serving);
	if (!err)
		err = svcr_services_count(&view, m, &rs->stats);
	free(b.elsewhere.v);
	svcr_view_release(&view);
	return err;
}
