/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "selector.h"
#include "hash.h"
#include "out.h"

#define SHORT_LIST 8 /* entries that are compared one after the other */

/* ---- Equal content is stored once ---------------------------------------- */

/* Makes room for one more entry; false when memory is short. */
static bool selectors_room(struct svcr_selectors *s, struct svcr_table *t)
{
	if (!s->seed)
		s->seed = svcr_hash_seed() | 1;
	return svcr_table_has_room(t) || svcr_table_grow(t);
}

static uint32_t label_text_hash(uint32_t before, const char *text)
{
	return svcr_hash(before, text, strlen(text));
}

/* Strings are interned, so that equal sets of labels have the same bytes. */
static bool same_labels(const struct svcr_labels *l, const struct svcr_pair *v, size_t n)
{
	return l->n == n && (!n || memcmp(l->v, v, n * sizeof(*v)) == 0);
}

static const struct svcr_labels *labels_new(struct svcr_arena *a, const struct svcr_pair *v,
					    size_t n)
{
	struct svcr_labels *l = svcr_arena_alloc(a, sizeof(*l));
	struct svcr_pair *pairs = n ? svcr_arena_array(a, n, sizeof(*v)) : NULL;

	if (!l || (n && !pairs))
		return NULL;
	if (n)
		memcpy(pairs, v, n * sizeof(*v));
	*l = (struct svcr_labels){ .v = pairs, .n = (uint32_t)n };
	for (size_t i = 0; i < n; i++)
		l->hash = label_text_hash(label_text_hash(l->hash, v[i].key), v[i].value);
	return l;
}

const struct svcr_labels *svcr_labels_intern(struct svcr_selectors *s, struct svcr_arena *a,
					     const struct svcr_pair *v, size_t n)
{
	const struct svcr_labels *l;
	struct svcr_slot *slot;
	uint32_t hash;

	if (!selectors_room(s, &s->labels))
		return NULL;
	hash = svcr_hash(s->seed, (const char *)v, n * sizeof(*v));
	slot = svcr_table_first(&s->labels, hash);
	while (slot->entry && (slot->hash != hash || !same_labels(slot->entry, v, n)))
		slot = svcr_table_next(&s->labels, slot);
	if (slot->entry)
		return slot->entry;
	l = labels_new(a, v, n);
	if (l)
		svcr_table_put(&s->labels, slot, l, hash, (uint32_t)n);
	return l;
}

static bool same_requirement(const struct svcr_requirement *x, const struct svcr_requirement *y)
{
	return x->key == y->key && x->op == y->op && x->n == y->n &&
	       (!x->n || memcmp((const void *)x->values, (const void *)y->values,
				x->n * sizeof(*x->values)) == 0);
}

static bool same_selector(const struct svcr_selector *s, const struct svcr_requirement *v, size_t n)
{
	if (s->n != n)
		return false;
	for (size_t i = 0; i < n; i++)
		if (!same_requirement(&s->v[i], &v[i]))
			return false;
	return true;
}

/* Copies a requirement with its list of values; false when memory is short. */
static bool requirement_copy(struct svcr_arena *a, struct svcr_requirement *to,
			     const struct svcr_requirement *from)
{
	const char **values = NULL;

	if (from->n)
		values = svcr_arena_array(a, from->n, sizeof(*values));
	if (from->n && !values)
		return false;
	if (from->n)
		memcpy((void *)values, (const void *)from->values, from->n * sizeof(*values));
	*to = *from;
	to->values = values;
	return true;
}

static uint32_t requirement_hash(uint32_t hash, const struct svcr_requirement *q)
{
	uint32_t head[2] = { q->op, q->n };

	hash = svcr_hash(label_text_hash(hash, q->key), (const char *)head, sizeof(head));
	for (uint32_t i = 0; i < q->n; i++)
		hash = label_text_hash(hash, q->values[i]);
	return hash;
}

static const struct svcr_selector *selector_new(struct svcr_arena *a,
						const struct svcr_requirement *v, size_t n)
{
	struct svcr_selector *s = svcr_arena_alloc(a, sizeof(*s));
	struct svcr_requirement *copy = n ? svcr_arena_array(a, n, sizeof(*v)) : NULL;

	if (!s || (n && !copy))
		return NULL;
	*s = (struct svcr_selector){ .v = copy, .n = (uint32_t)n };
	for (size_t i = 0; i < n; i++) {
		if (!requirement_copy(a, &copy[i], &v[i]))
			return NULL;
		s->hash = requirement_hash(s->hash, &v[i]);
	}
	return s;
}

