/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/report.h"
#include "list.h"
#include "rules/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

void svcr_texts_add(struct svcr_texts *t, const char *fmt, ...)
{
	char **slot = svcr_grow((void **)&t->v, &t->n, &t->cap, sizeof(*slot));
	va_list ap;

	if (!slot) {
		t->err = -ENOMEM;
		return;
	}
	va_start(ap, fmt);
	if (vasprintf(slot, fmt, ap) < 0) {
		*slot = NULL;
		t->n--;
		t->err = -ENOMEM;
	}
	va_end(ap);
}

void svcr_texts_release(struct svcr_texts *t)
{
	for (size_t i = 0; i < t->n; i++)
		free(t->v[i]);
	free(t->v);
	*t = (struct svcr_texts){ NULL, .n = 0 };
}

int svcr_report_add(struct svcr_report *r, const uint8_t *key, size_t len)
{
	struct svcr_report_line *l;

	if (r->n && memcmp(r->v[r->n - 1].key, key, len) == 0)
		return 0;
	l = svcr_grow((void **)&r->v, &r->n, &r->cap, sizeof(*l));
	if (!l)
		return -ENOMEM;
	memcpy(l->key, key, len);
	return 0;
}

static int line_cmp(const void *a, const void *b)
{
	const struct svcr_report_line *x = a, *y = b;

	return memcmp(x->key, y->key, sizeof(x->key));
}

void svcr_report_unique(struct svcr_report *r)
{
	size_t kept = 0;

	if (r->n == 0)
		return;
	qsort(r->v, r->n, sizeof(*r->v), line_cmp);
	for (size_t i = 1; i < r->n; i++)
		if (line_cmp(&r->v[i], &r->v[kept]) != 0)
			r->v[++kept] = r->v[i];
	r->n = kept + 1;
}

static int text_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

void svcr_report_cancel(struct svcr_report_line *l)
{
	struct svcr_texts *a = &l->removed, *b = &l->added;
	size_t i = 0, j = 0, na = 0, nb = 0;

	if (a->n)
		qsort(a->v, a->n, sizeof(*a->v), text_cmp);
	if (b->n)
		qsort(b->v, b->n, sizeof(*b->v), text_cmp);
	while (i < a->n || j < b->n) {
		int cmp = i == a->n ? 1 : j == b->n ? -1 : strcmp(a->v[i], b->v[j]);

		if (cmp < 0) {
			a->v[na++] = a->v[i++];
		} else if (cmp > 0) {
			b->v[nb++] = b->v[j++];
		} else {
			free(a->v[i++]);
			free(b->v[j++]);
		}
	}
	a->n = na;
	b->n = nb;
}

void svcr_report_release(struct svcr_report *r)
{
	for (size_t i = 0; i < r->n; i++) {
		svcr_texts_release(&r->v[i].added);
		svcr_texts_release(&r->v[i].removed);
		free(r->v[i].cut);
		free(r->v[i].place);
		free(r->v[i].was);
	}
	free(r->v);
	free(r->groups);
	free(r->order);
	*r = (struct svcr_report){ NULL, .n = 0 };
}

struct svcr_report_counts svcr_report_count(const struct svcr_report *r)
{
	struct svcr_report_counts n = { 0 };

	for (size_t i = 0; i < r->n; i++) {
		if (r->v[i].in_from && r->v[i].in_to)
			n.changed++;
		else if (r->v[i].in_to)
			n.added++;
		else
			n.removed++;
	}
	return n;
}

/* ---- Groups -------------------------------------------------------------- */

static size_t group_len(const struct svcr_report_line *l)
{
	return l->name ? strcspn(l->name, ":") : 0;
}

/* Compares the services of two names; what nothing names comes last. */
static int group_cmp(const char *a, size_t a_len, const char *b, size_t b_len)
{
	int cmp;

	if (!a || !b)
		return !a - !b;
	cmp = memcmp(a, b, a_len < b_len ? a_len : b_len);
	return cmp ? cmp : (a_len > b_len) - (a_len < b_len);
}

static int order_cmp(const void *a, const void *b, void *arg)
{
	const struct svcr_report_line *v = arg;
	size_t i = *(const size_t *)a, k = *(const size_t *)b;
	int cmp = group_cmp(v[i].name, group_len(&v[i]), v[k].name, group_len(&v[k]));

	return cmp ? cmp : (i > k) - (i < k);
}

bool svcr_report_is_endpoint(const char *text, bool local)
{
	static const char word[] = "local ";

	if (local) {
		if (strncmp(text, word, strlen(word)) != 0)
			return false;
		text += strlen(word);
	}
	return (*text == '[' || (*text >= '0' && *text <= '9')) &&
	       memchr(text, ':', strcspn(text, " "));
}

bool svcr_report_stops(const struct svcr_report_line *l)
{
	return (l->before.inside && !l->after.inside) || (l->before.outside && !l->after.outside);
}

int svcr_report_group(struct svcr_report *r)
{
	r->order = calloc(r->n + 1, sizeof(*r->order));
	r->groups = calloc(r->n + 1, sizeof(*r->groups));
	if (!r->order || !r->groups)
		return -ENOMEM;
	for (size_t i = 0; i < r->n; i++)
		r->order[i] = i;
	qsort_r(r->order, r->n, sizeof(*r->order), order_cmp, r->v);
	for (size_t i = 0; i < r->n; i++) {
		const struct svcr_report_line *l = &r->v[r->order[i]];
		struct svcr_report_group *g = r->ngroups ? &r->groups[r->ngroups - 1] : NULL;

		if (!g || group_cmp(g->name, g->len, l->name, group_len(l)) != 0) {
			g = &r->groups[r->ngroups++];
			*g = (struct svcr_report_group){ .name = l->name,
							 .len = group_len(l),
							 .first = i };
		}
		g->n++;
		g->in_from |= l->in_from;
		g->in_to |= l->in_to;
		g->stops |= svcr_report_stops(l);
	}
	return 0;
}

struct svcr_report_group *svcr_report_find_group(const struct svcr_report *r, const char *name)
{
	size_t low = 0, high = r->ngroups, len = name ? strcspn(name, ":,") : 0;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		struct svcr_report_group *g = &r->groups[mid];
		int cmp = group_cmp(g->name, g->len, name, len);

		if (cmp == 0)
			return g;
		if (cmp < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* ---- JSON ---------------------------------------------------------------- */

static json_t *json_texts(const struct svcr_texts *t)
{
	json_t *list = json_array();

	for (size_t i = 0; i < t->n; i++)
		list = svcr_json_append(list, json_string(t->v[i]));
	return list;
}

static json_t *json_line(const struct svcr_report_line *l, const char *noun, const char *place)
{
	const char *op = l->in_from && l->in_to ? "change" : l->in_to ? "add" : "remove";

	return json_pack("{s:s, s:s, s:s, s:o, s:o}", "op", op, noun, l->name ? l->name : "", place,
			 l->place, "added", json_texts(&l->added), "removed",
			 json_texts(&l->removed));
}

json_t *svcr_report_json(const struct svcr_report *r, const char *noun, const char *place)
{
	json_t *list = json_array();

	for (size_t i = 0; i < r->n; i++)
		list = svcr_json_append(list, json_line(&r->v[i], noun, place));
	return list;
}
