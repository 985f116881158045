/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What holds for every cluster: of random ones, the laws of diff, by changes carried out on
 * values.
 */
#include "rules/nftables/laws_test.h"

static void laws_assert_printed_equal(const struct svcrules_ruleset *a,
				      const struct svcrules_ruleset *b)
{
	char *x = gen_printed(a, NULL), *y = gen_printed(b, NULL);

	ck_assert_str_eq(x, y);
	free(x);
	free(y);
}

/* ---- The kernel's part: changes carried out on a value ------------------ */

static bool laws_uses_set(const struct svcr_nft_stmt *s, enum svcr_services_set id)
{
	return (s->op == OP_LOOKUP || s->op == OP_VMAP || s->op == OP_DNAT || s->op == OP_UPDATE) &&
	       s->set == id;
}

static size_t laws_users_of_set(const struct svcr_nft_table *t, enum svcr_services_set id,
				uint32_t number)
{
	bool numbered = t->layout->sets[id].numbered;
	size_t users = 0;

	for (size_t i = 0; i < t->nchains; i++)
		for (size_t r = 0; r < t->chains[i].nrules; r++)
			for (size_t s = 0; s < t->chains[i].rules[r].nstmts; s++)
				users += laws_uses_set(&t->chains[i].rules[r].stmts[s], id) &&
					 (!numbered || t->chains[i].rules[r].stmts[s].n == number);
	return users;
}

/* Returns the elements of one set of a numbered one. */
static size_t laws_numbered(const struct svcr_nft_set *s, uint32_t number, size_t *ret_first)
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
static bool laws_has_set(const struct svcr_nft_set *s, uint32_t number)
{
	size_t first;

	return s->layout->numbered ? laws_numbered(s, number, &first) ||
					     svcr_nft_numbers_have(&s->found, number) :
				     s->present;
}

static size_t laws_users_of_chain(const struct svcr_nft_table *t, struct svcr_nft_chain_id id)
{
	size_t users = 0;

	for (size_t i = 0; i < t->nchains; i++)
		for (size_t r = 0; r < t->chains[i].nrules; r++)
			for (size_t s = 0; s < t->chains[i].rules[r].nstmts; s++)
				users += t->chains[i].rules[r].stmts[s].op == OP_GOTO &&
					 svcr_nft_chain_cmp(t->chains[i].rules[r].stmts[s].chain,
							    id) == 0;
	for (int i = 0; i < SET__COUNT; i++)
		for (size_t e = 0; t->layout->sets[i].data == DATA_VERDICT && e < t->sets[i].n; e++)
			users += svcr_nft_chain_cmp(
					 svcr_nft_elem_verdict(&t->sets[i],
							       svcr_nft_elem(&t->sets[i], e)),
					 id) == 0;
	return users;
}

static void laws_apply_add_elems(const struct svcr_nft_changes *c, const struct svcr_nft_change *ch,
				 struct svcr_nft_table *t)
{
	struct svcr_nft_set *s = &t->sets[ch->set];

	ck_assert(laws_has_set(s, ch->number));
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
}

static void laws_apply_del_elems(const struct svcr_nft_changes *c, const struct svcr_nft_change *ch,
				 struct svcr_nft_table *t)
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

static void laws_apply_del_chain(const struct svcr_nft_change *ch, struct svcr_nft_table *t)
{
	struct svcr_nft_chain *chain = svcr_nft_find_chain(t, ch->chain);

	ck_assert_ptr_nonnull(chain);
	chain->nrules = 0;
	ck_assert_uint_eq(laws_users_of_chain(t, ch->chain), 0);
	free(chain->rules);
	t->nchains--;
	memmove(chain, chain + 1, (size_t)(t->chains + t->nchains - chain) * sizeof(*chain));
}

static void laws_apply_add_rule(const struct svcr_nft_change *ch, struct svcr_nft_table *t)
{
	struct svcr_nft_chain *chain = svcr_nft_find_chain(t, ch->chain);
	struct svcr_nft_rule *r;

	ck_assert_ptr_nonnull(chain);
	for (size_t i = 0; i < ch->rule->nstmts; i++) {
		const struct svcr_nft_stmt *s = &ch->rule->stmts[i];

		if (s->op == OP_GOTO)
			ck_assert_ptr_nonnull(svcr_nft_find_chain(t, s->chain));
		if (laws_uses_set(s, s->set))
			ck_assert(laws_has_set(&t->sets[s->set], s->n));
	}
	r = svcr_grow((void **)&chain->rules, &chain->nrules, &chain->cap, sizeof(*r));
	*r = *ch->rule;
}

static void laws_apply_del_table(struct svcr_nft_table *t)
{
	ck_assert(t->present);
	t->present = false;
	for (int i = 0; i < SET__COUNT; i++) {
		t->sets[i].present = false;
		t->sets[i].n = 0;
	}
	for (size_t i = 0; i < t->nchains; i++)
		free(t->chains[i].rules);
	t->nchains = 0;
}

