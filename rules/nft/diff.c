/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compares two values. The changes are in the order that the kernel accepts in a single
 * transaction: an object that refers to another is removed before it and added after it. Base
 * chains are made once and stay.
 */
#include "rules/nft/diff.h"
#include "rules/nft/align.h"

#include <errno.h>
#include <stdlib.h>

struct differ {
	struct svcr_nft_changes *c;
	const struct svcr_nft_pair *pair;
	const struct svcr_nft_table *from, *to; /* of the pair */
	size_t nsets;
	bool rewrite; /* a set is replaced, so the rules that use it must be written again */
	bool drops_sets;
	int err;
};

static struct svcr_nft_change *add_nft_change(struct differ *d, enum svcr_nft_change_op op)
{
	struct svcr_nft_change *ch = svcr_grow((void **)&d->c->v, &d->c->n, &d->c->cap,
					       sizeof(*ch));

	if (!ch) {
		d->err = -ENOMEM;
		return NULL;
	}
	ch->op = op;
	ch->pair = d->pair;
	ch->set = SVCR_NFT_NO_SET;
	ch->first = d->c->nelems;
	if (op != CHANGE_DEL_ELEMS && op != CHANGE_ADD_ELEMS)
		d->c->other++;
	return ch;
}

static void add_elem(struct differ *d, const uint8_t *elem)
{
	const uint8_t **slot = svcr_grow((void **)&d->c->elems, &d->c->nelems, &d->c->elems_cap,
					 sizeof(*slot));

	if (slot)
		*slot = elem;
	else
		d->err = -ENOMEM;
}

static bool elem_same(const struct svcr_nft_set *s, const uint8_t *a, const uint8_t *b)
{
	const char *ca = svcr_nft_comment(s, a), *cb = svcr_nft_comment(s, b);

	return memcmp(svcr_nft_elem_data(s, a), svcr_nft_elem_data(s, b), s->data_len) == 0 &&
	       (ca == cb || (ca && cb && strcmp(ca, cb) == 0));
}

/* Ends a change of the elements that were collected from index `first` on. */
static void end_elems(struct differ *d, enum svcr_nft_change_op op, size_t id, size_t first,
		      uint32_t number)
{
	size_t count = d->c->nelems - first;
	struct svcr_nft_change *ch = d->err || !count ? NULL : add_nft_change(d, op);

	if (!ch)
		return;
	ch->set = id;
	ch->number = number;
	ch->first = first;
	ch->count = count;
	if (op == CHANGE_ADD_ELEMS)
		d->c->elements_added += count;
	else
		d->c->elements_removed += count;
}

/*
 * Collects the elements from index i to `end` of `of` that `other` lacks, from index *j on, or
 * has with other data. Both are sorted.
 */
static void collect_elems(struct differ *d, const struct svcr_nft_set *of, size_t i, size_t end,
			  const struct svcr_nft_set *other, size_t *j)
{
	for (; i < end && !d->err; i++) {
		const uint8_t *e = svcr_nft_elem(of, i);
		int cmp = 1;

		while (*j < other->n &&
		       (cmp = memcmp(svcr_nft_elem(other, *j), e, of->sort_len)) < 0)
			++*j;
		if (*j == other->n || cmp != 0 || !elem_same(of, e, svcr_nft_elem(other, *j)))
			add_elem(d, e);
	}
}

/* True if a numbered set has elements of the number of `e`; moves *j to where they begin. */
static bool has_number(const struct svcr_nft_set *s, size_t *j, const uint8_t *e)
{
	int cmp = 1;

	while (*j < s->n && (cmp = memcmp(svcr_nft_elem(s, *j), e, s->number_len)) < 0)
		++*j;
	return *j < s->n && cmp == 0;
}

/* The elements that only `of` has; for those of each number a change of its own. */
static void only_in(struct differ *d, enum svcr_nft_change_op op, size_t id,
		    const struct svcr_nft_set *of, const struct svcr_nft_set *other)
{
	bool removes = op == CHANGE_DEL_ELEMS;

	for (size_t i = 0, j = 0, end; i < of->n && !d->err; i = end) {
		const uint8_t *e = svcr_nft_elem(of, i);
		size_t first = d->c->nelems;

		end = svcr_nft_numbered_end(of, i);
		if (removes && of->number_len && !has_number(other, &j, e))
			d->c->elements_removed += end - i; /* they go with their set */
		else
			collect_elems(d, of, i, end, other, &j);
		end_elems(d, op, id, first, svcr_nft_elem_number(of, e));
	}
}

