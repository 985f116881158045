/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/policy/terms.h"
#include "fnv.h"
#include "rules/policy/classes.h"
#include "hashing.h"

#include <errno.h>

static uint64_t selector_hash(uint64_t h, const struct svcr_selector *s)
{
	for (uint32_t i = 0; s && i < s->n; i++) {
		const uint8_t op = (uint8_t)s->v[i].op;

		h = svcr_fnv64(svcr_fnv64_text(h, s->v[i].key), &op, 1);
		for (uint32_t k = 0; k < s->v[i].n; k++)
			h = svcr_fnv64_text(h, s->v[i].values[k]);
		h = svcr_fnv64(h, "", 1);
	}
	return svcr_fnv64(h, "", 1);
}

static uint64_t cidr_hash(uint64_t h, const struct svcr_cidr *c)
{
	h = svcr_fnv64(h, &c->addr.family, 1);
	h = svcr_fnv64(h, c->addr.bytes, sizeof(c->addr.bytes));
	return svcr_fnv64(h, &c->prefix, 1);
}

static uint64_t term_hash(const struct svcr_term *t)
{
	const uint8_t kind = (uint8_t)t->kind;
	uint64_t h = svcr_fnv64(SVCR_FNV64_START, &kind, 1);

	if (t->kind == SVCR_TERM_NAMED) {
		const uint8_t bytes[] = { t->port.protocol, (uint8_t)(t->port.port >> 8),
					  (uint8_t)t->port.port };

		return svcr_fnv64_text(svcr_fnv64(h, bytes, sizeof(bytes)), t->port.name);
	}
	if (t->kind == SVCR_TERM_BLOCK) {
		h = cidr_hash(h, &t->peer->block);
		for (size_t i = 0; i < t->peer->except.n; i++)
			h = cidr_hash(h, &t->peer->except.v[i]);
		return h;
	}
	h = t->ns ? svcr_fnv64_text(h, t->ns) : selector_hash(svcr_fnv64(h, "", 1), t->namespaces);
	return selector_hash(h, t->pods);
}

static bool same_block(const struct svcr_policy_peer *a, const struct svcr_policy_peer *b)
{
	bool same = a == b ||
		    (a && b && a->except.n == b->except.n && a->block.prefix == b->block.prefix &&
		     svcr_addr_eq(&a->block.addr, &b->block.addr));

	for (size_t i = 0; same && a != b && i < a->except.n; i++)
		same = a->except.v[i].prefix == b->except.v[i].prefix &&
		       svcr_addr_eq(&a->except.v[i].addr, &b->except.v[i].addr);
	return same;
}

static bool same_term(const void *entry, const void *like)
{
	const struct svcr_term *a = entry, *b = like;

	return a->kind == b->kind && a->ns == b->ns && a->namespaces == b->namespaces &&
	       a->pods == b->pods && a->port.name == b->port.name && a->port.port == b->port.port &&
	       a->port.protocol == b->port.protocol && same_block(a->peer, b->peer);
}

struct svcr_term *svcr_term_add(struct svcr_peers *p, struct svcr_term *like)
{
	struct svcr_term *t, **slot;
	bool new;

	like->hash = term_hash(like);
	t = svcr_find_or_add(&p->arena, &p->terms, (uint32_t)(like->hash >> 16), same_term, like,
			     sizeof(*like), &new);
	if (!t || !new)
		return t;
	slot = SVCR_GROW(&p->all);
	if (slot)
		*slot = t;
	if (slot && t->kind == SVCR_TERM_BLOCK)
		slot = SVCR_GROW(&p->blocks);
	if (slot)
		*slot = t;
	return slot ? t : NULL;
}

bool svcr_class_charge(struct svcr_peers *p, struct svcr_pod_class *c, size_t n)
{
	if (c->cost <= p->max && n > p->max - c->cost)
		p->died = true;
	if (c->cost <= p->max)
		c->cost += n;
	return c->cost <= p->max;
}

/* Rules for all pods are looked at once for each set of labels, however many they are. */
bool svcr_term_look(struct svcr_peers *p, struct svcr_term *t)
{
	if (t->dead)
		return false;
	if (p->again || t == p->everywhere || ++t->looks % LOOKS_PER_ELEMENT)
		return true;
	t->dead = true;
	for (size_t i = 0; i < t->users.n; i++)
		if (svcr_class_charge(p, t->users.v[i].class, 1))
			t->dead = false;
	return !t->dead;
}

struct svcr_term *svcr_peers_term(struct svcr_peers *p, const char *ns,
				  const struct svcr_policy_peer *peer)
{
	struct svcr_term like = { .kind = SVCR_TERM_PODS };

	if (peer->is_block) {
		like.kind = SVCR_TERM_BLOCK;
		like.peer = peer;
		return svcr_term_add(p, &like);
	}
	like.ns = peer->namespaces ? NULL : ns;
	like.namespaces = peer->namespaces;
	like.pods = peer->pods && peer->pods->n ? peer->pods : NULL;
	if (like.namespaces && !like.namespaces->n && !like.pods)
		return svcr_peers_all_pods(p);
	return svcr_term_add(p, &like);
}

struct svcr_term *svcr_peers_all_pods(struct svcr_peers *p)
{
	static const struct svcr_selector everything = { .n = 0 };

	if (!p->everywhere)
		p->everywhere = svcr_term_add(p, &(struct svcr_term){ .kind = SVCR_TERM_PODS,
								      .namespaces = &everything });
	return p->everywhere;
}

int svcr_term_use(struct svcr_term *t, struct svcr_pod_class *class, struct svcr_bundle *bundle,
		  const struct svcr_policy_rule *named)
{
	struct svcr_term_user *u = SVCR_GROW(&t->users);

	if (!u)
		return -ENOMEM;
	*u = (struct svcr_term_user){ class, bundle, named };
	return 0;
}

struct name {
	const char *name;
	uint8_t protocol;
};

static bool same_name(const void *entry, const void *like)
{
	const struct name *a = entry, *b = like;

	return a->name == b->name && a->protocol == b->protocol;
}

static uint32_t name_hash(const char *name, uint8_t protocol)
{
	return svcr_pointers_hash(name, NULL, NULL) + protocol;
}

int svcr_peers_name(struct svcr_peers *p, const char *name, uint8_t protocol)
{
	const struct name like = { name, protocol };
	bool new;

	return svcr_find_or_add(&p->arena, &p->names, name_hash(name, protocol), same_name, &like,
				sizeof(like), &new) ?
		       0 :
		       -ENOMEM;
}


bool svcr_peers_has_name(struct svcr_peers *p, const char *name, uint8_t protocol)
{
	const struct name like = { name, protocol };

	return svcr_find(&p->names, name_hash(name, protocol), same_name, &like) != NULL;
}
