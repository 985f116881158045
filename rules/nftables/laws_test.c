/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What holds for every cluster: of random ones, the laws of diff, by changes carried out on
 * values.
 */
#include "rules/nft/apply_test.h"
#include "rules/nftables/laws_test.h"

static void laws_assert_printed_equal(const struct svcrules_ruleset *a,
				      const struct svcrules_ruleset *b)
{
	char *x = gen_printed(a, NULL), *y = gen_printed(b, NULL);

	ck_assert_str_eq(x, y);
	free(x);
	free(y);
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
		apply_change(p.nft, &p.nft->v[i], gen_nft(work));
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
		apply_change(nft, &nft->v[i], gen_nft(now));
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
