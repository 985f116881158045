/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nftables/ruleset.h"

#include <errno.h>
#include <linux/netfilter.h>

uint8_t svcr_nft_nfproto(uint8_t family)
{
	return family == SVCR_IPV6 ? NFPROTO_IPV6 : NFPROTO_IPV4;
}

int svcr_nft_family(uint8_t nfproto)
{
	return nfproto == NFPROTO_IPV4 ? SVCR_IPV4 : nfproto == NFPROTO_IPV6 ? SVCR_IPV6 : -1;
}

void svcr_nft_init(struct svcrules_nft *n)
{
	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT; f++) {
		n->tables[f].family = f;
		for (int i = 0; i < SET__COUNT; i++) {
			struct svcr_nft_set *s = &n->tables[f].sets[i];

			s->key_len = svcr_nft_key_len(i, f);
			s->sort_len = s->key_len + (svcr_nft_sets[i].interval ? svcr_addr_len(f) : 0);
			s->data_len = svcr_nft_data_len(i, f);
			s->stride = s->sort_len + s->data_len +
				    (svcr_nft_sets[i].commented ? sizeof(const char *) : 0);
		}
	}
}

struct svcrules_nft *svcrules_nft_new(const char *table)
{
	struct svcrules_nft *n = calloc(1, sizeof(*n));

	if (!n)
		return NULL;
	svcr_nft_init(n);
	n->name = svcr_arena_strndup(&n->arena, table, strlen(table));
	if (!n->name) {
		svcrules_nft_free(n);
		return NULL;
	}
	return n;
}

void svcrules_nft_free(struct svcrules_nft *n)
{
	if (!n)
		return;
	for (int f = 0; f < SVCR_FAMILY__COUNT; f++) {
		struct svcr_nft_table *t = &n->tables[f];

		for (int i = 0; i < SET__COUNT; i++)
			free(t->sets[i].v);
		for (size_t i = 0; i < t->nchains; i++)
			free(t->chains[i].rules);
		free(t->chains);
		free(t->foreign_sets);
	}
	free(n->foreign_chains);
	svcr_strings_release(&n->strings);
	svcr_arena_release(&n->arena);
	free(n);
}

bool svcrules_nft_has_table(const struct svcrules_nft *n, uint8_t family)
{
	int f = svcr_nft_family(family);

	return f >= 0 && n->tables[f].present;
}

bool svcrules_nft_serves(const struct svcrules_nft *n)
{
	bool found = false;

	for (int f = 0; f < SVCR_FAMILY__COUNT; f++)
		found = found || n->tables[f].sets[SET_SERVICES].n;
	return found;
}

void svcrules_nft_stats(const struct svcrules_nft *n, struct svcrules_nft_stats *ret)
{
	*ret = n->stats;
}