static void laws_apply_del_set(const struct svcr_nft_change *ch, struct svcr_nft_table *t)
{
	ck_assert_uint_lt(ch->set, SET__COUNT);
	ck_assert(laws_has_set(&t->sets[ch->set], ch->number));
	ck_assert_uint_eq(laws_users_of_set(t, ch->set, ch->number), 0);
	if (t->layout->sets[ch->set].numbered) {
		struct svcr_nft_set *s = &t->sets[ch->set];
		size_t first = 0, n = laws_numbered(s, ch->number, &first);

		memmove(svcr_nft_elem(s, first), svcr_nft_elem(s, first + n),
			(s->n - first - n) * s->stride);
		s->n -= n;
		return;
	}
	t->sets[ch->set].present = false;
	t->sets[ch->set].n = 0;
}

static void laws_apply_add_set(const struct svcr_nft_change *ch, struct svcr_nft_table *t)
{
	struct svcr_nft_set *s = &t->sets[ch->set];

	ck_assert(!laws_has_set(s, ch->number));
	if (s->layout->numbered) {
		*(uint32_t *)SVCR_GROW(&s->found) = ch->number;
		return;
	}
	s->present = true;
	s->size = ch->pair->to->sets[ch->set].size;
}

static void laws_apply_change(const struct svcr_nft_changes *c, const struct svcr_nft_change *ch,
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
	case CHANGE_DEL_TABLE: laws_apply_del_table(t); break;
	case CHANGE_FLUSH_CHAIN:
		ck_assert_ptr_nonnull(svcr_nft_find_chain(t, ch->chain));
		svcr_nft_find_chain(t, ch->chain)->nrules = 0;
		break;
	case CHANGE_DEL_ELEMS: laws_apply_del_elems(c, ch, t); break;
	case CHANGE_DEL_SET: laws_apply_del_set(ch, t); break;
	case CHANGE_DEL_CHAIN: laws_apply_del_chain(ch, t); break;
	case CHANGE_ADD_CHAIN:
		ck_assert_ptr_null(svcr_nft_find_chain(t, ch->chain));
		ck_assert_ptr_nonnull(svcr_nft_chain(t, ch->chain));
		break;
	case CHANGE_ADD_SET: laws_apply_add_set(ch, t); break;
	case CHANGE_ADD_ELEMS: laws_apply_add_elems(c, ch, t); break;
	case CHANGE_ADD_RULE: laws_apply_add_rule(ch, t); break;
	}
}

/* ---- Laws --------------------------------------------------------------- */

START_TEST(laws_same)
{
	struct gen_cluster c = gen_cluster((uint64_t)_i, (size_t)_i % 12);
	struct svcrules_ruleset *a = laws_build(&c, 0), *b = laws_build(&c, 0);

	ck_assert(gen_same(a, b));
	ck_assert(gen_same(a, a));
	svcrules_ruleset_free(a);
	svcrules_ruleset_free(b);
	free(c.v);
}
END_TEST

START_TEST(laws_order)
{
	struct gen_cluster c = gen_cluster((uint64_t)_i, 1 + (size_t)_i % 12);
	struct svcrules_ruleset *a = laws_build(&c, 0), *b = laws_build(&c, (uint64_t)_i + 1);

	laws_assert_printed_equal(a, b);
	svcrules_ruleset_free(a);
	svcrules_ruleset_free(b);
	free(c.v);
}
END_TEST

START_TEST(laws_apply)
{
	struct svcrules_ruleset *work, *again;
	struct laws_pair p;

	laws_make_pair(&p, _i);
	work = laws_build(&p.a, 0);
	again = laws_build(&p.b, 0);
	for (size_t i = 0; i < p.nft->n; i++)
		laws_apply_change(p.nft, &p.nft->v[i], gen_nft(work));
	laws_assert_printed_equal(work, p.to);
	ck_assert(gen_same(work, again));
	laws_assert_printed_equal(work, again);
	svcrules_ruleset_free(work);
	svcrules_ruleset_free(again);
	laws_release_pair(&p);
}
END_TEST

/* For a rule that comes after the elements the kernel walks their map once more for each chain. */
START_TEST(laws_rules_first)
{
	struct laws_pair p;
	bool elements[SVCR_FAMILY__COUNT] = { false };

	laws_make_pair(&p, _i);
	for (size_t i = 0; i < p.nft->n; i++) {
		const struct svcr_nft_change *ch = &p.nft->v[i];

		elements[ch->pair->to->family] |= ch->op == CHANGE_ADD_ELEMS;
		ck_assert(ch->op != CHANGE_ADD_RULE || !elements[ch->pair->to->family]);
	}
	laws_release_pair(&p);
}
END_TEST

