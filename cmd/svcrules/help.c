/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "help.h"
#include "command.h"
#include "completion.h"
#include "say.h"

#define COLUMN 32 /* where an option's explanation starts */
#define WIDTH 100

static void help_all(FILE *to)
{
	const struct svcrules_target *t;

	fputs("usage: svcrules COMMAND [OPTION...]\n"
	      "\n"
	      "Makes Kubernetes Services work on this node through the kernel, from what\n"
	      "'kubectl get services,endpointslices,nodes -A -o json' prints.\n"
	      "FILE is all Services of the cluster: what is not in it goes.\n"
	      "\n"
	      "Targets (--target):",
	      to);
	for (size_t i = 0; (t = svcrules_target(i)); i++)
		fprintf(to, "%s %s%s", i ? "," : "", t->name, i ? "" : " (default)");
	fputs("\n\n", to);
	for (size_t i = 0; commands[i]; i++)
		fprintf(to, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\n"
	      "'svcrules help COMMAND' lists the options of a command.\n"
	      "Exit status: 0 done or same, 1 differs (diff), 2 wrong usage, 3 input has errors,\n"
	      "4 the kernel refused or permission is missing, 5 another svcrules is at work,\n"
	      "6 clients would lose more than --max-lost allows.\n"
	      "Manuals: svcrules(1) for commands and options, svcrules(5) for input and rules.\n",
	      to);
}

/* Prints the help of an option from COLUMN on, in lines of at most WIDTH columns. */
static void help_text(FILE *to, const char *s)
{
	size_t room = WIDTH - COLUMN, len;

	for (; (len = strlen(s)) > room; s += len + 1) {
		for (len = room; len > 0 && s[len] != ' ';)
			len--;
		if (len == 0) /* a word that is longer than a line */
			break;
		fprintf(to, "%.*s\n%*s", (int)len, s, COLUMN, "");
	}
	fprintf(to, "%s\n", s);
}

void help_command(FILE *to, const struct command *c)
{
	char typed[40], left[96];
	struct option o;

	fprintf(to, "usage: svcrules %s%s%s\n\n%s\n", c->name, *c->synopsis ? " " : "", c->synopsis,
		c->about);
	for (size_t i = 0; option_at(c, i, &o); i++) {
		const struct option_spec *s = &o.spec;

		snprintf(left, sizeof(left), "  %s%s%s", option_typed(s, typed),
			 s->argument ? " " : "", s->argument ? s->argument : "");
		if (strlen(left) >= COLUMN)
			fprintf(to, "%s\n%*s", left, COLUMN, "");
		else
			fprintf(to, "%-*s", COLUMN, left);
		help_text(to, s->help);
	}
}

static int help_run(const struct arguments *a)
{
	const struct command *c;

	if (a->given[OPT_COMPLETION]) {
		completion_print(stdout, a->value[OPT_COMPLETION]);
		return EXIT_DONE;
	}
	if (a->noperands == 0) {
		help_all(stdout);
		return EXIT_DONE;
	}
	if (a->noperands > 1) {
		say("unexpected argument '%s'; see 'svcrules help help'", a->operands[1]);
		return EXIT_USAGE;
	}
	c = command_find(a->operands[0]);
	if (!c)
		return command_unknown(a->operands[0]);
	help_command(stdout, c);
	return EXIT_DONE;
}

const struct command command_help = {
	.name = "help",
	.synopsis = "[COMMAND]",
	.summary = "explain svcrules or a command",
	.about = "Prints what a command does and all its options.\n",
	.options = (const struct option_group *const[]){ &completion_options, &help_options, NULL },
	.operands = true,
	.run = help_run,
};
