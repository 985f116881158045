/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What Pods say about a service. */
#include "near.h"
#include "reasons.h"

#include <errno.h>

/*
 * Classes of a namespace that are compared with a selector that matches none: those of the most
 * pods. A tenant may have very many services and pods.
 */
#define CLASSES_COMPARED 1000
#define LABELS_COMPARED 16  /* of a selector */
#define TARGETS_COMPARED 64 /* names of containers' ports, with one targetPort */

struct facts_maker {
	const struct svcrules_model *m;
	struct svcr_pod_facts *f;
};

/* True if `p` is to be named before the pod that is in the facts: not ready for a longer time. */
static bool is_worse(const struct svcr_pod_facts *f, const struct svcr_pod *p, uint32_t since)
{
	if (!f->name || !since != !f->since)
		return !f->name || since;
	if (since != f->since)
		return since < f->since;
	return strcmp(p->name, f->name) < 0;
}

static int add_pods(void *arg, const struct svcr_pod_class *c)
{
	struct facts_maker *k = arg;
	struct svcr_pod_facts *f = k->f;

	for (uint32_t i = 0; i < c->n; i++) {
		const struct svcr_pod *p = &k->m->pods.v[c->pods[i]];
		const struct svcr_pod_more *more = svcr_model_pod_more(k->m, p);
		uint32_t since = more ? more->since : 0;

		if (p->ended) {
			f->ended++;
			continue;
		}
		f->matched++;
		for (size_t a = 0; a < p->ips.n; a++)
			f->families |= 1u << p->ips.v[a].family;
		f->ready += p->ready && !p->terminating;
		if (p->ready || !is_worse(f, p, since))
			continue;
		f->name = p->name;
		f->since = since;
	}
	return 0;
}

/* ---- Which label is wrong ------------------------------------------------- */

/* A value that pods have of a label, where all other labels of a selector match. */
struct value_found {
	const struct svcr_pair *of;
	const char *value; /* NULL: they have no such label */
	size_t n, distance;
};

struct values_found {
	SVCR_LIST(struct value_found) list;
};

/* Returns the only label of the selector that the class lacks; NULL: several, or none. */
static const struct svcr_pair *only_wrong(const struct svcr_service *s,
					  const struct svcr_pod_class *c)
{
	const struct svcr_pair *wrong = NULL;

	for (uint32_t i = 0; i < s->nselector; i++) {
		if (svcr_labels_value(c->labels, s->selector[i].key) == s->selector[i].value)
			continue;
		if (wrong)
			return NULL;
		wrong = &s->selector[i];
	}
	return wrong;
}

static int add_value(struct values_found *v, const struct svcr_pair *of,
		     const struct svcr_pod_class *c)
{
	struct value_found *slot = SVCR_GROW(&v->list);

	if (!slot)
		return -ENOMEM;
	*slot = (struct value_found){ of, svcr_labels_value(c->labels, of->key), c->n, SVCR_FAR };
	if (slot->value)
		slot->distance = svcr_near(of->value, slot->value);
	return 0;
}

static int found_text_cmp(const struct value_found *x, const struct value_found *y)
{
	int d = strcmp(x->of->key, y->of->key);

	if (!d)
		d = !x->value - !y->value;
	return d || !x->value ? d : strcmp(x->value, y->value);
}

static int value_found_cmp(const void *a, const void *b)
{
	return found_text_cmp(a, b);
}

/* Near values first, then those of the most pods, and a value before the lack of the label. */
static int likely_cmp(const struct value_found *x, const struct value_found *y)
{
	if (x->distance != y->distance)
		return x->distance < y->distance ? -1 : 1;
	if (!x->value != !y->value)
		return x->value ? -1 : 1;
	if (x->n != y->n)
		return x->n > y->n ? -1 : 1;
	return found_text_cmp(x, y);
}

static void choose_value(struct values_found *v, struct svcr_pod_facts *f)
{
	const struct value_found *best = NULL;
	size_t n = 0;

	if (v->list.n)
		qsort(v->list.v, v->list.n, sizeof(*v->list.v), value_found_cmp);
	for (size_t i = 0; i < v->list.n; i++) /* joins equal ones */
		if (n && found_text_cmp(&v->list.v[n - 1], &v->list.v[i]) == 0)
			v->list.v[n - 1].n += v->list.v[i].n;
		else
			v->list.v[n++] = v->list.v[i];
	for (size_t i = 0; i < n; i++)
		if (!best || likely_cmp(&v->list.v[i], best) < 0)
			best = &v->list.v[i];
	if (!best)
		return;
	f->wrong = best->of;
	f->meant = best->value;
	f->with = best->n;
	f->near = best->distance != SVCR_FAR;
}

