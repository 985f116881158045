/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From what this node must serve to virtual servers, addresses and the table beside them. */
#include "diag.h"
#include "rules/ipvs/ruleset.h"
#include "rules/nftables/build.h"

#include <errno.h>

/*
 * Virtual servers need their address on this host: on the dummy interface, unless another one has it.
 * What belongs elsewhere is left to nftables.
 */
static int bind_addresses(struct svcrules_ipvs *v, const struct svcr_view *w, const struct svcrules_options *o)
{
	int err = 0;

	for (size_t i = 0; i < w->nvips && !err; i++) {
		const struct svcr_vip *vip = &w->vips[i];

		if ((i && svcr_addr_eq(&vip->addr, &w->vips[i - 1].addr)) || svcr_view_own(w, o, &vip->addr) ||
		    svcr_view_elsewhere(w, o, &vip->addr))
			continue;
		err = svcr_ipvs_add_address(v, &vip->addr);
	}
	return err;
}

/* One set of endpoints for all sources: see svcr_nft_splits(). */
static const struct svcr_targets *targets_of(const struct svcr_vip *vip)
{
	return vip->local ? &vip->backends->local : &vip->backends->cluster;
}

static int add_server(struct svcrules_ipvs *v, const struct svcr_vip *vip, const struct svcrules_options *o)
{
	const struct svcr_targets *t = targets_of(vip);
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

static int add_own(struct svcrules_ipvs *v, const struct svcr_view *w, const struct svcrules_options *o)
{
	int err = 0;

	for (size_t i = 0; i < w->nnode_ips && !err; i++)
		err = svcr_ipvs_add_own(v, &w->node_ips[i]);
	for (size_t i = 0; i < o->host_ips.n && !err; i++)
		err = svcr_ipvs_add_own(v, &o->host_ips.v[i]);
	return err;
}

static int build(struct svcrules_ipvs *v, const struct svcr_view *w, const struct svcrules_options *o)
{
	struct svcr_nft_beside_ipvs beside;
	int err = bind_addresses(v, w, o);

	if (!err)
		err = add_own(v, w, o);
	for (size_t i = 0; i < w->nvips && !err; i++)
		if (!svcr_view_elsewhere(w, o, &w->vips[i].addr))
			err = add_server(v, &w->vips[i], o);
	svcr_ipvs_sort(v);
	beside = (struct svcr_nft_beside_ipvs){ v->addresses.v, v->addresses.n };
	if (!err)
		err = svcr_nft_build_view(w, o, o->ipvs_table, &beside, &v->nft);
	v->owns_nft = !err;
	return err;
}

int svcrules_ipvs_build(const struct svcrules_model *m, const struct svcrules_options *o, struct svcrules_diags *d,
			struct svcrules_ipvs **ret)
{
	struct svcrules_ipvs *v = svcrules_ipvs_new(NULL);
	struct svcr_view view;
	int err = v ? svcr_select(&view, m, o, d) : -ENOMEM;

	if (err) {
		svcrules_ipvs_free(v);
		return err;
	}
	warn_schedulers(m, o, d);
	err = build(v, &view, o);
	svcr_view_release(&view);
	if (err)
		svcrules_ipvs_free(v);
	else
		*ret = v;
	return err;
}