/* True if the kernel's set must be replaced: it has another type, or is too small. */
static bool is_replaced(const struct differ *d, size_t id)
{
	const struct svcr_nft_set *from = &d->from->sets[id], *to = &d->to->sets[id];

	return from->present && (from->damaged || (to->present && from->size != to->size));
}

static void diff_elems(struct differ *d, enum svcr_nft_change_op op)
{
	for (size_t i = 0; i < d->nsets && !d->err; i++) {
		struct svcr_nft_set from = d->from->sets[i], to = d->to->sets[i];

		/* the kernel removes its elements with it */
		if (!from.present || is_replaced(d, i))
			from.n = 0;
		if (op == CHANGE_ADD_ELEMS)
			only_in(d, op, i, &to, &from);
		else if (to.present) /* otherwise they are removed with their set */
			only_in(d, op, i, &from, &to);
		else
			d->c->elements_removed += from.n;
	}
}

/* True if a set is to be deleted; of a numbered one at least one. */
static bool is_dropped(const struct differ *d, size_t id)
{
	const struct svcr_nft_set *from = &d->from->sets[id], *to = &d->to->sets[id];

	if (!from->layout->numbered)
		return is_replaced(d, id) || (from->present && !to->present);
	for (size_t i = 0, j = 0; i < from->n; i = svcr_nft_numbered_end(from, i))
		if (!has_number(to, &j, svcr_nft_elem(from, i)))
			return true;
	return from->broken.n > 0;
}

static void add_set_change(struct differ *d, enum svcr_nft_change_op op, size_t id, uint32_t number)
{
	struct svcr_nft_change *ch = add_nft_change(d, op);

	if (!ch)
		return;
	ch->set = id;
	ch->number = number;
}

/* The sets of a numbered one that only `of` has. */
static void add_numbered_changes(struct differ *d, enum svcr_nft_change_op op, size_t id,
				 const struct svcr_nft_set *of, const struct svcr_nft_set *other)
{
	for (size_t i = 0, j = 0; i < of->n; i = svcr_nft_numbered_end(of, i)) {
		const uint8_t *e = svcr_nft_elem(of, i);

		if (!has_number(other, &j, e))
			add_set_change(d, op, id, svcr_nft_elem_number(of, e));
	}
}

static void delete_sets(struct differ *d)
{
	for (size_t i = 0; i < d->nsets; i++) {
		const struct svcr_nft_set *from = &d->from->sets[i], *to = &d->to->sets[i];

		if (from->layout->numbered)
			add_numbered_changes(d, CHANGE_DEL_SET, i, from, to);
		else if (is_dropped(d, i))
			add_set_change(d, CHANGE_DEL_SET, i, 0);
		for (size_t k = 0; k < from->broken.n; k++)
			add_set_change(d, CHANGE_DEL_SET, i, from->broken.v[k]);
	}
	for (size_t i = 0; i < d->from->nforeign_sets; i++) {
		struct svcr_nft_change *ch = add_nft_change(d, CHANGE_DEL_SET);

		if (ch)
			ch->name = d->from->foreign_sets[i];
	}
}

static void add_sets(struct differ *d)
{
	for (size_t i = 0; i < d->nsets; i++) {
		const struct svcr_nft_set *from = &d->from->sets[i], *to = &d->to->sets[i];

		if (to->layout->numbered)
			add_numbered_changes(d, CHANGE_ADD_SET, i, to, from);
		else if (to->present && (!from->present || is_replaced(d, i)))
			add_set_change(d, CHANGE_ADD_SET, i, 0);
	}
}

static bool rules_same(const struct svcr_nft_chain *a, const struct svcr_nft_chain *b)
{
	if (a->nrules != b->nrules)
		return false;
	for (size_t i = 0; i < a->nrules; i++)
		if (strcmp(a->rules[i].canon, b->rules[i].canon) != 0)
			return false;
	return true;
}

