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
 * Makes n numbers from 1 to `max`, which are sorted, different, in the same order as far as
 * possible. Those for which none is left become 0.
 */
void svcr_numbers_differ(uint32_t *const *v, size_t n, uint32_t max);

#endif
