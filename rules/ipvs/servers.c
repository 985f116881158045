/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/ipvs/servers.h"

#include <errno.h>
#include <stdlib.h>

struct svcr_ipvs *svcr_ipvs_new(void)
{
	struct svcr_ipvs *v = calloc(1, sizeof(*v));

	if (v)
		v->part.ops = &svcr_ipvs_ops;
	return v;
}

void svcr_ipvs_free(struct svcr_ipvs *v)
{
	if (!v)
		return;
	for (size_t i = 0; i < v->servers.n; i++)
		free(v->servers.v[i].reals);
	/* there are some only if they were dumped before the owner was known */
	for (size_t i = 0; i < v->foreign.n; i++)
		free(v->foreign.v[i].reals);
	free(v->servers.v);
	free(v->foreign.v);
	free(v->own.v);
	free(v);
}

struct svcr_ipvs_parts svcr_ipvs_parts(const struct svcrules_ruleset *rs)
{
	return (struct svcr_ipvs_parts){
		.nft = (struct svcr_nft *)svcr_ruleset_find(rs, &svcr_nft_ops),
		.link = (struct svcr_link *)svcr_ruleset_find(rs, &svcr_link_ops),
		.ipvs = (struct svcr_ipvs *)svcr_ruleset_find(rs, &svcr_ipvs_ops),
	};
}

bool svcr_ipvs_whole(const struct svcr_ipvs_parts *p)
{
	return p->nft && p->link && p->ipvs;
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

struct svcr_ipvs_server *svcr_ipvs_find(const struct svcr_ipvs *v,
					const struct svcr_ipvs_server *like)
{
	return v->servers.n ? bsearch(like, v->servers.v, v->servers.n, sizeof(*like), server_cmp) :
			      NULL;
}

struct svcr_ipvs_server *svcr_ipvs_find_foreign(const struct svcr_ipvs *v,
						const struct svcr_ipvs_server *like)
{
	return v->foreign.n ? bsearch(like, v->foreign.v, v->foreign.n, sizeof(*like), server_cmp) :
			      NULL;
}

struct svcr_ipvs_real *svcr_ipvs_find_real(const struct svcr_ipvs_server *s,
					   const struct svcr_ipvs_real *like)
{
	return s->nreals ? bsearch(like, s->reals, s->nreals, sizeof(*like), real_cmp) : NULL;
}

struct svcr_ipvs_real *svcr_ipvs_add_real(struct svcr_ipvs_server *s,
					  const struct svcr_ipvs_real *real)
{
	struct svcr_ipvs_real *slot = svcr_grow((void **)&s->reals, &s->nreals, &s->cap,
						sizeof(*slot));

	if (slot)
		*slot = *real;
	return slot;
}

/* Sorts a list that is not in order yet; built lists mostly are. */
static void sort_list(void *v, size_t n, size_t size, int (*cmp)(const void *a, const void *b))
{
	const char *p = v;

	for (size_t i = 1; i < n; i++)
		if (cmp(p + (i - 1) * size, p + i * size) > 0) {
			qsort(v, n, size, cmp);
			return;
		}
}

void svcr_ipvs_sort(struct svcr_ipvs *v)
{
	sort_list(v->servers.v, v->servers.n, sizeof(*v->servers.v), server_cmp);
	sort_list(v->foreign.v, v->foreign.n, sizeof(*v->foreign.v), server_cmp);
	for (size_t i = 0; i < v->servers.n; i++)
		sort_list(v->servers.v[i].reals, v->servers.v[i].nreals,
			  sizeof(*v->servers.v[i].reals), real_cmp);
}

static bool list_has_duplicates(const void *v, size_t n, size_t size,
				int (*cmp)(const void *a, const void *b))
{
	const char *p = v;

	for (size_t i = 1; i < n; i++)
		if (cmp(p + (i - 1) * size, p + i * size) == 0)
			return true;
	return false;
}

bool svcr_ipvs_has_duplicates(const struct svcr_ipvs *v)
{
	bool found = list_has_duplicates(v->servers.v, v->servers.n, sizeof(*v->servers.v),
					 server_cmp);

	for (size_t i = 0; i < v->servers.n && !found; i++)
		found = list_has_duplicates(v->servers.v[i].reals, v->servers.v[i].nreals,
					    sizeof(*v->servers.v[i].reals), real_cmp);
	return found;
}

struct svcr_ipvs_server svcr_ipvs_of_key(uint8_t family, const uint8_t *key)
{
	size_t len = svcr_addr_len(family);
	struct svcr_ipvs_server s = { .addr.family = family,
				      .protocol = key[len],
				      .port = (uint16_t)(key[len + 4] << 8 | key[len + 5]) };

	memcpy(s.addr.bytes, key, len);
	return s;
}

bool svcr_ipvs_in_table(const struct svcr_nft *n, enum svcr_services_set set,
			const struct svcr_ipvs_server *s)
{
	uint8_t key[SVCR_VIP_MAX];

	svcr_ipvs_key(key, s);
	return n && svcr_nft_find(svcr_services_set(n, s->addr.family, set), key);
}

const enum svcr_services_set svcr_ipvs_naming_sets[SVCR_IPVS_NAMING_SETS] = { SET_SERVICES,
									      SET_SERVICES_EXTERNAL,
									      SET_DRAINING };

static bool elem_names_server(enum svcr_services_set id, const struct svcr_nft_set *s,
			      const uint8_t *e)
{
	struct svcr_nft_chain_id verdict;

	if (id == SET_DRAINING)
		return true;
	verdict = svcr_nft_elem_verdict(s, e);
	return verdict.kind == CHAIN_DELEGATE || verdict.kind == CHAIN_MASQUERADED_DELEGATE;
}

bool svcr_ipvs_sent_to(const struct svcr_nft *n, const struct svcr_ipvs_server *s)
{
	uint8_t key[SVCR_VIP_MAX];
	size_t len = svcr_ipvs_key(key, s);

	for (size_t i = 0; n && i < SVCR_IPVS_NAMING_SETS; i++) {
		enum svcr_services_set id = svcr_ipvs_naming_sets[i];
		const struct svcr_nft_set *set = svcr_services_set(n, s->addr.family, id);
		size_t at = svcr_nft_lower(set, key, len);

		if (at < set->n && memcmp(svcr_nft_elem(set, at), key, len) == 0 &&
		    elem_names_server(id, set, svcr_nft_elem(set, at)))
			return true;
	}
	return false;
}

const char *svcr_ipvs_place_text(const struct svcr_addr *a, uint16_t port, char *buf)
{
	char text[SVCR_ADDR_TEXT];

	snprintf(buf, SVCR_IPVS_PLACE_TEXT, a->family == SVCR_IPV6 ? "[%s]:%u" : "%s:%u",
		 svcr_addr_text(a, text), port);
	return buf;
}
