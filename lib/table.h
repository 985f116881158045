/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hash table with open addressing that only grows. It borrows its entries;
 * what an entry is, and when two are equal, is known to the caller, who walks
 * over the slots of one hash until one is free or has the entry wanted:
 *
 *     slot = svcr_table_first(t, hash);
 *     while (slot->entry && !equal(slot))
 *             slot = svcr_table_next(t, slot);
 */
#ifndef SVCR_TABLE_H
#define SVCR_TABLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct svcr_slot {
	const void *entry; /* NULL: the slot is free */
	uint32_t hash;
	uint32_t len; /* for the caller, such as the length of a text */
};

/* Zeroed when empty; `size`, a power of two, is the number of slots. */
struct svcr_table {
	struct svcr_slot *slots;
	size_t used, size;
};

/* Doubles the number of slots. Returns false when memory is short; the table is then unchanged. */
bool svcr_table_grow(struct svcr_table *t);
/* Frees the slots; accepts a zeroed table. */
void svcr_table_release(struct svcr_table *t);

/* True if one more entry fits into a table that stays at most three quarters full. */
static inline bool svcr_table_has_room(const struct svcr_table *t)
{
	return t->used < t->size / 4 * 3;
}

static inline struct svcr_slot *svcr_table_first(const struct svcr_table *t, uint32_t hash)
{
	return &t->slots[hash & (t->size - 1)];
}

static inline struct svcr_slot *svcr_table_next(const struct svcr_table *t,
						const struct svcr_slot *slot)
{
	return &t->slots[(size_t)(slot - t->slots + 1) & (t->size - 1)];
}

/* Puts an entry into the free slot where the walk for it ended. */
static inline void svcr_table_put(struct svcr_table *t, struct svcr_slot *slot, const void *entry,
				  uint32_t hash, uint32_t len)
{
	*slot = (struct svcr_slot){ entry, hash, len };
	t->used++;
}

#endif
