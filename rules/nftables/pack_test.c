/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nftables/diff.h"
#include "rules/nftables/generate_test.h"

#include <check.h>
#include <errno.h>

#define SEEDS 60

struct bytes {
	char *p;
	size_t n;
};

static int append(void *arg, const char *buf, size_t len)
{
	struct bytes *b = arg;

	b->p = realloc(b->p, b->n + len);
	ck_assert_ptr_nonnull(b->p);
	memcpy(b->p + b->n, buf, len);
	b->n += len;
	return 0;
}

static int refuse(void *arg, const char *buf, size_t len)
{
	(void)arg;
	(void)buf;
	(void)len;
	return -ENOSPC;
}

static struct bytes packed(const struct svcrules_nft *n)
{
	struct bytes b = { NULL, 0 };

	ck_assert_int_eq(svcrules_nft_pack(n, append, &b), 0);
	return b;
}

/* The messages that lead from `from` to `to`. */
static struct bytes way(const struct svcrules_nft *from, struct svcrules_nft *to)
{
	struct svcrules_changes *c;
	struct bytes b = { NULL, 0 };
	size_t messages;
	void *p;

	ck_assert_int_eq(svcrules_nft_diff(from, to, &c), 0);
	ck_assert_int_eq(svcrules_changes_encode(c, &p, &b.n, &messages), 0);
	b.p = p;
	svcrules_changes_free(c);
	return b;
}

/* What comes back prints as what went in, and the way from it to any other is the same. */
START_TEST(test_round)
{
	struct gen_cluster a = gen_cluster((uint64_t)_i, (size_t)_i % 12), c = gen_cluster((uint64_t)_i + 1000, 6);
	struct svcrules_nft *was = gen_build(&a, 0), *same = gen_build(&a, 0), *to = gen_build(&c, 0), *back;
	struct bytes b = packed(was), ways[2];
	struct svcrules_changes *none;

	ck_assert_int_eq(svcrules_nft_unpack(b.p, b.n, &back), 0);
	ck_assert_str_eq(back->name, was->name);
	ck_assert_int_eq(svcrules_nft_diff(back, same, &none), 0);
	ck_assert(svcrules_changes_empty(none));
	svcrules_changes_free(none);
	ways[0] = way(was, to);
	ways[1] = way(back, to);
	ck_assert_uint_eq(ways[0].n, ways[1].n);
	if (ways[0].n)
		ck_assert_mem_eq(ways[0].p, ways[1].p, ways[0].n);
	free(ways[0].p);
	free(ways[1].p);
	free(b.p);
	svcrules_nft_free(was);
	svcrules_nft_free(same);
	svcrules_nft_free(to);
	svcrules_nft_free(back);
	free(a.v);
	free(c.v);
}
END_TEST

/* Bytes that end too early are never taken; nor are more than all. Copied, so that a sanitizer sees every step too far. */
START_TEST(test_cut)
{
	struct gen_cluster a = gen_cluster((uint64_t)_i, 3);
	struct svcrules_nft *was = gen_build(&a, 0), *back;
	struct bytes b = packed(was);

	for (size_t n = 0; n <= b.n + 1; n += n != b.n - 1 ? 1 : 2) {
		char *copy = calloc(1, n ? n : 1);

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, b.p, n < b.n ? n : b.n);
		ck_assert_int_eq(svcrules_nft_unpack(copy, n, &back), -EBADMSG);
		free(copy);
	}
	free(b.p);
	svcrules_nft_free(was);
	free(a.v);
}
END_TEST

/* Changed bytes are refused, or make some value that can be compared and encoded. */
START_TEST(test_changed)
{
	struct gen_cluster a = gen_cluster((uint64_t)_i, 4);
	struct svcrules_nft *was = gen_build(&a, 0), *to = gen_build(&a, 0), *back;
	struct bytes b = packed(was);
	size_t taken = 0, refused = 0;

	for (size_t i = 0; i < b.n; i++) {
		char kept = b.p[i];

		b.p[i] = (char)(kept ^ (1 << i % 8));
		if (svcrules_nft_unpack(b.p, b.n, &back) == 0) {
			struct bytes w = way(back, to);

			taken++;
			free(w.p);
			svcrules_nft_free(back);
		} else {
			refused++;
		}
		b.p[i] = kept;
	}
	ck_assert_uint_gt(taken, 0);
	ck_assert_uint_gt(refused, 0);
	free(b.p);
	svcrules_nft_free(was);
	svcrules_nft_free(to);
	free(a.v);
}
END_TEST

START_TEST(test_write_error)
{
	struct gen_cluster a = gen_cluster(1, 4);
	struct svcrules_nft *was = gen_build(&a, 0);

	ck_assert_int_eq(svcrules_nft_pack(was, refuse, NULL), -ENOSPC);
	svcrules_nft_free(was);
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
	tcase_add_loop_test(tc, test_round, 0, SEEDS);
	tcase_add_loop_test(tc, test_cut, 0, 4);
	tcase_add_loop_test(tc, test_changed, 0, 4);
	tcase_add_test(tc, test_write_error);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
