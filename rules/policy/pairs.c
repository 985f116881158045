/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What each class allows to each peer class: the union of the rules whose terms it satisfies. */
#include "rules/policy/classes.h"
#include "rules/policy/terms.h"

#include <errno.h>

/* A class with one of the bundles that it allows to the peer class. */
struct allowed {
	struct svcr_pod_class *class;
	struct svcr_bundle *bundle;
};

struct pairing {
	struct svcr_classes *classes;
	struct svcr_bundles *bundles;
	size_t max; /* cost of one class */
	SVCR_LIST(struct allowed) allowed;
	SVCR_LIST(struct svcr_span_of_ports) spans;
	SVCR_LIST(struct svcr_bundle *) of_one;
};

static int add_allowed_bundle(struct pairing *p, struct svcr_pod_class *class,
			      struct svcr_bundle *b)
{
	struct allowed *slot;

	if (!b)
		return -ENOMEM;
	if (svcr_bundle_empty(b))
		return 0;
	slot = SVCR_GROW(&p->allowed);
	if (!slot)
		return -ENOMEM;
	*slot = (struct allowed){ class, b };
	return 0;
}

/* The ports that a rule names, with the numbers that they have in pods of this peer class. */
static struct svcr_bundle *named_bundle(struct pairing *p, const struct svcr_policy_rule *r,
					const struct svcr_peer_class *peer)
{
	p->spans.n = 0;
	for (size_t i = 0; i < r->ports.n; i++)
		for (size_t k = 0; k < peer->n && r->ports.v[i].name; k++) {
			const struct svcr_term *t = peer->terms[k];
			struct svcr_span_of_ports *slot;

			if (t->kind != SVCR_TERM_NAMED || t->port.name != r->ports.v[i].name ||
			    t->port.protocol != r->ports.v[i].protocol)
				continue;
			slot = SVCR_GROW(&p->spans);
			if (!slot)
				return NULL;
			*slot = (struct svcr_span_of_ports){ t->port.protocol, t->port.port,
							     t->port.port };
		}
	return svcr_bundle_of(p->bundles, p->spans.v, p->spans.n);
}

/* Users whose class is too big by now are taken from the term. */
static int collect_allowed(struct pairing *p, const struct svcr_peer_class *peer)
{
	int err = 0;

	p->allowed.n = 0;
	for (size_t i = 0; i < peer->n && !err; i++) {
		struct svcr_term *t = peer->terms[i];

		for (size_t k = 0; k < t->users.n && !err;) {
			const struct svcr_term_user u = t->users.v[k++];

			if (u.named) /* for what named_bundle() does */
				u.class->cost += u.named->ports.n * peer->n / LOOKS_PER_ELEMENT;
			if (u.class->cost > p->max) {
				t->users.v[--k] = t->users.v[--t->users.n];
				continue;
			}
			err = add_allowed_bundle(p, u.class, u.bundle);
			if (!err && u.named)
				err = add_allowed_bundle(p, u.class,
							 named_bundle(p, u.named, peer));
		}
	}
	return err;
}

static int allowed_cmp_sort(const void *a, const void *b)
{
	uintptr_t p = (uintptr_t)((const struct allowed *)a)->class;
	uintptr_t q = (uintptr_t)((const struct allowed *)b)->class;

	return (p > q) - (p < q);
}

/* The pair of a class with what it allows, from index `i` to `end`. */
static int add_pair(struct pairing *p, struct svcr_peer_class *peer, size_t i, size_t end)
{
	struct svcr_pod_class *class = p->allowed.v[i].class;
	struct svcr_bundle *b, **one;
	struct svcr_class_pair *slot;

	p->of_one.n = 0;
	class->cost++;
	for (size_t k = i; k < end; k++) {
		one = SVCR_GROW(&p->of_one);
		if (!one)
			return -ENOMEM;
		*one = p->allowed.v[k].bundle;
		class->cost += end - i > 1 ? (*one)->n : 0;
	}
	b = svcr_bundle_union(p->bundles, p->of_one.v, p->of_one.n);
	slot = b ? SVCR_GROW(&p->classes->pairs) : NULL;
	if (!slot)
		return -ENOMEM;
	*slot = (struct svcr_class_pair){ class, peer, b };
	for (int f = 0; f < SVCR_FAMILY__COUNT; f++)
		class->paired[f] = class->paired[f] || peer->in[f];
	return 0;
}

static int pair_peer(struct pairing *p, struct svcr_peer_class *peer)
{
	int err = collect_allowed(p, peer);

	if (!err && p->allowed.n)
		qsort(p->allowed.v, p->allowed.n, sizeof(*p->allowed.v), allowed_cmp_sort);
	for (size_t i = 0, end; i < p->allowed.n && !err; i = end) {
		for (end = i;
		     end < p->allowed.n && p->allowed.v[end].class == p->allowed.v[i].class;)
			end++;
		err = add_pair(p, peer, i, end);
	}
	return err;
}

int svcr_classes_pair(struct svcr_classes *c, const struct svcrules_options *o,
		      struct svcr_bundles *b, const struct svcr_peers *p)
{
	struct pairing pairing = { .classes = c, .bundles = b, .max = o->max_elements };
	int err = 0;

	for (size_t i = 0; i < p->list.n && !err; i++)
		if (p->list.v[i]->number)
			err = pair_peer(&pairing, p->list.v[i]);
	free(pairing.allowed.v);
	free(pairing.spans.v);
	free(pairing.of_one.v);
	return err;
}
