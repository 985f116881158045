/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "map.h"

static int pair_cmp(const void *a, const void *b)
{
	return strcmp(((const struct svcr_pair *)a)->key, ((const struct svcr_pair *)b)->key);
}

void svcr_map_sort(struct svcr_map *m)
{
	if (m->n > 1)
		qsort(m->v, m->n, sizeof(*m->v), pair_cmp);
}

const char *svcr_map_get(const struct svcr_map *m, const char *key)
{
	const struct svcr_pair wanted = { key, NULL };
	const struct svcr_pair *found;

	found = m->n ? bsearch(&wanted, m->v, m->n, sizeof(*m->v), pair_cmp) : NULL;
	return found ? found->value : NULL;
}
