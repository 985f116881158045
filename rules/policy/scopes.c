/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds the terms that a pod satisfies by the labels that they ask for, so that a pod is not
 * compared with each of them: first the scopes that its namespace is in, then their terms.
 */
#include "rules/policy/classes.h"
#include "hashing.h"
#include "rules/policy/terms.h"

#include <errno.h>

/* What a term selects namespaces by: one name, or a selector. */
struct svcr_scope {
	const char *ns;
	const struct svcr_selector *namespaces;
	SVCR_LIST(struct svcr_term *) always; /* terms that no label leads to */
	/* of a scope with a selector: classes that use its terms, and as for terms */
	SVCR_LIST(struct svcr_pod_class *) users;
	size_t looks;
	bool dead;
};

/*
 * Terms of a scope that ask for a label of pods; `value` NULL: with any value. Without a scope:
 * scopes that ask for a label of namespaces.
 */
struct entry {
	const struct svcr_scope *scope;
	const char *key, *value;
	SVCR_LIST(struct svcr_term *) terms;
	SVCR_LIST(struct svcr_scope *) scopes;
};

/* A namespace of pods, with the scopes that it is in. */
struct ns_scopes {
	const char *name;
	const struct svcr_labels *labels; /* NULL: it has no object */
	bool scoped;                      /* its scopes are known */
	SVCR_LIST(struct svcr_scope *) scopes;
};

static bool same_scope(const void *entry, const void *like)
{
	const struct svcr_scope *a = entry, *b = like;

	return a->ns == b->ns && a->namespaces == b->namespaces;
}

static bool same_index_entry(const void *entry, const void *like)
{
	const struct entry *a = entry, *b = like;

	return a->scope == b->scope && a->key == b->key && a->value == b->value;
}

/* The requirement that the fewest objects fulfil, presumably; NULL: none that asks for a label. */
static const struct svcr_requirement *leading(const struct svcr_selector *s)
{
	const struct svcr_requirement *exists = NULL;

	for (uint32_t i = 0; s && i < s->n; i++) {
		if (s->v[i].op == SVCR_IN)
			return &s->v[i];
		if (s->v[i].op == SVCR_EXISTS)
			exists = &s->v[i];
	}
	return exists;
}

static struct entry *add_scope_entry(struct svcr_peers *p, const struct svcr_scope *scope,
				     const char *key, const char *value)
{
	const struct entry like = { .scope = scope, .key = key, .value = value };
	bool new;

	return svcr_find_or_add(&p->arena, &p->index, svcr_pointers_hash(scope, key, value),
				same_index_entry, &like, sizeof(like), &new);
}

static struct entry *find_entry(struct svcr_peers *p, const struct svcr_scope *scope,
				const char *key, const char *value)
{
	const struct entry like = { .scope = scope, .key = key, .value = value };

	return (struct entry *)(uintptr_t)svcr_find(
		&p->index, svcr_pointers_hash(scope, key, value), same_index_entry, &like);
}

/* Adds a term, or without one the scope itself, to an entry. */
static int index_by(struct svcr_peers *p, struct svcr_scope *scope, struct svcr_term *t,
		    const char *key, const char *value)
{
	struct entry *e = add_scope_entry(p, t ? scope : NULL, key, value);
	struct svcr_term **term = e && t ? SVCR_GROW(&e->terms) : NULL;
	struct svcr_scope **slot = e && !t ? SVCR_GROW(&e->scopes) : NULL;

	if (term)
		*term = t;
	if (slot)
		*slot = scope;
	return term || slot ? 0 : -ENOMEM;
}

/* By each of the labels that a requirement asks for. */
static int index_by_lead(struct svcr_peers *p, struct svcr_scope *scope, struct svcr_term *t,
			 const struct svcr_requirement *r)
{
	int err = 0;

	if (r->op == SVCR_EXISTS)
		return index_by(p, scope, t, r->key, NULL);
	for (uint32_t i = 0; i < r->n && !err; i++)
		err = index_by(p, scope, t, r->key, r->values[i]);
	return err;
}

