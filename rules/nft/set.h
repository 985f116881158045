/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A set or map as a value. Elements are byte strings in network order, so that
 * sorting them with memcmp sorts by address, protocol, port and index; a
 * verdict is a pair (kind of chain, its number).
 */
#ifndef SVCR_NFT_SET_H
#define SVCR_NFT_SET_H

#include "list.h"
#include "rules/nft/layout.h"

struct svcr_nft_numbers {
	uint32_t *v;
	size_t n, cap;
};

struct svcr_nft_set {
	const struct svcr_nft_set_layout *layout;
	uint8_t family; /* SVCR_IPV4 or SVCR_IPV6 */
	bool present;
	/* in the kernel it has another type or other flags, so it must be replaced */
	bool damaged;
	uint32_t size;    /* its capacity in the kernel; 0: intervals, which are not in a hash */
	uint32_t timeout; /* seconds, of elements that are added to a timed set */
	/* n records: number, key, end of the interval, data, comment; malloc'ed */
	uint8_t *v;
	size_t n, cap;
	size_t number_len; /* bytes of the number; 0: the set is not numbered */
	size_t key_len;    /* bytes of a key in the kernel */
	size_t sort_len;   /* bytes of the number, the key and the end of an interval */
	size_t data_len, stride;
	/* of a numbered set that was read from the kernel: */
	struct svcr_nft_numbers found;  /* sets to read; each has elements when all was read */
	struct svcr_nft_numbers broken; /* sets without elements, or of another type */
};

/* Prepares an empty set that is not present. */
void svcr_nft_set_init(struct svcr_nft_set *s, const struct svcr_nft_set_layout *l, uint8_t family);
/* Frees what the set holds. */
void svcr_nft_set_release(struct svcr_nft_set *s);
/* Adds a zeroed record at the end of a set, which is present from then on. NULL: out of memory. */
uint8_t *svcr_nft_add(struct svcr_nft_set *s);
/* Adds a record with this key (sort_len bytes, copied). 0 or -ENOMEM. */
int svcr_nft_add_key(struct svcr_nft_set *s, const uint8_t *key);
/* Adds a record with this key, a verdict and a comment (borrowed; may be NULL). 0 or -ENOMEM. */
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
/* Returns the key of an element, as in the kernel. */
static inline const uint8_t *svcr_nft_elem_key(const struct svcr_nft_set *s, const uint8_t *e)
{
	return e + s->number_len;
}
/* Returns the number of the set that an element is in; 0 if the set is not numbered. */
uint32_t svcr_nft_elem_number(const struct svcr_nft_set *s, const uint8_t *e);
/* Writes a number in network order: the beginning of a record, a priority, or DATA_NUMBER. */
void svcr_nft_put_number(uint8_t *e, uint32_t number);
/* Reads such a number. */
static inline uint32_t svcr_nft_get_number(const uint8_t *e)
{
	return (uint32_t)e[0] << 24 | (uint32_t)e[1] << 16 | (uint32_t)e[2] << 8 | e[3];
}
/*
 * Returns the end of the elements, from index i on, that are in the same set of a numbered one;
 * n if it is not numbered.
 */
size_t svcr_nft_numbered_end(const struct svcr_nft_set *s, size_t i);
/* True if the list has the number. */
bool svcr_nft_numbers_have(const struct svcr_nft_numbers *l, uint32_t number);
/* True if the key is a single interval, whose end is an element of its own in the kernel. */
static inline bool svcr_nft_interval_single(const struct svcr_nft_set *s)
{
	return s->layout->interval && svcr_nft_fields_count(s->layout->key) == 1;
}
/* Returns the verdict of an element of a verdict map. */
struct svcr_nft_chain_id svcr_nft_elem_verdict(const struct svcr_nft_set *s, const uint8_t *e);
/* A record's comment, or NULL. Records are not aligned, so the pointer is copied. */
const char *svcr_nft_comment(const struct svcr_nft_set *s, const uint8_t *e);
void svcr_nft_set_comment(const struct svcr_nft_set *s, uint8_t *e, const char *comment);
/* Cuts a comment that nft(8) would not load; it then ends in '~', which no name has. */
void svcr_nft_shorten(char *comment);
/* The length of the name that a comment begins with: more may follow it, after a comma. */
size_t svcr_nft_comment_name(const char *comment);
void svcr_nft_sort(struct svcr_nft_set *s);
/* Empties the set and marks it as not present; it keeps its memory. */
void svcr_nft_set_drop(struct svcr_nft_set *s);
/*
 * Chooses the size of `to`: the size of `from` (the kernel's set; may be NULL) as long as the
 * elements fit, else a size with room for more. The kernel allocates a hash with a size at once
 * and need not grow it while it processes a batch.
 */
void svcr_nft_fit(const struct svcr_nft_set *from, struct svcr_nft_set *to);
/* Returns the record with this key (sort_len bytes) in a sorted set, or NULL. */
uint8_t *svcr_nft_find(const struct svcr_nft_set *s, const uint8_t *key);
/*
 * Returns the index of the first record whose first `len` key bytes are not below `prefix`; n
 * if there is none.
 */
size_t svcr_nft_lower(const struct svcr_nft_set *s, const uint8_t *prefix, size_t len);

#endif
