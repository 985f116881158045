/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's part in tests: changes carried out on a value of any layout, with what the kernel
 * demands of each (a set that rules use is not deleted, an element is not added twice ...).
 */
#ifndef SVCR_NFT_APPLY_TEST_H
#define SVCR_NFT_APPLY_TEST_H

#include <check.h>

#include "rules/nft/diff.h"

/* ---- What uses what ------------------------------------------------------- */

static inline bool apply_uses_set(const struct svcr_nft_stmt *s, size_t id)
{
	return (s->op == OP_LOOKUP || s->op == OP_VMAP || s->op == OP_DNAT || s->op == OP_UPDATE ||
		s->op == OP_PRIORITY_MAP) &&
	       s->set == id;
}

static inline size_t apply_users_of_set(const struct svcr_nft_table *t, size_t id, uint32_t number)
{
	bool numbered = t->layout->sets[id].numbered;
	size_t users = 0;

	for (size_t i = 0; i < t->nchains; i++)
		for (size_t r = 0; r < t->chains[i].nrules; r++)
			for (size_t s = 0; s < t->chains[i].rules[r].nstmts; s++)
				users += apply_uses_set(&t->chains[i].rules[r].stmts[s], id) &&
					 (!numbered || t->chains[i].rules[r].stmts[s].n == number);
	return users;
}

/* Returns the elements of one set of a numbered one. */
static inline size_t apply_numbered(const struct svcr_nft_set *s, uint32_t number,
				    size_t *ret_first)
{
	size_t n = 0;

	for (size_t i = s->n; i-- > 0;)
		if (svcr_nft_elem_number(s, svcr_nft_elem(s, i)) == number) {
			*ret_first = i;
			n++;
		}
	return n;
}

/* True if the set exists. The list `found` holds those that were made and have no elements yet. */
static inline bool apply_has_set(const struct svcr_nft_set *s, uint32_t number)
{
	size_t first;

	return s->layout->numbered ? apply_numbered(s, number, &first) ||
					     svcr_nft_numbers_have(&s->found, number) :
				     s->present;
}

static inline bool apply_goes_to_chain(const struct svcr_nft_stmt *s)
{
	return s->op == OP_GOTO || s->op == OP_JUMP;
}

static inline size_t apply_users_of_chain(const struct svcr_nft_table *t,
					  struct svcr_nft_chain_id id)
{
	size_t users = 0;

	for (size_t i = 0; i < t->nchains; i++)
		for (size_t r = 0; r < t->chains[i].nrules; r++)
			for (size_t s = 0; s < t->chains[i].rules[r].nstmts; s++)
				users += apply_goes_to_chain(&t->chains[i].rules[r].stmts[s]) &&
					 svcr_nft_chain_cmp(t->chains[i].rules[r].stmts[s].chain,
							    id) == 0;
	for (size_t i = 0; i < t->layout->nsets; i++)
		for (size_t e = 0; t->layout->sets[i].data == DATA_VERDICT && e < t->sets[i].n; e++)
			users += svcr_nft_chain_cmp(
					 svcr_nft_elem_verdict(&t->sets[i],
							       svcr_nft_elem(&t->sets[i], e)),
					 id) == 0;
	return users;
}

/* ---- Changes ---------------------------------------------------------------- */

/* Intervals of a sorted set do not overlap. */
static inline void apply_disjoint(const struct svcr_nft_set *s)
{
	size_t len = s->sort_len - s->number_len - s->key_len, before = s->sort_len - 2 * len;

	for (size_t i = 1; i < s->n && s->layout->interval; i++) {
		const uint8_t *a = svcr_nft_elem(s, i - 1), *b = svcr_nft_elem(s, i);

		ck_assert(memcmp(a, b, before) != 0 ||
			  memcmp(a + before + len, b + before, len) < 0);
	}
}

static inline void apply_add_elems(const struct svcr_nft_changes *c,
				   const struct svcr_nft_change *ch, struct svcr_nft_table *t)
{
	struct svcr_nft_set *s = &t->sets[ch->set];

	ck_assert(apply_has_set(s, ch->number));
	for (size_t i = 0; i < ch->count; i++) {
		const uint8_t *e = c->elems[ch->first + i];
		uint8_t *added;

		ck_assert_uint_eq(svcr_nft_elem_number(s, e), ch->number);
		ck_assert_ptr_null(svcr_nft_find(s, e));
		if (t->layout->sets[ch->set].data == DATA_VERDICT &&
		    svcr_nft_elem_verdict(s, e).kind != VERDICT_DROP)
			ck_assert_ptr_nonnull(svcr_nft_find_chain(t, svcr_nft_elem_verdict(s, e)));
		added = svcr_nft_add(s);
		memcpy(added, e, s->stride);
		svcr_nft_sort(s);
		ck_assert(s->size == 0 || s->n <= s->size); /* the kernel refuses more */
	}
	apply_disjoint(s);
}

