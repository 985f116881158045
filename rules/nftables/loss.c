/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nftables/loss.h"
#include "rules/nft/diff.h"
#include "rules/nftables/layout.h"

#include <string.h>

/* The same table before and after; a side may be NULL. */
struct sides {
	const struct svcr_nft_table *from, *to;
};

/* True if the verdict of `e`, an element of `s`, leads to endpoints. */
static bool verdict_sends(const struct svcr_nft_set *s, const uint8_t *e)
{
	struct svcr_nft_chain_id id = svcr_nft_elem_verdict(s, e);

	return id.kind != CHAIN_REJECT && id.kind != VERDICT_DROP && id.kind != CHAIN_FOREIGN;
}

/* True if its source ranges admit nobody. */
static bool admits_nobody(const struct svcr_nft_table *t, const uint8_t *key)
{
	const struct svcr_nft_set *s = &t->sets[SET_FIREWALLED];
	const uint8_t *e = svcr_nft_find(s, key);

	return e && svcr_nft_elem_verdict(s, e).kind == VERDICT_DROP;
}

/* True if packets of pods and of the node itself are sent somewhere. */
static bool sends_inside(const struct svcr_nft_table *t, const uint8_t *key)
{
	const uint8_t *e = t && !admits_nobody(t, key) ?
				   svcr_nft_find(&t->sets[SET_SERVICES], key) :
				   NULL;

	return e && verdict_sends(&t->sets[SET_SERVICES], e);
}

/* The same for packets from outside, for which the other map comes first. */
static bool sends_outside(const struct svcr_nft_table *t, const uint8_t *key)
{
	const uint8_t *e = t && !admits_nobody(t, key) ?
				   svcr_nft_find(&t->sets[SET_SERVICES_EXTERNAL], key) :
				   NULL;

	return e ? verdict_sends(&t->sets[SET_SERVICES_EXTERNAL], e) : sends_inside(t, key);
}

bool svcr_services_sends(const struct svcr_nft_table *t, const uint8_t *key, bool outside)
{
	return outside ? sends_outside(t, key) : sends_inside(t, key);
}

static bool is_lost(const struct sides *s, const uint8_t *key)
{
	return (sends_inside(s->from, key) && !sends_inside(s->to, key)) ||
	       (sends_outside(s->from, key) && !sends_outside(s->to, key));
}

/* Adds the name of a port (namespace/name:port) unless one of the same service is there. */
static void add_name(struct svcrules_loss *l, const char *name)
{
	size_t len = strcspn(name, ":");

	for (size_t i = 0; i < l->nnames; i++)
		if (strcspn(l->names[i], ":") == len && memcmp(l->names[i], name, len) == 0)
			return;
	if (l->nnames < SVCRULES_LOSS_NAMES)
		l->names[l->nnames++] = name;
}

/* Counts the addresses of a table, all of which its map `services` has. */
static void count_table(const struct sides *s, struct svcrules_loss *l)
{
	const struct svcr_nft_set *services = &s->from->sets[SET_SERVICES];

	for (size_t i = 0; i < services->n; i++) {
		const uint8_t *e = svcr_nft_elem(services, i);
		const char *name = svcr_nft_comment(services, e);

		l->served += sends_inside(s->from, e) || sends_outside(s->from, e);
		if (!is_lost(s, e))
			continue;
		l->lost++;
		if (name)
			add_name(l, name);
	}
}

/* True if a change takes something from at least one address. */
static bool change_loses(const struct svcr_nft_changes *c, const struct svcr_nft_change *ch)
{
	const struct sides s = { ch->pair->from, ch->pair->to };
	bool whole = ch->op == CHANGE_DEL_TABLE || ch->op == CHANGE_DEL_SET;
	bool elements = ch->op == CHANGE_DEL_ELEMS || ch->op == CHANGE_ADD_ELEMS;

	if (strcmp(s.from->layout->serves, SVCR_SERVICES_WORD) != 0 || ch->op == CHANGE_ADD_TABLE)
		return false;
	if (whole)
		return ch->op == CHANGE_DEL_TABLE || ch->set == SET_SERVICES ||
		       ch->set == SET_SERVICES_EXTERNAL;
	if (!elements || (ch->set != SET_SERVICES && ch->set != SET_SERVICES_EXTERNAL &&
			  ch->set != SET_FIREWALLED))
		return false;
	for (size_t i = 0; i < ch->count; i++)
		if (is_lost(&s, c->elems[ch->first + i]))
			return true;
	return false;
}

static bool changes_lose(const struct svcr_nft_changes *c)
{
	for (size_t i = 0; i < c->n; i++)
		if (change_loses(c, &c->v[i]))
			return true;
	return false;
}

const struct svcr_nft_table *svcr_services_serving(const struct svcr_nft *n, uint8_t family)
{
	const struct svcr_nft_table *t = svcr_services_table(n, family);

	return t && t->present && !t->dormant ? t : NULL;
}

void svcr_services_loss(const struct svcrules_changes *c, struct svcrules_loss *ret)
{
	const struct svcr_nft_changes *n = (const struct svcr_nft_changes *)svcr_changes_find(
		c, &svcr_nft_ops);

	/* one endpoint more or less is the usual change: it costs no walk over all addresses */
	if (!n || !changes_lose(n))
		return;
	for (uint8_t family = 0; family < SVCR_FAMILY__COUNT; family++) {
		const struct sides s = { svcr_services_serving(n->from, family),
					 svcr_services_serving(n->to, family) };

		if (s.from)
			count_table(&s, ret);
	}
}
