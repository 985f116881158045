/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Anchors and merge keys. The JSON text of an anchored node is kept until its
 * document ends, and an alias is a copy of it. The value of a merge key is kept
 * only: what it brings is appended when its mapping ends and all keys are known,
 * since a key of the mapping itself goes before.
 */
#include "hash.h"
#include "list.h"
#include "state.h"

#include <stdlib.h>

/* Around the value of a merge key; JSON text has no such bytes. */
#define HOLE_START '\1'
#define HOLE_END '\2'

/* ---- Anchors ----------------------------------------------------------- */

static struct svcr_slot *anchor_slot(struct svcr_yaml_state *st, const char *name,
				     uint32_t *ret_hash)
{
	uint32_t hash = svcr_hash(st->seed, name, strlen(name));
	struct svcr_slot *slot = svcr_table_first(&st->anchors, hash);

	*ret_hash = hash;
	while (slot->entry &&
	       (slot->hash != hash ||
		strcmp(((const struct svcr_yaml_anchor *)slot->entry)->name, name) != 0))
		slot = svcr_table_next(&st->anchors, slot);
	return slot;
}

struct svcr_yaml_anchor *svcr_yaml_anchor_start(struct svcr_yaml *y, const yaml_mark_t *mark,
						const char *name)
{
	struct svcr_yaml_state *st = y->state;
	size_t len = strlen(name) + 1;
	struct svcr_yaml_anchor *a;
	struct svcr_slot *slot;
	uint32_t hash;

	if (!svcr_table_has_room(&st->anchors) && !svcr_table_grow(&st->anchors)) {
		svcr_yaml_no_memory(y);
		return NULL;
	}
	slot = anchor_slot(st, name, &hash);
	a = (struct svcr_yaml_anchor *)(uintptr_t)slot->entry;
	if (a && a->range.end == SIZE_MAX) {
		svcr_yaml_fail(y, mark, "anchor '%.60s' is inside of an anchor of that name", name);
		return NULL;
	}
	if (!a) {
		a = malloc(sizeof(*a) + len);
		if (!a) {
			svcr_yaml_no_memory(y);
			return NULL;
		}
		memcpy(a->name, name, len);
		svcr_table_put(&st->anchors, slot, a, hash, 0);
	}
	a->range = (struct svcr_yaml_range){ st->kept.len, SIZE_MAX };
	st->keeping++;
	return a;
}

void svcr_yaml_anchor_end(struct svcr_yaml *y, struct svcr_yaml_anchor *a)
{
	if (!a)
		return;
	a->range.end = y->state->kept.len;
	y->state->keeping--;
}

bool svcr_yaml_alias(struct svcr_yaml *y, const yaml_event_t *e, struct svcr_yaml_range *ret)
{
	const char *name = (const char *)e->data.alias.anchor;
	struct svcr_yaml_state *st = y->state;
	const struct svcr_yaml_anchor *a;
	uint32_t hash;

	a = st->anchors.size ? anchor_slot(st, name, &hash)->entry : NULL;
	if (!a) {
		svcr_yaml_fail(y, &e->start_mark, "alias of '%.60s', which no anchor names", name);
		return false;
	}
	if (a->range.end == SIZE_MAX) {
		svcr_yaml_fail(y, &e->start_mark, "alias of '%.60s' inside of that anchor", name);
		return false;
	}
	st->expanded += a->range.end - a->range.start;
	if (st->expanded > SVCR_YAML_MAX_EXPANDED + st->taken) {
		svcr_yaml_fail(y, &e->start_mark,
			       "the aliases stand for more than %u MiB and the length of the input",
			       SVCR_YAML_MAX_EXPANDED >> 20);
		return false;
	}
	*ret = a->range;
	return a->range.end > a->range.start;
}

/* Returns the place behind the values of merge keys at `at`. */
static size_t skip_holes(const char *p, size_t at)
{
	int depth = 0;

	while (depth || p[at] == HOLE_START) {
		depth += (p[at] == HOLE_START) - (p[at] == HOLE_END);
		at++;
	}
	return at;
}

void svcr_yaml_put_kept(struct svcr_yaml *y, struct svcr_yaml_range r)
{
	char part[4096]; /* `kept` may move while it grows */

	while (r.start < r.end && !y->failed) {
		size_t n = r.end - r.start < sizeof(part) ? r.end - r.start : sizeof(part);
		const char *p = y->state->kept.p, *hole = memchr(p + r.start, HOLE_START, n);

		n = hole ? (size_t)(hole - p) - r.start : n;
		memcpy(part, p + r.start, n);
		r.start = hole ? skip_holes(p, r.start + n) : r.start + n;
		svcr_yaml_put(y, part, n);
	}
	if (y->wipe)
		explicit_bzero(part, sizeof(part));
}

void svcr_yaml_forget(struct svcr_yaml *y)
{
	struct svcr_yaml_state *st = y->state;

	for (size_t i = 0; st->anchors.used && i < st->anchors.size; i++)
		free((void *)(uintptr_t)st->anchors.slots[i].entry);
	svcr_table_release(&st->anchors);
	st->kept.len = 0;
}

