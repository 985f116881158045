/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From what a rule does its statements are found again: for all rules of random clusters, and for
 * none that does anything else.
 */
#include "rules/laws_run_test.h"
#include "rules/nft/canon.h"
#include "rules/nft/understand.h"
#include "rules/policy/judge_test.h"

/* Forgets the statements of all rules, as if they were the kernel's, and finds them again. */
static void understand_again(struct svcr_nft *n, struct svcr_nft_rule *before)
{
	size_t at = 0;

	for (size_t i = 0; i < n->ntables; i++)
		for (size_t k = 0; k < n->tables[i].nchains; k++)
			for (size_t r = 0; r < n->tables[i].chains[k].nrules; r++) {
				struct svcr_nft_rule *rule = &n->tables[i].chains[k].rules[r];

				before[at++] = *rule;
				*rule = (struct svcr_nft_rule){ .canon = rule->canon };
			}
	ck_assert_int_eq(svcr_nft_understand(n), 0);
}

static size_t understand_count(const struct svcr_nft *n)
{
	size_t count = 0;

	for (size_t i = 0; i < n->ntables; i++)
		for (size_t k = 0; k < n->tables[i].nchains; k++)
			count += n->tables[i].chains[k].nrules;
	return count;
}

static void understand_same_stmt(const struct svcr_nft_stmt *a, const struct svcr_nft_stmt *b,
				 const char *canon)
{
	ck_assert_msg(a->op == b->op && a->set == b->set && a->negate == b->negate &&
			      a->n == b->n && svcr_nft_chain_cmp(a->chain, b->chain) == 0 &&
			      memcmp(a->fields, b->fields, sizeof(a->fields)) == 0,
		      "%s", canon);
}

static void understand_all(struct svcr_nft *n)
{
	size_t count = understand_count(n), at = 0;
	struct svcr_nft_rule *before = calloc(count + 1, sizeof(*before));

	ck_assert_ptr_nonnull(before);
	understand_again(n, before);
	for (size_t i = 0; i < n->ntables; i++)
		for (size_t k = 0; k < n->tables[i].nchains; k++)
			for (size_t r = 0; r < n->tables[i].chains[k].nrules; r++, at++) {
				const struct svcr_nft_rule *a = &before[at],
							   *b = &n->tables[i].chains[k].rules[r];

				ck_assert_msg(a->nstmts == b->nstmts, "%s", a->canon);
				for (size_t s = 0; s < a->nstmts; s++)
					understand_same_stmt(&a->stmts[s], &b->stmts[s], a->canon);
			}
	free(before);
}

static void understand_services(const char *target, int seed)
{
	struct gen_cluster c = gen_cluster((uint64_t)seed, (size_t)seed % 12);
	struct svcrules_ruleset *rs = gen_build(target, &c, 0);

	understand_all(gen_nft(rs));
	svcrules_ruleset_free(rs);
	free(c.v);
}

START_TEST(understand_nftables)
{
	understand_services("nftables", _i);
}
END_TEST

START_TEST(understand_ipvs)
{
	understand_services("ipvs", _i);
}
END_TEST

START_TEST(understand_policies)
{
	struct np_cluster *c = np_cluster((uint64_t)_i);
	struct svcrules_ruleset *rs = judge_build(c);

	understand_all(gen_nft(rs));
	svcrules_ruleset_free(rs);
	free(c);
}
END_TEST

/* Texts of rules that another program may have put into our chains. */
START_TEST(understand_foreign)
{
	static const char *const texts[] = {
		"counter(not ours);verdict(0:);",
		"cmp(0:meta(16):11);cmp(0:payload(2+2:2):0035);verdict(0:);",
		"lookup(0:no-such-set:payload(1+12:4));verdict(0:);",
		"lookup(0:cluster-ips:payload(1+12:2));verdict(0:);",
		"cmp(1:meta(16):06);verdict(0:);",
		"cmp(0:meta(3):00400000);verdict(0:);",
		"verdict(-4:no-such-chain);",
		"verdict(",
		"lookup(",
		"vmap(0:services",
		"nat(1:2:map(",
		"dynset(1:affinity",
		"meta-set(3=;",
		"meta-set(3=bits(0:meta(3)&ffbfffff^00400000),;",
		"cmp(;",
		"cmp(0:bits(;",
		"cmp(0:;",
		"masq(0:0);",
		"reject(0:1);",
		";;;;;;;;",
		"verdict(0:);verdict(0:);verdict(0:);verdict(0:);verdict(0:);verdict(0:);",
		"",
		"#a comment alone",
	};
	struct gen_cluster c = gen_cluster(7, 8);
	struct svcrules_ruleset *rs = gen_build("nftables", &c, 0);
	struct svcr_nft *n = gen_nft(rs);
	struct svcr_nft_rule *r = &n->tables[0].chains[0].rules[0];

	ck_assert_uint_gt(n->tables[0].chains[0].nrules, 0);
	*r = (struct svcr_nft_rule){ .canon = texts[_i] };
	ck_assert_int_eq(svcr_nft_understand(n), 0);
	ck_assert_uint_eq(r->nstmts, 0);
	ck_assert_ptr_eq(r->canon, texts[_i]);
	svcrules_ruleset_free(rs);
	free(c.v);
}
END_TEST

static void understand_add(TCase *tc)
{
	tcase_add_loop_test(tc, understand_nftables, 0, 200);
	tcase_add_loop_test(tc, understand_ipvs, 0, 200);
	tcase_add_loop_test(tc, understand_policies, 0, 100);
	tcase_add_loop_test(tc, understand_foreign, 0, 23);
}

int main(void)
{
	return laws_run("understand", understand_add);
}
