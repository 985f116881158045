/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "arena.h"
#include "bytes.h"

#include <stdalign.h>
#include <sys/auxv.h>

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

static void *place(struct svcr_arena *a, size_t size, size_t align)
{
	struct svcr_chunk *c = a->chunks;
	size_t at = c ? (c->used + align - 1) & ~(align - 1) : 0;

	if (!c || at > c->size || c->size - at < size) {
		c = chunk_new(a, size);
		if (!c)
			return NULL;
		at = 0;
	}
	c->used = at + size;
	return c->data + at;
}

void *svcr_arena_alloc(struct svcr_arena *a, size_t size)
{
	void *p = place(a, size, alignof(max_align_t));

	return p ? memset(p, 0, size) : NULL;
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
	char *p = place(a, len + 1, 1);

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
		p = place(a, (size_t)n + 1, 1);
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

struct svcr_interned {
	const char *p;
	uint32_t hash, len;
};

uint64_t svcr_hash_seed(void)
{
	const void *random = (const void *)(uintptr_t)getauxval(AT_RANDOM);

	return (uintptr_t)&random ^ (random ? svcr_load64(random) : 0);
}

/* Where a text is, or would be. */
static struct svcr_interned *find_slot(struct svcr_interned *slots, size_t size, uint32_t hash, struct svcr_str s)
{
	size_t i = hash & (size - 1);

	while (slots[i].p && (slots[i].hash != hash || slots[i].len != s.len || memcmp(slots[i].p, s.p, s.len) != 0))
		i = (i + 1) & (size - 1);
	return &slots[i];
}

static bool strings_grow(struct svcr_strings *t)
{
	size_t size = t->size ? t->size * 2 : 256;
	struct svcr_interned *slots = calloc(size, sizeof(*slots));

	if (!slots)
		return false;
	if (!t->size)
		t->seed = svcr_hash_seed();
	for (size_t i = 0; i < t->size; i++) {
		size_t k = t->slots[i].hash & (size - 1);

		if (!t->slots[i].p)
			continue;
		while (slots[k].p)
			k = (k + 1) & (size - 1);
		slots[k] = t->slots[i];
	}
	free(t->slots);
	t->slots = slots;
	t->size = size;
	return true;
}

const char *svcr_intern(struct svcr_strings *t, struct svcr_arena *a, struct svcr_str s)
{
	struct svcr_interned *slot;
	uint32_t hash;

	if (t->used >= t->size / 4 * 3 && !strings_grow(t))
		return NULL;
	hash = svcr_hash(t->seed, s.p, s.len);
	slot = find_slot(t->slots, t->size, hash, s);
	if (!slot->p) {
		slot->p = s.len < UINT32_MAX ? svcr_arena_strndup(a, s.p, s.len) : NULL;
		if (!slot->p)
			return NULL;
		slot->hash = hash;
		slot->len = (uint32_t)s.len;
		t->used++;
	}
	return slot->p;
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
