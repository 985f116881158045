/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Compares two rule sets. The order of the changes is the one that the kernel
 * takes in a single transaction: what refers goes before what is referred to,
 * and comes back after it. Base chains of ours are made once and stay.
 */
#include "rules/nftables/diff.h"

#include <errno.h>

struct differ {
	struct svcrules_changes *c;
	const struct svcr_nft_table *from, *to;
	uint8_t family;
	bool rewrite; /* a set is replaced: the rules that use it must go meanwhile */
	bool drops_sets;
	int err;
};

static struct svcr_nft_change *add_change(struct differ *d, enum svcr_nft_change_op op)
{
	struct svcr_nft_change *ch = svcr_grow((void **)&d->c->v, &d->c->n, &d->c->cap, sizeof(*ch));

	if (!ch) {
		d->err = -ENOMEM;
		return NULL;
	}
	ch->op = op;
	ch->family = d->family;
	ch->set = SET__COUNT;
	ch->first = d->c->nelems;
	if (op != CHANGE_DEL_ELEMS && op != CHANGE_ADD_ELEMS)
		d->c->stats.other++;
	return ch;
}

static void add_elem(struct differ *d, const uint8_t *elem)
{
	const uint8_t **slot = svcr_grow((void **)&d->c->elems, &d->c->nelems, &d->c->elems_cap, sizeof(*slot));

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

/* Collects the elements that only `of` has, or that `other` has differently. Both are sorted. */
static void only_in(struct differ *d, enum svcr_nft_change_op op, enum svcr_nft_set_id id,
		    const struct svcr_nft_set *of, const struct svcr_nft_set *other)
{
	size_t first = d->c->nelems, j = 0;
	struct svcr_nft_change *ch;

	for (size_t i = 0; i < of->n && !d->err; i++) {
		const uint8_t *e = svcr_nft_elem(of, i);
		int cmp = 1;

		while (j < other->n && (cmp = memcmp(svcr_nft_elem(other, j), e, of->sort_len)) < 0)
			j++;
		if (j == other->n || cmp != 0 || !elem_same(of, e, svcr_nft_elem(other, j)))
			add_elem(d, e);
	}
	if (d->err || d->c->nelems == first)
		return;
	ch = add_change(d, op);
	if (!ch)
		return;
	ch->set = id;
	ch->first = first;
	ch->count = d->c->nelems - first;
	if (op == CHANGE_ADD_ELEMS)
		d->c->stats.elements_added += ch->count;
	else
		d->c->stats.elements_removed += ch->count;
}

/* Must the kernel's set be made anew: it is of another type, or was outgrown? */
static bool replaced(const struct differ *d, int id)
{
	const struct svcr_nft_set *from = &d->from->sets[id], *to = &d->to->sets[id];

	return from->present && (from->damaged || (to->present && from->size != to->size));
}

static void diff_elems(struct differ *d, enum svcr_nft_change_op op)
{
	for (int i = 0; i < SET__COUNT && !d->err; i++) {
		struct svcr_nft_set from = d->from->sets[i], to = d->to->sets[i];

		if (!from.present || replaced(d, i)) /* its elements go with it */
			from.n = 0;
		if (op == CHANGE_ADD_ELEMS)
			only_in(d, op, i, &to, &from);
		else if (to.present) /* else they go with their set */
			only_in(d, op, i, &from, &to);
		else
			d->c->stats.elements_removed += from.n;
	}
}

static void delete_sets(struct differ *d)
{
	struct svcr_nft_change *ch;

	for (int i = 0; i < SET__COUNT; i++)
		if (replaced(d, i) || (d->from->sets[i].present && !d->to->sets[i].present)) {
			ch = add_change(d, CHANGE_DEL_SET);
			if (ch)
				ch->set = i;
		}
	for (size_t i = 0; i < d->from->nforeign_sets; i++) {
		ch = add_change(d, CHANGE_DEL_SET);
		if (ch)
			ch->name = d->from->foreign_sets[i];
	}
}

static void add_sets(struct differ *d)
{
	for (int i = 0; i < SET__COUNT; i++)
		if (d->to->sets[i].present && (!d->from->sets[i].present || replaced(d, i))) {
			struct svcr_nft_change *ch = add_change(d, CHANGE_ADD_SET);

			if (ch)
				ch->set = i;
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

static const struct svcr_nft_chain *counterpart(const struct svcr_nft_table *t, const struct svcr_nft_chain *c)
{
	return c->id.kind == CHAIN_FOREIGN ? NULL : svcr_nft_find_chain(t, c->id);
}

static void add_chain_change(struct differ *d, enum svcr_nft_change_op op, struct svcr_nft_chain_id id,
			     const struct svcr_nft_rule *rule)
{
	struct svcr_nft_change *ch = add_change(d, op);

	if (!ch)
		return;
	ch->chain = id;
	ch->rule = rule;
}

/* Must the kernel's rules in this chain be written anew? */
static bool rewritten(const struct differ *d, const struct svcr_nft_chain *from, const struct svcr_nft_chain *to)
{
	return d->rewrite || from->damaged || !rules_same(from, to);
}

static void flush_chains(struct differ *d)
{
	for (size_t i = 0; i < d->from->nchains; i++) {
		const struct svcr_nft_chain *c = &d->from->chains[i], *to = counterpart(d->to, c);

		/*
		 * A numbered chain that goes takes its rules along, which saves a message;
		 * but a set can only go once no rule uses it.
		 */
		if (c->nrules && (to ? rewritten(d, c, to) : d->drops_sets || !svcr_nft_chains[c->id.kind].numbered))
			add_chain_change(d, CHANGE_FLUSH_CHAIN, c->id, NULL);
	}
}

static void delete_chains(struct differ *d)
{
	for (size_t i = d->from->nchains; i-- > 0;) { /* sticky chains go before those they go to */
		const struct svcr_nft_chain *c = &d->from->chains[i];

		if (c->damaged || !counterpart(d->to, c))
			add_chain_change(d, CHANGE_DEL_CHAIN, c->id, NULL);
	}
}

static void add_chains(struct differ *d)
{
	for (size_t i = 0; i < d->to->nchains; i++) {
		const struct svcr_nft_chain *from = svcr_nft_find_chain(d->from, d->to->chains[i].id);

		if (!from || from->damaged)
			add_chain_change(d, CHANGE_ADD_CHAIN, d->to->chains[i].id, NULL);
		else if (from->policy)
			add_chain_change(d, CHANGE_MEND_CHAIN, d->to->chains[i].id, NULL);
	}
}

static void add_rules(struct differ *d)
{
	for (size_t i = 0; i < d->to->nchains; i++) {
		const struct svcr_nft_chain *c = &d->to->chains[i], *from = svcr_nft_find_chain(d->from, c->id);

		if (from && !rewritten(d, from, c))
			continue;
		for (size_t r = 0; r < c->nrules; r++)
			add_chain_change(d, CHANGE_ADD_RULE, c->id, &c->rules[r]);
	}
}

static void count_removed(struct differ *d)
{
	for (int i = 0; i < SET__COUNT; i++)
		d->c->stats.elements_removed += d->from->sets[i].n;
}

static void diff_table(struct differ *d)
{
	if (!d->from->present && !d->to->present)
		return;
	if (!d->to->present) {
		add_change(d, CHANGE_DEL_TABLE);
		count_removed(d);
		return;
	}
	for (int i = 0; i < SET__COUNT; i++) {
		d->rewrite |= replaced(d, i);
		d->drops_sets |= replaced(d, i) || (d->from->sets[i].present && !d->to->sets[i].present);
	}
	d->drops_sets |= d->from->nforeign_sets > 0;
	if (!d->from->present || d->from->dormant)
		add_change(d, d->from->present ? CHANGE_WAKE_TABLE : CHANGE_ADD_TABLE);
	flush_chains(d);
	diff_elems(d, CHANGE_DEL_ELEMS);
	delete_sets(d);
	delete_chains(d);
	add_chains(d);
	add_sets(d);
	/*
	 * Rules before elements: with a rule that looks into a map for data or a
	 * verdict the kernel goes over all of the map's elements, once for each
	 * such chain (nf_tables_bind_set()).
	 */
	add_rules(d);
	diff_elems(d, CHANGE_ADD_ELEMS);
}

static int align_table(const struct svcr_nft_table *from, struct svcr_nft_table *to)
{
	int err;

	for (int i = 0; i < SET__COUNT; i++)
		svcr_nft_fit(i, &from->sets[i], &to->sets[i]);
	err = svcr_nft_align(&from->sets[SET_ENDPOINTS], &to->sets[SET_ENDPOINTS]);

	return err ? err : svcr_nft_align(&from->sets[SET_LOCAL_ENDPOINTS], &to->sets[SET_LOCAL_ENDPOINTS]);
}

static int compare(struct svcrules_changes *c, const struct svcrules_nft *from, struct svcrules_nft *to)
{
	int err = 0;

	c->from = from;
	c->to = to;
	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT && !err; f++) {
		struct differ d = { .c = c, .from = &from->tables[f], .to = &to->tables[f], .family = f };

		err = align_table(d.from, &to->tables[f]);
		if (!err)
			diff_table(&d);
		err = err ? err : d.err;
	}
	return err ? err : svcr_nft_count_services(c);
}

int svcrules_nft_diff(const struct svcrules_nft *from, struct svcrules_nft *to, struct svcrules_changes **ret)
{
	struct svcrules_changes *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	err = compare(c, from, to);
	if (err) {
		svcrules_changes_free(c);
		return err;
	}
	*ret = c;
	return 0;
}

void svcrules_changes_free(struct svcrules_changes *c)
{
	if (!c)
		return;
	free(c->v);
	free(c->elems);
	free(c->messages);
	free(c);
}

bool svcrules_changes_empty(const struct svcrules_changes *c)
{
	return c->n == 0;
}

void svcrules_changes_stats(const struct svcrules_changes *c, struct svcrules_changes_stats *ret)
{
	*ret = c->stats;
}