static const struct svcr_nft_chain *counterpart(const struct svcr_nft_table *t,
						const struct svcr_nft_chain *c)
{
	return c->id.kind == CHAIN_FOREIGN ? NULL : svcr_nft_find_chain(t, c->id);
}

static void add_chain_change(struct differ *d, enum svcr_nft_change_op op,
			     struct svcr_nft_chain_id id, const struct svcr_nft_rule *rule)
{
	struct svcr_nft_change *ch = add_nft_change(d, op);

	if (!ch)
		return;
	ch->chain = id;
	ch->rule = rule;
}

/* True if the kernel's rules in this chain must be written again. */
static bool is_rewritten(const struct differ *d, const struct svcr_nft_chain *from,
			 const struct svcr_nft_chain *to)
{
	return d->rewrite || from->damaged || !rules_same(from, to);
}

static void flush_chains(struct differ *d)
{
	for (size_t i = 0; i < d->from->nchains; i++) {
		const struct svcr_nft_chain *c = &d->from->chains[i], *to = counterpart(d->to, c);

		/*
		 * Deleting a numbered chain deletes its rules, which saves a message. But a set
		 * can only be deleted after all rules that use it.
		 */
		if (c->nrules &&
		    (to ? is_rewritten(d, c, to) :
			  d->drops_sets || !svcr_nft_chain_row(d->from->layout, c->id)->numbered))
			add_chain_change(d, CHANGE_FLUSH_CHAIN, c->id, NULL);
	}
}

static void delete_chains(struct differ *d)
{
	/* sticky chains before the chains to which they go */
	for (size_t i = d->from->nchains; i-- > 0;) {
		const struct svcr_nft_chain *c = &d->from->chains[i];

		if (c->damaged || !counterpart(d->to, c))
			add_chain_change(d, CHANGE_DEL_CHAIN, c->id, NULL);
	}
}

static void add_chains(struct differ *d)
{
	for (size_t i = 0; i < d->to->nchains; i++) {
		const struct svcr_nft_chain *from = svcr_nft_find_chain(d->from,
									d->to->chains[i].id);

		if (!from || from->damaged)
			add_chain_change(d, CHANGE_ADD_CHAIN, d->to->chains[i].id, NULL);
		else if (from->policy)
			add_chain_change(d, CHANGE_MEND_CHAIN, d->to->chains[i].id, NULL);
	}
}

static void add_rules(struct differ *d)
{
	for (size_t i = 0; i < d->to->nchains; i++) {
		const struct svcr_nft_chain *c = &d->to->chains[i],
					    *from = svcr_nft_find_chain(d->from, c->id);

		if (from && !is_rewritten(d, from, c))
			continue;
		for (size_t r = 0; r < c->nrules; r++)
			add_chain_change(d, CHANGE_ADD_RULE, c->id, &c->rules[r]);
	}
}

static void count_removed(struct differ *d)
{
	for (size_t i = 0; i < d->nsets; i++)
		d->c->elements_removed += d->from->sets[i].n;
}

static void diff_table(struct differ *d)
{
	if (!d->to->present && (!d->from->present || d->from->foreign))
		return;
	if (!d->to->present) {
		add_nft_change(d, CHANGE_DEL_TABLE);
		count_removed(d);
		return;
	}
	for (size_t i = 0; i < d->nsets; i++) {
		d->rewrite |= is_replaced(d, i) || d->from->sets[i].broken.n > 0;
		d->drops_sets |= is_dropped(d, i);
	}
	d->drops_sets |= d->from->nforeign_sets > 0;
	if (!d->from->present || d->from->dormant)
		add_nft_change(d, d->from->present ? CHANGE_WAKE_TABLE : CHANGE_ADD_TABLE);
	flush_chains(d);
	diff_elems(d, CHANGE_DEL_ELEMS);
	delete_sets(d);
	delete_chains(d);
	add_chains(d);
	add_sets(d);
	/*
	 * Rules come before elements: when a rule with a map lookup is added, the kernel walks
	 * over all elements of the map, once for each such chain (nf_tables_bind_set()).
	 */
	add_rules(d);
	diff_elems(d, CHANGE_ADD_ELEMS);
}

