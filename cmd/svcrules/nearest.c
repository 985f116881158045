/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Guesses which word was meant. */
#include "options.h"

#include <string.h>

#define WORD_MAX_LEN 48 /* longer words are like nothing we know */

static size_t min3(size_t a, size_t b, size_t c)
{
	size_t m = a < b ? a : b;

	return m < c ? m : c;
}

/* Insertions, deletions, replacements and swaps of neighbours that lead from `a` to `b`. */
static size_t distance(const char *a, size_t na, const char *b, size_t nb)
{
	size_t row[WORD_MAX_LEN + 1][WORD_MAX_LEN + 1];

	for (size_t i = 0; i <= na; i++)
		row[i][0] = i;
	for (size_t j = 0; j <= nb; j++)
		row[0][j] = j;
	for (size_t i = 1; i <= na; i++)
		for (size_t j = 1; j <= nb; j++) {
			size_t d = min3(row[i - 1][j] + 1, row[i][j - 1] + 1,
					row[i - 1][j - 1] + (a[i - 1] != b[j - 1]));

			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d = min3(d, row[i - 2][j - 2] + 1, d);
			row[i][j] = d;
		}
	return row[na][nb];
}

const char *nearest(const char *word, const char *const *names, size_t n)
{
	size_t len = strlen(word), best = 0;
	const char *found = NULL;

	if (len == 0 || len > WORD_MAX_LEN)
		return NULL;
	for (size_t i = 0; i < n; i++) {
		size_t other = strlen(names[i]), longer = len > other ? len : other;
		size_t d;

		if (other > WORD_MAX_LEN)
			continue;
		d = distance(word, len, names[i], other);
		/* A word cut short is a better guess than its distance says. */
		if (len >= 2 && strncmp(word, names[i], len) == 0)
			d = 1;
		if (d * 2 <= longer && (!found || d < best))
			best = d, found = names[i];
	}
	return found;
}
