/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "seen.h"
#include "bytes.h"

/* Nobody who writes the input chooses addresses. */
static struct svcr_seen *find_slot(struct svcr_seen *slots, size_t size, const struct svcr_seen *o)
{
	size_t i = (size_t)svcr_mix(svcr_mix((uintptr_t)o->name, 0x9e3779b97f4a7c15) ^ (uintptr_t)o->ns,
				    0xd6e8feb86659fd93 ^ (uintptr_t)o->kind) & (size - 1);

	while (slots[i].source && (slots[i].name != o->name || slots[i].ns != o->ns || slots[i].kind != o->kind))
		i = (i + 1) & (size - 1);
	return &slots[i];
}

static bool grow(struct svcr_seen_set *t)
{
	size_t size = t->size ? t->size * 2 : 64;
	struct svcr_seen *slots = calloc(size, sizeof(*slots));

	if (!slots)
		return false;
	for (size_t i = 0; i < t->size; i++)
		if (t->slots[i].source)
			*find_slot(slots, size, &t->slots[i]) = t->slots[i];
	free(t->slots);
	t->slots = slots;
	t->size = size;
	return true;
}

const struct svcr_seen *svcr_seen_add(struct svcr_seen_set *t, const struct svcr_seen *o, bool *ret_added)
{
	struct svcr_seen *slot;

	if (t->used >= t->size / 4 * 3 && !grow(t))
		return NULL;
	slot = find_slot(t->slots, t->size, o);
	*ret_added = !slot->source;
	if (*ret_added) {
		*slot = *o;
		t->used++;
	}
	return slot;
}
