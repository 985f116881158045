/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hashing.h"

int svcr_pointer_cmp_sort(const void *a, const void *b)
{
	uintptr_t p = (uintptr_t) * (void *const *)a, q = (uintptr_t) * (void *const *)b;

	return (p > q) - (p < q);
}

/* The slot of what is the same as `like`, or a free one; the table must have room. */
static struct svcr_slot *find_slot(const struct svcr_table *t, uint32_t hash, svcr_same_fn same,
				   const void *like)
{
	struct svcr_slot *slot = svcr_table_first(t, hash);

	while (slot->entry && (slot->hash != hash || !same(slot->entry, like)))
		slot = svcr_table_next(t, slot);
	return slot;
}

const void *svcr_find(const struct svcr_table *t, uint32_t hash, svcr_same_fn same,
		      const void *like)
{
	return t->used ? find_slot(t, hash, same, like)->entry : NULL;
}

void *svcr_find_or_add(struct svcr_arena *a, struct svcr_table *t, uint32_t hash, svcr_same_fn same,
		       const void *like, size_t size, bool *ret_new)
{
	struct svcr_slot *slot;
	void *made;

	*ret_new = false;
	if (!svcr_table_has_room(t) && !svcr_table_grow(t))
		return NULL;
	slot = find_slot(t, hash, same, like);
	if (slot->entry)
		return (void *)(uintptr_t)slot->entry;
	made = svcr_arena_alloc(a, size);
	if (!made)
		return NULL;
	memcpy(made, like, size);
	svcr_table_put(t, slot, made, hash, 0);
	*ret_new = true;
	return made;
}
