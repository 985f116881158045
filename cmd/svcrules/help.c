/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "help.h"
#include "command.h"
#include "say.h"

#define COLUMN 32 /* where an option's explanation starts */

static void help_all(FILE *to)
{
	fputs("usage: svcrules COMMAND [OPTION...]\n"
	      "\n"
	      "Makes Kubernetes Services work on this node through the kernel, from what\n"
	      "'kubectl get services,endpointslices,nodes -A -o json' prints.\n"
	      "\n",
	      to);
	for (size_t i = 0; commands[i]; i++)
		fprintf(to, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
	fputs("\n"
	      "'svcrules help COMMAND' lists the options of a command.\n"
	      "Exit status: 0 done or same, 1 differs (diff), 2 wrong usage, 3 input has errors,\n"
	      "4 the kernel refused or permission is missing, 5 another svcrules is at work.\n",
	      to);
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
			fprintf(to, "%s\n%*s%s\n", left, COLUMN, "", s->help);
		else
			fprintf(to, "%-*s%s\n", COLUMN, left, s->help);
	}
}

/* A `case` branch for the values of an option of a command, by "command:option". */
static void completion_values(FILE *to, const struct command *c, const struct option_spec *s)
{
	char typed[40];

	if (!s->argument)
		return;
	fprintf(to, "\t%s:%s) ", c->name, option_typed(s, typed));
	if (s->choices)
		fprintf(to, "COMPREPLY=($(compgen -W '%s' -- \"$cur\"))", s->choices);
	else if (strcmp(s->argument, "FILE") == 0)
		fputs("mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); compopt -o filenames", to);
	else
		fputs("COMPREPLY=()", to);
	fputs("; return ;;\n", to);
}

static void completion_words(FILE *to, const struct command *c)
{
	char typed[40];
	struct option o;

	fprintf(to, "\t%s) words='", c->name);
	for (size_t i = 0; option_at(c, i, &o); i++)
		fprintf(to, "%s %s%s", option_typed(&o.spec, typed), o.spec.other ? "--" : "",
			o.spec.other ? o.spec.other : "");
	for (size_t i = 0; c->operands && commands[i]; i++)
		fprintf(to, "%s ", commands[i]->name);
	fputs("' ;;\n", to);
}

void help_completion(FILE *to)
{
	struct option o;

	fputs("# bash completion for svcrules; made by 'svcrules help --completion bash'\n"
	      "_svcrules() {\n"
	      "\tlocal cur=${COMP_WORDS[COMP_CWORD]} prev=${COMP_WORDS[COMP_CWORD-1]} words=\n"
	      "\tCOMPREPLY=()\n"
	      "\tif [ \"$COMP_CWORD\" -eq 1 ]; then\n"
	      "\t\tCOMPREPLY=($(compgen -W '",
	      to);
	for (size_t i = 0; commands[i]; i++)
		fprintf(to, "%s ", commands[i]->name);
	/* '=' breaks words in bash: "--name=v" arrives as "--name", "=", "v". */
	fputs("--help --version' -- \"$cur\"))\n\t\treturn\n\tfi\n"
	      "\tif [ \"$cur\" = = ]; then\n\t\tcur=\n"
	      "\telif [ \"$prev\" = = ] && [ \"$COMP_CWORD\" -ge 3 ]; then\n"
	      "\t\tprev=${COMP_WORDS[COMP_CWORD-2]}\n\tfi\n"
	      "\tcase ${COMP_WORDS[1]}:$prev in\n",
	      to);
	for (size_t c = 0; commands[c]; c++)
		for (size_t i = 0; option_at(commands[c], i, &o); i++)
			completion_values(to, commands[c], &o.spec);
	fputs("\tesac\n\tcase ${COMP_WORDS[1]} in\n", to);
	for (size_t c = 0; commands[c]; c++)
		completion_words(to, commands[c]);
	fputs("\tesac\n\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\n"
	      "complete -F _svcrules svcrules\n",
	      to);
}

static int help_run(const struct arguments *a)
{
	const struct command *c;

	if (a->given[OPT_COMPLETION]) {
		help_completion(stdout);
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
