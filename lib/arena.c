/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "arena.h"

#include <stdalign.h>

#define CHUNK_SIZE (64u << 10)

struct svcr_chunk {
	struct svcr_chunk *next;
	size_t used, size;
	alignas(max_align_t) char data[];
};

static struct svcr_chunk *chunk_new(struct svcr_arena *a, size_t size)
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
	if (a->chunks && room == size) { /* a big one does not end the current chunk */
		c->next = a->chunks->next;
		a->chunks->next = c;
	} else {
		c->next = a->chunks;
		a->chunks = c;
	}
	return c;
}

void *svcr_arena_alloc(struct svcr_arena *a, size_t size)
{
	struct svcr_chunk *c = a->chunks;
	size_t need;
	void *p;

	if (__builtin_add_overflow(size, alignof(max_align_t) - 1, &need))
		return NULL;
	need &= ~(alignof(max_align_t) - 1);
	if (!c || c->size - c->used < need) {
		c = chunk_new(a, need);
		if (!c)
			return NULL;
	}
	p = c->data + c->used;
	c->used += need;
	memset(p, 0, size);
	return p;
}

void *svcr_arena_array(struct svcr_arena *a, size_t n, size_t size)
{
	size_t total;

	if (__builtin_mul_overflow(n, size, &total))
		return NULL;
	return svcr_arena_alloc(a, total);
}

char *svcr_arena_strndup(struct svcr_arena *a, const char *s, size_t len)
{
	char *p = svcr_arena_alloc(a, len + 1);

	if (p && len)
		memcpy(p, s, len);
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
		p = svcr_arena_alloc(a, (size_t)n + 1);
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

void svcr_arena_release(struct svcr_arena *a)
{
	while (a->chunks) {
		struct svcr_chunk *next = a->chunks->next;

		free(a->chunks);
		a->chunks = next;
	}
}

uint32_t svcr_hash(uint32_t seed, const void *data, size_t len)
{
	const unsigned char *p = data;

	while (len--)
		seed = (seed ^ *p++) * 16777619u;
	return seed;
}

static const char **find_slot(const char **slots, size_t size, struct svcr_str s)
{
	size_t i = svcr_hash(SVCR_HASH_SEED, s.p, s.len) & (size - 1);

	while (slots[i] && !svcr_str_eq(s, slots[i]))
		i = (i + 1) & (size - 1);
	return &slots[i];
}

static bool strings_grow(struct svcr_strings *t)
{
	size_t size = t->size ? t->size * 2 : 256;
	const char **slots = calloc(size, sizeof(*slots));

	if (!slots)
		return false;
	for (size_t i = 0; i < t->size; i++)
		if (t->slots[i])
			*find_slot(slots, size, (struct svcr_str){ t->slots[i], strlen(t->slots[i]) }) = t->slots[i];
	free(t->slots);
	t->slots = slots;
	t->size = size;
	return true;
}

const char *svcr_intern(struct svcr_strings *t, struct svcr_arena *a, struct svcr_str s)
{
	const char **slot;

	if (t->used * 2 >= t->size && !strings_grow(t))
		return NULL;
	slot = find_slot(t->slots, t->size, s);
	if (!*slot) {
		*slot = svcr_arena_strndup(a, s.p, s.len);
		if (*slot)
			t->used++;
	}
	return *slot;
}

void svcr_strings_release(struct svcr_strings *t)
{
	free(t->slots);
	*t = (struct svcr_strings){ 0 };
}

void *svcr_grow(void **array, size_t *n, size_t *cap, size_t size)
{
	if (*n == *cap) {
		size_t more = *cap ? *cap * 2 : 8, bytes;
		void *p;

		if (__builtin_mul_overflow(more, size, &bytes))
			return NULL;
		p = realloc(*array, bytes);
		if (!p)
			return NULL;
		*array = p;
		*cap = more;
	}
	memset((char *)*array + *n * size, 0, size);
	return (char *)*array + (*n)++ * size;
}
