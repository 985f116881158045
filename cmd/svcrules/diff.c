/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command.h"
#include "input.h"
#include "kernel.h"
#include "say.h"
#include "svcrules.h"

#include <errno.h>

static int print(const struct svcrules_changes *c, const char *format)
{
	if (format && strcmp(format, "nft") == 0)
		return svcrules_changes_print_nft(c, out_write, NULL);
	if (format && strcmp(format, "json") == 0)
		return svcrules_changes_print_json(c, out_write, NULL);
	return svcrules_changes_print(c, out_colour(), out_write, NULL);
}

static int compare(const struct arguments *a, const struct svcrules_nft *from, struct svcrules_nft *to)
{
	struct svcrules_changes *c;
	int err = svcrules_nft_diff(from, to, &c), code;

	if (err)
		return say_enomem();
	err = print(c, a->value[OPT_OUTPUT_DIFF]);
	code = svcrules_changes_empty(c) ? EXIT_DONE : EXIT_DIFFERS;
	svcrules_changes_free(c);
	/* Any other error is of standard output, and told at the end. */
	return err == -ENOMEM ? say_enomem() : code;
}

static int read_kernel(const char *table, struct svcrules_nft **ret)
{
	struct nfnl *n = kernel_open();
	uint32_t genid;
	int code = n ? kernel_read_own(n, table, ret, &genid) : EXIT_KERNEL;

	nfnl_close(n);
	return code;
}

static int run(const struct arguments *a)
{
	struct svcrules_nft *from = NULL, *to = NULL;
	bool of_host = !a->given[OPT_FROM];
	struct svcrules_options *settings;
	int code = input_settings(a, &settings);

	if (code)
		return code;
	if (!of_host)
		code = input_build(a, &a->value[OPT_FROM], 1, settings, false, NULL, &from);
	if (!code)
		code = input_build(a, a->files, a->nfiles, settings, of_host, NULL, &to);
	if (!code && of_host)
		code = read_kernel(svcrules_options_table(settings), &from);
	if (!code)
		code = compare(a, from, to);
	svcrules_nft_free(from);
	svcrules_nft_free(to);
	svcrules_options_free(settings);
	return code;
}

const struct command command_diff = {
	.id = CMD_DIFF,
	.name = "diff",
	.synopsis = "[--from FILE] -f FILE... [OPTION...]",
	.summary = "show what apply would change",
	.about = "Compares the rule set made from FILE with the kernel's or, with --from, with the\n"
		 "one made from another file; that needs neither kernel nor root.\n"
		 "Exit status: 0 same, 1 differs, above 1 error.\n",
	.run = run,
};
