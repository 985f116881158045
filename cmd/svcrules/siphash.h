/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SipHash-1-3 with 128 bits of output: tells whether bytes are the ones seen
 * before, also to somebody who wishes to be mistaken for them but does not
 * know the key. (J.-P. Aumasson, D. J. Bernstein: SipHash, 2012; the 128 bit
 * form is the authors' later addition.)
 */
#ifndef SVCRULES_SIPHASH_H
#define SVCRULES_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

#define SIPHASH_SIZE 16 /* bytes of a key, and of a sum */

struct siphash {
	uint64_t v[4];
	uint8_t rest[8]; /* bytes that do not fill a word yet */
	uint64_t total;
};

void siphash_start(struct siphash *h, const uint8_t key[SIPHASH_SIZE]);
void siphash_add(struct siphash *h, const void *data, size_t len);
/* The sum of all that was added; `h` is used up. */
void siphash_end(struct siphash *h, uint8_t sum[SIPHASH_SIZE]);

#endif
