/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How tests of laws run, which build thousands of rule sets. */
#ifndef SVCR_LAWS_RUN_TEST_H
#define SVCR_LAWS_RUN_TEST_H

#include <check.h>
#include <stdlib.h>

/* Runs the tests that `add` adds, in this process: thousands of forks are slow with sanitizers. */
static inline int laws_run(const char *name, void (*add)(TCase *tc))
{
	Suite *suite = suite_create(name);
	TCase *tc = tcase_create(name);
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	srunner_set_fork_status(runner, CK_NOFORK);
	add(tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