static struct svcr_scope *term_scope(struct svcr_peers *p, const struct svcr_term *t)
{
	const struct svcr_scope like = { .ns = t->ns, .namespaces = t->namespaces };
	const struct svcr_requirement *r = leading(t->namespaces);
	struct svcr_scope *s, **slot;
	bool new;

	s = svcr_find_or_add(&p->arena, &p->scopes, svcr_pointers_hash(t->ns, t->namespaces, NULL),
			     same_scope, &like, sizeof(like), &new);
	if (!s || !new || !t->namespaces)
		return s;
	if (r)
		return index_by_lead(p, s, NULL, r) ? NULL : s;
	slot = SVCR_GROW(&p->selectors);
	if (slot)
		*slot = s;
	return slot ? s : NULL;
}

/* Terms that follow each other are often of one class. */
static int use_scope(struct svcr_peers *p, struct svcr_scope *s, const struct svcr_term *t)
{
	for (size_t i = 0; s->namespaces && t != p->everywhere && i < t->users.n; i++) {
		struct svcr_pod_class *c = t->users.v[i].class, **slot;

		if (s->users.n && s->users.v[s->users.n - 1] == c)
			continue;
		slot = SVCR_GROW(&s->users);
		if (!slot)
			return -ENOMEM;
		*slot = c;
	}
	return 0;
}

/* Counts n looks at a scope, as svcr_term_look() does. */
static bool look_at_scope(struct svcr_peers *p, struct svcr_scope *s, size_t n)
{
	size_t cost = (s->looks + n) / LOOKS_PER_ELEMENT - s->looks / LOOKS_PER_ELEMENT;

	if (s->dead)
		return false;
	if (p->again || !s->users.n)
		return true;
	s->looks += n;
	if (!cost)
		return true;
	s->dead = true;
	for (size_t i = 0; i < s->users.n; i++)
		if (svcr_class_charge(p, s->users.v[i], cost))
			s->dead = false;
	return !s->dead;
}

int svcr_scopes_add(struct svcr_peers *p, struct svcr_term *t)
{
	const struct svcr_requirement *r = leading(t->pods);
	struct svcr_scope *scope = term_scope(p, t);
	struct svcr_term **slot;

	if (!scope || use_scope(p, scope, t))
		return -ENOMEM;
	if (!r) {
		slot = SVCR_GROW(&scope->always);
		if (slot)
			*slot = t;
		return slot ? 0 : -ENOMEM;
	}
	return index_by_lead(p, scope, t, r);
}

static bool same_ns_scopes(const void *entry, const void *like)
{
	return ((const struct ns_scopes *)entry)->name == ((const struct ns_scopes *)like)->name;
}

static int add_scope(struct ns_scopes *n, struct svcr_scope *s)
{
	struct svcr_scope **slot = SVCR_GROW(&n->scopes);

	if (!slot)
		return -ENOMEM;
	*slot = s;
	return 0;
}

static struct ns_scopes *add_namespace(struct svcr_peers *p, const char *name,
				       const struct svcr_labels *labels)
{
	const struct ns_scopes like = { .name = name, .labels = labels };
	bool new;

	return svcr_find_or_add(&p->arena, &p->namespaces, svcr_pointers_hash(name, NULL, NULL),
				same_ns_scopes, &like, sizeof(like), &new);
}

/* Looks at scopes, and adds those that the namespace is in. */
static int find_scopes(struct svcr_peers *p, struct ns_scopes *n, struct svcr_scope **v,
		       size_t *count)
{
	int err = 0;

	for (size_t i = 0; i < *count && !err;) {
		struct svcr_scope *s = v[i++];

		if (!look_at_scope(p, s, 1))
			v[--i] = v[--*count];
		else if (svcr_selector_matches(s->namespaces, n->labels))
			err = add_scope(n, s);
	}
	return err;
}

static int find_scopes_by(struct svcr_peers *p, struct ns_scopes *n, const char *key,
			  const char *value)
{
	struct entry *e = find_entry(p, NULL, key, value);

	return e ? find_scopes(p, n, e->scopes.v, &e->scopes.n) : 0;
}

