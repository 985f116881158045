/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sweep over the addresses: each block begins and ends at some of them, and between two of these
 * addresses the same blocks hold.
 */
#include "rules/policy/blocks.h"
#include "hashing.h"

#include <errno.h>

struct edge {
	struct svcr_addr at;
	size_t bundle; /* index */
	bool begins;
};

struct sweep {
	SVCR_LIST(struct edge) edges;
	struct svcr_bundle **bundles; /* of all blocks, sorted by address in memory, each once */
	size_t nbundles;
	size_t *open;                /* how many blocks with that bundle hold here */
	struct svcr_bundle **active; /* those with any */
	struct svcr_range *excepts;  /* room for those of the block with the most */
};

static size_t bundle_index(const struct sweep *s, struct svcr_bundle *b)
{
	struct svcr_bundle **found = bsearch(&b, s->bundles, s->nbundles, sizeof(b),
					     svcr_pointer_cmp_sort);

	return (size_t)(found - s->bundles);
}

static int sweep_init(struct sweep *s, const struct svcr_block_list *blocks)
{
	size_t most = 0, kept = 0;

	for (size_t i = 0; i < blocks->n; i++)
		if (blocks->v[i].peer->except.n > most)
			most = blocks->v[i].peer->except.n;
	s->bundles = calloc(blocks->n + 1, sizeof(*s->bundles));
	s->active = calloc(blocks->n + 1, sizeof(*s->active));
	s->open = calloc(blocks->n + 1, sizeof(*s->open));
	s->excepts = calloc(most + 1, sizeof(*s->excepts));
	if (!s->bundles || !s->active || !s->open || !s->excepts)
		return -ENOMEM;
	for (size_t i = 0; i < blocks->n; i++)
		s->bundles[i] = blocks->v[i].bundle;
	qsort(s->bundles, blocks->n, sizeof(*s->bundles), svcr_pointer_cmp_sort);
	for (size_t i = 0; i < blocks->n; i++)
		if (!kept || s->bundles[kept - 1] != s->bundles[i])
			s->bundles[kept++] = s->bundles[i];
	s->nbundles = kept;
	return 0;
}

static void sweep_release(struct sweep *s)
{
	free(s->edges.v);
	free(s->bundles);
	free(s->active);
	free(s->open);
	free(s->excepts);
}

static int add_edge(struct sweep *s, const struct svcr_addr *at, size_t bundle, bool begins)
{
	struct edge *e = SVCR_GROW(&s->edges);

	if (!e)
		return -ENOMEM;
	*e = (struct edge){ *at, bundle, begins };
	return 0;
}

/* A range that a block holds, if it is one. */
static int add_piece(struct sweep *s, const struct svcr_addr *first, const struct svcr_addr *last,
		     size_t bundle)
{
	struct svcr_addr after = *last;
	int err;

	if (svcr_addr_cmp(first, last) > 0)
		return 0;
	err = add_edge(s, first, bundle, true);
	return err || !svcr_addr_next(&after) ? err : add_edge(s, &after, bundle, false);
}

static void addr_before(struct svcr_addr *a)
{
	for (int i = svcr_addr_len(a->family); i-- > 0 && a->bytes[i]-- == 0;)
		;
}

/* The block without its exceptions, which are sorted and disjoint. */
static int add_block(struct sweep *s, const struct svcr_block *b)
{
	const struct svcr_policy_peer *p = b->peer;
	size_t n = svcr_ranges_of(s->excepts, p->except.v, p->except.n, p->block.addr.family);
	size_t bundle = bundle_index(s, b->bundle);
	struct svcr_range whole;
	struct svcr_addr first;

	svcr_ranges_of(&whole, &p->block, 1, p->block.addr.family);
	first = whole.first;
	for (size_t i = 0; i < n; i++) {
		struct svcr_addr last = s->excepts[i].first;
		int err;

		if (svcr_addr_cmp(&s->excepts[i].last, &first) < 0)
			continue;
		if (svcr_addr_cmp(&last, &whole.last) > 0)
			break;
		if (svcr_addr_cmp(&last, &first) > 0) {
			addr_before(&last);
			err = add_piece(s, &first, &last, bundle);
			if (err)
				return err;
		}
		first = s->excepts[i].last;
		if (!svcr_addr_next(&first))
			return 0;
	}
	return add_piece(s, &first, &whole.last, bundle);
}

