/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seen.h"
#include "hash.h"

/* Needs no seed, because an input cannot choose the addresses of its strings. */
static uint32_t seen_hash(const struct svcr_seen *o)
{
	uint64_t name = svcr_mix((uintptr_t)o->name, 0x9e3779b97f4a7c15);

	return (uint32_t)svcr_mix(name ^ (uintptr_t)o->ns, 0xd6e8feb86659fd93 ^ (uintptr_t)o->kind);
}

static bool seen_same(const struct svcr_seen *a, const struct svcr_seen *b)
{
	return a->name == b->name && a->ns == b->ns && a->kind == b->kind;
}

struct svcr_seen *svcr_seen_add(struct svcr_table *t, struct svcr_arena *a,
				const struct svcr_seen *o, bool *ret_added)
{
	uint32_t hash = seen_hash(o);
	struct svcr_seen *entry;
	struct svcr_slot *slot;

	*ret_added = false;
	if (!svcr_table_has_room(t) && !svcr_table_grow(t))
		return NULL;
	for (slot = svcr_table_first(t, hash); slot->entry; slot = svcr_table_next(t, slot))
		if (slot->hash == hash && seen_same(slot->entry, o))
			return (struct svcr_seen *)(uintptr_t)slot->entry;
	entry = svcr_arena_alloc(a, sizeof(*entry));
	if (!entry)
		return NULL;
	*entry = *o;
	svcr_table_put(t, slot, entry, hash, 0);
	*ret_added = true;
	return entry;
}
