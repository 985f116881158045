/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "near.h"

#include <stdint.h>
#include <string.h>

#define LONGEST 63

/*
 * A table of distances between all beginnings of `a` and `b`, a column for each character of `b`,
 * as H. Hyyrö describes it (A bit-vector algorithm for computing Levenshtein and Damerau edit
 * distances, 2003): neighbours in it differ by one at most, so that a bit of a word says whether
 * one is greater, another whether it is less, and a column is a few operations.
 */
static size_t words_distance(const char *a, size_t na, const char *b, size_t nb)
{
	uint64_t where[256] = { 0 };               /* bit i: a[i] is this character */
	uint64_t greater = ~(uint64_t)0, less = 0; /* than the entry above, in the last column */
	uint64_t same = 0; /* as the entry before it on the diagonal, in the last column */
	uint64_t matched = 0;
	size_t d = na;

	for (size_t i = 0; i < na; i++)
		where[(unsigned char)a[i]] |= (uint64_t)1 << i;
	for (size_t k = 0; k < nb; k++) {
		uint64_t match = where[(unsigned char)b[k]];
		uint64_t swapped = ((~same & match) << 1) & matched;
		uint64_t more, fewer; /* than the entry of the last column */

		same = (((match & greater) + greater) ^ greater) | match | less | swapped;
		more = less | ~(same | greater);
		fewer = same & greater;
		d += more >> (na - 1) & 1;
		d -= fewer >> (na - 1) & 1;
		more = more << 1 | 1;
		fewer <<= 1;
		greater = fewer | ~(same | more);
		less = more & same;
		matched = match;
	}
	return d;
}

size_t svcr_near(const char *a, const char *b)
{
	size_t na = strlen(a), nb = strlen(b), longer = na > nb ? na : nb, d;

	if (longer > LONGEST || (na > nb ? na - nb : nb - na) * 2 > longer)
		return SVCR_FAR;
	d = na ? words_distance(a, na, b, nb) : nb;
	return d * 2 > longer ? SVCR_FAR : d;
}

void svcr_nearest_try(struct svcr_nearest *n, const char *name)
{
	size_t len = strlen(n->word), d;

	d = len && strncmp(n->word, name, len) == 0 ? 1 : svcr_near(n->word, name);
	if (d == SVCR_FAR ||
	    (n->best && (d > n->distance || (d == n->distance && strcmp(name, n->best) > 0))))
		return;
	n->best = name;
	n->distance = d;
}