static inline void apply_del_elems(const struct svcr_nft_changes *c,
				   const struct svcr_nft_change *ch, struct svcr_nft_table *t)
{
	struct svcr_nft_set *s = &t->sets[ch->set];

	for (size_t i = 0; i < ch->count; i++) {
		uint8_t *e = svcr_nft_find(s, c->elems[ch->first + i]);

		ck_assert_ptr_nonnull(e);
		ck_assert_mem_eq(e, c->elems[ch->first + i], s->sort_len + s->data_len);
		memmove(e, e + s->stride, (size_t)(s->v + s->n * s->stride - (e + s->stride)));
		s->n--;
	}
}

static inline void apply_del_chain(const struct svcr_nft_change *ch, struct svcr_nft_table *t)
{
	struct svcr_nft_chain *chain = svcr_nft_find_chain(t, ch->chain);

	ck_assert_ptr_nonnull(chain);
	chain->nrules = 0;
	ck_assert_uint_eq(apply_users_of_chain(t, ch->chain), 0);
	free(chain->rules);
	t->nchains--;
	memmove(chain, chain + 1, (size_t)(t->chains + t->nchains - chain) * sizeof(*chain));
}

static inline void apply_add_rule(const struct svcr_nft_change *ch, struct svcr_nft_table *t)
{
	struct svcr_nft_chain *chain = svcr_nft_find_chain(t, ch->chain);
	struct svcr_nft_rule *r;

	ck_assert_ptr_nonnull(chain);
	for (size_t i = 0; i < ch->rule->nstmts; i++) {
		const struct svcr_nft_stmt *s = &ch->rule->stmts[i];

		if (apply_goes_to_chain(s))
			ck_assert_ptr_nonnull(svcr_nft_find_chain(t, s->chain));
		if (apply_uses_set(s, s->set))
			ck_assert(apply_has_set(&t->sets[s->set], s->n));
	}
	r = svcr_grow((void **)&chain->rules, &chain->nrules, &chain->cap, sizeof(*r));
	*r = *ch->rule;
}

static inline void apply_del_table(struct svcr_nft_table *t)
{
	ck_assert(t->present);
	t->present = false;
	for (size_t i = 0; i < t->layout->nsets; i++) {
		t->sets[i].present = false;
		t->sets[i].n = 0;
	}
	for (size_t i = 0; i < t->nchains; i++)
		free(t->chains[i].rules);
	t->nchains = 0;
}

static inline void apply_del_set(const struct svcr_nft_change *ch, struct svcr_nft_table *t)
{
	ck_assert_uint_lt(ch->set, t->layout->nsets);
	ck_assert(apply_has_set(&t->sets[ch->set], ch->number));
	ck_assert_uint_eq(apply_users_of_set(t, ch->set, ch->number), 0);
	if (t->layout->sets[ch->set].numbered) {
		struct svcr_nft_set *s = &t->sets[ch->set];
		size_t first = 0, n = apply_numbered(s, ch->number, &first);

		memmove(svcr_nft_elem(s, first), svcr_nft_elem(s, first + n),
			(s->n - first - n) * s->stride);
		s->n -= n;
		return;
	}
	t->sets[ch->set].present = false;
	t->sets[ch->set].n = 0;
}

static inline void apply_add_set(const struct svcr_nft_change *ch, struct svcr_nft_table *t)
{
	struct svcr_nft_set *s = &t->sets[ch->set];

	ck_assert(!apply_has_set(s, ch->number));
	if (s->layout->numbered) {
		*(uint32_t *)SVCR_GROW(&s->found) = ch->number;
		return;
	}
	s->present = true;
	s->size = ch->pair->to->sets[ch->set].size;
}

static inline void apply_change(const struct svcr_nft_changes *c, const struct svcr_nft_change *ch,
				struct svcr_nft *n)
{
	struct svcr_nft_table *t = svcr_nft_table(n, ch->pair->to->name, ch->pair->to->family);

	switch (ch->op) {
	case CHANGE_WAKE_TABLE:
		ck_assert(t->present);
		t->dormant = false;
		break;
	case CHANGE_MEND_CHAIN: svcr_nft_find_chain(t, ch->chain)->policy = false; break;
	case CHANGE_ADD_TABLE:
		ck_assert(!t->present);
		t->present = true;
		break;
	case CHANGE_DEL_TABLE: apply_del_table(t); break;
	case CHANGE_FLUSH_CHAIN:
		ck_assert_ptr_nonnull(svcr_nft_find_chain(t, ch->chain));
		svcr_nft_find_chain(t, ch->chain)->nrules = 0;
		break;
	case CHANGE_DEL_ELEMS: apply_del_elems(c, ch, t); break;
	case CHANGE_DEL_SET: apply_del_set(ch, t); break;
	case CHANGE_DEL_CHAIN: apply_del_chain(ch, t); break;
	case CHANGE_ADD_CHAIN:
		ck_assert_ptr_null(svcr_nft_find_chain(t, ch->chain));
		ck_assert_ptr_nonnull(svcr_nft_chain(t, ch->chain));
		break;
	case CHANGE_ADD_SET: apply_add_set(ch, t); break;
	case CHANGE_ADD_ELEMS: apply_add_elems(c, ch, t); break;
	case CHANGE_ADD_RULE: apply_add_rule(ch, t); break;
	}
}

#endif
