/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Scans over bytes, several at a time: 16 where SSE2 is on by default (x86-64),
 * else 8 in a register. The scans without a length stop at a NUL, and read up to
 * 16 bytes behind the byte where they stop.
 */
#ifndef SVCR_BYTES_H
#define SVCR_BYTES_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#if defined(__SSE2__) && !defined(SVCR_NO_SSE2)
#include <emmintrin.h>
#define SVCR_SSE2 1
#else
#define SVCR_SSE2 0
#endif

#define SVCR_EACH_BYTE (~(uint64_t)0 / 255)

static inline uint64_t svcr_load64(const void *p)
{
	uint64_t x;

	memcpy(&x, p, sizeof(x));
	return x;
}

/* Returns the index, in memory, of the first byte of x that is not 0; x must not be 0. */
static inline unsigned int svcr_first_byte(uint64_t x)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return (unsigned int)__builtin_ctzll(x) / 8;
#else
	return (unsigned int)__builtin_clzll(x) / 8;
#endif
}

/* Loads 8 bytes as a number that compares as the bytes do (memcmp). */
static inline uint64_t svcr_load_order(const void *p)
{
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
	return __builtin_bswap64(svcr_load64(p));
#else
	return svcr_load64(p);
#endif
}

/*
 * Returns up to 8 first bytes of a text without NULs as a number that compares as
 * the texts do. Reads 8 bytes.
 */
static inline uint64_t svcr_order(const char *p, size_t len)
{
	uint64_t x = svcr_load_order(p);

	return len >= 8 ? x : len ? x & ~(~(uint64_t)0 >> 8 * len) : 0;
}

/* Returns the first byte from p on that is no blank. */
static inline const unsigned char *svcr_skip_blanks(const unsigned char *p)
{
#if SVCR_SSE2
	unsigned int found;

	for (;; p += 16) {
		const __m128i x = _mm_loadu_si128((const __m128i *)p);

		found = (unsigned int)_mm_movemask_epi8(_mm_cmpeq_epi8(x, _mm_set1_epi8(' '))) ^
			0xffff;
		if (found)
			return p + __builtin_ctz(found);
	}
#else
	uint64_t x;

	while ((x = svcr_load64(p) ^ SVCR_EACH_BYTE * ' ') == 0)
		p += 8;
	return p + svcr_first_byte(x);
#endif
}

/*
 * Returns the first byte from p on that may be a quote, a backslash, a control
 * character or not ASCII.
 */
static inline const unsigned char *svcr_skip_text(const unsigned char *p)
{
#if SVCR_SSE2
	for (;; p += 16) {
		const __m128i x = _mm_loadu_si128((const __m128i *)p);
		const __m128i special = _mm_or_si128(_mm_cmpeq_epi8(x, _mm_set1_epi8('"')),
						     _mm_cmpeq_epi8(x, _mm_set1_epi8('\\')));
		/* signed bytes: values that are not ASCII are negative, so below a blank, too */
		const __m128i low = _mm_cmplt_epi8(x, _mm_set1_epi8(' '));
		unsigned int found = (unsigned int)_mm_movemask_epi8(_mm_or_si128(special, low));

		if (found)
			return p + __builtin_ctz(found);
	}
#else
	for (;; p += 8) {
		uint64_t x = svcr_load64(p);
		uint64_t quote = x ^ SVCR_EACH_BYTE * '"', escape = x ^ SVCR_EACH_BYTE * '\\';
		uint64_t found = (((quote - SVCR_EACH_BYTE) & ~quote) |
				  ((escape - SVCR_EACH_BYTE) & ~escape) |
				  (x - SVCR_EACH_BYTE * ' ') | x) &
				 SVCR_EACH_BYTE * 0x80;

		if (found)
			return p + svcr_first_byte(found);
	}
#endif
}

/* Counts the newlines in n bytes. */
static inline size_t svcr_count_newlines(const unsigned char *p, size_t n)
{
	size_t count = 0;

#if SVCR_SSE2
	const __m128i newline = _mm_set1_epi8('\n'), zero = _mm_setzero_si128();

	for (; n >= 64; p += 64, n -= 64) {
		__m128i sum = zero;

		for (int i = 0; i < 64; i += 16) {
			const __m128i x = _mm_loadu_si128((const __m128i *)(p + i));

			sum = _mm_sub_epi8(sum, _mm_cmpeq_epi8(x, newline));
		}
		sum = _mm_sad_epu8(sum, zero);
		count += (size_t)_mm_cvtsi128_si32(sum) + (size_t)_mm_extract_epi16(sum, 4);
	}
#else
	for (; n >= 8; p += 8, n -= 8) {
		uint64_t x = svcr_load64(p) ^ SVCR_EACH_BYTE * '\n', low = SVCR_EACH_BYTE * 0x7f;

		/* sets the top bit of each byte that is 0, and no other bit */
		x = ~(((x & low) + low) | x | low);
		count += (size_t)__builtin_popcountll(x);
	}
#endif
	for (; n; p++, n--)
		count += *p == '\n';
	return count;
}

#endif
