/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "near.h"

#include <string.h>

#define LONGEST 63

static size_t least(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Fills one row of the table from the two before it. */
static void next_row(const char *a, size_t i, const char *b, size_t nb, const size_t *before,
		     const size_t *last, size_t *row)
{
	row[0] = i;
	for (size_t k = 1; k <= nb; k++) {
		row[k] = least(last[k] + 1, row[k - 1] + 1, last[k - 1] + (a[i - 1] != b[k - 1]));
		if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
			row[k] = least(row[k], before[k - 2] + 1, row[k]);
	}
}

size_t svcr_near(const char *a, const char *b)
{
	size_t rows[3][LONGEST + 1];
	size_t na = strlen(a), nb = strlen(b), longer = na > nb ? na : nb, d;

	if (longer > LONGEST || (na > nb ? na - nb : nb - na) * 2 > longer)
		return SVCR_FAR;
	for (size_t k = 0; k <= nb; k++)
		rows[0][k] = k;
	for (size_t i = 1; i <= na; i++)
		next_row(a, i, b, nb, rows[(i + 1) % 3], rows[(i - 1) % 3], rows[i % 3]);
	d = rows[na % 3][nb];
	return d * 2 > longer ? SVCR_FAR : d;
}
