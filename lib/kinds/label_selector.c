/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "label_selector.h"
#include "values.h"

#define NO_OPERATOR -1

struct read_requirement {
	const char *key;
	int op; /* enum svcr_operator, or NO_OPERATOR */
	struct svcr_names values;
	const char *instead;
	bool bad; /* after a warning or an error */
};

struct read_selector {
	SVCR_LIST(struct read_requirement) parts;
	const char *instead;
	bool bad; /* a part is missing */
};

/* ---- Requirements --------------------------------------------------------- */

static const char *read_empty(struct svcr_reader *r)
{
	return svcr_read_intern(r, (struct svcr_str){ "", 0 });
}

/* Takes a string; null is "", as API servers store it. NULL after a warning or an error. */
static const char *read_selector_text(struct svcr_reader *r)
{
	if (svcr_json_peek(&r->json) != SVCR_JSON_NULL)
		return svcr_read_interned(r);
	svcr_json_skip(&r->json);
	return read_empty(r);
}

static void read_key(struct svcr_reader *r, void *member)
{
	struct read_requirement *q = SVCR_CONTAINER(member, struct read_requirement, key);

	q->key = read_selector_text(r);
	q->bad = q->bad || !q->key;
}

static void read_operator(struct svcr_reader *r, void *member)
{
	/* as enum svcr_operator */
	static const char *const words[] = { "In", "NotIn", "Exists", "DoesNotExist", NULL };
	struct read_requirement *q = SVCR_CONTAINER(member, struct read_requirement, op);

	q->op = svcr_read_word(r, words, q->instead);
	if (q->op == SVCR_OTHER_WORD)
		q->bad = true; /* after a warning */
	if (q->op < 0)
		q->op = NO_OPERATOR;
}

static void read_selector_value(struct svcr_reader *r, void *member)
{
	struct read_requirement *q = SVCR_CONTAINER(member, struct read_requirement, values);
	const char *text = read_selector_text(r),
		   **slot = text ? SVCR_READ_GROW(r, &q->values) : NULL;

	q->bad = q->bad || !slot;
	if (slot)
		*slot = text;
}

#define REQUIREMENT(path) offsetof(struct read_requirement, path)

static const struct svcr_field requirement_fields[] = {
	{ SVCR_FIELD("key"), SVCR_F_CUSTOM, REQUIREMENT(key), .read = read_key },
	{ SVCR_FIELD("operator"), SVCR_F_CUSTOM, REQUIREMENT(op), .read = read_operator },
	{ SVCR_FIELD("values"), SVCR_F_EACH, REQUIREMENT(values), true,
	  .read = read_selector_value },
	SVCR_END
};

/* What is wrong with a requirement that was read; NULL: nothing. */
static const char *requirement_fault(const struct read_requirement *q)
{
	if (!q->key || !*q->key)
		return "no key";
	if (q->op == NO_OPERATOR)
		return "no operator, expected In, NotIn, Exists or DoesNotExist";
	if ((q->op == SVCR_IN || q->op == SVCR_NOT_IN) && !q->values.n)
		return "In and NotIn need values";
	if ((q->op == SVCR_EXISTS || q->op == SVCR_DOES_NOT_EXIST) && q->values.n)
		return "Exists and DoesNotExist take no values";
	return NULL;
}

static void selector_add(struct svcr_reader *r, struct read_selector *s, struct read_requirement *q)
{
	struct read_requirement *slot = q->bad ? NULL : SVCR_READ_GROW(r, &s->parts);

	if (slot) {
		*slot = *q;
	} else {
		s->bad = true;
		free((void *)q->values.v);
	}
}

static void read_expression(struct svcr_reader *r, void *member)
{
	struct read_selector *s = member;
	struct read_requirement q = { .op = NO_OPERATOR, .instead = s->instead };
	bool null = svcr_json_peek(&r->json) == SVCR_JSON_NULL;
	const char *fault;

	if (!svcr_read_known(r, requirement_fields, &q, s->instead) && !null)
		q.bad = true;
	fault = q.bad ? NULL : requirement_fault(&q);
	if (fault) {
		svcr_read_warning(r, "selector", "%s: %s", fault, s->instead);
		q.bad = true;
	}
	selector_add(r, s, &q);
}

static void read_expressions(struct svcr_reader *r, void *member)
{
	svcr_read_each(r, read_expression, member);
}

/* ---- matchLabels ---------------------------------------------------------- */

