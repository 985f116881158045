/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that is freed at once: an arena, and strings kept in it once each. */
#ifndef SVCR_ARENA_H
#define SVCR_ARENA_H

#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include "str.h"

struct svcr_chunk;
struct svcr_interned;

struct svcr_arena {
	struct svcr_chunk *chunks;
};

#define SVCR_ARENA_INIT { NULL }

/* Zeroed memory aligned for any object, or NULL; lives until the release. */
void *svcr_arena_alloc(struct svcr_arena *a, size_t size);
/* The same for n objects; NULL also when n * size overflows. */
void *svcr_arena_array(struct svcr_arena *a, size_t n, size_t size);
/* A terminated copy of `s`, or NULL. */
char *svcr_arena_strndup(struct svcr_arena *a, const char *s, size_t len);
/* A formatted string, or NULL. */
char *svcr_arena_printf(struct svcr_arena *a, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
char *svcr_arena_vprintf(struct svcr_arena *a, const char *fmt, va_list ap) __attribute__((format(printf, 2, 0)));
void svcr_arena_release(struct svcr_arena *a);

/* Interned strings: equal text has one address, so == compares. */
struct svcr_strings {
	struct svcr_interned *slots;
	size_t used, size;
	uint64_t seed;
};

/* The terminated copy of `s` kept in `a`, or NULL when memory is short. */
const char *svcr_intern(struct svcr_strings *t, struct svcr_arena *a, struct svcr_str s);
void svcr_strings_release(struct svcr_strings *t);

/*
 * Makes room for one more in a malloc'ed array of objects of `size` bytes,
 * doubling it. Returns the new place (zeroed, *n counted up) or NULL; then
 * the array is as before.
 */
void *svcr_grow(void **array, size_t *n, size_t *cap, size_t size);

#endif
