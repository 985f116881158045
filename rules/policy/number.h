/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers for things of the rules. A number is made from a hash of what it stands for, so that
 * nothing needs to remember numbers, and what comes and goes does not change the number of another
 * thing, except where two hashes are equal.
 */
#ifndef SVCR_POLICY_NUMBER_H
#define SVCR_POLICY_NUMBER_H

#include <stddef.h>
#include <stdint.h>

/* Makes a hash a number from 1 to `max`. */
static inline uint32_t svcr_number_of(uint32_t hash, uint32_t max)
{
	return hash % max + 1;
}

/*
 * Makes the numbers of n things different, which they have at `offset` as a uint32_t: each keeps
 * the one from 1 to `max` that it would like, or gets a later one; those for which none is left get
 * 0. `list` has pointers to the things, and is sorted by `cmp_sort`: by the numbers, then by what
 * the things are.
 */
void svcr_numbers_differ(void *list, size_t n, size_t offset, uint32_t max,
			 int (*cmp_sort)(const void *a, const void *b));

#endif
