/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A map from strings to strings: labels, matchLabels, the data of a Secret. */
#ifndef SVCR_MAP_H
#define SVCR_MAP_H

#include <stddef.h>

/* Both are interned in the model, so == compares them with its other strings. */
struct svcr_pair {
	const char *key, *value;
};

/* Sorted by key (strcmp), each key once. */
struct svcr_map {
	struct svcr_pair *v;
	size_t n, cap;
};

/* Sorts the pairs by key. */
void svcr_map_sort(struct svcr_map *m);
/* Returns the value of `key` in a sorted map, or NULL. */
const char *svcr_map_get(const struct svcr_map *m, const char *key);

#endif
