/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nft/drift.h"

#include "out.h"

#include <errno.h>
#include <stdlib.h>

/* The table whose lines are printed. */
struct drift {
	struct svcr_out *o;
	const struct svcr_nft_table *from, *to;
	int err;
};

static const char *plural_s(size_t n)
{
	return n == 1 ? "" : "s";
}

/* The start of a line: "table ip svcrules: ". */
static struct svcr_out *drift_line(const struct drift *d)
{
	svcr_out(d->o, "table %s %s: ", svcr_nft_family_name(d->to->family), d->to->name);
	return d->o;
}

/* A name that another program chose may hold any bytes. */
static void out_foreign_name(struct svcr_out *o, const char *name)
{
	for (; *name; name++)
		svcr_out(o, "%c", *name > ' ' && *name <= '~' ? *name : '?');
}

/* ---- Elements ------------------------------------------------------------------ */

struct counts {
	size_t added, removed, changed;
};

static bool same_data(const struct svcr_nft_set *s, const uint8_t *a, const uint8_t *b)
{
	const char *x = svcr_nft_comment(s, a), *y = svcr_nft_comment(s, b);

	return memcmp(a + s->sort_len, b + s->sort_len, s->data_len) == 0 &&
	       (x == y || (x && y && strcmp(x, y) == 0));
}

/* Counts what differs in elements from i and k on, which are sorted, of one set. */
static struct counts count_differing(const struct svcr_nft_set *from, size_t i, size_t i_end,
				     const struct svcr_nft_set *to, size_t k, size_t k_end)
{
	struct counts n = { .added = 0 };

	while (i < i_end || k < k_end) {
		const uint8_t *a = i < i_end ? svcr_nft_elem(from, i) : NULL,
			      *b = k < k_end ? svcr_nft_elem(to, k) : NULL;
		int cmp = !a ? 1 : !b ? -1 : memcmp(a, b, from->sort_len);

		n.removed += cmp < 0;
		n.added += cmp > 0;
		n.changed += cmp == 0 && !same_data(from, a, b);
		i += cmp <= 0;
		k += cmp >= 0;
	}
	return n;
}

static void out_element_counts(const struct drift *d, const struct svcr_nft_set *s, uint32_t number,
			       const struct counts *n)
{
	const struct {
		size_t n;
		const char *what;
	} v[] = { { n->removed, "removed from" },
		  { n->added, "added to" },
		  { n->changed, "changed in" } };
	char name[SVCR_NFT_NAME_MAX];

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++)
		if (v[i].n)
			svcr_out(drift_line(d), "%zu element%s %s %s %s\n", v[i].n,
				 plural_s(v[i].n), v[i].what, svcr_nft_set_noun(s->layout),
				 svcr_nft_set_name(s->layout, number, name));
}

/* The end of the elements in the set with that number, which are before all with higher numbers. */
static size_t number_end(const struct svcr_nft_set *s, size_t i, uint32_t number)
{
	while (i < s->n && svcr_nft_elem_number(s, svcr_nft_elem(s, i)) == number)
		i++;
	return i;
}

/* A numbered set is many sets of the kernel, each with its lines. */
static void drift_numbered(const struct drift *d, const struct svcr_nft_set *from,
			   const struct svcr_nft_set *to)
{
	size_t i = 0, k = 0;

	while (i < from->n || k < to->n) {
		uint32_t a = i < from->n ? svcr_nft_elem_number(from, svcr_nft_elem(from, i)) :
					   UINT32_MAX,
			 b = k < to->n ? svcr_nft_elem_number(to, svcr_nft_elem(to, k)) :
					 UINT32_MAX,
			 number = a < b ? a : b;
		size_t i_end = number_end(from, i, number), k_end = number_end(to, k, number);
		struct counts n = count_differing(from, i, i_end, to, k, k_end);

		out_element_counts(d, from, number, &n);
		i = i_end;
		k = k_end;
	}
}

static void drift_set(const struct drift *d, const struct svcr_nft_set *from,
		      const struct svcr_nft_set *to)
{
	const char *noun = svcr_nft_set_noun(to->layout), *name = to->layout->name;
	struct counts n;

	if (to->damaged)
		svcr_out(drift_line(d), "%s %s has another type\n", noun, name);
	else if (from->present && !to->present)
		svcr_out(drift_line(d), "%s %s removed\n", noun, name);
	else if (!from->present && to->present)
		svcr_out(drift_line(d), "%s %s added\n", noun, name);
	/* packets and time change these */
	if (to->layout->dynamic || to->layout->timed || to->layout->upkeep || to->damaged ||
	    (from->present && !to->present))
		return;
	if (to->layout->numbered) {
		drift_numbered(d, from, to);
		return;
	}
	n = count_differing(from, 0, from->n, to, 0, to->n);
	out_element_counts(d, to, 0, &n);
}

/* ---- Rules --------------------------------------------------------------------------- */

static int drift_canon_cmp(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;

	return strcmp(*x, *y);
}

