/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "arena.h"

#include <stdalign.h>

#define CHUNK_SIZE (64u << 10)

struct svcr_chunk {
	struct svcr_chunk *next;
	size_t used, size;
	alignas(max_align_t) char data[];
};

static struct svcr_chunk *arena_chunk(struct svcr_arena *a, size_t size)
{
	struct svcr_chunk *c;
	size_t room = size > CHUNK_SIZE / 4 ? size : CHUNK_SIZE;
	size_t total;

	if (__builtin_add_overflow(room, sizeof(*c), &total))
		return NULL;
	c = malloc(total);
	if (!c)
		return NULL;
	c->used = 0;
	c->size = room;
	/* a large object has a chunk of its own, and the current one stays first */
	if (a->chunks && room == size) {
		c->next = a->chunks->next;
		a->chunks->next = c;
	} else {
		c->next = a->chunks;
		a->chunks = c;
	}
	return c;
}

static void *arena_place(struct svcr_arena *a, size_t size, size_t align)
{
	struct svcr_chunk *c = a->chunks;
	size_t at = c ? (c->used + align - 1) & ~(align - 1) : 0;

	if (!c || at > c->size || c->size - at < size) {
		c = arena_chunk(a, size);
		if (!c)
			return NULL;
		at = 0;
	}
	c->used = at + size;
	return c->data + at;
}

void *svcr_arena_alloc(struct svcr_arena *a, size_t size)
{
	void *p = arena_place(a, size, alignof(max_align_t));

	return p ? memset(p, 0, size) : NULL;
}

void *svcr_arena_array(struct svcr_arena *a, size_t n, size_t size)
{
	/* the size of a type is a multiple of its alignment, so the lowest bit is enough for it */
	size_t total, align = size & -size;
	void *p;

	if (__builtin_mul_overflow(n, size, &total))
		return NULL;
	if (!align || align > alignof(max_align_t))
		align = alignof(max_align_t);
	p = arena_place(a, total, align);
	return p ? memset(p, 0, total) : NULL;
}

char *svcr_arena_strndup(struct svcr_arena *a, const char *s, size_t len)
{
	char *p = arena_place(a, len + 1, 1);

	if (!p)
		return NULL;
	if (len)
		memcpy(p, s, len);
	p[len] = '\0';
	return p;
}

char *svcr_arena_vprintf(struct svcr_arena *a, const char *fmt, va_list ap)
{
	va_list again;
	char *p = NULL;
	int n;

	va_copy(again, ap);
	n = vsnprintf(NULL, 0, fmt, ap);
	if (n >= 0)
		p = arena_place(a, (size_t)n + 1, 1);
	if (p)
		vsnprintf(p, (size_t)n + 1, fmt, again);
	va_end(again);
	return p;
}

char *svcr_arena_printf(struct svcr_arena *a, const char *fmt, ...)
{
	va_list ap;
	char *p;

	va_start(ap, fmt);
	p = svcr_arena_vprintf(a, fmt, ap);
	va_end(ap);
	return p;
}

void svcr_arena_wipe(struct svcr_arena *a)
{
	for (struct svcr_chunk *c = a->chunks; c; c = c->next)
		explicit_bzero(c->data, c->used);
}

void svcr_arena_release(struct svcr_arena *a)
{
	while (a->chunks) {
		struct svcr_chunk *next = a->chunks->next;

		free(a->chunks);
		a->chunks = next;
	}
}
