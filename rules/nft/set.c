/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nft/set.h"
#include "addr.h"
#include "list.h"

#include <errno.h>
#include <stdlib.h>

void svcr_nft_set_init(struct svcr_nft_set *s, const struct svcr_nft_set_layout *l, uint8_t family)
{
	*s = (struct svcr_nft_set){ .layout = l, .family = family };
	s->number_len = l->numbered ? sizeof(uint32_t) : 0;
	s->key_len = svcr_nft_key_len(l, family);
	s->sort_len = s->number_len + s->key_len + svcr_nft_end_len(l, family);
	s->data_len = svcr_nft_data_len(l, family);
	s->stride = s->sort_len + s->data_len + (l->commented ? sizeof(const char *) : 0);
}

void svcr_nft_set_release(struct svcr_nft_set *s)
{
	free(s->v);
	free(s->found.v);
	free(s->broken.v);
}

uint8_t *svcr_nft_add(struct svcr_nft_set *s)
{
	s->present = true;
	return svcr_grow((void **)&s->v, &s->n, &s->cap, s->stride);
}

int svcr_nft_add_key(struct svcr_nft_set *s, const uint8_t *key)
{
	uint8_t *e = svcr_nft_add(s);

	if (!e)
		return -ENOMEM;
	memcpy(e, key, s->sort_len);
	return 0;
}

int svcr_nft_add_verdict(struct svcr_nft_set *s, const uint8_t *key,
			 struct svcr_nft_chain_id verdict, const char *comment)
{
	uint8_t *e = svcr_nft_add(s);

	if (!e)
		return -ENOMEM;
	memcpy(e, key, s->sort_len);
	memcpy(svcr_nft_elem_data(s, e), &verdict, sizeof(verdict));
	svcr_nft_set_comment(s, e, comment);
	return 0;
}

uint32_t svcr_nft_elem_number(const struct svcr_nft_set *s, const uint8_t *e)
{
	return s->number_len ? svcr_nft_get_number(e) : 0;
}

void svcr_nft_put_number(uint8_t *e, uint32_t number)
{
	for (int i = 0; i < 4; i++)
		e[i] = (uint8_t)(number >> (24 - 8 * i));
}

size_t svcr_nft_numbered_end(const struct svcr_nft_set *s, size_t i)
{
	const uint8_t *first = svcr_nft_elem(s, i);

	if (!s->number_len)
		return s->n;
	while (++i < s->n && memcmp(svcr_nft_elem(s, i), first, s->number_len) == 0)
		;
	return i;
}

bool svcr_nft_numbers_have(const struct svcr_nft_numbers *l, uint32_t number)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i] == number)
			return true;
	return false;
}

struct svcr_nft_chain_id svcr_nft_elem_verdict(const struct svcr_nft_set *s, const uint8_t *e)
{
	struct svcr_nft_chain_id id;

	memcpy(&id, svcr_nft_elem_data(s, e), sizeof(id));
	return id;
}

const char *svcr_nft_comment(const struct svcr_nft_set *s, const uint8_t *e)
{
	const char *c = NULL;

	if (s->stride > s->sort_len + s->data_len)
		memcpy(&c, e + s->sort_len + s->data_len, sizeof(c));
	return c;
}

void svcr_nft_set_comment(const struct svcr_nft_set *s, uint8_t *e, const char *comment)
{
	if (s->stride > s->sort_len + s->data_len)
		memcpy(e + s->sort_len + s->data_len, &comment, sizeof(comment));
}

void svcr_nft_shorten(char *comment)
{
	if (strlen(comment) > SVCR_NFT_COMMENT_MAX)
		memcpy(comment + SVCR_NFT_COMMENT_MAX - 1, "~", 2);
}

size_t svcr_nft_comment_name(const char *comment)
{
	return strcspn(comment, ",");
}

static int elem_cmp(const void *a, const void *b, void *len)
{
	return memcmp(a, b, *(const size_t *)len);
}

void svcr_nft_sort(struct svcr_nft_set *s)
{
	for (size_t i = 1; i < s->n; i++) /* built sets are mostly in order */
		if (memcmp(svcr_nft_elem(s, i - 1), svcr_nft_elem(s, i), s->sort_len) > 0) {
			qsort_r(s->v, s->n, s->stride, elem_cmp, &s->sort_len);
			return;
		}
}

void svcr_nft_set_drop(struct svcr_nft_set *s)
{
	s->present = false;
	s->n = 0;
}

/*
 * The kernel makes size * 4/3 buckets for a hash, rounded up to a power of two
 * (net/netfilter/nft_set_hash.c). With a size of 3 * 2^k nothing is rounded.
 */
static uint32_t set_capacity(size_t n)
{
	uint32_t size = SVCR_NFT_SIZE_MIN;

	while (size < n + n / 4 && size <= UINT32_MAX / 2)
		size *= 2;
	return size;
}

void svcr_nft_fit(const struct svcr_nft_set *from, struct svcr_nft_set *to)
{
	if (!to->present || to->layout->interval)
		to->size = 0;
	else if (to->layout->dynamic)
		to->size = to->layout->size;
	else if (from && from->present && from->size >= to->n && from->size >= SVCR_NFT_SIZE_MIN)
		to->size = from->size;
	else
		to->size = set_capacity(to->n);
}

size_t svcr_nft_lower(const struct svcr_nft_set *s, const uint8_t *prefix, size_t len)
{
	size_t low = 0, high = s->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (memcmp(svcr_nft_elem(s, mid), prefix, len) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

uint8_t *svcr_nft_find(const struct svcr_nft_set *s, const uint8_t *key)
{
	size_t i = svcr_nft_lower(s, key, s->sort_len);

	if (i == s->n || memcmp(svcr_nft_elem(s, i), key, s->sort_len) != 0)
		return NULL;
	return svcr_nft_elem(s, i);
}
