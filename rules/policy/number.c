/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/policy/number.h"

/* Gives the numbers from index `i` on the lowest ones that v[0] to v[i - 1] leave free. */
static void fill_gaps(uint32_t *const *v, size_t n, size_t i, uint32_t max)
{
	size_t taken = i, at = 0;

	for (uint32_t number = 1; i < n; number++) {
		while (at < taken && *v[at] < number)
			at++;
		if (number > max)
			*v[i++] = 0;
		else if (at == taken || *v[at] != number)
			*v[i++] = number;
	}
}

void svcr_numbers_differ(uint32_t *const *v, size_t n, uint32_t max)
{
	uint32_t last = 0;

	for (size_t i = 0; i < n; i++) {
		if (last == max) {
			fill_gaps(v, n, i, max);
			return;
		}
		if (*v[i] <= last)
			*v[i] = last + 1;
		last = *v[i];
	}
}
