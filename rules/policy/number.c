/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/policy/number.h"

#include <stdlib.h>

/* Things in order, and where each has its number. */
struct numbered {
	char *const *v;
	size_t n, offset;
};

static uint32_t *number_of(const struct numbered *l, size_t i)
{
	return (uint32_t *)(void *)(l->v[i] + l->offset);
}

/* Gives things from index `i` on the lowest numbers that those before it leave free. */
static void fill_gaps(const struct numbered *l, size_t i, uint32_t max)
{
	size_t taken = i, at = 0;

	for (uint32_t number = 1; i < l->n; number++) {
		while (at < taken && *number_of(l, at) < number)
			at++;
		if (number > max)
			*number_of(l, i++) = 0;
		else if (at == taken || *number_of(l, at) != number)
			*number_of(l, i++) = number;
	}
}

void svcr_numbers_differ(void *list, size_t n, size_t offset, uint32_t max,
			 int (*cmp_sort)(const void *a, const void *b))
{
	const struct numbered l = { list, n, offset };
	uint32_t last = 0;

	if (n)
		qsort(list, n, sizeof(void *), cmp_sort);
	for (size_t i = 0; i < n; i++) {
		uint32_t *number = number_of(&l, i);

		if (last == max) {
			fill_gaps(&l, i, max);
			return;
		}
		if (*number <= last)
			*number = last + 1;
		last = *number;
	}
}
