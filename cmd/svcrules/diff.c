/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command.h"
#include "guard.h"
#include "files.h"
#include "input.h"
#include "kernel/read.h"
#include "output/output.h"
#include "privilege.h"
#include "progress.h"
#include "report.h"
#include "say.h"
#include "secrecy.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool diff_colour(const struct arguments *a)
{
	const char *when = a->value[OPT_COLOUR];

	if (!when || strcmp(when, "auto") == 0)
		return out_colour();
	return strcmp(when, "always") == 0;
}

static int diff_compare(const struct arguments *a, const struct guard *guard, const char *remarks,
			const struct svcrules_ruleset *from, struct svcrules_ruleset *to)
{
	struct svcrules_review how = { .colour = diff_colour(a),
				       .remarks = remarks,
				       .node = a->value[OPT_NODE_NAME] };
	struct svcrules_changes *c;
	int code = arguments_limit(a, &how.limit), err;

	if (code)
		return code;
	progress_begin(progress_comparing, 0);
	err = svcrules_diff(from, to, &c);
	progress_end();
	if (err)
		return say_enomem();
	code = guard_warn(guard, c);
	if (code) {
		svcrules_changes_free(c);
		return code;
	}
	err = svcrules_changes_review(c, a->value[OPT_OUTPUT_CHANGES], &how, out_write, NULL);
	code = svcrules_changes_empty(c) ? EXIT_DONE : EXIT_DIFFERS;
	svcrules_changes_free(c);
	/* Any other error is of standard output, and reported at the end. */
	return err == -ENOMEM ? say_enomem() : code;
}

/*
 * Compares with what the kernel has now. What may stay there for its connections is carried over
 * into `to`.
 */
static int diff_kernel(const struct arguments *a, const struct guard *guard, const char *remarks,
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
	if (!code && svcrules_settle(have, to, SVCRULES_SETTLE_COMPARE, NULL))
		code = session_no_memory(&s);
	findings_print(&s, false);
	if (!code)
		code = diff_compare(a, guard, remarks, have, to);
	svcrules_ruleset_free(have);
	session_close(&s);
	return code;
}

/* Reads what is to be compared. */
static int diff_read(const struct arguments *a, struct svcrules_options *settings, char **remarks,
		     struct svcrules_ruleset **from, struct svcrules_ruleset **to)
{
	struct files old = { .n = 0 }, new = { .n = 0 }, overlay = { .n = 0 };
	bool kernel = !a->given[OPT_FROM] && !a->directory;
	int code = !a->given[OPT_FROM] ? EXIT_DONE :
					 input_open(a, &a->value[OPT_FROM], 1, false, &old);

	if (!code)
		code = input_open(a, a->files, a->nfiles, false, &new);
	if (!code && a->noverlays)
		code = input_open(a, a->overlays, a->noverlays, false, &overlay);
	privilege_drop(kernel);
	if (!code && a->target->secrets)
		code = secrecy_start();
	if (!code && a->given[OPT_FROM])
		code = input_build(a, &old, settings, false, NULL, from);
	if (!code)
		code = input_build_overlaid(a, &new, a->noverlays ? &overlay : NULL, settings,
					    kernel, remarks, to);
	files_close(&old);
	files_close(&new);
	files_close(&overlay);
	return code;
}

/* Compares with the files of a folder, which is opened before privileges are given up. */
static int diff_directory(const struct arguments *a, struct svcrules_options *settings,
			  char **remarks, struct svcrules_ruleset **to)
{
	struct output o;
	int code = output_open(a, false, &o);

	if (!code)
		code = diff_read(a, settings, remarks, NULL, to);
	if (!code)
		code = output_diff(&o, *to);
	output_close(&o);
	return code;
}

static int diff_run(const struct arguments *a)
{
	struct svcrules_ruleset *from = NULL, *to = NULL;
	bool kernel = !a->given[OPT_FROM] && !a->directory;
	struct svcrules_options *settings;
	char *remarks = NULL;
	struct guard guard;
	int code = guard_read(a, &guard); /* a wrong value is reported before any work */
	size_t limit;

	if (!code)
		code = arguments_limit(a, &limit);
	if (!code)
		code = input_settings(a, &settings);
	if (code)
		return code;
	if (svcrules_options_set(settings, "reasons", NULL, NULL)) {
		svcrules_options_free(settings);
		return say_enomem();
	}
	if (kernel && !a->target->kernel) {
		say("--target %s makes files, and the kernel has none: name the input to compare "
		    "with by --from, or the folder of an earlier run by -o DIR",
		    a->target->name);
		code = EXIT_USAGE;
	}
	if (!code && a->directory)
		code = diff_directory(a, settings, &remarks, &to);
	else if (!code)
		code = diff_read(a, settings, &remarks, &from, &to);
	if (!code && !a->directory)
		code = kernel ? diff_kernel(a, &guard, remarks, settings, to) :
				diff_compare(a, &guard, remarks, from, to);
	svcrules_ruleset_free(from);
	svcrules_ruleset_free(to);
	svcrules_options_free(settings);
	free(remarks);
	return code;
}

const struct command command_diff = {
	.name = "diff",
	.synopsis = "[--from FILE] -f FILE [-f FILE]... [OPTION...]",
	.summary = "show what apply would change",
	.about =
		"Compares the rule set made from FILE with the kernel's or, with --from, with the\n"
		"one made from another file; that needs neither kernel nor root. For a target\n"
		"that makes files, '-o DIR' compares with those in DIR. With --overlay, manifests\n"
		"are laid over the answer of an API server first.\n"
		"Exit status: 0 same, 1 differs, above 1 error.\n",
	.options = (const struct option_group *const[]){ &input_options, &from_options,
							 &output_changes_options, &review_options,
							 &node_options, &table_options,
							 &family_options, &target_options,
							 &empty_options, &loss_options,
							 &help_options, NULL },
	.run = diff_run,
};
