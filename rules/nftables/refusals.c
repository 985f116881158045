/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nftables/refusals.h"
#include "reasons.h"
#include "rules/nftables/layout.h"

#include <errno.h>
#include <stdlib.h>

struct refusal_entry {
	uint8_t family;
	uint8_t key[SVCR_VIP_MAX]; /* zero after the VIP's key */
	struct svcr_refusal r;
};

/* A service that is left out. */
struct left_out {
	const char *name; /* "namespace/name" */
	uint8_t family;
	const char *text;
};

struct svcr_refusals {
	struct svcr_arena arena;              /* owns the phrases */
	SVCR_LIST(struct refusal_entry) list; /* sorted by family and key, each once */
	SVCR_LIST(struct left_out) services;  /* sorted by name and family */
};

struct refusals_maker {
	struct svcr_reasons reasons;
	struct svcr_refusals *to;
};

static int entry_key_cmp(const void *a, const void *b)
{
	const struct refusal_entry *x = a, *y = b;

	return x->family != y->family ? (int)x->family - (int)y->family :
					memcmp(x->key, y->key, sizeof(x->key));
}

static struct refusal_entry *add_refusal(struct refusals_maker *k, const struct svcr_addr *a,
					 uint8_t protocol, uint16_t port)
{
	struct refusal_entry *e = SVCR_GROW(&k->to->list);

	if (!e)
		return NULL;
	e->family = a->family;
	svcr_vip_key(e->key, a, protocol, port);
	return e;
}

/* ---- Addresses that refuse -------------------------------------------------- */

static int keep_phrase(struct refusals_maker *k, const struct svcr_reason *why, const char **ret)
{
	char text[SVCR_REASON_TEXT];

	if (why->why == SVCR_WHY_NONE)
		return 0;
	svcr_reason_text(why, text);
	*ret = svcr_arena_strndup(&k->to->arena, text, strlen(text));
	return *ret ? 0 : -ENOMEM;
}

static int add_refusing_vip(struct refusals_maker *k, const struct svcr_vip *v)
{
	bool inside = v->kind == SVCR_VIP_CLUSTER && v->local ? !v->choice->local.n :
								!v->choice->cluster.n;
	bool outside = v->local ? !v->choice->local.n : inside;
	struct refusal_entry *e;
	struct svcr_reason why;
	int err = 0;

	if (!inside && !outside)
		return 0;
	e = add_refusal(k, &v->addr, v->protocol, v->port);
	if (!e)
		return -ENOMEM;
	if (inside)
		err = svcr_reason_port(&k->reasons, v->service, v->service_port, v->addr.family,
				       v->kind == SVCR_VIP_CLUSTER && v->local, &why);
	if (inside && !err)
		err = keep_phrase(k, &why, &e->r.inside);
	if (outside && !err)
		err = svcr_reason_port(&k->reasons, v->service, v->service_port, v->addr.family,
				       v->local, &why);
	if (outside && !err)
		err = keep_phrase(k, &why, &e->r.outside);
	return err;
}

/* ---- Services that are left out -------------------------------------------------- */

static int add_left_out(struct refusals_maker *k, const struct svcr_service *s,
			const struct svcr_reason *why, uint8_t family)
{
	struct left_out *slot = SVCR_GROW(&k->to->services);
	int err;

	if (!slot)
		return -ENOMEM;
	*slot = (struct left_out){
		.name = svcr_arena_printf(&k->to->arena, "%s/%s", s->ns, s->name), .family = family
	};
	err = slot->name ? keep_phrase(k, why, &slot->text) : -ENOMEM;
	if (err)
		k->to->services.n--;
	return err;
}

/* Adds the service if another one has an address and port of it. */
static int add_conflict(struct refusals_maker *k, const struct svcr_service *s,
			const struct svcr_service_port *p, const struct svcr_addr *a,
			uint16_t number)
{
	struct refusal_entry *e;
	struct svcr_reason why;
	int err;

	svcr_reason_address(&k->reasons, s, p, a, number, &why);
	if (why.why != SVCR_WHY_CONFLICT)
		return 0;
	e = add_refusal(k, a, p->protocol, number);
	if (!e)
		return -ENOMEM;
	err = keep_phrase(k, &why, &e->r.left_out);
	if (err)
		return err;
	e->r.name = svcr_arena_printf(&k->to->arena, "%s/%s%s%s", s->ns, s->name,
				      *p->name ? ":" : "", p->name);
	return e->r.name ? 0 : -ENOMEM;
}

static bool served_in_family(const struct svcr_service *s, const struct svcrules_options *o,
			     uint8_t family)
{
	for (size_t i = 0; i < s->cluster_ips.n; i++)
		if (s->cluster_ips.v[i].family == family &&
		    !svcr_addr_unusable(&s->cluster_ips.v[i]))
			return o->families[family];
	return false;
}

/* --max-elements bounds the addresses, of these families, times the ports. */
static int add_conflicts(struct refusals_maker *k, const struct svcr_service *s,
			 const struct svcr_addrs *l, const bool *families)
{
	int err = 0;

	for (size_t i = 0; i < l->n; i++)
		for (size_t p = 0; families[l->v[i].family] && !svcr_addr_unusable(&l->v[i]) &&
				   p < s->ports.n && !err;
		     p++)
			err = add_conflict(k, s, &s->ports.v[p], &l->v[i], s->ports.v[p].port);
	return err;
}

