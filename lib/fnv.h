/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * FNV-1a: hashes that are the same on every machine and in every version, for numbers that stand
 * in rules. They are no protection from texts that were chosen to collide; callers make equal
 * numbers different.
 */
#ifndef SVCR_FNV_H
#define SVCR_FNV_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define SVCR_FNV_START 2166136261u

static inline uint32_t svcr_fnv(uint32_t h, const void *data, size_t len)
{
	for (const uint8_t *p = data; len-- > 0; p++)
		h = (h ^ *p) * 16777619u;
	return h;
}

/* Adds a text with its end, so that "a", "bc" and "ab", "c" differ. */
static inline uint32_t svcr_fnv_text(uint32_t h, const char *s)
{
	return svcr_fnv(h, s, strlen(s) + 1);
}

#define SVCR_FNV64_START 14695981039346656037u

static inline uint64_t svcr_fnv64(uint64_t h, const void *data, size_t len)
{
	for (const uint8_t *p = data; len-- > 0; p++)
		h = (h ^ *p) * 1099511628211u;
	return h;
}

static inline uint64_t svcr_fnv64_text(uint64_t h, const char *s)
{
	return svcr_fnv64(h, s, strlen(s) + 1);
}

#endif
