/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rule sets applied and read back, each test in a network namespace of its own. Exit code 77:
 * not permitted here.
 */
#include "kernel/make.h"
#include "exit.h"
#include "kernel/nft.h"
#include "kernel/rules_test.h"

static int make_test_append(void *arg, const char *buf, size_t len)
{
	return fwrite(buf, 1, len, arg) == len ? 0 : -ENOMEM;
}

/* A copy of `rs`, as if it had been read from the kernel. */
static struct svcrules_ruleset *make_test_copy(const struct svcrules_ruleset *rs)
{
	struct svcrules_ruleset *copy = NULL;
	char *bytes = NULL;
	size_t len;
	FILE *f = open_memstream(&bytes, &len);

	ck_assert_ptr_nonnull(f);
	ck_assert_int_eq(svcrules_pack(rs, make_test_append, f), 0);
	ck_assert_int_eq(fclose(f), 0);
	ck_assert_int_eq(svcrules_unpack(rs, bytes, len, &copy), 0);
	free(bytes);
	return copy;
}

/* Makes the kernel have `want`. Returns how many messages that took. */
static size_t make_test_apply(struct svcrules_ruleset *want)
{
	struct transition t = { .session = &rules_session, .want = want };
	size_t messages;

	ck_assert_int_eq(make_all(&t), EXIT_DONE);
	messages = t.messages;
	make_release(&t);
	return messages;
}

/* What was made is read back as it was meant, and nothing is left to do then. */
START_TEST(test_make_round)
{
	struct svcrules_ruleset *want = rules_test_build(RULES_TCP RULES_UDP);
	uint32_t generation;

	ck_assert(!rules_test_same(want));
	ck_assert_uint_gt(make_test_apply(want), 0);
	ck_assert(rules_test_same(want));
	generation = rules_test_generation();
	ck_assert_uint_eq(make_test_apply(want), 0);
	ck_assert_uint_eq(rules_test_generation(), generation);
	ck_assert_uint_eq(rules_session.nfindings, 0);
	svcrules_ruleset_free(want);
}
END_TEST

/* UDP addresses that are no longer served are remembered until their flows are gone, not longer. */
START_TEST(test_make_change)
{
	struct svcrules_ruleset *both = rules_test_build(RULES_TCP RULES_UDP),
				*one = rules_test_build(RULES_TCP);
	uint32_t generation;

	make_test_apply(both);
	generation = rules_test_generation();
	ck_assert_uint_gt(make_test_apply(one), 0);
	ck_assert_uint_eq(rules_test_generation(), generation + 2);
	ck_assert(rules_test_same(one));
	make_test_apply(both);
	ck_assert_uint_eq(rules_test_generation(), generation + 3);
	ck_assert(rules_test_same(both));
	svcrules_ruleset_free(both);
	svcrules_ruleset_free(one);
}
END_TEST

/* The numbers of a change are those of the first transaction, which is the services'. */
START_TEST(test_make_stats)
{
	struct svcrules_ruleset *both = rules_test_build(RULES_TCP RULES_UDP),
				*one = rules_test_build(RULES_TCP);
	struct transition t = { .session = &rules_session, .want = one };

	make_test_apply(both);
	ck_assert_int_eq(make_all(&t), EXIT_DONE);
	ck_assert_uint_gt(t.sent.elements_removed, 0);
	ck_assert_uint_eq(t.other_messages, 0);
	ck_assert_ptr_null(t.other_noun);
	ck_assert_uint_eq(t.flows, 0);
	make_release(&t);
	ck_assert_ptr_null(t.nft);
	svcrules_ruleset_free(both);
	svcrules_ruleset_free(one);
}
END_TEST

START_TEST(test_make_check_changes_nothing)
{
	struct svcrules_ruleset *want = rules_test_build(RULES_TCP), *have;
	struct transition t = { .session = &rules_session, .want = want };
	uint32_t generation = rules_test_generation();
	struct svcrules_part p;

	ck_assert_int_eq(make_check(&t), EXIT_DONE);
	ck_assert_uint_gt(t.messages, 0);
	make_release(&t);
	ck_assert_uint_eq(rules_test_generation(), generation);
	have = rules_test_read(want);
	ck_assert(svcrules_ruleset_part(have, 0, &p));
	ck_assert_uint_eq(p.count, 0);
	svcrules_ruleset_free(have);
	svcrules_ruleset_free(want);
}
END_TEST

