/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables in memory whose entries live in an arena. No output depends on their order. */
#ifndef SVCR_HASHING_H
#define SVCR_HASHING_H

#include "arena.h"
#include "hash.h"
#include "table.h"

/* Sorts pointers, for qsort(3) and bsearch(3): only to find those that are equal. */
int svcr_pointer_cmp_sort(const void *a, const void *b);

/* A hash of three pointers. */
static inline uint32_t svcr_pointers_hash(const void *a, const void *b, const void *c)
{
	uint64_t h = svcr_mix((uintptr_t)a ^ 0x9e3779b97f4a7c15, (uintptr_t)b ^ 0xd6e8feb86659fd93);

	return (uint32_t)(svcr_mix(h ^ (uintptr_t)c, 0xa0761d6478bd642f) >> 16);
}

/* True if an entry is the same as one that was made up to look for it. */
typedef bool (*svcr_same_fn)(const void *entry, const void *like);

/* The entry that is the same as `like`, or NULL. */
const void *svcr_find(const struct svcr_table *t, uint32_t hash, svcr_same_fn same,
		      const void *like);
/*
 * What is the same as `like`, or a copy of its `size` bytes, added (*ret_new). NULL: out of
 * memory.
 */
void *svcr_find_or_add(struct svcr_arena *a, struct svcr_table *t, uint32_t hash, svcr_same_fn same,
		       const void *like, size_t size, bool *ret_new);

#endif