/* The namespace of a pod. NULL: out of memory. */
static struct ns_scopes *find_namespace(struct svcr_peers *p, const char *name)
{
	const struct svcr_scope own = { .ns = name };
	struct ns_scopes *n = add_namespace(p, name, NULL);
	struct svcr_scope *found;
	int err = 0;

	if (!n || n->scoped)
		return n;
	n->scoped = true;
	found = (struct svcr_scope *)(uintptr_t)svcr_find(
		&p->scopes, svcr_pointers_hash(name, NULL, NULL), same_scope, &own);
	if (found)
		err = add_scope(n, found);
	if (!err)
		err = find_scopes(p, n, p->selectors.v, &p->selectors.n);
	for (uint32_t i = 0; n->labels && i < n->labels->n && !err; i++) {
		err = find_scopes_by(p, n, n->labels->v[i].key, n->labels->v[i].value);
		if (!err)
			err = find_scopes_by(p, n, n->labels->v[i].key, NULL);
	}
	return err ? NULL : n;
}

/* Adds the terms of an index entry whose selectors hold. */
static int find_by(struct svcr_peers *p, const struct svcr_scope *scope, const char *key,
		   const char *value, const struct svcr_labels *labels)
{
	struct entry *e = find_entry(p, scope, key, value);
	int err = 0;

	for (size_t i = 0; e && i < e->terms.n && !err;) {
		struct svcr_term *t = e->terms.v[i++];

		if (!svcr_term_look(p, t))
			e->terms.v[--i] = e->terms.v[--e->terms.n];
		else if (svcr_selector_matches(t->pods, labels))
			err = svcr_peers_found(p, t);
	}
	return err;
}

static int find_in_scope(struct svcr_peers *p, struct svcr_scope *s,
			 const struct svcr_labels *labels)
{
	int err = 0;

	if (!look_at_scope(p, s, 1 + labels->n))
		return 0;
	for (size_t i = 0; i < s->always.n && !err;) {
		struct svcr_term *t = s->always.v[i++];

		if (!svcr_term_look(p, t))
			s->always.v[--i] = s->always.v[--s->always.n];
		else if (!t->pods || svcr_selector_matches(t->pods, labels))
			err = svcr_peers_found(p, t);
	}
	for (uint32_t i = 0; i < labels->n && !err; i++) {
		err = find_by(p, s, labels->v[i].key, labels->v[i].value, labels);
		if (!err)
			err = find_by(p, s, labels->v[i].key, NULL, labels);
	}
	return err;
}

int svcr_scopes_namespace(struct svcr_peers *p, const char *name, const struct svcr_labels *labels)
{
	return add_namespace(p, name, labels) ? 0 : -ENOMEM;
}

int svcr_scopes_find(struct svcr_peers *p, const struct svcr_pod *pod)
{
	struct ns_scopes *n = find_namespace(p, pod->ns);
	int err = n ? 0 : -ENOMEM;

	for (size_t i = 0; !err && i < n->scopes.n; i++)
		if (!n->scopes.v[i]->dead)
			err = find_in_scope(p, n->scopes.v[i], pod->labels);
	return err;
}

void svcr_scopes_release(struct svcr_peers *p)
{
	for (size_t i = 0; i < p->scopes.size; i++) {
		const struct svcr_scope *s = p->scopes.slots[i].entry;

		if (s) {
			free(s->always.v);
			free(s->users.v);
		}
	}
	for (size_t i = 0; i < p->index.size; i++) {
		const struct entry *e = p->index.slots[i].entry;

		if (e) {
			free(e->terms.v);
			free(e->scopes.v);
		}
	}
	for (size_t i = 0; i < p->namespaces.size; i++)
		if (p->namespaces.slots[i].entry)
			free(((const struct ns_scopes *)p->namespaces.slots[i].entry)->scopes.v);
	svcr_table_release(&p->scopes);
	svcr_table_release(&p->index);
	svcr_table_release(&p->namespaces);
	free(p->selectors.v);
}
