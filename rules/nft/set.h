/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set or map as a value. Elements are byte strings in network order, so that
 * sorting them with memcmp sorts by address, protocol, port and index; a
 * verdict is a pair (kind of chain, its number).
 */
#ifndef SVCR_NFT_SET_H
#define SVCR_NFT_SET_H

#include "rules/nft/layout.h"

struct svcr_nft_set {
	const struct svcr_nft_set_layout *layout;
	uint8_t family;   /* SVCR_IPV4 or SVCR_IPV6 */
	bool present;
	bool damaged;     /* the kernel's differs in type or flags: replace it */
	uint32_t size;    /* elements it was made for; 0: intervals, which have no hash to grow */
	uint32_t timeout; /* seconds, of elements that are added to a timed set */
	uint8_t *v;       /* n records: key, end of the interval, data, comment; malloc'ed */
	size_t n, cap;
	size_t key_len;   /* as the kernel has it */
	size_t sort_len;  /* key and end of the interval */
	size_t data_len, stride;
};

/* Prepares an empty set that is not present. */
void svcr_nft_set_init(struct svcr_nft_set *s, const struct svcr_nft_set_layout *l, uint8_t family);
/* A new zeroed record at the end of a set, which is present from then on; NULL: out of memory. */
uint8_t *svcr_nft_add(struct svcr_nft_set *s);
/* The same with the key (sort_len bytes) copied in. 0 or -ENOMEM. */
int svcr_nft_add_key(struct svcr_nft_set *s, const uint8_t *key);
/* The same with a verdict and a comment (kept by the caller; may be NULL). 0 or -ENOMEM. */
int svcr_nft_add_verdict(struct svcr_nft_set *s, const uint8_t *key,
			 struct svcr_nft_chain_id verdict, const char *comment);
static inline uint8_t *svcr_nft_elem(const struct svcr_nft_set *s, size_t i)
{
	return s->v + i * s->stride;
}
static inline uint8_t *svcr_nft_elem_data(const struct svcr_nft_set *s, const uint8_t *e)
{
	return (uint8_t *)(uintptr_t)(e + s->sort_len);
}
/* The verdict of an element of a verdict map. */
struct svcr_nft_chain_id svcr_nft_elem_verdict(const struct svcr_nft_set *s, const uint8_t *e);
/* A record's comment, or NULL; records are packed, so the pointer is copied in and out. */
const char *svcr_nft_comment(const struct svcr_nft_set *s, const uint8_t *e);
void svcr_nft_set_comment(const struct svcr_nft_set *s, uint8_t *e, const char *comment);
void svcr_nft_sort(struct svcr_nft_set *s);
/* Empties the set and marks it as not present; its memory stays for the next element. */
void svcr_nft_set_drop(struct svcr_nft_set *s);
/*
 * Chooses the size of `to`: that of `from` (may be NULL: the kernel's) as long
 * as the elements fit, else one with room to grow. A hash with a size is made
 * whole at once: the kernel need not grow it while it processes a batch.
 */
void svcr_nft_fit(const struct svcr_nft_set *from, struct svcr_nft_set *to);
/* The record with this key (sort_len bytes) in a sorted set, or NULL. */
uint8_t *svcr_nft_find(const struct svcr_nft_set *s, const uint8_t *key);
/* The first record whose first `len` key bytes are not below `prefix`: an index, n at the end. */
size_t svcr_nft_lower(const struct svcr_nft_set *s, const uint8_t *prefix, size_t len);

#endif