static void read_match_label(struct svcr_reader *r, struct read_selector *s, struct svcr_str key)
{
	struct read_requirement q = { .key = svcr_read_intern(r, key), .op = SVCR_IN };
	const char **slot, *value;

	if (!q.key) {
		svcr_json_skip(&r->json);
		return;
	}
	svcr_read_push(r, q.key, 0);
	value = read_selector_text(r);
	svcr_read_pop(r);
	slot = value ? SVCR_READ_GROW(r, &q.values) : NULL;
	q.bad = !slot;
	if (slot)
		*slot = value;
	selector_add(r, s, &q);
}

static void read_match_labels(struct svcr_reader *r, void *member)
{
	static const struct svcr_field none[] = { SVCR_END };
	struct read_selector *s = member;
	struct svcr_str key;

	if (svcr_json_peek(&r->json) != SVCR_JSON_OBJECT) {
		svcr_read_object(r, none, s); /* null, or the error that it is no object */
		return;
	}
	if (!svcr_json_enter(&r->json))
		return;
	while (svcr_json_next_key(&r->json, &key))
		read_match_label(r, s, key);
}

/* ---- The whole selector ----------------------------------------------------- */

static const struct svcr_field selector_fields[] = {
	{ SVCR_FIELD("matchLabels"), SVCR_F_CUSTOM, 0, .read = read_match_labels },
	{ SVCR_FIELD("matchExpressions"), SVCR_F_CUSTOM, 0, .read = read_expressions },
	SVCR_END
};

static int selector_value_cmp(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort_values(struct svcr_names *l)
{
	size_t n = 0;

	if (l->n > 1)
		qsort((void *)l->v, l->n, sizeof(*l->v), selector_value_cmp);
	for (size_t i = 0; i < l->n; i++)
		if (!n || l->v[n - 1] != l->v[i])
			l->v[n++] = l->v[i];
	l->n = n;
}

/* By content, so that no result depends on where strings are in memory. */
static int requirement_cmp(const void *a, const void *b)
{
	const struct svcr_requirement *x = a, *y = b;
	int order = strcmp(x->key, y->key);

	if (order)
		return order;
	if (x->op != y->op)
		return x->op < y->op ? -1 : 1;
	for (uint32_t i = 0; i < x->n && i < y->n && !order; i++)
		order = strcmp(x->values[i], y->values[i]);
	return order ? order : (x->n > y->n) - (x->n < y->n);
}

static const struct svcr_selector *selector_keep(struct svcr_reader *r, struct read_selector *s)
{
	size_t n = s->parts.n, kept = 0;
	struct svcr_requirement *v = calloc(n ? n : 1, sizeof(*v));
	const struct svcr_selector *found = NULL;

	for (size_t i = 0; v && i < n; i++) {
		struct read_requirement *q = &s->parts.v[i];

		sort_values(&q->values);
		v[i] = (struct svcr_requirement){ q->key, (enum svcr_operator)q->op,
						  (uint32_t)q->values.n, q->values.v };
	}
	if (v && n > 1)
		qsort(v, n, sizeof(*v), requirement_cmp);
	for (size_t i = 0; v && i < n; i++)
		if (!kept || requirement_cmp(&v[kept - 1], &v[i]) != 0)
			v[kept++] = v[i];
	if (v)
		found = svcr_selector_intern(&r->model->selectors, &r->model->arena, v, kept);
	if (!found)
		r->err = -ENOMEM;
	free(v);
	return found;
}

const struct svcr_selector *svcr_read_selector(struct svcr_reader *r, const char *instead,
					       bool *ret_bad)
{
	struct read_selector s = { .instead = instead };
	bool null = svcr_json_peek(&r->json) == SVCR_JSON_NULL;
	const struct svcr_selector *found;

	if (!svcr_read_known(r, selector_fields, &s, instead) && !null)
		s.bad = true;
	found = selector_keep(r, &s);
	for (size_t i = 0; i < s.parts.n; i++)
		free((void *)s.parts.v[i].values.v);
	free(s.parts.v);
	*ret_bad = s.bad || !found;
	return found;
}

const struct svcr_selector *svcr_read_select_all(struct svcr_reader *r)
{
	const struct svcr_selector *all = svcr_selector_intern(&r->model->selectors,
							       &r->model->arena, NULL, 0);

	if (!all)
		r->err = -ENOMEM;
	return all;
}