/* What the rules of a chain do, sorted, malloc'ed; NULL: out of memory. */
static const char **sorted_rules(const struct svcr_nft_chain *c)
{
	const char **v = calloc((c ? c->nrules : 0) + 1, sizeof(const char *));

	for (size_t i = 0; v && c && i < c->nrules; i++)
		v[i] = c->rules[i].canon;
	if (v && c && c->nrules)
		qsort((void *)v, c->nrules, sizeof(*v), drift_canon_cmp);
	return v;
}

static bool same_order(const struct svcr_nft_chain *a, const struct svcr_nft_chain *b)
{
	for (size_t i = 0; i < a->nrules && i < b->nrules; i++)
		if (strcmp(a->rules[i].canon, b->rules[i].canon) != 0)
			return false;
	return a->nrules == b->nrules;
}

static void drift_rules(struct drift *d, const struct svcr_nft_chain *from,
			const struct svcr_nft_chain *to, const char *name)
{
	const char **a = sorted_rules(from), **b = sorted_rules(to);
	size_t i = 0, k = 0, removed = 0, added = 0;

	d->err = a && b ? d->err : -ENOMEM;
	while (a && b && (i < from->nrules || k < to->nrules)) {
		int cmp = i == from->nrules ? 1 : k == to->nrules ? -1 : strcmp(a[i], b[k]);

		removed += cmp < 0;
		added += cmp > 0;
		i += cmp <= 0;
		k += cmp >= 0;
	}
	if (removed)
		svcr_out(drift_line(d), "%zu rule%s removed from chain %s\n", removed,
			 plural_s(removed), name);
	if (added)
		svcr_out(drift_line(d), "%zu rule%s added to chain %s\n", added, plural_s(added),
			 name);
	if (a && b && !removed && !added)
		svcr_out(drift_line(d), "rules of chain %s in another order\n", name);
	free((void *)a);
	free((void *)b);
}

static void drift_chain(struct drift *d, const struct svcr_nft_chain *from,
			const struct svcr_nft_chain *to)
{
	char buf[SVCR_NFT_NAME_MAX];
	const char *name = svcr_nft_chain_name(d->to, to->id, buf);

	if (to->damaged)
		svcr_out(drift_line(d), "chain %s has another hook or priority\n", name);
	if (to->policy)
		svcr_out(drift_line(d), "chain %s has another policy\n", name);
	if (!same_order(from, to))
		drift_rules(d, from, to, name);
}

static void drift_chains(struct drift *d)
{
	char buf[SVCR_NFT_NAME_MAX];

	for (size_t i = 0; i < d->from->nchains; i++) {
		const struct svcr_nft_chain *from = &d->from->chains[i],
					    *to = svcr_nft_find_chain(d->to, from->id);

		if (to)
			drift_chain(d, from, to);
		else
			svcr_out(drift_line(d), "chain %s removed\n",
				 svcr_nft_chain_name(d->from, from->id, buf));
	}
	for (size_t i = 0; i < d->to->nchains; i++) {
		const struct svcr_nft_chain *to = &d->to->chains[i];

		if (to->id.kind != CHAIN_FOREIGN && svcr_nft_find_chain(d->from, to->id))
			continue;
		svcr_out_str(drift_line(d), "chain ");
		out_foreign_name(d->o, svcr_nft_chain_name(d->to, to->id, buf));
		svcr_out(d->o, " added, with %zu rule%s\n", to->nrules, plural_s(to->nrules));
	}
}

/* ---- Tables ------------------------------------------------------------------------------- */

static void drift_table(struct drift *d)
{
	const struct svcr_nft_table *from = d->from, *to = d->to;

	if (to->foreign || from->present != to->present) {
		if (to->foreign || from->present || to->present)
			svcr_out_str(drift_line(d), to->foreign   ? "made by another program\n" :
						    from->present ? "removed\n" :
								    "added\n");
		return;
	}
	if (!to->present)
		return;
	if (to->dormant)
		svcr_out_str(drift_line(d), "switched off (dormant)\n");
	for (size_t i = 0; i < to->layout->nsets; i++)
		if (to->layout->sets[i].name)
			drift_set(d, &from->sets[i], &to->sets[i]);
	for (size_t i = 0; i < to->nforeign_sets; i++) {
		svcr_out_str(drift_line(d), "set ");
		out_foreign_name(d->o, to->foreign_sets[i]);
		svcr_out_str(d->o, " added\n");
	}
	drift_chains(d);
}

int svcr_nft_drift(const struct svcr_nft *left, const struct svcr_nft *have, struct svcr_out *o)
{
	int err = 0;

	for (size_t i = 0; i < have->ntables && !err; i++) {
		const struct svcr_nft_table *t = &have->tables[i];
		struct drift d = { .o = o,
				   .from = svcr_nft_table(left, t->name, t->family),
				   .to = t };

		if (!d.from)
			continue;
		drift_table(&d);
		err = d.err;
	}
	return err;
}
