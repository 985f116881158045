/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rule sets as bytes and back. */
#include "rules/built_test.h"

#include <check.h>
#include <errno.h>

#define SEEDS 60

static int pack_refuse_write(void *arg, const char *buf, size_t len)
{
	(void)arg;
	(void)buf;
	(void)len;
	return -ENOSPC;
}

static struct svcrules_ruleset *pack_build(const struct gen_cluster *c)
{
	return gen_build("nftables", c, 0);
}

static struct gen_text packed(const struct svcrules_ruleset *rs)
{
	struct gen_text t = { NULL, 0 };

	ck_assert_int_eq(svcrules_pack(rs, gen_write, &t), 0);
	return t;
}

/* The messages that lead from `from` to `to`; the buffer is to be freed. */
static struct svcrules_messages pack_way(const struct svcrules_ruleset *from,
					 struct svcrules_ruleset *to)
{
	struct svcrules_changes *c = gen_diff(from, to);
	struct svcrules_messages m = gen_encode(c, 0, SVCRULES_ADD, 0);

	svcrules_changes_free(c);
	return m;
}

/* What comes back prints as what went in, and the way from it to any other is the same. */
START_TEST(pack_round)
{
	struct gen_cluster a = gen_cluster((uint64_t)_i, (size_t)_i % 12),
			   c = gen_cluster((uint64_t)_i + 1000, 6);
	struct svcrules_ruleset *was = pack_build(&a), *same = pack_build(&a), *to = pack_build(&c),
				*back;
	struct gen_text b = packed(was);
	struct svcrules_messages ways[2];

	ck_assert_int_eq(svcrules_unpack(was, b.p, b.len, &back), 0);
	ck_assert_str_eq(gen_nft(back)->tables[0].name, gen_nft(was)->tables[0].name);
	ck_assert(gen_same(back, same));
	ways[0] = pack_way(was, to);
	ways[1] = pack_way(back, to);
	ck_assert_uint_eq(ways[0].len, ways[1].len);
	if (ways[0].len)
		ck_assert_mem_eq(ways[0].buf, ways[1].buf, ways[0].len);
	free(ways[0].buf);
	free(ways[1].buf);
	free(b.p);
	svcrules_ruleset_free(was);
	svcrules_ruleset_free(same);
	svcrules_ruleset_free(to);
	svcrules_ruleset_free(back);
	free(a.v);
	free(c.v);
}
END_TEST

/*
 * Bytes that end too early are never taken; nor are more than all. Copied, so that a sanitizer
 * sees every step too far.
 */
START_TEST(pack_cut)
{
	struct gen_cluster a = gen_cluster((uint64_t)_i, 3);
	struct svcrules_ruleset *was = pack_build(&a), *back;
	struct gen_text b = packed(was);

	for (size_t n = 0; n <= b.len + 1; n += n != b.len - 1 ? 1 : 2) {
		char *copy = calloc(1, n ? n : 1);

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, b.p, n < b.len ? n : b.len);
		ck_assert_int_eq(svcrules_unpack(was, copy, n, &back), -EBADMSG);
		free(copy);
	}
	free(b.p);
	svcrules_ruleset_free(was);
	free(a.v);
}
END_TEST

/* Changed bytes are refused, or make some value that can be compared and encoded. */
START_TEST(pack_changed)
{
	struct gen_cluster a = gen_cluster((uint64_t)_i, 4);
	struct svcrules_ruleset *was = pack_build(&a), *to = pack_build(&a), *back;
	struct gen_text b = packed(was);
	size_t taken = 0, refused = 0;

	for (size_t i = 0; i < b.len; i++) {
		char kept = b.p[i];

		b.p[i] = (char)(kept ^ (1 << i % 8));
		if (svcrules_unpack(was, b.p, b.len, &back) == 0) {
			struct svcrules_messages w = pack_way(back, to);

			taken++;
			free(w.buf);
			svcrules_ruleset_free(back);
		} else {
			refused++;
		}
		b.p[i] = kept;
	}
	ck_assert_uint_gt(taken, 0);
	ck_assert_uint_gt(refused, 0);
	free(b.p);
	svcrules_ruleset_free(was);
	svcrules_ruleset_free(to);
	free(a.v);
}
END_TEST

START_TEST(pack_write_error)
{
	struct gen_cluster a = gen_cluster(1, 4);
	struct svcrules_ruleset *was = pack_build(&a);

	ck_assert_int_eq(svcrules_pack(was, pack_refuse_write, NULL), -ENOSPC);
	svcrules_ruleset_free(was);
	free(a.v);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("pack");
	TCase *tc = tcase_create("pack");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	srunner_set_fork_status(runner, CK_NOFORK);
	tcase_add_loop_test(tc, pack_round, 0, SEEDS);
	tcase_add_loop_test(tc, pack_cut, 0, 4);
	tcase_add_loop_test(tc, pack_changed, 0, 4);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, pack_write_error);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
