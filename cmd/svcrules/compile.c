/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command.h"
#include "input.h"
#include "say.h"
#include "svcrules.h"

#include <errno.h>

static int print_ipvs(const struct svcrules_ipvs *v, const char *format)
{
	if (format && strcmp(format, "json") == 0)
		return svcrules_ipvs_print_json(v, out_write, NULL);
	return svcrules_ipvs_print(v, !format ? SVCRULES_IPVS_ALL : strcmp(format, "ip") == 0 ? SVCRULES_IPVS_IP :
				   strcmp(format, "nft") == 0 ? SVCRULES_IPVS_NFT : SVCRULES_IPVS_IPVSADM, out_write, NULL);
}

static int print(const struct rules *r, const char *format)
{
	if (r->ipvs)
		return print_ipvs(r->ipvs, format);
	if (format && strcmp(format, "json") == 0)
		return svcrules_nft_print_json(r->nft, out_write, NULL);
	return svcrules_nft_print(r->nft, out_write, NULL);
}

static int run(const struct arguments *a)
{
	struct svcrules_options *settings;
	struct rules r = { NULL, NULL };
	int code = input_settings(a, &settings);

	if (code)
		return code;
	code = input_build(a, a->files, a->nfiles, settings, false, NULL, &r);
	/* Any other error is of standard output, and told at the end. */
	if (!code && print(&r, a->value[OPT_OUTPUT_COMPILE]) == -ENOMEM)
		code = say_enomem();
	rules_release(&r);
	svcrules_options_free(settings);
	return code;
}

const struct command command_compile = {
	.id = CMD_COMPILE,
	.name = "compile",
	.synopsis = "-f FILE... [OPTION...]",
	.summary = "print the rule set",
	.about = "Prints the rule set made from FILE, as 'nft -f' loads it; with --backend ipvs as\n"
		 "'ip -batch', 'ipvsadm -R' and 'nft -f' load its parts. Needs neither kernel nor\n"
		 "root.\n",
	.run = run,
};
