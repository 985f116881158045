/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/siphash.h"

#include <endian.h>

/* The test defines them as 2 and 4: the authors published results for SipHash-2-4. */
#ifndef SIPHASH_ROUNDS
#define SIPHASH_ROUNDS 1
#define SIPHASH_FINAL_ROUNDS 3
#endif

static inline uint64_t siphash_rotate(uint64_t x, unsigned int bits)
{
	return x << bits | x >> (64 - bits);
}

static inline void siphash_rounds(uint64_t v[4], unsigned int n)
{
	while (n-- > 0) {
		v[0] += v[1];
		v[2] += v[3];
		v[1] = siphash_rotate(v[1], 13) ^ v[0];
		v[3] = siphash_rotate(v[3], 16) ^ v[2];
		v[0] = siphash_rotate(v[0], 32);
		v[2] += v[1];
		v[0] += v[3];
		v[1] = siphash_rotate(v[1], 17) ^ v[2];
		v[3] = siphash_rotate(v[3], 21) ^ v[0];
		v[2] = siphash_rotate(v[2], 32);
	}
}

static inline uint64_t siphash_word_at(const void *p)
{
	uint64_t w;

	memcpy(&w, p, sizeof(w));
	return le64toh(w);
}

static inline void siphash_take_word(uint64_t v[4], uint64_t w)
{
	v[3] ^= w;
	siphash_rounds(v, SIPHASH_ROUNDS);
	v[0] ^= w;
}

void siphash_start(struct siphash *h, const uint8_t key[SIPHASH_SIZE])
{
	uint64_t k0 = siphash_word_at(key), k1 = siphash_word_at(key + 8);

	*h = (struct siphash){ .v = { 0x736f6d6570736575u ^ k0, 0x646f72616e646f6du ^ k1 ^ 0xee,
				      0x6c7967656e657261u ^ k0, 0x7465646279746573u ^ k1 } };
}

void siphash_add(struct siphash *h, const void *data, size_t len)
{
	const uint8_t *p = data, *end = p + len;
	uint64_t v[4];

	for (; p < end && h->total % 8; p++) {
		h->rest[h->total++ % 8] = *p;
		if (h->total % 8 == 0)
			siphash_take_word(h->v, siphash_word_at(h->rest));
	}
	memcpy(v, h->v, sizeof(v)); /* a local copy stays in registers */
	h->total += (size_t)(end - p);
	for (; end - p >= 8; p += 8)
		siphash_take_word(v, siphash_word_at(p));
	memcpy(h->v, v, sizeof(v));
	memcpy(h->rest, p, (size_t)(end - p));
}

static void siphash_put_word(uint8_t *to, uint64_t w)
{
	w = htole64(w);
	memcpy(to, &w, sizeof(w));
}

void siphash_end(struct siphash *h, uint8_t sum[SIPHASH_SIZE])
{
	uint64_t last = h->total << 56;

	for (unsigned int i = 0; i < h->total % 8; i++)
		last |= (uint64_t)h->rest[i] << 8 * i;
	siphash_take_word(h->v, last);
	h->v[2] ^= 0xee;
	siphash_rounds(h->v, SIPHASH_FINAL_ROUNDS);
	siphash_put_word(sum, h->v[0] ^ h->v[1] ^ h->v[2] ^ h->v[3]);
	h->v[1] ^= 0xdd;
	siphash_rounds(h->v, SIPHASH_FINAL_ROUNDS);
	siphash_put_word(sum + 8, h->v[0] ^ h->v[1] ^ h->v[2] ^ h->v[3]);
}
