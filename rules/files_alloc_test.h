/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fails every allocation in turn while a target that makes files reads, builds, prints and
 * compares. The test that includes it defines three inputs before, of which the last one has an
 * error, and `settings`, and calls files_alloc_main() with the target's name.
 */
#ifndef SVCR_FILES_ALLOC_TEST_H
#define SVCR_FILES_ALLOC_TEST_H

#include "rules/alloc_test.h"
#include "rules/built_test.h"

#include <check.h>
#include <errno.h>
#include <jansson.h>

struct alloc_setting {
	const char *name, *value;
};

static struct {
	const char *target;
	const char *const *inputs;
	const struct alloc_setting *settings;
	size_t n;
	bool with_settings;
} files_alloc;

static int files_alloc_build(const char *text, struct svcrules_ruleset **ret)
{
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_options *o = svcrules_options_new();
	struct svcrules_model *m = NULL;
	int err = o && d ? 0 : -ENOMEM;

	for (size_t i = 0; i < files_alloc.n && files_alloc.with_settings && !err; i++)
		err = svcrules_options_set(o, files_alloc.settings[i].name,
					   files_alloc.settings[i].value, d);
	if (!err && !(m = svcrules_model_new(files_alloc.target, o)))
		err = -ENOMEM;
	if (!err)
		err = svcrules_model_read(m, "input", gen_fill, &text, d);
	if (!err)
		err = svcrules_build(m, o, files_alloc.target, d, ret);
	if (d && svcrules_diags_failed(d)) {
		svcrules_ruleset_free(*ret);
		*ret = NULL;
		err = -ENOMEM;
	}
	svcrules_model_free(m);
	svcrules_options_free(o);
	svcrules_diags_free(d);
	return err;
}

static int files_alloc_print(const struct svcrules_ruleset *rs)
{
	int err = svcrules_print(rs, "text", alloc_hash, NULL);
	struct svcrules_file f;

	if (!err)
		err = svcrules_print(rs, "json", alloc_hash, NULL);
	for (size_t i = 0; !err && svcrules_ruleset_file(rs, 0, i, &f); i++)
		err = svcrules_file_print(rs, 0, i, alloc_hash, NULL);
	return err;
}

static int files_alloc_print_changes(const struct svcrules_ruleset *from,
				     struct svcrules_ruleset *to)
{
	struct svcrules_changes *c;
	int err = svcrules_diff(from, to, &c);

	if (err)
		return err;
	err = svcrules_changes_print(c, "text", false, alloc_hash, NULL);
	if (!err)
		err = svcrules_changes_print(c, "json", false, alloc_hash, NULL);
	svcrules_changes_free(c);
	return err;
}

static int files_alloc_try(void)
{
	struct svcrules_ruleset *from = NULL, *to = NULL, *nothing = NULL;
	int err = files_alloc_build(files_alloc.inputs[0], &from);

	if (!err)
		err = files_alloc_build(files_alloc.inputs[1], &to);
	if (!err)
		err = files_alloc_print(from);
	if (!err)
		err = files_alloc_print_changes(from, to);
	if (!err && !(nothing = svcrules_ruleset_empty(from)))
		err = -ENOMEM;
	if (!err)
		err = files_alloc_print_changes(from, nothing);
	svcrules_ruleset_free(from);
	svcrules_ruleset_free(to);
	svcrules_ruleset_free(nothing);
	return err;
}

static int files_alloc_try_error(void)
{
	struct svcrules_ruleset *rs = NULL;

	return files_alloc_build(files_alloc.inputs[2], &rs);
}

static const struct {
	int (*call)(void);
	bool with_settings;
	int result;
} files_alloc_tries[] = { { files_alloc_try, false, 0 },
			  { files_alloc_try, true, 0 },
			  { files_alloc_try_error, false, -EINVAL } };

START_TEST(files_every_failure)
{
	files_alloc.with_settings = files_alloc_tries[_i].with_settings;
	ck_assert_uint_ge(alloc_every(files_alloc_tries[_i].call, files_alloc_tries[_i].result,
				      files_alloc.target),
			  5);
}
END_TEST

/* What main() returns. */
static inline int files_alloc_main(const char *target, const char *const inputs[static 3],
				   const struct alloc_setting *settings, size_t n)
{
	Suite *suite = suite_create(target);
	TCase *tc = tcase_create("alloc");
	SRunner *runner = srunner_create(suite);
	int bad;

	files_alloc.target = target;
	files_alloc.inputs = inputs;
	files_alloc.settings = settings;
	files_alloc.n = n;
	json_set_alloc_funcs(__wrap_malloc, __wrap_free);
	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, files_every_failure, 0,
			    (int)(sizeof(files_alloc_tries) / sizeof(*files_alloc_tries)));
	srunner_run_all(runner, CK_ENV);
	bad = srunner_ntests_failed(runner);
	srunner_free(runner);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}

#endif