uint8_t *svcr_nft_add(struct svcr_nft_set *s)
{
	s->present = true;
	return svcr_grow((void **)&s->v, &s->n, &s->cap, s->stride);
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

static int elem_cmp(const void *a, const void *b, void *len)
{
	return memcmp(a, b, *(const size_t *)len);
}

void svcr_nft_sort(struct svcr_nft_set *s)
{
	for (size_t i = 1; i < s->n; i++) /* built sets mostly are in order */
		if (memcmp(svcr_nft_elem(s, i - 1), svcr_nft_elem(s, i), s->sort_len) > 0) {
			qsort_r(s->v, s->n, s->stride, elem_cmp, &s->sort_len);
			return;
		}
}

/*
 * The kernel gives a hash of `size` elements size * 4/3 buckets, rounded up to
 * a power of two (net/netfilter/nft_set_hash.c): 3 * 2^k wastes none.
 */
static uint32_t capacity(size_t n)
{
	uint32_t size = SVCR_NFT_SIZE_MIN;

	while (size < n + n / 4 && size <= UINT32_MAX / 2)
		size *= 2;
	return size;
}

void svcr_nft_fit(enum svcr_nft_set_id id, const struct svcr_nft_set *from, struct svcr_nft_set *to)
{
	const struct svcr_nft_set_layout *l = &svcr_nft_sets[id];

	if (!to->present || l->interval)
		to->size = 0;
	else if (l->dynamic)
		to->size = SVCR_NFT_AFFINITY_SIZE;
	else if (from && from->present && from->size >= to->n && from->size >= SVCR_NFT_SIZE_MIN)
		to->size = from->size;
	else
		to->size = capacity(to->n);
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

	return i < s->n && memcmp(svcr_nft_elem(s, i), key, s->sort_len) == 0 ? svcr_nft_elem(s, i) : NULL;
}

int svcr_nft_chain_cmp(struct svcr_nft_chain_id a, struct svcr_nft_chain_id b)
{
	if (a.kind != b.kind)
		return a.kind < b.kind ? -1 : 1;
	return a.n < b.n ? -1 : a.n > b.n;
}

static size_t chain_place(const struct svcr_nft_table *t, struct svcr_nft_chain_id id)
{
	size_t low = 0, high = t->nchains;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (svcr_nft_chain_cmp(t->chains[mid].id, id) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

struct svcr_nft_chain *svcr_nft_find_chain(const struct svcr_nft_table *t, struct svcr_nft_chain_id id)
{
	size_t i = chain_place(t, id);

	return i < t->nchains && svcr_nft_chain_cmp(t->chains[i].id, id) == 0 ? &t->chains[i] : NULL;
}

struct svcr_nft_chain *svcr_nft_chain(struct svcr_nft_table *t, struct svcr_nft_chain_id id)
{
	size_t i = chain_place(t, id);

	if (i < t->nchains && svcr_nft_chain_cmp(t->chains[i].id, id) == 0)
		return &t->chains[i];
	if (!svcr_grow((void **)&t->chains, &t->nchains, &t->chains_cap, sizeof(*t->chains)))
		return NULL;
	memmove(&t->chains[i + 1], &t->chains[i], (t->nchains - 1 - i) * sizeof(*t->chains));
	t->chains[i] = (struct svcr_nft_chain){ .id = id };
	return &t->chains[i];
}

const char *svcr_nft_chain_name(const struct svcrules_nft *n, struct svcr_nft_chain_id id, char *buf)
{
	if (id.kind == CHAIN_FOREIGN)
		return n->foreign_chains[id.n];
	if (svcr_nft_chains[id.kind].numbered)
		snprintf(buf, SVCR_NFT_NAME_MAX, "%s%u", svcr_nft_chains[id.kind].name, id.n);
	else
		snprintf(buf, SVCR_NFT_NAME_MAX, "%s", svcr_nft_chains[id.kind].name);
	return buf;
}

/* A decimal number without leading zeros, to the end of the string. */
static bool parse_number(const char *s, uint32_t *ret)
{
	uint64_t n = 0;

	if (*s < '1' || *s > '9')
		return false;
	for (; *s >= '0' && *s <= '9' && n <= UINT32_MAX; s++)
		n = n * 10 + (uint64_t)(*s - '0');
	*ret = (uint32_t)n;
	return !*s && n <= UINT32_MAX;
}

static int foreign_chain(struct svcrules_nft *n, const char *name, struct svcr_nft_chain_id *ret)
{
	const char *kept = svcr_intern(&n->strings, &n->arena, (struct svcr_str){ name, strlen(name) });
	const char **slot;

	if (!kept)
		return -ENOMEM;
	ret->kind = CHAIN_FOREIGN;
	for (ret->n = 0; ret->n < n->nforeign_chains; ret->n++)
		if (n->foreign_chains[ret->n] == kept)
			return 0;
	slot = svcr_grow((void **)&n->foreign_chains, &n->nforeign_chains, &n->foreign_chains_cap, sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	*slot = kept;
	return 0;
}

int svcr_nft_chain_parse(struct svcrules_nft *n, const char *name, struct svcr_nft_chain_id *ret)
{
	for (uint32_t k = CHAIN_PREROUTING; k < CHAIN_FOREIGN; k++) {
		const struct svcr_nft_chain_layout *l = &svcr_nft_chains[k];
		size_t len = strlen(l->name);

		*ret = (struct svcr_nft_chain_id){ k, 0 };
		if (l->numbered ? strncmp(name, l->name, len) == 0 && parse_number(name + len, &ret->n) :
				  strcmp(name, l->name) == 0)
			return 0;
	}
	return foreign_chain(n, name, ret);
}

enum svcr_nft_set_id svcr_nft_set_parse(const char *name)
{
	int i = 0;

	while (i < SET__COUNT && strcmp(svcr_nft_sets[i].name, name) != 0)
		i++;
	return i;
}

size_t svcr_nft_vip_key(uint8_t *key, const struct svcr_addr *addr, uint8_t protocol, uint16_t port)
{
	size_t len = svcr_addr_len(addr->family);

	memset(key, 0, SVCR_NFT_VIP_MAX);
	memcpy(key, addr->bytes, len);
	key[len] = protocol;
	key[len + 4] = (uint8_t)(port >> 8);
	key[len + 5] = (uint8_t)port;
	return len + 8;
}

size_t svcr_nft_draining_key(uint8_t *key, const struct svcr_addr *vip, uint8_t protocol, uint16_t port,
			     const struct svcr_addr *endpoint, uint16_t endpoint_port)
{
	size_t len = svcr_nft_vip_key(key, vip, protocol, port), alen = svcr_addr_len(vip->family);

	memcpy(key + len, endpoint->bytes, alen);
	key[len + alen] = (uint8_t)(endpoint_port >> 8);
	key[len + alen + 1] = (uint8_t)endpoint_port;
	key[len + alen + 2] = key[len + alen + 3] = 0;
	return len + alen + 4;
}
