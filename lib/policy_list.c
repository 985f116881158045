/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of NetworkPolicies for commands. */
#include "model.h"
#include "options.h"
#include "out.h"
#include "pod_index.h"

#include <errno.h>
#include <stdlib.h>

/*
 * Comparisons of selectors with sets of labels in one namespace: what a tenant writes may not take
 * longer. Pods of a Deployment share their labels.
 */
#define POLICY_WORK 20000000

struct svcrules_policies {
	struct svcr_arena arena; /* owns the texts */
	struct svcrules_policy *v;
	size_t n;
	struct svcr_pod_index pods;
};

struct sorted_policy {
	const struct svcr_network_policy *p;
};

static int sorted_policy_cmp(const void *a, const void *b)
{
	const struct sorted_policy *x = a, *y = b;
	int d = strcmp(x->p->ns, y->p->ns);

	return d ? d : strcmp(x->p->name, y->p->name);
}

/* ---- Selectors as text ------------------------------------------------------------ */

/* A text that grows; a svcrules_write_fn appends. */
struct selector_buffer {
	char *v; /* malloc'ed, not terminated */
	size_t n, cap;
};

static int append_bytes(void *arg, const char *text, size_t len)
{
	struct selector_buffer *b = arg;

	for (size_t i = 0; i < len; i++) {
		char *slot = SVCR_GROW(b);

		if (!slot)
			return -ENOMEM;
		*slot = text[i];
	}
	return 0;
}

static const char *policy_selector_text(struct svcrules_policies *l, const struct svcr_selector *s)
{
	struct selector_buffer b = { NULL, .n = 0 };
	struct svcr_out o = { .write = append_bytes, .arg = &b };
	const char *text = "";

	svcr_selector_out(&o, s);
	if (svcr_out_end(&o))
		text = NULL;
	else if (b.n)
		text = svcr_arena_strndup(&l->arena, b.v, b.n);
	free(b.v);
	return text;
}

/* ---- Pods ------------------------------------------------------------------------------ */

static void count_class(const struct svcrules_model *m, const struct svcrules_options *o,
			const struct svcr_pod_class *c, struct svcrules_policy *p)
{
	for (uint32_t i = 0; i < c->n; i++) {
		const struct svcr_pod *pod = &m->pods.v[c->pods[i]];

		if (!svcr_pod_counts(pod))
			continue;
		p->pods++;
		p->here += pod->node && strcmp(pod->node, o->node_name) == 0;
	}
}

static void count_pods(struct svcrules_policies *l, const struct svcrules_model *m,
		       const struct svcrules_options *o, const struct svcr_selector *s,
		       size_t *work, struct svcrules_policy *p)
{
	size_t n;
	const struct svcr_pod_class *c = svcr_pod_index_classes(&l->pods, p->ns, &n);

	/* a class has at least one pod, and is counted pod by pod if it matches */
	for (size_t i = 0; i < n; i++) {
		*work += s->n + 1;
		if (*work > POLICY_WORK)
			return;
		if (!svcr_selector_matches(s, c[i].labels))
			continue;
		*work += c[i].n;
		count_class(m, o, &c[i], p);
	}
	p->counted = true;
}

/* ---- The list ------------------------------------------------------------------------------ */

static int fill_policies(struct svcrules_policies *l, const struct svcrules_model *m,
			 const struct svcrules_options *o, struct sorted_policy *sorted)
{
	size_t work = 0;

	for (size_t i = 0; i < l->n; i++) {
		const struct svcr_network_policy *p = sorted[i].p;
		struct svcrules_policy *slot = &l->v[i];

		*slot = (struct svcrules_policy){ .ns = p->ns,
						  .name = p->name,
						  .source = p->source,
						  .selector = policy_selector_text(l, p->pods),
						  .created = p->created,
						  .ingress = p->isolates[SVCR_INGRESS],
						  .egress = p->isolates[SVCR_EGRESS] };
		if (!slot->selector)
			return -ENOMEM;
		if (i && strcmp(l->v[i - 1].ns, p->ns) != 0)
			work = 0;
		count_pods(l, m, o, p->pods, &work, slot);
	}
	return 0;
}

int svcrules_policies_new(const struct svcrules_model *m, const struct svcrules_options *o,
			  struct svcrules_policies **ret)
{
	struct svcrules_policies *l = calloc(1, sizeof(*l));
	struct sorted_policy *sorted = calloc(m->policies.n + 1, sizeof(*sorted));
	int err = l && sorted ? svcr_pod_index_make(&l->pods, m) : -ENOMEM;

	if (!err) {
		l->v = calloc(m->policies.n + 1, sizeof(*l->v));
		l->n = l->v ? m->policies.n : 0;
		err = l->v ? 0 : -ENOMEM;
	}
	for (size_t i = 0; !err && i < l->n; i++)
		sorted[i].p = &m->policies.v[i];
	if (!err && l->n) {
		qsort(sorted, l->n, sizeof(*sorted), sorted_policy_cmp);
		err = fill_policies(l, m, o, sorted);
	}
	free(sorted);
	if (err)
		svcrules_policies_free(l);
	else
		*ret = l;
	return err;
}

void svcrules_policies_free(struct svcrules_policies *l)
{
	if (!l)
		return;
	svcr_arena_release(&l->arena);
	svcr_pod_index_release(&l->pods);
	free(l->v);
	free(l);
}

size_t svcrules_policies_count(const struct svcrules_policies *l)
{
	return l->n;
}

const struct svcrules_policy *svcrules_policies_get(const struct svcrules_policies *l, size_t i)
{
	return i < l->n ? &l->v[i] : NULL;
}
