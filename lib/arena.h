/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Memory that is freed all at once. */
#ifndef SVCR_ARENA_H
#define SVCR_ARENA_H

#include <stdarg.h>
#include <stddef.h>

struct svcr_chunk;

/* Zeroed when empty. */
struct svcr_arena {
	struct svcr_chunk *chunks;
};

#define SVCR_ARENA_INIT \
	{ \
		NULL \
	}

/*
 * Each function returns memory that lives until the arena is released, or NULL
 * when memory is short.
 */
/* Zeroed memory of `size` bytes, aligned for any object. */
void *svcr_arena_alloc(struct svcr_arena *a, size_t size);
/*
 * The same for n objects of `size` bytes, aligned for these alone: lists of addresses, of which
 * there are very many, leave no gaps. NULL also when n * size overflows.
 */
void *svcr_arena_array(struct svcr_arena *a, size_t n, size_t size);
/* A terminated copy of the `len` bytes at s. */
char *svcr_arena_strndup(struct svcr_arena *a, const char *s, size_t len);
/* A formatted string. */
char *svcr_arena_printf(struct svcr_arena *a, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
char *svcr_arena_vprintf(struct svcr_arena *a, const char *fmt, va_list ap)
	__attribute__((format(printf, 2, 0)));

/* Overwrites all objects, which must not be used any more. */
void svcr_arena_wipe(struct svcr_arena *a);
/* Frees all memory of the arena, which is then empty. */
void svcr_arena_release(struct svcr_arena *a);

#endif
