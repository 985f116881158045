/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/policy/bundle.h"
#include "fnv.h"
#include "hashing.h"
#include "rules/policy/layout.h"
#include "rules/policy/number.h"

#include <errno.h>
#include <string.h>

void svcr_bundles_release(struct svcr_bundles *b)
{
	svcr_table_release(&b->table);
	free(b->all.v);
	free(b->spans.v);
	svcr_arena_release(&b->arena);
}

static int span_cmp_sort(const void *a, const void *b)
{
	const struct svcr_span_of_ports *s = a, *t = b;

	if (s->protocol != t->protocol)
		return s->protocol < t->protocol ? -1 : 1;
	if (s->first != t->first)
		return s->first < t->first ? -1 : 1;
	return (s->last > t->last) - (s->last < t->last);
}

/* Sorts the spans, joins those that touch, and returns how many are left. */
static size_t join_spans(struct svcr_span_of_ports *v, size_t n)
{
	size_t kept = 0;

	if (n)
		qsort(v, n, sizeof(*v), span_cmp_sort);
	for (size_t i = 0; i < n; i++) {
		struct svcr_span_of_ports *last = kept ? &v[kept - 1] : NULL;

		if (!last || last->protocol != v[i].protocol || last->last + 1 < v[i].first)
			v[kept++] = v[i];
		else if (v[i].last > last->last)
			last->last = v[i].last;
	}
	return kept;
}

static int bundle_cmp(const struct svcr_bundle *a, const struct svcr_bundle *b)
{
	if (a->all != b->all)
		return a->all ? 1 : -1;
	for (uint32_t i = 0; i < a->n && i < b->n; i++) {
		int cmp = span_cmp_sort(&a->v[i], &b->v[i]);

		if (cmp)
			return cmp;
	}
	return (a->n > b->n) - (a->n < b->n);
}

static uint32_t bundle_hash(const struct svcr_bundle *b)
{
	uint32_t h = svcr_fnv(SVCR_FNV_START, &b->all, 1);

	for (uint32_t i = 0; i < b->n; i++) {
		const uint8_t bytes[] = { b->v[i].protocol, (uint8_t)(b->v[i].first >> 8),
					  (uint8_t)b->v[i].first, (uint8_t)(b->v[i].last >> 8),
					  (uint8_t)b->v[i].last };

		h = svcr_fnv(h, bytes, sizeof(bytes));
	}
	return h;
}

static bool same_bundle(const void *entry, const void *like)
{
	return bundle_cmp(entry, like) == 0;
}

static struct svcr_bundle *intern_bundle(struct svcr_bundles *b, const struct svcr_bundle *like)
{
	struct svcr_bundle *made, **place;
	struct svcr_span_of_ports *v;
	bool new;

	made = svcr_find_or_add(&b->arena, &b->table, bundle_hash(like), same_bundle, like,
				sizeof(*like), &new);
	if (!made || !new)
		return made;
	v = svcr_arena_array(&b->arena, like->n, sizeof(*v));
	place = v ? SVCR_GROW(&b->all) : NULL;
	if (!place)
		return NULL;
	if (like->n)
		memcpy(v, like->v, like->n * sizeof(*v));
	made->v = v;
	*place = made;
	return made;
}

struct svcr_bundle *svcr_bundle_all(struct svcr_bundles *b)
{
	return intern_bundle(b, &(struct svcr_bundle){ .all = true });
}

struct svcr_bundle *svcr_bundle_of(struct svcr_bundles *b, struct svcr_span_of_ports *v, size_t n)
{
	return intern_bundle(b, &(struct svcr_bundle){ .v = v, .n = (uint32_t)join_spans(v, n) });
}

struct svcr_bundle *svcr_bundle_union(struct svcr_bundles *b, struct svcr_bundle **v, size_t n)
{
	size_t kept = 0;

	if (n)
		qsort(v, n, sizeof(*v), svcr_pointer_cmp_sort);
	for (size_t i = 0; i < n; i++) {
		if (v[i]->all)
			return v[i];
		if (!svcr_bundle_empty(v[i]) && (!kept || v[kept - 1] != v[i]))
			v[kept++] = v[i];
	}
	if (kept == 1)
		return v[0];
	b->spans.n = 0;
	for (size_t i = 0; i < kept; i++)
		for (uint32_t k = 0; k < v[i]->n; k++) {
			struct svcr_span_of_ports *slot = SVCR_GROW(&b->spans);

			if (!slot)
				return NULL;
			*slot = v[i]->v[k];
		}
	return svcr_bundle_of(b, b->spans.v, b->spans.n);
}

/* By the numbers that they would like to have, then by content. */
static int bundle_number_cmp_sort(const void *a, const void *b)
{
	const struct svcr_bundle *s = *(struct svcr_bundle *const *)a;
	const struct svcr_bundle *t = *(struct svcr_bundle *const *)b;

	if (s->number != t->number)
		return s->number < t->number ? -1 : 1;
	return bundle_cmp(s, t);
}

/* SVCR_BUNDLE_ALL is the lowest number, and UINT32_MAX is one that nft(8) calls "root". */
void svcr_bundles_number(struct svcr_bundles *b)
{
	for (size_t i = 0; i < b->all.n; i++) {
		struct svcr_bundle *u = b->all.v[i];

		u->number = u->all ? SVCR_BUNDLE_ALL :
				     1 + svcr_number_of(bundle_hash(u), UINT32_MAX - 2);
	}
	svcr_numbers_differ(b->all.v, b->all.n, offsetof(struct svcr_bundle, number),
			    UINT32_MAX - 1, bundle_number_cmp_sort);
}