/* True if `fresh` has the data of `e` among the elements of the same address. */
static bool laws_has_endpoint(const struct svcr_nft_set *fresh, const uint8_t *e)
{
	size_t len = fresh->key_len - 4, i = svcr_nft_lower(fresh, e, len);

	for (; i < fresh->n && memcmp(svcr_nft_elem(fresh, i), e, len) == 0; i++)
		if (memcmp(svcr_nft_elem(fresh, i) + fresh->sort_len, e + fresh->sort_len,
			   fresh->data_len) == 0)
			return true;
	return false;
}

static void laws_assert_permuted(const struct svcr_nft_set *fresh,
				 const struct svcr_nft_set *aligned)
{
	ck_assert_uint_eq(fresh->n, aligned->n);
	for (size_t i = 0; i < fresh->n; i++) {
		ck_assert_mem_eq(svcr_nft_elem(fresh, i), svcr_nft_elem(aligned, i),
				 fresh->sort_len);
		ck_assert(laws_has_endpoint(fresh, svcr_nft_elem(aligned, i)));
		ck_assert(laws_has_endpoint(aligned, svcr_nft_elem(fresh, i)));
	}
}

/* Aligning moves endpoints among the indexes of their address and does nothing else. */
START_TEST(laws_align)
{
	struct svcrules_ruleset *fresh;
	struct laws_pair p;

	laws_make_pair(&p, _i);
	fresh = laws_build(&p.b, 0);
	for (int f = 0; f < SVCR_FAMILY__COUNT; f++) {
		const struct svcr_nft_set *x = gen_nft(fresh)->tables[f].sets;
		const struct svcr_nft_set *y = gen_nft(p.to)->tables[f].sets;

		laws_assert_permuted(&x[SET_ENDPOINTS], &y[SET_ENDPOINTS]);
		laws_assert_permuted(&x[SET_LOCAL_ENDPOINTS], &y[SET_LOCAL_ENDPOINTS]);
		for (int i = 0; i < SET__COUNT; i++)
			ck_assert_uint_eq(x[i].n, y[i].n);
	}
	svcrules_ruleset_free(fresh);
	laws_release_pair(&p);
}
END_TEST

/* ---- Room to grow ------------------------------------------------------- */

static size_t laws_replaced_sets(const struct svcr_nft_changes *c)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		n += c->v[i].op == CHANGE_DEL_SET;
	return n;
}

/*
 * A map that grows keeps its size while it can, is then replaced once, and keeps the larger size.
 */
START_TEST(laws_outgrown)
{
	struct gen_cluster small = laws_uniform(600, GEN_CLUSTER_IP, 1, false),
			   large = laws_uniform(1000, GEN_CLUSTER_IP, 1, false);
	struct svcrules_ruleset *now = laws_build(&small, 0), *more = laws_build(&large, 0),
				*less = laws_build(&small, 0);
	const struct svcr_nft_changes *nft;
	struct svcrules_changes *c;
	uint32_t size = gen_nft(now)->tables[SVCR_IPV4].sets[SET_SERVICES].size;

	ck_assert_uint_ge(size, 600);
	ck_assert_uint_lt(size, 1000);
	c = gen_diff(now, more);
	ck_assert_uint_ge(laws_replaced_sets(gen_nft_changes(c)), 1);
	ck_assert_uint_ge(gen_nft(more)->tables[SVCR_IPV4].sets[SET_SERVICES].size, 1000);
	nft = gen_nft_changes(c);
	for (size_t i = 0; i < nft->n; i++)
		laws_apply_change(nft, &nft->v[i], gen_nft(now));
	ck_assert(gen_same(now, more));
	svcrules_changes_free(c);
	c = gen_diff(more, less);
	ck_assert_uint_eq(laws_replaced_sets(gen_nft_changes(c)), 0);
	ck_assert_uint_ge(gen_nft(less)->tables[SVCR_IPV4].sets[SET_SERVICES].size, 1000);
	svcrules_changes_free(c);
	svcrules_ruleset_free(now);
	svcrules_ruleset_free(more);
	svcrules_ruleset_free(less);
	free(small.v);
	free(large.v);
}
END_TEST

static void laws_add(TCase *tc)
{
	tcase_add_loop_test(tc, laws_same, 0, SEEDS);
	tcase_add_loop_test(tc, laws_order, 0, SEEDS);
	tcase_add_loop_test(tc, laws_apply, 0, SEEDS);
	tcase_add_loop_test(tc, laws_rules_first, 0, SEEDS);
	tcase_add_loop_test(tc, laws_align, 0, SEEDS);
	tcase_add_test(tc, laws_outgrown);
}

int main(void)
{
	return laws_run("laws", laws_add);
}
