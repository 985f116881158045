/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command.h"
#include "input.h"
#include "say.h"
#include "svcrules.h"

#include <errno.h>

static int run(const struct arguments *a)
{
	const char *format = a->value[OPT_OUTPUT_COMPILE];
	struct svcrules_options *settings;
	struct svcrules_nft *n = NULL;
	int code = input_settings(a, &settings), err = 0;

	if (code)
		return code;
	code = input_build(a, a->files, a->nfiles, settings, false, NULL, &n);
	if (!code && format && strcmp(format, "json") == 0)
		err = svcrules_nft_print_json(n, out_write, NULL);
	else if (!code)
		err = svcrules_nft_print(n, out_write, NULL);
	/* Any other error is of standard output, and told at the end. */
	if (err == -ENOMEM)
		code = say_enomem();
	svcrules_nft_free(n);
	svcrules_options_free(settings);
	return code;
}

const struct command command_compile = {
	.id = CMD_COMPILE,
	.name = "compile",
	.synopsis = "-f FILE... [OPTION...]",
	.summary = "print the rule set",
	.about = "Prints the rule set made from FILE, as 'nft -f' loads it. Needs neither kernel\n"
		 "nor root.\n",
	.run = run,
};
