/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nft/align.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/*
 * The records of one service address: n of `to` and m of `from` with the same key up to the
 * index.
 */
struct group {
	const struct svcr_nft_set *from, *to;
	size_t from_first, m, to_first, n;
};

static int data_cmp(const void *a, const void *b, void *arg)
{
	const struct svcr_nft_set *s = arg;

	return memcmp(svcr_nft_elem_data(s, *(const uint8_t *const *)a),
		      svcr_nft_elem_data(s, *(const uint8_t *const *)b), s->data_len);
}

static size_t index_of(const struct svcr_nft_set *s, const uint8_t *e)
{
	const uint8_t *p = e + s->key_len - 4;

	return (size_t)p[0] << 24 | (size_t)p[1] << 16 | (size_t)p[2] << 8 | p[3];
}

/* Returns the index of `data` in `from` (`sorted` by data), or n if it cannot be kept. */
static size_t old_index(const struct group *g, const uint8_t *const *sorted, const uint8_t *data)
{
	size_t low = 0, high = g->m, len = g->from->data_len, index;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (memcmp(svcr_nft_elem_data(g->from, sorted[mid]), data, len) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	if (low == g->m || memcmp(svcr_nft_elem_data(g->from, sorted[low]), data, len) != 0)
		return g->n;
	index = index_of(g->from, sorted[low]);
	return index < g->n ? index : g->n;
}

/*
 * Writes the data of `to` in a new order. `place[i]` is the new index of the i-th record; n:
 * any free one.
 */
static void place_all(const struct group *g, size_t *place, uint8_t *data, bool *taken)
{
	size_t len = g->to->data_len, next = 0;

	for (size_t i = 0; i < g->n; i++)
		memcpy(data + i * len,
		       svcr_nft_elem_data(g->to, svcr_nft_elem(g->to, g->to_first + i)), len);
	for (size_t i = 0; i < g->n; i++) {
		if (place[i] < g->n && taken[place[i]])
			place[i] = g->n; /* another program put it twice into the map */
		if (place[i] < g->n)
			taken[place[i]] = true;
	}
	for (size_t i = 0; i < g->n; i++) {
		if (place[i] == g->n) {
			while (taken[next])
				next++;
			place[i] = next++;
		}
		memcpy(svcr_nft_elem_data(g->to, svcr_nft_elem(g->to, g->to_first + place[i])),
		       data + i * len, len);
	}
}

static int align_group(const struct group *g)
{
	const uint8_t **sorted = calloc(g->m + 1, sizeof(*sorted));
	size_t *place = calloc(g->n, sizeof(*place));
	bool *taken = calloc(g->n, sizeof(*taken));
	uint8_t *data = calloc(g->n, g->to->data_len);
	int err = sorted && place && taken && data ? 0 : -ENOMEM;

	if (!err) {
		for (size_t i = 0; i < g->m; i++)
			sorted[i] = svcr_nft_elem(g->from, g->from_first + i);
		qsort_r(sorted, g->m, sizeof(*sorted), data_cmp, (void *)(uintptr_t)g->from);
		for (size_t i = 0; i < g->n; i++)
			place[i] = old_index(
				g, sorted,
				svcr_nft_elem_data(g->to, svcr_nft_elem(g->to, g->to_first + i)));
		place_all(g, place, data, taken);
	}
	free(sorted);
	free(place);
	free(taken);
	free(data);
	return err;
}

/* Returns the end of the records that have the same key as record i up to the index. */
static size_t group_end(const struct svcr_nft_set *s, size_t i)
{
	size_t j = i + 1;

	while (j < s->n && memcmp(svcr_nft_elem(s, i), svcr_nft_elem(s, j), s->key_len - 4) == 0)
		j++;
	return j;
}

static bool group_same(const struct group *g)
{
	return g->n == g->m &&
	       memcmp(svcr_nft_elem(g->to, g->to_first), svcr_nft_elem(g->from, g->from_first),
		      g->n * g->to->stride) == 0;
}

int svcr_nft_align(const struct svcr_nft_set *from, struct svcr_nft_set *to)
{
	size_t j = 0;

	for (size_t i = 0; i < to->n;) {
		size_t prefix = to->key_len - 4;
		struct group g = { .from = from, .to = to, .to_first = i };
		int cmp = 1;

		g.n = group_end(to, i) - i;
		while (j < from->n &&
		       (cmp = memcmp(svcr_nft_elem(from, j), svcr_nft_elem(to, i), prefix)) < 0)
			j++;
		if (j < from->n && cmp == 0) {
			g.from_first = j;
			g.m = group_end(from, j) - j;
			if (!group_same(&g)) {
				int err = align_group(&g);

				if (err)
					return err;
			}
			j += g.m;
		}
		i += g.n;
	}
	return 0;
}
