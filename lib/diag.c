/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "diag.h"
#include "arena.h"
#include "list.h"

struct svcrules_diags {
	struct svcr_arena arena;
	struct svcrules_diag *list;
	size_t n, cap, errors;
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
	svcr_arena_release(&d->arena);
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

void svcr_diag(struct svcrules_diags *d, const struct svcrules_diag *diag, const char *fmt, ...)
{
	struct svcrules_diag *g = svcr_grow((void **)&d->list, &d->n, &d->cap, sizeof(*d->list));
	va_list ap;

	if (diag->severity == SVCRULES_ERROR)
		d->errors++;
	if (!g) {
		d->failed = true;
		return;
	}
	*g = *diag;
	g->check = diag_keep(d, diag->check);
	g->source = diag_keep(d, diag->source);
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

void svcr_diags_cut(struct svcrules_diags *d, size_t n)
{
	while (d->n > n)
		d->errors -= d->list[--d->n].severity == SVCRULES_ERROR;
}
