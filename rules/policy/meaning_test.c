/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The evaluator of meaning_test.h, by the facts of facts_test.h. */
#include <check.h>

#include "rules/policy/facts_test.h"

START_TEST(meaning_of_fact)
{
	const struct fact *f = &facts[_i / 2];
	struct np_cluster *c = facts_cluster(f);
	const char *text = f->packets, *rest;
	struct np_packet p;
	bool v6 = _i % 2, expected;

	while (f->families != (v6 ? 4 : 6) && (rest = facts_packet(text, v6, &p, &expected))) {
		ck_assert_msg(np_allowed(c, &p) == expected, "%s: %.*s", f->says,
			      (int)(rest - text), text);
		text = rest;
	}
	free(c);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("meaning");
	TCase *tc = tcase_create("meaning");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, meaning_of_fact, 0, 2 * (int)FACTS);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
