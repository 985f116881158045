/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "diag.h"
#include "arena.h"
#include "hash.h"
#include "list.h"
#include "table.h"

/* The diagnostics of one check, severity and source. */
struct diag_group {
	const char *check, *source;
	enum svcrules_severity severity;
	size_t kept, last; /* last: index of the youngest that is kept */
	uint64_t dropped;  /* since the mark */
};

struct diag_groups {
	struct diag_group **v;
	size_t n, cap;
};

struct svcrules_diags {
	struct svcr_arena arena;
	struct svcrules_diag *list;
	size_t n, cap, errors;
	struct svcr_table table;   /* struct diag_group */
	struct diag_groups marked; /* those that dropped something since the mark */
	size_t more_errors;        /* so many more of each kind of error are kept */
	bool failed;
};

struct svcrules_diags *svcrules_diags_new(void)
{
	return calloc(1, sizeof(struct svcrules_diags));
}

void svcrules_diags_free(struct svcrules_diags *d)
{
	if (!d)
		return;
	svcr_arena_wipe(&d->arena); /* one that was cut may show an annotation of a Secret */
	svcr_arena_release(&d->arena);
	svcr_table_release(&d->table);
	free(d->marked.v);
	free(d->list);
	free(d);
}

size_t svcrules_diags_count(const struct svcrules_diags *d)
{
	return d->n;
}

size_t svcrules_diags_errors(const struct svcrules_diags *d)
{
	return d->errors;
}

bool svcrules_diags_failed(const struct svcrules_diags *d)
{
	return d->failed;
}

const struct svcrules_diag *svcrules_diags_get(const struct svcrules_diags *d, size_t i)
{
	return i < d->n ? &d->list[i] : NULL;
}

static const char *diag_keep(struct svcrules_diags *d, const char *s)
{
	char *p;

	if (!s)
		return NULL;
	p = svcr_arena_strndup(&d->arena, s, strlen(s));
	if (!p)
		d->failed = true;
	return p;
}

/* ---- Groups ------------------------------------------------------------ */

static bool same_text(const char *a, const char *b)
{
	return a == b || (a && b && strcmp(a, b) == 0);
}

static uint32_t text_hash(const char *s)
{
	return s ? svcr_hash(0, s, strlen(s)) : 0;
}

static struct diag_group *group_new(struct svcrules_diags *d, const struct svcrules_diag *diag)
{
	struct diag_group *g = svcr_arena_alloc(&d->arena, sizeof(*g));

	if (!g)
		return NULL;
	*g = (struct diag_group){ .severity = diag->severity };
	g->check = diag_keep(d, diag->check);
	g->source = diag_keep(d, diag->source);
	return d->failed ? NULL : g;
}

/* The group of a diagnostic, made if it is new; NULL when memory is short. */
static struct diag_group *group_of(struct svcrules_diags *d, const struct svcrules_diag *diag)
{
	uint32_t hash = text_hash(diag->check) * 31 + text_hash(diag->source) + diag->severity;
	struct diag_group *g;
	struct svcr_slot *slot;

	if (!svcr_table_has_room(&d->table) && !svcr_table_grow(&d->table))
		return NULL;
	for (slot = svcr_table_first(&d->table, hash); slot->entry;
	     slot = svcr_table_next(&d->table, slot)) {
		g = (struct diag_group *)slot->entry;
		if (slot->hash == hash && g->severity == diag->severity &&
		    same_text(g->check, diag->check) && same_text(g->source, diag->source))
			return g;
	}
	g = group_new(d, diag);
	if (g)
		svcr_table_put(&d->table, slot, g, hash, 0);
	return g;
}

/* Counts a diagnostic that is not kept. */
static void group_drop(struct svcrules_diags *d, struct diag_group *g)
{
	struct diag_group **slot;

	if (!g->dropped) {
		slot = svcr_grow((void **)&d->marked.v, &d->marked.n, &d->marked.cap,
				 sizeof(*d->marked.v));
		if (!slot) {
			d->failed = true;
			return;
		}
		*slot = g;
	}
	g->dropped++;
	d->list[g->last].more++;
}

/* ---- The list ---------------------------------------------------------- */

void svcr_diag(struct svcrules_diags *d, const struct svcrules_diag *diag, const char *fmt, ...)
{
	struct diag_group *group = group_of(d, diag);
	struct svcrules_diag *g;
	va_list ap;

	if (diag->severity == SVCRULES_ERROR)
		d->errors++;
	if (group &&
	    group->kept >=
		    SVCRULES_DIAGS_KEPT + (diag->severity == SVCRULES_ERROR ? d->more_errors : 0)) {
		group_drop(d, group);
		return;
	}
	g = group ? svcr_grow((void **)&d->list, &d->n, &d->cap, sizeof(*d->list)) : NULL;
	if (!g) {
		d->failed = true;
		return;
	}
	group->kept++;
	group->last = d->n - 1;
	*g = *diag;
	g->check = group->check;
	g->source = group->source;
	g->object = diag_keep(d, diag->object);
	g->field = diag_keep(d, diag->field);
	va_start(ap, fmt);
	g->text = svcr_arena_vprintf(&d->arena, fmt, ap);
	va_end(ap);
	if (!g->text) {
		g->text = "out of memory";
		d->failed = true;
	}
}

void svcr_diags_keep_errors(struct svcrules_diags *d, size_t n)
{
	d->more_errors = n > SVCRULES_DIAGS_KEPT ? n - SVCRULES_DIAGS_KEPT : 0;
}

void svcr_diags_name(struct svcrules_diags *d, size_t first, const char *object)
{
	const char *name = NULL;

	for (size_t i = first; i < d->n; i++) {
		if (d->list[i].object)
			continue;
		if (!name)
			name = diag_keep(d, object);
		d->list[i].object = name;
	}
}

size_t svcr_diags_mark(struct svcrules_diags *d)
{
	for (size_t i = 0; i < d->marked.n; i++)
		d->marked.v[i]->dropped = 0;
	d->marked.n = 0;
	return d->n;
}

void svcr_diags_cut(struct svcrules_diags *d, size_t mark)
{
	for (size_t i = 0; i < d->marked.n; i++) {
		struct diag_group *g = d->marked.v[i];

		d->list[g->last].more -= g->dropped;
		d->errors -= g->severity == SVCRULES_ERROR ? g->dropped : 0;
	}
	svcr_diags_mark(d);
	while (d->n > mark) {
		const struct svcrules_diag *last = &d->list[--d->n];

		d->errors -= last->severity == SVCRULES_ERROR;
		group_of(d, last)->kept--; /* it exists, so no memory is needed */
	}
}
