/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "intern.h"
#include "hash.h"

/* The slot of the text, or the free one where it belongs. */
static struct svcr_slot *intern_slot(const struct svcr_table *t, uint32_t hash, struct svcr_str s)
{
	struct svcr_slot *slot = svcr_table_first(t, hash);

	while (slot->entry &&
	       (slot->hash != hash || slot->len != s.len || memcmp(slot->entry, s.p, s.len) != 0))
		slot = svcr_table_next(t, slot);
	return slot;
}

static bool intern_grow(struct svcr_strings *t)
{
	if (!t->table.size)
		t->seed = svcr_hash_seed();
	return svcr_table_grow(&t->table);
}

const char *svcr_intern(struct svcr_strings *t, struct svcr_arena *a, struct svcr_str s)
{
	struct svcr_slot *slot;
	const char *copy;
	uint32_t hash;

	if (!svcr_table_has_room(&t->table) && !intern_grow(t))
		return NULL;
	hash = svcr_hash(t->seed, s.p, s.len);
	slot = intern_slot(&t->table, hash, s);
	if (slot->entry)
		return slot->entry;
	copy = s.len < UINT32_MAX ? svcr_arena_strndup(a, s.p, s.len) : NULL;
	if (copy)
		svcr_table_put(&t->table, slot, copy, hash, (uint32_t)s.len);
	return copy;
}

void svcr_strings_release(struct svcr_strings *t)
{
	svcr_table_release(&t->table);
}
