/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/report.h"
#include "list.h"
#include "rules/json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define GREEN "\033[32m"
#define RED "\033[31m"
#define YELLOW "\033[33m"
#define PLAIN "\033[0m"

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
	}
	free(r->v);
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

static void print_texts(struct svcr_out *o, const char *sign, const char *colour,
			const struct svcr_texts *t)
{
	for (size_t i = 0; i < t->n; i++) {
		svcr_out(o, "  %s%s ", colour ? colour : "", sign);
		svcr_out_str(o, t->v[i]);
		svcr_out_str(o, colour ? PLAIN : "");
	}
}

static void print_line(struct svcr_out *o, const struct svcr_report_line *l, const char *between,
		       bool colour)
{
	const char *sign = l->in_from && l->in_to ? "~" : l->in_to ? "+" : "-";
	const char *tint = *sign == '~' ? YELLOW : *sign == '+' ? GREEN : RED;

	svcr_out(o, "%s%s%s ", colour ? tint : "", sign, colour ? PLAIN : "");
	svcr_out(o, "%s%s%s", l->name ? l->name : "(unknown)", between, l->place);
	print_texts(o, "+", colour ? GREEN : NULL, &l->added);
	print_texts(o, "-", colour ? RED : NULL, &l->removed);
	svcr_out_str(o, "\n");
}

void svcr_report_print(const struct svcr_report *r, const char *between, bool colour,
		       struct svcr_out *o)
{
	for (size_t i = 0; i < r->n; i++)
		print_line(o, &r->v[i], between, colour);
}

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