void svcr_yaml_anchors_release(struct svcr_yaml_state *st)
{
	struct svcr_yaml y = { .state = st };

	svcr_yaml_forget(&y);
}

/* ---- Merge keys -------------------------------------------------------- */

void svcr_yaml_merge_start(struct svcr_yaml *y)
{
	struct svcr_yaml_state *st = y->state;
	struct svcr_yaml_range *r = SVCR_GROW(&st->merges);
	static const char start = HOLE_START;

	st->keeping++;
	st->diverting++;
	svcr_yaml_put(y, &start, 1);
	if (r)
		*r = (struct svcr_yaml_range){ st->kept.len, SIZE_MAX };
	else
		svcr_yaml_no_memory(y);
}

void svcr_yaml_merge_end(struct svcr_yaml *y)
{
	struct svcr_yaml_state *st = y->state;
	static const char end = HOLE_END;

	if (!y->failed)
		st->merges.v[st->merges.n - 1].end = st->kept.len;
	svcr_yaml_put(y, &end, 1);
	st->keeping--;
	st->diverting--;
}

void svcr_yaml_note_key(struct svcr_yaml *y, const char *json, size_t len)
{
	struct svcr_yaml_state *st = y->state;
	uint64_t *h = SVCR_GROW(&st->hashes);

	if (h)
		*h = (uint64_t)svcr_hash(st->seed, json, len) << 32 |
		     svcr_hash(~st->seed * 0x9e3779b97f4a7c15, json, len);
	else
		svcr_yaml_no_memory(y);
}

/* Returns the place behind the JSON value at `at`, in text that was made here. */
static size_t skip_value(const char *p, size_t at)
{
	int depth = 0;

	do {
		if (p[at] == '"') {
			for (at++; p[at] != '"'; at++)
				at += p[at] == '\\';
			at++;
		} else if (p[at] == '{' || p[at] == '[') {
			depth++;
			at++;
		} else if (p[at] == '}' || p[at] == ']') {
			depth--;
			at++;
		} else if (p[at] == HOLE_START) {
			at = skip_holes(p, at);
		} else if (depth) {
			at++;
		} else {
			at += strcspn(p + at, ",:}]\1");
		}
	} while (depth);
	return at;
}

/* True if the innermost mapping does not have the key noted last, and takes it. */
static bool is_new_key(struct svcr_yaml *y, const yaml_mark_t *mark)
{
	struct svcr_yaml_state *st = y->state;
	size_t first = st->frames[st->depth - 1].first_hash, last = st->hashes.n - 1;

	for (size_t i = first; i < last; i++)
		if (st->hashes.v[i] == st->hashes.v[last]) {
			st->hashes.n--;
			return false;
		}
	if (last - first >= SVCR_YAML_MAX_MERGED)
		svcr_yaml_fail(y, mark, "a mapping with a merge key has more than %d keys",
			       SVCR_YAML_MAX_MERGED);
	return true;
}

/* Appends the pairs of the mapping at `at` whose keys are new; returns the place behind it. */
static size_t merge_mapping(struct svcr_yaml *y, const yaml_mark_t *mark, size_t at)
{
	struct svcr_yaml_state *st = y->state;
	struct svcr_yaml_frame *f = &st->frames[st->depth - 1];

	if (st->kept.p[at] != '{') {
		svcr_yaml_fail(y, mark, "a merge key (<<) needs a mapping or a list of mappings");
		return at;
	}
	at = skip_holes(st->kept.p, at + 1);
	while (!y->failed && st->kept.p[at] != '}') {
		size_t key = at, end;

		at = skip_value(st->kept.p, at);
		svcr_yaml_note_key(y, st->kept.p + key, at - key);
		end = skip_value(st->kept.p, at + 1);
		if (!y->failed && is_new_key(y, mark)) {
			if (f->any)
				svcr_yaml_put(y, ",", 1);
			f->any = true;
			svcr_yaml_put_kept(y, (struct svcr_yaml_range){ key, end });
		}
		at = skip_holes(st->kept.p, end);
		at = skip_holes(st->kept.p, at + (st->kept.p[at] == ','));
	}
	return at + 1;
}

void svcr_yaml_put_merged(struct svcr_yaml *y, const yaml_mark_t *mark)
{
	struct svcr_yaml_state *st = y->state;
	size_t first = st->depth ? st->frames[st->depth - 1].first_merge : 0;

	for (size_t i = first; i < st->merges.n && !y->failed; i++) {
		size_t at = st->merges.v[i].start, end = st->merges.v[i].end;

		if (st->kept.p[at] != '[') {
			merge_mapping(y, mark, at);
			continue;
		}
		for (at++; !y->failed && at < end - 1; at += st->kept.p[at] == ',') /* no holes */
			at = merge_mapping(y, mark, at);
	}
}
