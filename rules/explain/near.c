/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/explain/near.h"

#include <string.h>

#define WORD_MAX 128 /* longer names are like nothing */

/* Insertions, deletions, replacements and swaps of neighbours from `a` to `b`; at most `limit`. */
static size_t edits(const char *a, size_t na, const char *b, size_t nb, size_t limit)
{
	/* rows of the table: this one, the one before and the one before that */
	size_t rows[3][WORD_MAX + 1];

	for (size_t j = 0; j <= nb; j++)
		rows[0][j] = j;
	for (size_t i = 1; i <= na; i++) {
		size_t *row = rows[i % 3], least = row[0] = i;
		const size_t *before = rows[(i + 2) % 3], *old = rows[(i + 1) % 3];

		for (size_t j = 1; j <= nb; j++) {
			size_t d = before[j - 1] + (a[i - 1] != b[j - 1]);

			d = before[j] + 1 < d ? before[j] + 1 : d;
			d = row[j - 1] + 1 < d ? row[j - 1] + 1 : d;
			if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
				d = old[j - 2] + 1 < d ? old[j - 2] + 1 : d;
			row[j] = d;
			least = d < least ? d : least;
		}
		if (least > limit)
			return limit;
	}
	return rows[na % 3][nb];
}

void svcr_near_try(struct svcr_near *n, const char *name)
{
	size_t len = strlen(n->word), other = strlen(name), longer = len > other ? len : other;
	size_t limit = n->best ? n->distance : longer / 2 + 1, d;

	if (!len || len > WORD_MAX || other > WORD_MAX)
		return;
	/* a word cut short is a better guess than its distance says */
	d = strncmp(n->word, name, len) == 0 ? 1 : edits(n->word, len, name, other, limit);
	if (d >= limit || d * 2 > longer)
		return;
	n->best = name;
	n->distance = d;
}
