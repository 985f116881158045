/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "help.h"
#include "command.h"
#include "completion.h"
#include "say.h"

#include <stdlib.h>
#include <string.h>

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
	      "Exit status: 0 done, or nothing is wrong; 1 a command that asks found something\n"
	      "(check, diff, doctor, explain, get, status); 2 wrong usage; 3 input has errors;\n"
	      "4 the kernel refused or permission is missing; 5 another svcrules is at work;\n"
	      "6 clients would lose more than --max-lost allows.\n"
	      "Manuals: svcrules(1) for commands and options, svcrules(5) for input and rules,\n"
	      "svcrules-nginx(5) for Ingress and its annotations, svcrules-check(7) for checks,\n"
	      "svcrules-debugging(7) for a service that does not answer.\n",
	      to);
}

/* Prints the left column, on a line of its own if it is too long. */
static void help_left(FILE *to, const char *s)
{
	if (strlen(s) + 2 >= COLUMN)
		fprintf(to, "  %s\n%*s", s, COLUMN, "");
	else
		fprintf(to, "  %-*s", COLUMN - 2, s);
}

/* Prints a text from COLUMN on, in lines of at most WIDTH columns. */
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

		snprintf(left, sizeof(left), "%s%s%s", option_typed(s, typed),
			 s->argument ? " " : "", s->argument ? s->argument : "");
		help_left(to, left);
		help_text(to, s->help);
	}
}

/* ---- Annotations -------------------------------------------------------- */

static int annotation_sort(const void *a, const void *b)
{
	const struct svcrules_annotation *x = a, *y = b;

	return strcmp(x->name, y->name);
}

static void help_annotation(FILE *to, const struct svcrules_annotation *a)
{
	char text[512];

	snprintf(text, sizeof(text), "%s%s%s%s",
		 !a->expected ? "refused: " :
		 a->note      ? "differs: " :
				"as ",
		 a->note ? a->note : a->origin, a->expected ? "; value: " : "",
		 a->expected ? a->expected : "");
	help_left(to, a->name);
	help_text(to, text);
}

/* Prints the annotations that a target knows, by name. Returns an exit status. */
static int help_annotations_of(FILE *to, const char *target)
{
	struct svcrules_annotation a, *v;
	size_t n = 0;

	while (svcrules_annotation(target, n, &a))
		n++;
	if (!n)
		return EXIT_DONE;
	v = calloc(n, sizeof(*v));
	if (!v)
		return say_enomem();
	for (size_t i = 0; i < n; i++)
		svcrules_annotation(target, i, &v[i]);
	qsort(v, n, sizeof(*v), annotation_sort);
	fprintf(to,
		"Annotations that the target %s knows. Their names begin with\n"
		"%s\n\n",
		target, v[0].prefix);
	for (size_t i = 0; i < n; i++)
		help_annotation(to, &v[i]);
	free(v);
	return EXIT_DONE;
}

static int help_annotations(FILE *to)
{
	const struct svcrules_target *t;
	int status = EXIT_DONE;

	for (size_t i = 0; (t = svcrules_target(i)) && status == EXIT_DONE; i++)
		status = help_annotations_of(to, t->name);
	return status;
}

/* Prints the checks with what they need. */
static void help_checks(FILE *to)
{
	static const char *const words[] = { [SVCRULES_NOTICE] = "notice",
					     [SVCRULES_WARNING] = "warning",
					     [SVCRULES_ERROR] = "error" };
	struct svcrules_check c;
	char text[512];

	fputs("Checks of 'svcrules check', for -W and -E:\n\n", to);
	for (size_t i = 0; svcrules_check_at(i, &c); i++) {
		snprintf(text, sizeof(text), "%s (%s%s%s%s)", c.help,
			 c.reading ? "while reading or building" : words[c.severity],
			 c.off ? ", off" : "", c.needs ? "; needs " : "", c.needs ? c.needs : "");
		help_left(to, c.name);
		help_text(to, text);
	}
}

static int help_run(const struct arguments *a)
{
	const struct command *c;

	if (a->given[OPT_ANNOTATIONS])
		return help_annotations(stdout);
	if (a->given[OPT_CHECKS]) {
		help_checks(stdout);
		return EXIT_DONE;
	}
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
	.summary = "explain svcrules, a command, annotations or checks",
	.about = "Prints what a command does and all its options.\n",
	.options = (const struct option_group *const[]){ &list_options, &help_options, NULL },
	.operands = true,
	.run = help_run,
};
