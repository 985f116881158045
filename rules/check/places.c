/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings get the line in which their object starts. */
#include "kinds/kinds.h"
#include "rules/check/findings.h"

#include <errno.h>

#define OBJECT_MAX 512 /* "NetworkPolicy NAMESPACE/NAME" */

static int by_object(const void *a, const void *b)
{
	const struct svcrules_diag *const *x = a, *const *y = b;

	return strcmp((*x)->object, (*y)->object);
}

/* Those without a line, by their objects; malloc'ed. NULL: out of memory. */
static struct svcrules_diag **placeless(struct svcrules_findings *f, size_t *ret_n)
{
	struct svcrules_diag **v = calloc(f->list.n + 1, sizeof(*v));

	*ret_n = 0;
	for (size_t i = 0; v && i < f->list.n; i++)
		if (!f->list.v[i].line && f->list.v[i].object && f->list.v[i].source)
			v[(*ret_n)++] = &f->list.v[i];
	if (*ret_n)
		qsort(v, *ret_n, sizeof(*v), by_object);
	return v;
}

/* The first finding whose object is not before `text`. */
static size_t first_placeless(struct svcrules_diag *const *v, size_t n, const char *text)
{
	size_t low = 0, high = n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(v[mid]->object, text) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static void place(struct svcrules_diag *const *v, size_t n, const struct svcr_seen *o)
{
	char text[OBJECT_MAX];
	const char *ns = o->ns ? o->ns : "";

	snprintf(text, sizeof(text), "%s %s%s%s", o->kind->kind, ns, *ns ? "/" : "", o->name);
	for (size_t i = first_placeless(v, n, text); i < n && strcmp(v[i]->object, text) == 0; i++)
		if (strcmp(v[i]->source, o->source) == 0)
			v[i]->line = o->line;
}

int svcr_findings_place(struct svcrules_findings *f, const struct svcrules_model *m)
{
	size_t n;
	struct svcrules_diag **v = placeless(f, &n);

	for (size_t i = 0; v && n && i < m->seen.size; i++)
		if (m->seen.slots[i].entry)
			place(v, n, m->seen.slots[i].entry);
	free((void *)v);
	return v ? 0 : -ENOMEM;
}
