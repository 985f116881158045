/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command.h"
#include "input.h"
#include "ipvs.h"
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

static int compare_ipvs(const struct arguments *a, const struct rules *from, struct rules *to)
{
	const char *format = a->value[OPT_OUTPUT_DIFF];
	struct ipvs_changes c = { NULL, NULL };
	int code = ipvs_compare(from->ipvs, to->ipvs, &c), err = 0;

	if (code)
		return code;
	if (format && strcmp(format, "nft") == 0)
		err = svcrules_changes_print_nft(c.nft, out_write, NULL);
	else if (format && strcmp(format, "json") == 0)
		err = svcrules_ipvs_changes_print_json(c.ipvs, c.nft, out_write, NULL);
	else if (format && strcmp(format, "text") != 0)
		err = svcrules_ipvs_changes_print_commands(c.ipvs, strcmp(format, "ip") == 0 ? SVCRULES_IPVS_IP :
							   SVCRULES_IPVS_IPVSADM, out_write, NULL);
	else
		err = svcrules_ipvs_changes_print(c.ipvs, c.nft, out_colour(), out_write, NULL);
	code = ipvs_changes_empty(&c) ? EXIT_DONE : EXIT_DIFFERS;
	ipvs_changes_release(&c);
	return err == -ENOMEM ? say_enomem() : code;
}

static int read_ipvs(const struct arguments *a, const char *table, struct ipvs_kernel *k, struct svcrules_ipvs *to)
{
	unsigned drain;
	int code = options_drain_timeout(a, &drain);

	if (!code)
		code = ipvs_read(k, table);
	if (!code && svcrules_ipvs_settle(k->have, to, drain, SVCRULES_IPVS_COMPARE))
		code = say_enomem();
	return code;
}

/* What the kernel has now; of IPVS, what may stay in it for its connections is carried over into `to`. */
static int with_kernel(const struct arguments *a, const struct svcrules_options *settings, struct rules *to)
{
	struct netlink *n = kernel_open();
	struct ipvs_kernel k = { .nl = n };
	struct rules from = { NULL, NULL };
	uint32_t genid;
	int code = EXIT_KERNEL;

	if (n && to->ipvs) {
		code = read_ipvs(a, svcrules_options_ipvs_table(settings), &k, to->ipvs);
		from = (struct rules){ k.have, k.table_now };
	} else if (n) {
		code = kernel_read_own(n, svcrules_options_table(settings), &from.nft, &genid);
	}
	netlink_close(n);
	if (!code)
		code = to->ipvs ? compare_ipvs(a, &from, to) : compare(a, from.nft, to->nft);
	if (!to->ipvs)
		rules_release(&from);
	ipvs_kernel_release(&k);
	return code;
}

static int run(const struct arguments *a)
{
	struct rules from = { NULL, NULL }, to = { NULL, NULL };
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
		code = with_kernel(a, settings, &to);
	else if (!code)
		code = to.ipvs ? compare_ipvs(a, &from, &to) : compare(a, from.nft, to.nft);
	rules_release(&from);
	rules_release(&to);
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
