/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command.h"
#include "guard.h"
#include "files.h"
#include "input.h"
#include "kernel/read.h"
#include "output/output.h"
#include "privilege.h"
#include "report.h"
#include "say.h"

#include <errno.h>

static int diff_compare(const struct arguments *a, const struct guard *guard,
			const struct svcrules_ruleset *from, struct svcrules_ruleset *to)
{
	struct svcrules_changes *c;
	int code, err;

	if (svcrules_diff(from, to, &c))
		return say_enomem();
	code = guard_warn(guard, c);
	if (code) {
		svcrules_changes_free(c);
		return code;
	}
	err = svcrules_changes_print(c, a->value[OPT_OUTPUT_CHANGES], out_colour(), out_write,
				     NULL);
	code = svcrules_changes_empty(c) ? EXIT_DONE : EXIT_DIFFERS;
	svcrules_changes_free(c);
	/* Any other error is of standard output, and reported at the end. */
	return err == -ENOMEM ? say_enomem() : code;
}

/*
 * Compares with what the kernel has now. What may stay there for its connections is carried over
 * into `to`.
 */
static int diff_kernel(const struct arguments *a, const struct guard *guard,
		       const struct svcrules_options *settings, struct svcrules_ruleset *to)
{
	struct svcrules_ruleset *have = NULL;
	struct session s;
	int code = session_open(&s, settings);

	if (code) {
		findings_print(&s, false);
		say("'diff --from FILE' compares with another file, and needs neither root nor "
		    "the kernel");
	}
	if (!code)
		code = kernel_read_own(&s, to, &have);
	if (!code && svcrules_settle(have, to, SVCRULES_SETTLE_COMPARE))
		code = session_no_memory(&s);
	findings_print(&s, false);
	if (!code)
		code = diff_compare(a, guard, have, to);
	svcrules_ruleset_free(have);
	session_close(&s);
	return code;
}

/* Reads what is to be compared. */
static int diff_read(const struct arguments *a, struct svcrules_options *settings,
		     struct svcrules_ruleset **from, struct svcrules_ruleset **to)
{
	struct files old = { .n = 0 }, new = { .n = 0 };
	bool kernel = !a->given[OPT_FROM] && !a->directory;
	int code = !a->given[OPT_FROM] ? EXIT_DONE :
					 input_open(a, &a->value[OPT_FROM], 1, false, &old);

	if (!code)
		code = input_open(a, a->files, a->nfiles, false, &new);
	privilege_drop(kernel);
	if (!code && a->given[OPT_FROM])
		code = input_build(a, &old, settings, false, NULL, from);
	if (!code)
		code = input_build(a, &new, settings, kernel, NULL, to);
	files_close(&old);
	files_close(&new);
	return code;
}

/* Compares with the files of a folder. */
static int diff_directory(const struct arguments *a, const struct svcrules_ruleset *to)
{
	struct output o;
	int code = output_open(a, false, &o);

	if (!code)
		code = output_diff(&o, to);
	output_close(&o);
	return code;
}

static int diff_run(const struct arguments *a)
{
	struct svcrules_ruleset *from = NULL, *to = NULL;
	bool kernel = !a->given[OPT_FROM] && !a->directory;
	struct svcrules_options *settings;
	struct guard guard;
	int code = guard_read(a, &guard); /* a wrong value is reported before any work */

	if (!code)
		code = input_settings(a, &settings);
	if (code)
		return code;
	if (svcrules_options_set(settings, "explain", NULL, NULL)) {
		svcrules_options_free(settings);
		return say_enomem();
	}
	if (kernel && !a->target->kernel) {
		say("--target %s makes files, and the kernel has none: name the input to compare "
		    "with by --from, or the folder of an earlier run by -o DIR",
		    a->target->name);
		code = EXIT_USAGE;
	}
	if (!code)
		code = diff_read(a, settings, &from, &to);
	if (!code)
		code = kernel       ? diff_kernel(a, &guard, settings, to) :
		       a->directory ? diff_directory(a, to) :
				      diff_compare(a, &guard, from, to);
	svcrules_ruleset_free(from);
	svcrules_ruleset_free(to);
	svcrules_options_free(settings);
	return code;
}

const struct command command_diff = {
	.name = "diff",
	.synopsis = "[--from FILE] -f FILE [-f FILE]... [OPTION...]",
	.summary = "show what apply would change",
	.about =
		"Compares the rule set made from FILE with the kernel's or, with --from, with the\n"
		"one made from another file; that needs neither kernel nor root. For a target\n"
		"that makes files, '-o DIR' compares with those in DIR.\n"
		"Exit status: 0 same, 1 differs, above 1 error.\n",
	.options = (const struct option_group *const[]){ &input_options, &from_options,
							 &output_changes_options, &node_options,
							 &table_options, &family_options,
							 &target_options, &empty_options,
							 &loss_options, &help_options, NULL },
	.run = diff_run,
};