/* The hash for the table, of addresses of strings: faster than that of their content. */
static uint32_t selector_key(uint64_t seed, const struct svcr_requirement *v, size_t n)
{
	uint32_t hash = (uint32_t)n;

	for (size_t i = 0; i < n; i++) {
		uint64_t head[2] = { (uintptr_t)v[i].key, v[i].op };

		hash = svcr_hash(seed ^ hash, (const char *)head, sizeof(head));
		hash = svcr_hash(seed ^ hash, (const char *)v[i].values,
				 v[i].n * sizeof(*v[i].values));
	}
	return hash;
}

const struct svcr_selector *svcr_selector_intern(struct svcr_selectors *s, struct svcr_arena *a,
						 const struct svcr_requirement *v, size_t n)
{
	const struct svcr_selector *found;
	struct svcr_slot *slot;
	uint32_t hash;

	if (!selectors_room(s, &s->selectors))
		return NULL;
	hash = selector_key(s->seed, v, n);
	slot = svcr_table_first(&s->selectors, hash);
	while (slot->entry && (slot->hash != hash || !same_selector(slot->entry, v, n)))
		slot = svcr_table_next(&s->selectors, slot);
	if (slot->entry)
		return slot->entry;
	found = selector_new(a, v, n);
	if (found)
		svcr_table_put(&s->selectors, slot, found, hash, (uint32_t)n);
	return found;
}

void svcr_selectors_release(struct svcr_selectors *s)
{
	svcr_table_release(&s->labels);
	svcr_table_release(&s->selectors);
}

/* ---- What a selector selects ---------------------------------------------- */

/* Keys are interned: == compares them in a short list. */
const char *svcr_labels_value(const struct svcr_labels *l, const char *key)
{
	size_t low = 0, high = l->n;

	if (l->n <= SHORT_LIST) {
		for (uint32_t i = 0; i < l->n; i++)
			if (l->v[i].key == key)
				return l->v[i].value;
		return NULL;
	}
	while (low < high) {
		size_t mid = (low + high) / 2;
		int order = strcmp(l->v[mid].key, key);

		if (order == 0)
			return l->v[mid].value;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

static bool has_value(const struct svcr_requirement *q, const char *value)
{
	size_t low = 0, high = q->n;

	if (q->n <= SHORT_LIST) {
		for (uint32_t i = 0; i < q->n; i++)
			if (q->values[i] == value)
				return true;
		return false;
	}
	while (low < high) {
		size_t mid = (low + high) / 2;
		int order = strcmp(q->values[mid], value);

		if (order == 0)
			return true;
		if (order < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return false;
}

/* `value` is that of the label, NULL if the object has none of that key. */
static bool requirement_holds(const struct svcr_requirement *q, const char *value)
{
	switch (q->op) {
	case SVCR_IN: return value && has_value(q, value);
	case SVCR_NOT_IN: return !value || !has_value(q, value);
	case SVCR_EXISTS: return value;
	case SVCR_DOES_NOT_EXIST: return !value;
	}
	return false;
}

bool svcr_selector_matches(const struct svcr_selector *s, const struct svcr_labels *labels)
{
	for (uint32_t i = 0; i < s->n; i++)
		if (!requirement_holds(&s->v[i],
				       labels ? svcr_labels_value(labels, s->v[i].key) : NULL))
			return false;
	return true;
}

/* ---- Text ----------------------------------------------------------------- */

static void out_requirement(struct svcr_out *o, const struct svcr_requirement *q)
{
	switch (q->op) {
	case SVCR_EXISTS: svcr_out_str(o, q->key); return;
	case SVCR_DOES_NOT_EXIST: svcr_out(o, "!%s", q->key); return;
	case SVCR_IN:
		if (q->n == 1) {
			svcr_out(o, "%s=%s", q->key, q->values[0]);
			return;
		}
		break;
	case SVCR_NOT_IN: break;
	}
	svcr_out(o, "%s %s (", q->key, q->op == SVCR_IN ? "in" : "notin");
	for (uint32_t i = 0; i < q->n; i++)
		svcr_out(o, "%s%s", i ? "," : "", q->values[i]);
	svcr_out_str(o, ")");
}

void svcr_selector_out(struct svcr_out *o, const struct svcr_selector *s)
{
	for (uint32_t i = 0; i < s->n; i++) {
		svcr_out_str(o, i ? "," : "");
		out_requirement(o, &s->v[i]);
	}
}
