/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nft/value.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <stdlib.h>

uint8_t svcr_nft_nfproto(uint8_t family)
{
	return family == SVCR_IPV6 ? NFPROTO_IPV6 : NFPROTO_IPV4;
}

int svcr_nft_family(uint8_t nfproto)
{
	return nfproto == NFPROTO_IPV4 ? SVCR_IPV4 : nfproto == NFPROTO_IPV6 ? SVCR_IPV6 : -1;
}

struct svcr_nft *svcr_nft_new(void)
{
	struct svcr_nft *n = calloc(1, sizeof(*n));

	if (n)
		n->part.ops = &svcr_nft_ops;
	return n;
}

static int table_init(struct svcr_nft_table *t, const struct svcr_nft_layout *l, const char *name,
		      uint8_t family)
{
	*t = (struct svcr_nft_table){ .layout = l, .name = name, .family = family };
	t->sets = calloc(l->nsets, sizeof(*t->sets));
	for (size_t i = 0; t->sets && i < l->nsets; i++)
		svcr_nft_set_init(&t->sets[i], &l->sets[i], family);
	return t->sets ? 0 : -ENOMEM;
}

static void table_release(struct svcr_nft_table *t)
{
	for (size_t i = 0; t->sets && i < t->layout->nsets; i++)
		svcr_nft_set_release(&t->sets[i]);
	for (size_t i = 0; i < t->nchains; i++)
		free(t->chains[i].rules);
	free(t->sets);
	free(t->chains);
	free(t->foreign_sets);
	free(t->foreign_chains);
}

int svcr_nft_add_tables(struct svcr_nft *n, const struct svcr_nft_layout *l, const char *name)
{
	size_t wanted = n->ntables + SVCR_FAMILY__COUNT;
	struct svcr_nft_table *v = reallocarray(n->tables, wanted, sizeof(*v));
	const char *kept;
	int err = 0;

	if (!v)
		return -ENOMEM;
	n->tables = v;
	kept = svcr_arena_strndup(&n->arena, name, strlen(name));
	if (!kept)
		return -ENOMEM;
	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT; f++)
		err = table_init(&v[n->ntables + f], l, kept, f) ? -ENOMEM : err;
	if (!err)
		n->ntables = wanted;
	for (uint8_t f = 0; err && f < SVCR_FAMILY__COUNT; f++)
		table_release(&v[n->ntables + f]);
	return err;
}

struct svcr_nft *svcr_nft_new_tables(const struct svcr_nft_layout *l, const char *name)
{
	struct svcr_nft *n = svcr_nft_new();

	if (n && svcr_nft_add_tables(n, l, name) == 0)
		return n;
	svcr_nft_free(n);
	return NULL;
}

void svcr_nft_free(struct svcr_nft *n)
{
	if (!n)
		return;
	for (size_t i = 0; i < n->ntables; i++)
		table_release(&n->tables[i]);
	free(n->tables);
	svcr_strings_release(&n->strings);
	svcr_arena_release(&n->arena);
	free(n);
}

struct svcr_nft_table *svcr_nft_table(const struct svcr_nft *n, const char *name, uint8_t family)
{
	for (size_t i = 0; i < n->ntables; i++)
		if (n->tables[i].family == family && strcmp(n->tables[i].name, name) == 0)
			return &n->tables[i];
	return NULL;
}

struct svcr_nft_table *svcr_nft_serving(const struct svcr_nft *n, const char *serves,
					uint8_t family)
{
	for (size_t i = 0; i < n->ntables; i++)
		if (n->tables[i].family == family &&
		    strcmp(n->tables[i].layout->serves, serves) == 0)
			return &n->tables[i];
	return NULL;
}

size_t svcr_nft_count_elements(const struct svcr_nft *n)
{
	size_t count = 0;

	for (size_t i = 0; i < n->ntables; i++)
		for (size_t s = 0; s < n->tables[i].layout->nsets; s++)
			count += n->tables[i].sets[s].n;
	return count;
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

struct svcr_nft_chain *svcr_nft_find_chain(const struct svcr_nft_table *t,
					   struct svcr_nft_chain_id id)
{
	size_t i = chain_place(t, id);

	return i < t->nchains && svcr_nft_chain_cmp(t->chains[i].id, id) == 0 ? &t->chains[i] :
										NULL;
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

const struct svcr_nft_chain_layout *svcr_nft_chain_row(const struct svcr_nft_layout *l,
						       struct svcr_nft_chain_id id)
{
	return &l->chains[id.kind < l->nchains ? id.kind : CHAIN_NONE];
}

const char *svcr_nft_chain_name(const struct svcr_nft_table *t, struct svcr_nft_chain_id id,
				char *buf)
{
	const struct svcr_nft_chain_layout *l = svcr_nft_chain_row(t->layout, id);

	if (id.kind == CHAIN_FOREIGN)
		return t->foreign_chains[id.n];
	if (l->numbered)
		snprintf(buf, SVCR_NFT_NAME_MAX, "%s%u", l->name, id.n);
	else
		snprintf(buf, SVCR_NFT_NAME_MAX, "%s", l->name);
	return buf;
}

static int keep_foreign_chain(struct svcr_nft *n, struct svcr_nft_table *t, const char *name,
			      struct svcr_nft_chain_id *ret)
{
	const char *kept = svcr_intern(&n->strings, &n->arena,
				       (struct svcr_str){ name, strlen(name) });
	const char **slot;

	if (!kept)
		return -ENOMEM;
	ret->kind = CHAIN_FOREIGN;
	for (ret->n = 0; ret->n < t->nforeign_chains; ret->n++)
		if (t->foreign_chains[ret->n] == kept)
			return 0;
	slot = svcr_grow((void **)&t->foreign_chains, &t->nforeign_chains, &t->foreign_chains_cap,
			 sizeof(*slot));
	if (!slot)
		return -ENOMEM;
	*slot = kept;
	return 0;
}

int svcr_nft_chain_parse(struct svcr_nft *n, struct svcr_nft_table *t, const char *name,
			 struct svcr_nft_chain_id *ret)
{
	for (uint32_t k = CHAIN_NONE + 1; k < t->layout->nchains; k++) {
		const struct svcr_nft_chain_layout *l = &t->layout->chains[k];
		size_t len = l->name ? strlen(l->name) : 0;

		*ret = (struct svcr_nft_chain_id){ k, 0 };
		if (!l->name)
			continue;
		if (l->numbered ? strncmp(name, l->name, len) == 0 &&
					  svcr_nft_name_number(name + len, &ret->n) :
				  strcmp(name, l->name) == 0)
			return 0;
	}
	return keep_foreign_chain(n, t, name, ret);
}

struct svcr_nft_rule *svcr_nft_add_rule(struct svcr_nft_chain *c)
{
	return svcr_grow((void **)&c->rules, &c->nrules, &c->cap, sizeof(struct svcr_nft_rule));
}
