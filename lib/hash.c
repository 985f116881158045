/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "hash.h"

#include <sys/auxv.h>

/* The kernel puts 16 random bytes into each process: getauxval(3), AT_RANDOM. */
uint64_t svcr_hash_seed(void)
{
	const void *random = (const void *)(uintptr_t)getauxval(AT_RANDOM);

	return (uintptr_t)&random ^ (random ? svcr_load64(random) : 0);
}