static int add_node_conflicts(struct refusals_maker *k, const struct svcr_service *s)
{
	const struct svcr_view *w = k->reasons.view;
	int err = 0;

	for (size_t i = 0; svcr_service_has_node_ports(s) && i < w->nnode_ips && !err; i++)
		for (size_t p = 0; p < s->ports.n && !err; p++)
			if (s->ports.v[p].node_port)
				err = add_conflict(k, s, &s->ports.v[p], &w->node_ips[i],
						   s->ports.v[p].node_port);
	return err;
}

static int add_service_left_out(struct refusals_maker *k, const struct svcr_service *s)
{
	bool families[SVCR_FAMILY__COUNT];
	struct svcr_reason why;
	int err = 0;

	svcr_reason_service(&k->reasons, s, &why);
	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT && !err; f++) {
		struct svcr_reason of = why;

		families[f] = served_in_family(s, k->reasons.options, f);
		of.family = f;
		if (of.why == SVCR_WHY_NONE && !families[f])
			of.why = SVCR_WHY_NO_FAMILY;
		if (of.why != SVCR_WHY_NONE)
			err = add_left_out(k, s, &of, f);
	}
	if (err || why.why != SVCR_WHY_NONE)
		return err;
	err = add_conflicts(k, s, &s->cluster_ips, families);
	if (!err)
		err = add_conflicts(k, s, &s->balancer_ips, families);
	if (!err)
		err = add_conflicts(k, s, &s->external_ips, families);
	return err ? err : add_node_conflicts(k, s);
}

/* ---- All ------------------------------------------------------------------------ */

static const char *first_text(const char *a, const char *b)
{
	return a ? a : b;
}

/* Several services may be left out at one place: the first by name is told. */
static void join_refusal(struct svcr_refusal *to, const struct svcr_refusal *from)
{
	to->inside = first_text(to->inside, from->inside);
	to->outside = first_text(to->outside, from->outside);
	if (!from->name || (to->name && strcmp(to->name, from->name) <= 0))
		return;
	to->name = from->name;
	to->left_out = from->left_out;
}

static int left_out_cmp(const void *a, const void *b)
{
	const struct left_out *x = a, *y = b;
	int d = strcmp(x->name, y->name);

	return d ? d : (int)x->family - (int)y->family;
}

static void join_refusals(struct svcr_refusals *r)
{
	size_t n = 0;

	if (r->list.n)
		qsort(r->list.v, r->list.n, sizeof(*r->list.v), entry_key_cmp);
	if (r->services.n)
		qsort(r->services.v, r->services.n, sizeof(*r->services.v), left_out_cmp);
	for (size_t i = 0; i < r->list.n; i++)
		if (n && entry_key_cmp(&r->list.v[n - 1], &r->list.v[i]) == 0)
			join_refusal(&r->list.v[n - 1].r, &r->list.v[i].r);
		else
			r->list.v[n++] = r->list.v[i];
	r->list.n = n;
}

int svcr_refusals_make(const struct svcr_view *view, const struct svcrules_model *m,
		       const struct svcrules_options *o, struct svcr_refusals **ret)
{
	struct refusals_maker k = { .to = NULL };
	int err = 0;

	*ret = NULL;
	if (!o->explain)
		return 0;
	k.to = calloc(1, sizeof(*k.to));
	if (!k.to)
		return -ENOMEM;
	svcr_reasons_init(&k.reasons, m, o, view);
	for (size_t i = 0; i < view->nvips && !err; i++)
		err = add_refusing_vip(&k, &view->vips[i]);
	for (size_t i = 0; i < m->services.n && !err; i++)
		err = add_service_left_out(&k, &m->services.v[i]);
	join_refusals(k.to);
	svcr_reasons_release(&k.reasons);
	if (err)
		svcr_refusals_free(k.to);
	else
		*ret = k.to;
	return err;
}

void svcr_refusals_free(struct svcr_refusals *r)
{
	if (!r)
		return;
	svcr_arena_release(&r->arena);
	free(r->list.v);
	free(r->services.v);
	free(r);
}

const struct svcr_refusal *svcr_refusals_find(const struct svcr_refusals *r, uint8_t family,
					      const uint8_t *key)
{
	struct refusal_entry like = { .family = family };
	const struct refusal_entry *found;

	if (!r || !r->list.n)
		return NULL;
	memcpy(like.key, key, svcr_vip_len(family));
	found = bsearch(&like, r->list.v, r->list.n, sizeof(like), entry_key_cmp);
	return found ? &found->r : NULL;
}

const char *svcr_refusals_of_service(const struct svcr_refusals *r, uint8_t family,
				     const char *name, size_t len)
{
	char text[160];
	const struct left_out like = { .name = text, .family = family };
	const struct left_out *found;

	if (!r || !r->services.n || len >= sizeof(text))
		return NULL;
	memcpy(text, name, len);
	text[len] = '\0';
	found = bsearch(&like, r->services.v, r->services.n, sizeof(like), left_out_cmp);
	return found ? found->text : NULL;
}