/* Where several labels are wrong, each alone is compared with the values that pods have of it. */
static int add_each_wrong(struct values_found *v, const struct svcr_service *s,
			  const struct svcr_pod_class *c)
{
	int err = 0;

	for (uint32_t i = 0; i < s->nselector && i < LABELS_COMPARED && !err; i++) {
		const char *value = svcr_labels_value(c->labels, s->selector[i].key);

		if (value && value != s->selector[i].value)
			err = add_value(v, &s->selector[i], c);
	}
	return err;
}

static int find_wrong(const struct svcr_pod_class *c, size_t n, const struct svcr_service *s,
		      struct svcr_pod_facts *f)
{
	struct values_found found = { .list = { NULL, .n = 0 } };
	int err = 0;

	for (size_t i = 0; i < n && !err; i++) {
		const struct svcr_pair *wrong = only_wrong(s, &c[i]);

		if (wrong)
			err = add_value(&found, wrong, &c[i]);
	}
	for (size_t i = 0; i < n && !err && !found.list.n; i++)
		err = add_each_wrong(&found, s, &c[i]);
	if (!err)
		choose_value(&found, f);
	free(found.list.v);
	return err;
}

/* ---- All facts --------------------------------------------------------------- */

int svcr_pod_facts_find(struct svcr_pod_index *x, const struct svcrules_model *m,
			const struct svcr_service *s, struct svcr_pod_facts *ret)
{
	struct facts_maker k = { m, ret };
	const struct svcr_pod_class *c;
	size_t n;
	int err = svcr_pod_index_make(x, m);

	*ret = (struct svcr_pod_facts){ .known = !err, .planned = m->planned };
	if (err)
		return err;
	c = svcr_pod_index_classes(x, s->ns, &n);
	for (size_t i = 0; i < n; i++)
		ret->all += c[i].n;
	err = svcr_pod_index_match(x, s->ns, s->selector, s->nselector, add_pods, &k);
	if (!err && !ret->matched && !ret->ended)
		err = find_wrong(c, n < CLASSES_COMPARED ? n : CLASSES_COMPARED, s, ret);
	return err;
}

struct target_search {
	const struct svcrules_model *m;
	const struct svcr_service_port *port;
	bool found;
	const char *names[TARGETS_COMPARED]; /* that containers give to other ports, each once */
	size_t n;                            /* TARGETS_COMPARED + 1: there are more */
};

static void add_target_name(struct target_search *t, const char *name)
{
	if (t->n > TARGETS_COMPARED)
		return;
	for (size_t i = 0; i < t->n; i++)
		if (t->names[i] == name)
			return;
	if (t->n < TARGETS_COMPARED)
		t->names[t->n] = name;
	t->n++;
}

static int search_target(void *arg, const struct svcr_pod_class *c)
{
	struct target_search *t = arg;

	for (uint32_t i = 0; i < c->n && !t->found; i++) {
		const struct svcr_pod *p = &t->m->pods.v[c->pods[i]];

		for (uint32_t k = 0; !p->ended && k < p->ports.n && !t->found; k++) {
			if (p->ports.v[k].protocol != t->port->protocol)
				continue;
			t->found = p->ports.v[k].name == t->port->target_name;
			add_target_name(t, p->ports.v[k].name);
		}
	}
	return 0;
}

/* The name that looks most like the targetPort, or the only one; NULL: none, or too many. */
static const char *near_target(const struct target_search *t)
{
	size_t best = SVCR_FAR;
	const char *near = t->n == 1 ? t->names[0] : NULL;

	for (size_t i = 0; i < t->n && t->n <= TARGETS_COMPARED; i++) {
		size_t d = svcr_near(t->port->target_name, t->names[i]);

		if (d > best || d == SVCR_FAR || (d == best && strcmp(t->names[i], near) > 0))
			continue;
		best = d;
		near = t->names[i];
	}
	return near;
}

int svcr_pod_facts_target(const struct svcr_pod_index *x, const struct svcrules_model *m,
			  const struct svcr_service *s, const struct svcr_service_port *port,
			  struct svcr_pod_facts *f)
{
	struct target_search t = { .m = m, .port = port };
	int err;

	f->target = f->target_near = NULL;
	if (!port->target_name || !f->matched)
		return 0;
	err = svcr_pod_index_match(x, s->ns, s->selector, s->nselector, search_target, &t);
	if (err || t.found)
		return err;
	f->target = port->target_name;
	f->target_near = near_target(&t);
	return 0;
}
