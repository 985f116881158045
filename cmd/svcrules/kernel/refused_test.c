/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Refusals of the kernel, described by the changes that it refused. Exit code 77: not permitted
 * here.
 */
#include "kernel/refused.h"
#include "exit.h"
#include "kernel/rules_test.h"

#include <errno.h>

static bool refused_test_said(const char *text)
{
	for (size_t i = 0; i < rules_session.nfindings; i++)
		if (strstr(rules_session.findings[i].text, text))
			return true;
	return false;
}

/* Without its table, the change that adds a service is refused; `named`: says which service. */
START_TEST(test_refused_change)
{
	bool named = _i;
	uint32_t any = 0;
	struct svcrules_ruleset *one = rules_test_build(RULES_TCP),
				*both = rules_test_build(RULES_TCP RULES_UDP);
	struct svcrules_changes *c;
	struct refused r;

	ck_assert_int_eq(svcrules_diff(one, both, &c), 0);
	ck_assert_int_eq(refused_send(&rules_session, c, SVCRULES_ADD, true, &any, NULL, &r),
			 EXIT_DONE);
	ck_assert_int_eq(r.err, -ENOENT);
	ck_assert_uint_gt(r.n, 0);
	ck_assert_uint_gt(r.messages, 0);
	ck_assert_int_eq(refused_find(&rules_session, c, named, &r), EXIT_KERNEL);
	ck_assert_uint_eq(rules_session.nfindings, r.n + 1);
	ck_assert(refused_test_said("Service x/b:u") == named);
	ck_assert(refused_test_said("the change was refused") == !named);
	ck_assert_str_eq(rules_session.findings[r.n].text, "nothing was changed");
	svcrules_changes_free(c);
	svcrules_ruleset_free(one);
	svcrules_ruleset_free(both);
}
END_TEST

/* A refusal of the whole transaction has no message: the rules moved, or a permission lacks. */
START_TEST(test_refused_whole)
{
	struct svcrules_ruleset *want = rules_test_build(RULES_TCP),
				*none = svcrules_ruleset_empty(want);
	uint32_t wrong = rules_test_generation() + 1, any = 0;
	struct svcrules_changes *c;
	struct refused r;

	ck_assert_int_eq(svcrules_diff(none, want, &c), 0);
	ck_assert_int_eq(refused_send(&rules_session, c, SVCRULES_ADD, true, &wrong, NULL, &r),
			 EXIT_DONE);
	ck_assert_int_eq(r.err, -ERESTART);
	ck_assert_uint_eq(r.n, 0);
	ck_assert_int_eq(refused_find(&rules_session, c, true, &r), EXIT_KERNEL);
	ck_assert_str_eq(rules_test_finding(), "cannot change the kernel's rules: another program "
					       "keeps changing nftables; try again");
	ck_assert_int_eq(refused_send(&rules_session, c, SVCRULES_ADD, true, &any, NULL, &r),
			 EXIT_DONE);
	ck_assert_int_eq(r.err, 0);
	ck_assert(rules_test_same(want));
	svcrules_changes_free(c);
	svcrules_ruleset_free(none);
	svcrules_ruleset_free(want);
}
END_TEST

static void refused_tests(TCase *tc)
{
	tcase_add_checked_fixture(tc, rules_test_setup, rules_test_teardown);
	tcase_add_loop_test(tc, test_refused_change, 0, 2);
	tcase_add_test(tc, test_refused_whole);
}

int main(void)
{
	return namespace_main("refused", refused_tests);
}