static int align_table(const struct svcr_nft_table *from, struct svcr_nft_table *to)
{
	int err = 0;

	for (size_t i = 0; i < to->layout->nsets && !err; i++) {
		svcr_nft_fit(&from->sets[i], &to->sets[i]);
		if (to->layout->sets[i].aligned)
			err = svcr_nft_align(&from->sets[i], &to->sets[i]);
	}
	return err;
}

/*
 * Returns the table of `other` to compare with `t`: the table of the same name, or an empty
 * one. NULL: out of memory.
 */
static struct svcr_nft_table *other_side(struct svcr_nft_changes *c, const struct svcr_nft *other,
					 const struct svcr_nft_table *t)
{
	struct svcr_nft_table *found = svcr_nft_table(other, t->name, t->family);

	if (!found && c->none)
		found = svcr_nft_table(c->none, t->name, t->family);
	return found;
}

/* Makes empty tables for the tables that only one side has. */
static int fill_missing(struct svcr_nft_changes *c, const struct svcr_nft *a,
			const struct svcr_nft *b)
{
	for (size_t i = 0; i < a->ntables; i++) {
		const struct svcr_nft_table *t = &a->tables[i];

		if (other_side(c, b, t))
			continue;
		if (!c->none)
			c->none = svcr_nft_new();
		if (!c->none || svcr_nft_add_tables(c->none, t->layout, t->name))
			return -ENOMEM;
	}
	return 0;
}

/*
 * Pairs the tables of both sides: first the tables of `to`, then the tables that only `from`
 * has.
 */
static int pair_tables(struct svcr_nft_changes *c, const struct svcr_nft *from, struct svcr_nft *to)
{
	int err = fill_missing(c, from, to);

	if (!err)
		err = fill_missing(c, to, from);
	c->pairs = err ? NULL : calloc(from->ntables + to->ntables + 1, sizeof(*c->pairs));
	if (!c->pairs)
		return -ENOMEM;
	for (size_t i = 0; i < to->ntables; i++)
		c->pairs[c->npairs++] = (struct svcr_nft_pair){ other_side(c, from, &to->tables[i]),
								&to->tables[i] };
	for (size_t i = 0; i < from->ntables; i++)
		if (!svcr_nft_table(to, from->tables[i].name, from->tables[i].family))
			c->pairs[c->npairs++] = (struct svcr_nft_pair){
				&from->tables[i], other_side(c, to, &from->tables[i])
			};
	return 0;
}

static int diff_pairs(struct svcr_nft_changes *c, struct svcr_nft *to)
{
	int err = 0;

	for (size_t i = 0; i < c->npairs && !err; i++) {
		const struct svcr_nft_pair *p = &c->pairs[i];
		struct differ d = { .c = c,
				    .pair = p,
				    .from = p->from,
				    .to = p->to,
				    .nsets = p->to->layout->nsets };

		if (i < to->ntables)
			err = align_table(p->from, &to->tables[i]);
		if (!err)
			diff_table(&d);
		err = err ? err : d.err;
	}
	return err;
}

int svcr_nft_diff(const struct svcr_nft *from, struct svcr_nft *to, struct svcr_nft_changes **ret)
{
	struct svcr_nft_changes *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	c->part.ops = &svcr_nft_ops;
	c->from = from;
	c->to = to;
	err = pair_tables(c, from, to);
	if (!err)
		err = diff_pairs(c, to);
	if (err)
		svcr_nft_changes_free(c);
	else
		*ret = c;
	return err;
}

void svcr_nft_changes_free(struct svcr_nft_changes *c)
{
	if (!c)
		return;
	svcr_nft_free(c->none);
	free(c->pairs);
	free(c->v);
	free(c->elems);
	free(c->messages);
	free(c);
}

bool svcr_nft_change_removes(const struct svcr_nft_change *ch)
{
	return ch->op == CHANGE_DEL_TABLE || ch->op == CHANGE_FLUSH_CHAIN ||
	       ch->op == CHANGE_DEL_ELEMS || ch->op == CHANGE_DEL_SET || ch->op == CHANGE_DEL_CHAIN;
}

bool svcr_nft_change_named(const struct svcr_nft_change *ch)
{
	return (ch->op == CHANGE_ADD_ELEMS || ch->op == CHANGE_DEL_ELEMS) &&
	       svcr_nft_set_named(ch->pair->to->layout, ch->set);
}
