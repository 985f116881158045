/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Hashes for tables in memory. No output depends on a hash or on a seed. */
#ifndef SVCR_HASH_H
#define SVCR_HASH_H

#include "bytes.h"

/* Multiplies to 128 bits and folds both halves (as wyhash does). */
static inline uint64_t svcr_mix(uint64_t a, uint64_t b)
{
#ifdef __SIZEOF_INT128__
	unsigned __int128 m = (unsigned __int128)a * b;

	return (uint64_t)m ^ (uint64_t)(m >> 64);
#else
	uint64_t cross = (a >> 32) * (uint32_t)b ^ (b >> 32) * (uint32_t)a;

	return (a >> 32) * (b >> 32) ^ (uint64_t)(uint32_t)a * (uint32_t)b ^
	       (cross << 32 | cross >> 32);
#endif
}

/*
 * The hash of `len` bytes. The seed keeps an input from being prepared so that
 * its texts collide.
 */
static inline uint32_t svcr_hash(uint64_t seed, const char *p, size_t len)
{
	const unsigned char *tail;
	uint64_t h = seed ^ len, x = 0;

	for (; len > 8; p += 8, len -= 8)
		h = svcr_mix(h ^ svcr_load64(p), 0x9e3779b97f4a7c15);
	tail = (const unsigned char *)p;
	if (len >= 4) {
		uint32_t first, last;

		memcpy(&first, p, 4);
		memcpy(&last, p + len - 4, 4);
		x = first | (uint64_t)last << 32;
	} else if (len) {
		x = tail[0] | (uint64_t)tail[len / 2] << 8 | (uint64_t)tail[len - 1] << 16;
	}
	return (uint32_t)(svcr_mix(svcr_mix(h ^ x, 0xd6e8feb86659fd93), 0xa0761d6478bd642f) >> 16);
}

/* A seed that differs from one process to the next; it needs no system call. */
uint64_t svcr_hash_seed(void);

#endif