START_TEST(test_make_compare)
{
	struct svcrules_ruleset *want = rules_test_build(RULES_TCP);
	struct transition t = { .session = &rules_session, .want = want };

	ck_assert_int_eq(make_compare(&t), EXIT_DONE);
	ck_assert_ptr_null(t.changes); /* nothing to compare with */
	t.have = rules_test_read(want);
	ck_assert_int_eq(make_compare(&t), EXIT_DONE);
	ck_assert(!svcrules_changes_empty(t.changes));
	make_release(&t);
	svcrules_ruleset_free((struct svcrules_ruleset *)(uintptr_t)t.have);
	svcrules_ruleset_free(want);
}
END_TEST

/* The generation shows whether anybody changed rules; the table, that it is the same module's. */
START_TEST(test_make_unchanged)
{
	struct svcrules_ruleset *want = rules_test_build(RULES_TCP RULES_UDP);
	struct transition t = { .session = &rules_session, .want = want };
	uint32_t generation = 0, again = 0;

	ck_assert_int_eq(make_all(&t), EXIT_DONE);
	ck_assert(driver_nft.settled(&t, &generation));
	ck_assert_uint_eq(generation, rules_test_generation());
	ck_assert(nft_unchanged(&rules_session, generation, RULES_TABLE, true, true));
	ck_assert(!nft_unchanged(&rules_session, generation - 1, RULES_TABLE, true, true));
	ck_assert(!nft_unchanged(&rules_session, generation, "other", true, false));
	ck_assert(nft_unchanged(&rules_session, generation, "other", false, false));
	ck_assert(nft_has_table(&rules_session, RULES_TABLE));
	ck_assert(!nft_has_table(&rules_session, "other"));
	session_close(&rules_session); /* another program's change */
	ck_assert_int_eq(session_open(&rules_session, rules_options), EXIT_DONE);
	rules_test_add_foreign(NFPROTO_IPV6, "other");
	ck_assert(!nft_unchanged(&rules_session, generation, RULES_TABLE, true, true));
	ck_assert(!driver_nft.settled(&t, &again));
	ck_assert(nft_has_table(&rules_session, "other"));
	make_release(&t);
	svcrules_ruleset_free(want);
}
END_TEST

/* Applies `want`, believing that the kernel has `known` in that generation. */
static void make_test_known(struct transition *t, struct svcrules_ruleset *known,
			    uint32_t generation)
{
	ck_assert_int_eq(driver_nft.start(t), EXIT_DONE);
	driver_nft.know(t, known, generation);
	ck_assert_int_eq(make_all(t), EXIT_DONE);
}

/* What is known is not read again. */
START_TEST(test_make_known)
{
	struct svcrules_ruleset *one = rules_test_build(RULES_TCP),
				*both = rules_test_build(RULES_TCP RULES_UDP);
	struct transition t = { .session = &rules_session, .want = one };

	make_test_apply(one);
	make_test_known(&t, make_test_copy(one), rules_test_generation());
	ck_assert(t.nft->proved);
	ck_assert_uint_eq(t.messages, 0);
	make_release(&t);
	t = (struct transition){ .session = &rules_session, .want = both };
	make_test_known(&t, make_test_copy(one), rules_test_generation());
	ck_assert(t.nft->proved);
	ck_assert_uint_gt(t.messages, 0);
	make_release(&t);
	ck_assert(rules_test_same(both));
	svcrules_ruleset_free(one);
	svcrules_ruleset_free(both);
}
END_TEST

START_TEST(test_make_known_of_another_generation)
{
	struct svcrules_ruleset *one = rules_test_build(RULES_TCP),
				*both = rules_test_build(RULES_TCP RULES_UDP);
	struct transition t = { .session = &rules_session, .want = both };
	uint32_t generation;

	make_test_apply(both);
	generation = rules_test_generation();
	make_test_apply(one);
	make_test_known(&t, make_test_copy(both), generation);
	ck_assert(!t.nft->proved);
	ck_assert_uint_gt(t.messages, 0);
	make_release(&t);
	ck_assert(rules_test_same(both));
	svcrules_ruleset_free(one);
	svcrules_ruleset_free(both);
}
END_TEST

/*
 * What is known may be wrong although the generation is right: then there is no such table, or
 * the kernel refuses the change; in both cases its rules are read.
 */
