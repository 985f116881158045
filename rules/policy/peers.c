/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/policy/terms.h"
#include "fnv.h"
#include "hashing.h"
#include "rules/policy/layout.h"
#include "rules/policy/number.h"

#include <errno.h>

/* Pods of one namespace with the same labels satisfy the same terms. */
struct match {
	const char *ns;
	const struct svcr_labels *labels;
	struct svcr_peer_class *class; /* NULL: no term */
};

int svcr_peers_found(struct svcr_peers *p, struct svcr_term *t)
{
	struct svcr_term **slot = SVCR_GROW(&p->found);

	if (!slot)
		return -ENOMEM;
	*slot = t;
	return 0;
}

/* ---- Classes ------------------------------------------------------------ */

static int term_cmp_sort(const void *a, const void *b)
{
	const struct svcr_term *s = *(struct svcr_term *const *)a;
	const struct svcr_term *t = *(struct svcr_term *const *)b;

	if (s->hash != t->hash)
		return s->hash < t->hash ? -1 : 1;
	return (s > t) - (s < t);
}

static uint32_t peer_class_hash(const struct svcr_peer_class *c)
{
	uint32_t h = SVCR_FNV_START;

	for (size_t i = 0; i < c->n; i++) {
		uint8_t bytes[8];

		for (int k = 0; k < 8; k++)
			bytes[k] = (uint8_t)(c->terms[i]->hash >> (8 * k));
		h = svcr_fnv(h, bytes, sizeof(bytes));
	}
	return h;
}

static bool same_class(const void *entry, const void *like)
{
	const struct svcr_peer_class *a = entry, *b = like;

	return a->n == b->n && memcmp(a->terms, b->terms, a->n * sizeof(*a->terms)) == 0;
}

/* The class of the terms found, which is NULL if there are none. 0 or -ENOMEM. */
static int find_class(struct svcr_peers *p, struct svcr_peer_class **ret)
{
	struct svcr_peer_class like = { .terms = p->found.v }, **slot, *c;
	bool new;

	*ret = NULL;
	if (!p->found.n)
		return 0;
	qsort(p->found.v, p->found.n, sizeof(*p->found.v), term_cmp_sort);
	for (size_t i = 0; i < p->found.n; i++)
		if (!like.n || like.terms[like.n - 1] != p->found.v[i])
			like.terms[like.n++] = p->found.v[i];
	c = svcr_find_or_add(&p->arena, &p->classes, peer_class_hash(&like), same_class, &like,
			     sizeof(like), &new);
	if (c && new) {
		slot = SVCR_GROW(&p->list);
		c->terms = svcr_arena_array(&p->arena, c->n, sizeof(*c->terms));
		if (!slot || !c->terms)
			return -ENOMEM;
		memcpy(c->terms, p->found.v, c->n * sizeof(*c->terms));
		*slot = c;
	}
	*ret = c;
	return c ? 0 : -ENOMEM;
}

static bool same_match(const void *entry, const void *like)
{
	const struct match *a = entry, *b = like;

	return a->ns == b->ns && a->labels == b->labels;
}

/* The class that a pod has by its namespace and labels. 0 or -ENOMEM. */
static int match_labels(struct svcr_peers *p, const struct svcr_pod *pod,
			struct svcr_peer_class **ret)
{
	const struct match like = { .ns = pod->ns, .labels = pod->labels };
	struct match *found;
	bool new;
	int err = 0;

	found = svcr_find_or_add(&p->arena, &p->matched,
				 svcr_pointers_hash(pod->ns, pod->labels, NULL), same_match, &like,
				 sizeof(like), &new);
	if (found && new) {
		p->found.n = 0;
		err = svcr_scopes_find(p, pod);
		if (!err)
			err = find_class(p, &found->class);
	}
	if (!found || err)
		return -ENOMEM;
	*ret = found->class;
	return 0;
}

static int find_names(struct svcr_peers *p, const struct svcr_pod *pod)
{
	for (size_t i = 0; p->names.used && i < pod->ports.n; i++) {
		const struct svcr_pod_port *port = &pod->ports.v[i];
		struct svcr_term *t;

		if (!svcr_peers_has_name(p, port->name, port->protocol))
			continue;
		t = svcr_term_add(p, &(struct svcr_term){ .kind = SVCR_TERM_NAMED, .port = *port });
		if (!t || svcr_peers_found(p, t))
			return -ENOMEM;
	}
	return 0;
}

static bool in_block(const struct svcr_policy_peer *peer, const struct svcr_addr *a)
{
	if (!svcr_cidr_contains(&peer->block, a))
		return false;
	for (size_t i = 0; i < peer->except.n; i++)
		if (svcr_cidr_contains(&peer->except.v[i], a))
			return false;
	return true;
}

/* Blocks count only for pods with a named port, so there is no need of a faster way: see looks. */
static int find_blocks(struct svcr_peers *p, const struct svcr_addr *a)
{
	int err = 0;

	for (size_t i = 0; p->found.n && i < p->blocks.n && !err;) {
		struct svcr_term *t = p->blocks.v[i++];

		if (!svcr_term_look(p, t))
			p->blocks.v[--i] = p->blocks.v[--p->blocks.n];
		else if (in_block(t->peer, a))
			err = svcr_peers_found(p, t);
	}
	return err;
}

/* The class of an address: that of its pod, unless named ports matter. */
static int address_class(struct svcr_peers *p, const struct svcr_pod *pod,
			 const struct svcr_addr *a, struct svcr_peer_class *of_labels,
			 struct svcr_peer_class **ret)
{
	int err;

