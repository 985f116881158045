/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command.h"
#include "files.h"
#include "input.h"
#include "output/output.h"
#include "privilege.h"
#include "say.h"
#include "secrecy.h"

#include <errno.h>

/* Prints the rule set, or writes its files. */
static int compile_end(const struct arguments *a, struct output *o,
		       const struct svcrules_ruleset *rs)
{
	const char *why = svcrules_unprintable(rs, a->value[OPT_OUTPUT], a->directory);

	if (why)
		say("%s", why);
	if (why)
		return EXIT_USAGE;
	if (a->directory)
		return output_write(o, rs);
	/* Any other error is of standard output, and reported at the end. */
	return svcrules_print(rs, a->value[OPT_OUTPUT], out_write, NULL) == -ENOMEM ? say_enomem() :
										      EXIT_DONE;
}

static int compile_files(const struct arguments *a, struct svcrules_options *settings,
			 struct output *o)
{
	struct svcrules_ruleset *rs = NULL;
	struct files files;
	int code = input_open(a, a->files, a->nfiles, false, &files);

	privilege_drop(false);
	if (!code && a->target->secrets)
		code = secrecy_start();
	if (!code)
		code = input_build(a, &files, settings, false, NULL, &rs);
	if (!code)
		code = compile_end(a, o, rs);
	files_close(&files);
	svcrules_ruleset_free(rs);
	return code;
}

static int compile_run(const struct arguments *a)
{
	struct svcrules_options *settings;
	struct output o;
	int code = input_settings(a, &settings);

	if (code)
		return code;
	if (a->directory)
		code = output_open(a, true, &o);
	if (!code)
		code = compile_files(a, settings, &o);
	if (a->directory)
		output_close(&o);
	svcrules_options_free(settings);
	return code;
}

const struct command command_compile = {
	.name = "compile",
	.synopsis = "-f FILE [-f FILE]... [OPTION...]",
	.summary = "print the rule set",
	.about =
		"Prints the rule set made from FILE in the form that 'nft -f' loads. For a target\n"
		"of several parts each is printed in the form that its tool loads, or one of\n"
		"them with -o. Needs neither kernel nor root. A target that makes files writes\n"
		"them with '-o DIR' into the folder DIR, which is replaced as a whole.\n",
	.options = (const struct option_group *const[]){ &input_options, &output_options,
							 &directory_options, &node_options,
							 &table_options, &family_options,
							 &compile_target_options, &empty_options,
							 &help_options, NULL },
	.run = compile_run,
};
