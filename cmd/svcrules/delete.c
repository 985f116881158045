/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "command.h"
#include "input.h"
#include "ipvs.h"
#include "kernel.h"
#include "say.h"
#include "tables.h"
#include "exclusive.h"

#include <unistd.h>

struct job {
	const struct arguments *args;
	const struct svcrules_options *settings;
	struct netlink *nl;
	bool ipvs, nftables; /* which back end's rules */
	size_t deleted;      /* tables and virtual servers */
};

static bool of_nftables(const char *name)
{
	return !svcrules_ipvs_is_table(name);
}

/* Tables of the back ends chosen: of any name, or the one named. */
static int delete_tables(struct job *j)
{
	struct tables_choice choice = { .quiet = j->args->given[OPT_QUIET] };
	size_t n = 0;
	int code;

	choice.chosen = !j->ipvs ? of_nftables : !j->nftables ? svcrules_ipvs_is_table : tables_any;
	if (!j->args->given[OPT_TABLE]) {
		code = tables_delete(j->nl, &choice, &n);
		j->deleted += n;
		return code;
	}
	choice.name = svcrules_options_table(j->settings);
	code = j->nftables ? tables_delete(j->nl, &choice, &n) : EXIT_DONE;
	j->deleted += n;
	n = 0;
	choice.name = svcrules_options_ipvs_table(j->settings);
	if (!code && j->ipvs)
		code = tables_delete(j->nl, &choice, &n);
	j->deleted += n;
	return code;
}

/* Virtual servers and svcrules0, at once: their connections end. */
static int delete_servers(struct job *j)
{
	const char *table = svcrules_options_ipvs_table(j->settings);
	struct ipvs_kernel k = { .nl = j->nl, .optional = true, .any_owner = !j->args->given[OPT_TABLE] };
	size_t n = 0;
	int code;

	/* without being told to, nothing is looked for (and no module loaded) where no trace of it is */
	if (!j->ipvs || (j->nftables && !ipvs_traces(&k, table)))
		return EXIT_DONE;
	code = ipvs_read(&k, table);
	if (!code)
		code = ipvs_remove(&k, &n);
	if (!code && k.messages && !j->args->given[OPT_QUIET])
		printf("deleted %zu virtual server%s and the interface %s\n", n, n == 1 ? "" : "s", LINK_NAME);
	j->deleted += k.messages;
	ipvs_kernel_release(&k);
	return code;
}

static int work(struct job *j)
{
	int lock = -1, code = exclusive_lock(j->args, &lock);

	if (!code && !(j->nl = kernel_open()))
		code = EXIT_KERNEL;
	if (!code)
		code = delete_servers(j); /* before the table that tells whose they are */
	if (!code)
		code = delete_tables(j);
	if (!code && !j->deleted && !j->args->given[OPT_QUIET])
		puts("nothing to delete");
	netlink_close(j->nl);
	if (lock >= 0)
		close(lock);
	return code;
}

static int run(const struct arguments *a)
{
	struct job j = { .args = a, .ipvs = !a->given[OPT_BACKEND] || arguments_ipvs(a),
			 .nftables = !a->given[OPT_BACKEND] || !arguments_ipvs(a) };
	struct svcrules_options *settings;
	int code = input_settings(a, &settings);

	if (code)
		return code;
	j.settings = settings;
	code = work(&j);
	svcrules_options_free(settings);
	return code;
}

const struct command command_delete = {
	.id = CMD_DELETE,
	.name = "delete",
	.synopsis = "[OPTION...]",
	.summary = "remove all that svcrules installed",
	.about = "Removes every nftables table that svcrules made, whatever its name, or only those\n"
		 "of --table, its IPVS virtual servers and the interface svcrules0, or with\n"
		 "--backend only one back end's, and nothing else. It is no error if there is none.\n",
	.run = run,
};
