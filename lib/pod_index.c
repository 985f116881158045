/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pod_index.h"

#include <errno.h>

/* One label of a class. */
struct svcr_pod_label {
	uint32_t class; /* its number */
	uint32_t at;    /* the number of the label */
};

/* ---- Order --------------------------------------------------------------- */

static int address_cmp(const void *a, const void *b)
{
	return ((uintptr_t)a > (uintptr_t)b) - ((uintptr_t)a < (uintptr_t)b);
}

/* Strings and sets of labels are stored once: by addresses, equal ones come together. */
static int pod_order_cmp(const void *a, const void *b, void *pods)
{
	uint32_t i = *(const uint32_t *)a, k = *(const uint32_t *)b;
	const struct svcr_pod *p = (const struct svcr_pod *)pods + i,
			      *q = (const struct svcr_pod *)pods + k;
	int d = address_cmp(p->ns, q->ns);

	if (!d)
		d = address_cmp(p->labels, q->labels);
	return d ? d : (i > k) - (i < k);
}

static int labels_cmp(const struct svcr_labels *a, const struct svcr_labels *b)
{
	for (uint32_t i = 0; i < a->n && i < b->n; i++) {
		int d = strcmp(a->v[i].key, b->v[i].key);

		if (!d)
			d = strcmp(a->v[i].value, b->v[i].value);
		if (d)
			return d;
	}
	return (a->n > b->n) - (a->n < b->n);
}

static int pod_class_cmp(const void *a, const void *b)
{
	const struct svcr_pod_class *c = a, *d = b;
	int cmp = address_cmp(c->ns, d->ns);

	if (!cmp)
		cmp = (c->n < d->n) - (c->n > d->n);
	return cmp ? cmp : labels_cmp(c->labels, d->labels);
}

/* By namespace, key and value; the order of addresses, which is only searched. */
static int label_key_cmp(const char *ns, const struct svcr_pair *p, const char *other_ns,
			 const struct svcr_pair *q)
{
	int d = address_cmp(ns, other_ns);

	if (!d)
		d = address_cmp(p->key, q->key);
	return d ? d : address_cmp(p->value, q->value);
}

static int pod_label_cmp(const void *a, const void *b, void *classes)
{
	const struct svcr_pod_label *l = a, *m = b;
	const struct svcr_pod_class *c = (const struct svcr_pod_class *)classes + l->class,
				    *d = (const struct svcr_pod_class *)classes + m->class;
	int cmp = label_key_cmp(c->ns, &c->labels->v[l->at], d->ns, &d->labels->v[m->at]);

	return cmp ? cmp : (l->class > m->class) - (l->class < m->class);
}

/* ---- The index ----------------------------------------------------------- */

static void find_classes(struct svcr_pod_index *x, const struct svcrules_model *m)
{
	for (size_t i = 0; i < m->pods.n; i++) {
		const struct svcr_pod *p = &m->pods.v[x->order[i]];
		struct svcr_pod_class *c = x->nclasses ? &x->classes[x->nclasses - 1] : NULL;

		if (!c || c->ns != p->ns || c->labels != p->labels) {
			c = &x->classes[x->nclasses++];
			*c = (struct svcr_pod_class){ p->ns, p->labels, &x->order[i], 0 };
		}
		c->n++;
	}
	qsort(x->classes, x->nclasses, sizeof(*x->classes), pod_class_cmp);
}

static int list_labels(struct svcr_pod_index *x)
{
	size_t n = 0;

	for (size_t i = 0; i < x->nclasses; i++)
		n += x->classes[i].labels->n;
	x->labels = calloc(n + 1, sizeof(*x->labels));
	if (!x->labels)
		return -ENOMEM;
	for (size_t i = 0; i < x->nclasses; i++)
		for (uint32_t k = 0; k < x->classes[i].labels->n; k++)
			x->labels[x->nlabels++] = (struct svcr_pod_label){ (uint32_t)i, k };
	qsort_r(x->labels, x->nlabels, sizeof(*x->labels), pod_label_cmp, x->classes);
	return 0;
}

int svcr_pod_index_make(struct svcr_pod_index *x, const struct svcrules_model *m)
{
	if (x->made)
		return 0;
	x->order = calloc(m->pods.n + 1, sizeof(*x->order));
	x->classes = calloc(m->pods.n + 1, sizeof(*x->classes));
	if (!x->order || !x->classes) {
		svcr_pod_index_release(x);
		return -ENOMEM;
	}
	for (size_t i = 0; i < m->pods.n; i++)
		x->order[i] = (uint32_t)i;
	qsort_r(x->order, m->pods.n, sizeof(*x->order), pod_order_cmp, m->pods.v);
	find_classes(x, m);
	if (list_labels(x)) {
		svcr_pod_index_release(x);
		return -ENOMEM;
	}
	x->made = true;
	return 0;
}

void svcr_pod_index_release(struct svcr_pod_index *x)
{
	free(x->order);
	free(x->classes);
	free(x->labels);
	*x = (struct svcr_pod_index){ .made = false };
}

/* ---- Searching ------------------------------------------------------------ */

const struct svcr_pod_class *svcr_pod_index_classes(const struct svcr_pod_index *x, const char *ns,
						    size_t *ret_n)
{
	size_t low = 0, high = x->nclasses, n = 0;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (address_cmp(x->classes[mid].ns, ns) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	while (low + n < x->nclasses && x->classes[low + n].ns == ns)
		n++;
	*ret_n = n;
	return n ? x->classes + low : NULL;
}

/* The first entry that is not before the label or, with `behind`, the first one behind it. */
static size_t label_bound(const struct svcr_pod_index *x, const char *ns, const struct svcr_pair *p,
			  bool behind)
{
	size_t low = 0, high = x->nlabels;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		const struct svcr_pod_class *c = &x->classes[x->labels[mid].class];
		int d = label_key_cmp(c->ns, &c->labels->v[x->labels[mid].at], ns, p);

		if (d < 0 || (behind && d == 0))
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool labels_have_all(const struct svcr_labels *l, const struct svcr_pair *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (svcr_labels_value(l, v[i].key) != v[i].value)
			return false;
	return true;
}

int svcr_pod_index_match(const struct svcr_pod_index *x, const char *ns, const struct svcr_pair *v,
			 size_t n, int (*each)(void *arg, const struct svcr_pod_class *c),
			 void *arg)
{
	size_t first = 0, end = SIZE_MAX;
	int err = 0;

	for (size_t i = 0; i < n; i++) { /* the label that the fewest classes have */
		size_t low = label_bound(x, ns, &v[i], false);
		size_t high = label_bound(x, ns, &v[i], true);

		if (high - low < end - first) {
			first = low;
			end = high;
		}
	}
	for (size_t i = first; n && i < end && !err; i++) {
		const struct svcr_pod_class *c = &x->classes[x->labels[i].class];

		if (labels_have_all(c->labels, v, n))
			err = each(arg, c);
	}
	return err;
}
