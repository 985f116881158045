/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much two names differ, and which of many names was meant by a wrong one. */
#ifndef SVCR_NEAR_H
#define SVCR_NEAR_H

#include <stddef.h>

#define SVCR_FAR ((size_t)-1)

/*
 * The number of characters to insert, delete or replace, and of neighbours to swap, that lead from
 * one to the other; SVCR_FAR if these are more than half of the longer one, or a name is longer
 * than 63 characters.
 */
size_t svcr_near(const char *a, const char *b);

struct svcr_nearest {
	const char *word; /* as it was given */
	const char *best; /* the nearest name so far, borrowed; NULL: none is like it */
	size_t distance;  /* of it */
};

/*
 * Looks at a name, which must live on. One that begins with the word is at the distance 1: the word
 * may be cut short. Of equally near names the first in alphabetical order counts, so that the order
 * of calls does not matter.
 */
void svcr_nearest_try(struct svcr_nearest *n, const char *name);

#endif