static int edge_cmp_sort(const void *a, const void *b)
{
	const struct edge *s = a, *t = b;

	return svcr_addr_cmp(&s->at, &t->at);
}

/* Adds a range, or lengthens the one before it that has the same ports. */
static int add_range(struct svcr_block_ranges *ret, const struct svcr_addr *first,
		     const struct svcr_addr *last, struct svcr_bundle *b)
{
	struct svcr_block_range *r = ret->n ? &ret->v[ret->n - 1] : NULL;
	struct svcr_addr after;

	if (r && r->bundle == b) {
		after = r->range.last;
		if (svcr_addr_next(&after) && svcr_addr_eq(&after, first)) {
			r->range.last = *last;
			return 0;
		}
	}
	r = SVCR_GROW(ret);
	if (!r)
		return -ENOMEM;
	*r = (struct svcr_block_range){ { *first, *last }, b };
	return 0;
}

/* The bundle of what all open blocks allow; *ret NULL: nothing. 0 or -ENOMEM. */
static int open_bundle(struct sweep *s, struct svcr_bundles *b, size_t *cost,
		       struct svcr_bundle **ret)
{
	size_t n = 0;

	for (size_t i = 0; i < s->nbundles; i++)
		if (s->open[i]) {
			s->active[n++] = s->bundles[i];
			*cost += n > 1 ? s->bundles[i]->n : 0;
		}
	*cost += 1 + s->nbundles / 64;
	*ret = n ? svcr_bundle_union(b, s->active, n) : NULL;
	return n && !*ret ? -ENOMEM : 0;
}

static int sweep_over(struct sweep *s, struct svcr_bundles *b, size_t *cost, size_t max,
		      struct svcr_block_ranges *ret)
{
	int err = 0;

	for (size_t i = 0; i < s->edges.n && !err && *cost <= max;) {
		struct svcr_addr at = s->edges.v[i].at, last;
		struct svcr_bundle *bundle;

		for (; i < s->edges.n && svcr_addr_eq(&s->edges.v[i].at, &at); i++) {
			size_t *open = &s->open[s->edges.v[i].bundle];

			*open = s->edges.v[i].begins ? *open + 1 : *open - 1;
		}
		err = open_bundle(s, b, cost, &bundle);
		if (err || !bundle || svcr_bundle_empty(bundle))
			continue;
		if (i < s->edges.n) {
			last = s->edges.v[i].at;
			addr_before(&last);
		} else {
			memset(last.bytes, 0, sizeof(last.bytes));
			memset(last.bytes, 0xff, svcr_addr_len(at.family));
			last.family = at.family;
		}
		err = add_range(ret, &at, &last, bundle);
	}
	return err;
}

int svcr_blocks_make(const struct svcr_block_list *blocks, uint8_t family, struct svcr_bundles *b,
		     size_t *cost, size_t max, struct svcr_block_ranges *ret)
{
	struct sweep s = { .nbundles = 0 };
	int err;

	if (!blocks->n)
		return 0;
	err = sweep_init(&s, blocks);
	for (size_t i = 0; i < blocks->n && !err; i++)
		if (blocks->v[i].peer->block.addr.family == family)
			err = add_block(&s, &blocks->v[i]);
	if (!err && s.edges.n)
		qsort(s.edges.v, s.edges.n, sizeof(*s.edges.v), edge_cmp_sort);
	if (!err)
		err = sweep_over(&s, b, cost, max, ret);
	sweep_release(&s);
	return err;
}
