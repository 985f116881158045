/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command.h"
#include "files.h"
#include "input.h"
#include "privilege.h"
#include "say.h"

#include <errno.h>

static int compile_run(const struct arguments *a)
{
	struct svcrules_options *settings;
	struct svcrules_ruleset *rs = NULL;
	struct files files;
	int code = input_settings(a, &settings);

	if (code)
		return code;
	code = input_open(a, a->files, a->nfiles, false, &files);
	privilege_drop(false);
	if (!code)
		code = input_build(a, &files, settings, false, NULL, &rs);
	/* Any other error is of standard output, and reported at the end. */
	if (!code && svcrules_print(rs, a->value[OPT_OUTPUT], out_write, NULL) == -ENOMEM)
		code = say_enomem();
	files_close(&files);
	svcrules_ruleset_free(rs);
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
		"them with -o. Needs neither kernel nor root.\n",
	.options = (const struct option_group *const[]){ &input_options, &output_options,
							 &node_options, &table_options,
							 &family_options, &target_options,
							 &empty_options, &help_options, NULL },
	.run = compile_run,
};
