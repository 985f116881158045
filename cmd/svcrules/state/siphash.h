/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SipHash-1-3 with 128 bits of output: a keyed hash that recognizes bytes seen
 * before. Without the key nobody can make other bytes with the same sum.
 * (J.-P. Aumasson, D. J. Bernstein: SipHash, 2012; the 128 bit form is the
 * authors' later addition.)
 */
#ifndef SVCRULES_SIPHASH_H
#define SVCRULES_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

#define SIPHASH_SIZE 16 /* bytes of a key and of a sum */

struct siphash {
	uint64_t v[4];
	uint8_t rest[8]; /* the last bytes, while they do not fill a word */
	uint64_t total;
};

void siphash_start(struct siphash *h, const uint8_t key[SIPHASH_SIZE]);
void siphash_add(struct siphash *h, const void *data, size_t len);
/* Writes the sum of all bytes added; `h` must be started again before the next use. */
void siphash_end(struct siphash *h, uint8_t sum[SIPHASH_SIZE]);

#endif