	*ret = of_labels;
	if (!p->names.used || !pod->ports.n)
		return 0;
	p->found.n = 0;
	err = find_names(p, pod);
	if (!err)
		err = find_blocks(p, a);
	if (err || !p->found.n)
		return err;
	for (size_t i = 0; of_labels && i < of_labels->n; i++)
		if (svcr_peers_found(p, of_labels->terms[i]))
			return -ENOMEM;
	return find_class(p, ret);
}

static int add_peer_pod(struct svcr_peers *p, const struct svcrules_options *o,
			const struct svcr_pod *pod)
{
	struct svcr_peer_class *of_labels, *c;
	int err = match_labels(p, pod, &of_labels);

	for (size_t i = 0; i < pod->ips.n && !err; i++) {
		struct svcr_peer_address *slot;

		if (!o->families[pod->ips.v[i].family])
			continue;
		err = address_class(p, pod, &pod->ips.v[i], of_labels, &c);
		if (err || !c)
			continue;
		slot = SVCR_GROW(&p->addrs);
		if (!slot)
			return -ENOMEM;
		*slot = (struct svcr_peer_address){ pod->ips.v[i], pod, c };
		c->in[pod->ips.v[i].family] = true;
	}
	return err;
}

/* ---- All together ------------------------------------------------------- */

int svcr_pod_cmp(const struct svcr_pod *a, const struct svcr_pod *b)
{
	int cmp = strcmp(a->ns, b->ns);

	return cmp ? cmp : strcmp(a->name, b->name);
}

static int address_cmp_sort(const void *a, const void *b)
{
	const struct svcr_peer_address *s = a, *t = b;
	int cmp = svcr_addr_cmp(&s->addr, &t->addr);

	return cmp ? cmp : svcr_pod_cmp(s->pod, t->pod);
}

/* Of the same address twice in one pod, one remains. */
static void sort_addresses(struct svcr_peers *p)
{
	size_t kept = 0;

	if (p->addrs.n)
		qsort(p->addrs.v, p->addrs.n, sizeof(*p->addrs.v), address_cmp_sort);
	for (size_t i = 0; i < p->addrs.n; i++)
		if (!svcr_addrs_have(p->shared, &p->addrs.v[i].addr) &&
		    (!kept || !svcr_addr_eq(&p->addrs.v[kept - 1].addr, &p->addrs.v[i].addr)))
			p->addrs.v[kept++] = p->addrs.v[i];
	p->addrs.n = kept;
}

/* By the numbers that they would like to have, then by content. */
static int peer_number_cmp_sort(const void *a, const void *b)
{
	const struct svcr_peer_class *s = *(struct svcr_peer_class *const *)a;
	const struct svcr_peer_class *t = *(struct svcr_peer_class *const *)b;

	if (s->number != t->number)
		return s->number < t->number ? -1 : 1;
	for (size_t i = 0; i < s->n && i < t->n; i++)
		if (s->terms[i]->hash != t->terms[i]->hash)
			return s->terms[i]->hash < t->terms[i]->hash ? -1 : 1;
	return (s->n > t->n) - (s->n < t->n);
}

static void number_peer_classes(struct svcr_peers *p)
{
	for (size_t i = 0; i < p->list.n; i++)
		p->list.v[i]->number = svcr_number_of(peer_class_hash(p->list.v[i]), SVCR_PEER_MAX);
	svcr_numbers_differ(p->list.v, p->list.n, offsetof(struct svcr_peer_class, number),
			    SVCR_PEER_MAX, peer_number_cmp_sort);
}

/* Forgets the classes of a search. What died is not looked at in the next one. */
static void forget_classes(struct svcr_peers *p)
{
	svcr_table_release(&p->matched);
	svcr_table_release(&p->classes);
	p->matched = p->classes = (struct svcr_table){ .slots = NULL };
	p->list.n = p->addrs.n = 0;
	p->again = true;
}

static int find_pods(struct svcr_peers *p, const struct svcrules_model *m,
		     const struct svcrules_options *o)
{
	int err = 0;

	for (size_t i = 0; i < m->pods.n && !err; i++)
		if (svcr_pod_counts(&m->pods.v[i]))
			err = add_peer_pod(p, o, &m->pods.v[i]);
	return err;
}

int svcr_peers_find(struct svcr_peers *p, const struct svcrules_model *m,
		    const struct svcrules_options *o)
{
	size_t nterms = p->all.n; /* terms of named ports are added meanwhile */
	int err = 0;

	p->max = o->max_elements;
	for (size_t i = 0; i < nterms && !err; i++)
		if (p->all.v[i]->kind == SVCR_TERM_PODS)
			err = svcr_scopes_add(p, p->all.v[i]);
	for (size_t i = 0; nterms && i < m->namespaces.n && !err; i++)
		err = svcr_scopes_namespace(p, m->namespaces.v[i].name, m->namespaces.v[i].labels);
	if (!err && nterms)
		err = find_pods(p, m, o);
	if (!err && p->died) { /* so that the classes do not depend on the order of the pods */
		forget_classes(p);
		err = find_pods(p, m, o);
	}
	if (err)
		return err;
	sort_addresses(p);
	number_peer_classes(p);
	return 0;
}

void svcr_peers_release(struct svcr_peers *p)
{
	for (size_t i = 0; i < p->all.n; i++)
		free(p->all.v[i]->users.v);
	svcr_scopes_release(p);
	svcr_table_release(&p->terms);
	svcr_table_release(&p->names);
	svcr_table_release(&p->matched);
	svcr_table_release(&p->classes);
	free(p->all.v);
	free(p->blocks.v);
	free(p->found.v);
	free(p->list.v);
	free(p->addrs.v);
	svcr_arena_release(&p->arena);
}
