/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/ipvs/ruleset.h"

#include <errno.h>

struct svcrules_ipvs *svcrules_ipvs_new(struct svcrules_nft *beside)
{
	struct svcrules_ipvs *v = calloc(1, sizeof(*v));

	if (v)
		v->nft = beside;
	return v;
}

void svcrules_ipvs_free(struct svcrules_ipvs *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < v->servers.n; i++)
		free(v->servers.v[i].reals);
	for (size_t i = 0; i < v->foreign.n; i++) /* none, unless it was asked for before its owner was known */
		free(v->foreign.v[i].reals);
	free(v->servers.v);
	free(v->foreign.v);
	free(v->addresses.v);
	free(v->own.v);
	if (v->owns_nft)
		svcrules_nft_free(v->nft);
	free(v);
}

struct svcrules_nft *svcrules_ipvs_nft(const struct svcrules_ipvs *v)
{
	return v->nft;
}

size_t svcrules_ipvs_servers(const struct svcrules_ipvs *v)
{
	return v->servers.n;
}

size_t svcrules_ipvs_addresses(const struct svcrules_ipvs *v)
{
	return v->addresses.n;
}

int svcr_ipvs_server_cmp(const struct svcr_ipvs_server *a, const struct svcr_ipvs_server *b)
{
	int d = svcr_addr_cmp(&a->addr, &b->addr);

	if (!d)
		d = (a->protocol > b->protocol) - (a->protocol < b->protocol);
	return d ? d : (a->port > b->port) - (a->port < b->port);
}

int svcr_ipvs_real_cmp(const struct svcr_ipvs_real *a, const struct svcr_ipvs_real *b)
{
	int d = svcr_addr_cmp(&a->addr, &b->addr);

	return d ? d : (a->port > b->port) - (a->port < b->port);
}

static int server_cmp(const void *a, const void *b)
{
	return svcr_ipvs_server_cmp(a, b);
}

static int real_cmp(const void *a, const void *b)
{
	return svcr_ipvs_real_cmp(a, b);
}

struct svcr_ipvs_server *svcr_ipvs_find(const struct svcrules_ipvs *v, const struct svcr_ipvs_server *like)
{
	return v->servers.n ? bsearch(like, v->servers.v, v->servers.n, sizeof(*like), server_cmp) : NULL;
}

struct svcr_ipvs_server *svcr_ipvs_find_foreign(const struct svcrules_ipvs *v, const struct svcr_ipvs_server *like)
{
	return v->foreign.n ? bsearch(like, v->foreign.v, v->foreign.n, sizeof(*like), server_cmp) : NULL;
}

struct svcr_ipvs_real *svcr_ipvs_find_real(const struct svcr_ipvs_server *s, const struct svcr_ipvs_real *like)
{
	return s->nreals ? bsearch(like, s->reals, s->nreals, sizeof(*like), real_cmp) : NULL;
}

struct svcr_ipvs_real *svcr_ipvs_add_real(struct svcr_ipvs_server *s, const struct svcr_ipvs_real *real)
{
	struct svcr_ipvs_real *slot = svcr_grow((void **)&s->reals, &s->nreals, &s->cap, sizeof(*slot));

	if (slot)
		*slot = *real;
	return slot;
}

int svcr_ipvs_add_addr(struct svcr_addrs *l, const struct svcr_addr *a)
{
	struct svcr_addr *slot = SVCR_GROW(l);

	if (!slot)
		return -ENOMEM;
	*slot = *a;
	return 0;
}

bool svcr_ipvs_needs_fallback(const struct svcr_ipvs_server *s)
{
	return strcmp(s->scheduler, "sh") == 0 || strcmp(s->scheduler, "mh") == 0;
}

/* Sorts unless in order already, which built values mostly are. */
static void sort(void *v, size_t n, size_t size, int (*cmp)(const void *a, const void *b))
{
	const char *p = v;

	for (size_t i = 1; i < n; i++)
		if (cmp(p + (i - 1) * size, p + i * size) > 0) {
			qsort(v, n, size, cmp);
			return;
		}
}

void svcr_ipvs_sort(struct svcrules_ipvs *v)
{
	sort(v->servers.v, v->servers.n, sizeof(*v->servers.v), server_cmp);
	sort(v->foreign.v, v->foreign.n, sizeof(*v->foreign.v), server_cmp);
	sort(v->addresses.v, v->addresses.n, sizeof(*v->addresses.v), svcr_addr_cmp_sort);
	sort(v->own.v, v->own.n, sizeof(*v->own.v), svcr_addr_cmp_sort);
	for (size_t i = 0; i < v->servers.n; i++)
		sort(v->servers.v[i].reals, v->servers.v[i].nreals, sizeof(*v->servers.v[i].reals), real_cmp);
}

static bool has_twins(const void *v, size_t n, size_t size, int (*cmp)(const void *a, const void *b))
{
	const char *p = v;

	for (size_t i = 1; i < n; i++)
		if (cmp(p + (i - 1) * size, p + i * size) == 0)
			return true;
	return false;
}

bool svcr_ipvs_has_twins(const struct svcrules_ipvs *v)
{
	bool found = has_twins(v->servers.v, v->servers.n, sizeof(*v->servers.v), server_cmp);

	for (size_t i = 0; i < v->servers.n && !found; i++)
		found = has_twins(v->servers.v[i].reals, v->servers.v[i].nreals, sizeof(*v->servers.v[i].reals), real_cmp);
	return found;
}

bool svcr_ipvs_in_table(const struct svcrules_ipvs *v, enum svcr_nft_set_id set, const struct svcr_ipvs_server *s)
{
	uint8_t key[SVCR_NFT_VIP_MAX];

	svcr_ipvs_key(key, s);
	return svcr_nft_find(&v->nft->tables[s->addr.family].sets[set], key);
}

const enum svcr_nft_set_id svcr_ipvs_tellers[SVCR_IPVS_TELLERS] = { SET_SERVICES, SET_SERVICES_EXTERNAL, SET_DRAINING };

static bool tells(enum svcr_nft_set_id id, const struct svcr_nft_set *s, const uint8_t *e)
{
	struct svcr_nft_chain_id verdict;

	if (id == SET_DRAINING)
		return true;
	memcpy(&verdict, svcr_nft_elem_data(s, e), sizeof(verdict));
	return verdict.kind == CHAIN_IPVS || verdict.kind == CHAIN_MASQUERADED_IPVS;
}

bool svcr_ipvs_told(const struct svcrules_ipvs *v, const struct svcr_ipvs_server *s)
{
	uint8_t key[SVCR_NFT_VIP_MAX];
	size_t len = svcr_ipvs_key(key, s);

	for (size_t i = 0; i < SVCR_IPVS_TELLERS; i++) {
		const struct svcr_nft_set *set = &v->nft->tables[s->addr.family].sets[svcr_ipvs_tellers[i]];
		size_t at = svcr_nft_lower(set, key, len);

		if (at < set->n && memcmp(svcr_nft_elem(set, at), key, len) == 0 &&
		    tells(svcr_ipvs_tellers[i], set, svcr_nft_elem(set, at)))
			return true;
	}
	return false;
}

const char *svcr_ipvs_place_text(const struct svcr_addr *a, uint16_t port, char *buf)
{
	char text[SVCR_ADDR_TEXT];

	snprintf(buf, SVCR_IPVS_PLACE_TEXT, a->family == SVCR_IPV6 ? "[%s]:%u" : "%s:%u", svcr_addr_text(a, text), port);
	return buf;
}