START_TEST(test_make_known_wrong)
{
	struct svcrules_ruleset *one = rules_test_build(RULES_TCP),
				*both = rules_test_build(RULES_TCP RULES_UDP),
				*want = rules_test_build(RULES_UDP);
	struct transition t = { .session = &rules_session, .want = _i ? want : both };

	if (_i)
		make_test_apply(one);
	make_test_known(&t, make_test_copy(both), rules_test_generation());
	ck_assert_uint_gt(t.messages, 0);
	ck_assert(rules_test_same(t.want));
	make_release(&t);
	ck_assert_uint_eq(rules_session.nfindings, 0);
	svcrules_ruleset_free(one);
	svcrules_ruleset_free(both);
	svcrules_ruleset_free(want);
}
END_TEST

/* A table that another program made is left alone. */
START_TEST(test_make_foreign)
{
	struct svcrules_ruleset *want = rules_test_build(RULES_TCP), *have = NULL;
	struct transition t = { .session = &rules_session, .want = want };
	uint32_t generation;

	rules_test_add_foreign(NFPROTO_IPV4, RULES_TABLE);
	generation = rules_test_generation();
	ck_assert_int_eq(make_all(&t), EXIT_KERNEL);
	make_release(&t);
	ck_assert_str_eq(
		rules_test_finding(),
		"table ip t was not made by svcrules and is left alone; --table names another");
	ck_assert_uint_eq(rules_test_generation(), generation);
	ck_assert_int_eq(kernel_read_own(&rules_session, want, &have), EXIT_KERNEL);
	ck_assert_int_eq(kernel_read_to_remove(&rules_session, want, &have),
			 EXIT_DONE); /* the last part */
	ck_assert_int_eq(kernel_obstacles(&rules_session, have, want), EXIT_KERNEL);
	ck_assert_uint_eq(rules_session.nfindings, 3);
	svcrules_ruleset_free(have);
	svcrules_ruleset_free(want);
}
END_TEST

START_TEST(test_make_not_permitted)
{
	struct svcrules_ruleset *want = rules_test_build(RULES_TCP);
	struct transition t = { .session = &rules_session, .want = want };

	namespace_drop_capabilities();
	ck_assert_int_eq(make_all(&t), EXIT_KERNEL);
	make_release(&t);
	ck_assert_ptr_nonnull(strstr(rules_test_finding(), ": needs CAP_NET_ADMIN (root)"));
	svcrules_ruleset_free(want);
}
END_TEST

/* The default target is in use if it has tables; tables of other programs do not count. */
START_TEST(test_make_in_use)
{
	struct svcrules_ruleset *none = svcrules_ruleset_new(NULL, rules_options, NULL),
				*other = svcrules_ruleset_new(NULL, rules_options, "other"),
				*want = rules_test_build(RULES_TCP);

	ck_assert_ptr_eq(driver_last(none), &driver_nft);
	ck_assert_ptr_eq(driver_of(none, 0), &driver_nft);
	ck_assert(!driver_nft.in_use(&rules_session, none, true));
	rules_test_add_foreign(NFPROTO_IPV4, RULES_TABLE);
	ck_assert(!driver_nft.in_use(&rules_session, none, false));
	session_close(&rules_session);
	svcrules_ruleset_free(want);
	ck_assert_int_eq(svcrules_options_set(rules_options, "table", "other", NULL), 0);
	ck_assert_int_eq(session_open(&rules_session, rules_options), EXIT_DONE);
	want = rules_test_build(RULES_TCP);
	make_test_apply(want);
	ck_assert(!driver_nft.in_use(&rules_session, none, false));
	ck_assert(driver_nft.in_use(&rules_session, none, true));
	ck_assert(driver_nft.in_use(&rules_session, other, false));
	svcrules_ruleset_free(none);
	svcrules_ruleset_free(other);
	svcrules_ruleset_free(want);
}
END_TEST

static void make_tests(TCase *tc)
{
	tcase_add_checked_fixture(tc, rules_test_setup, rules_test_teardown);
	tcase_add_test(tc, test_make_round);
	tcase_add_test(tc, test_make_change);
	tcase_add_test(tc, test_make_stats);
	tcase_add_test(tc, test_make_check_changes_nothing);
	tcase_add_test(tc, test_make_compare);
	tcase_add_test(tc, test_make_unchanged);
	tcase_add_test(tc, test_make_known);
	tcase_add_test(tc, test_make_known_of_another_generation);
	tcase_add_loop_test(tc, test_make_known_wrong, 0, 2);
	tcase_add_test(tc, test_make_foreign);
	tcase_add_test(tc, test_make_not_permitted);
	tcase_add_test(tc, test_make_in_use);
}

int main(void)
{
	return namespace_main("make", make_tests);
}
