/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "completion.h"
#include "command.h"

#include <string.h>

static bool names_files(const struct option_spec *s)
{
	return s->argument && strcmp(s->argument, "FILE") == 0;
}

/* Besides the words of its choices. */
static bool names_folders(const struct option_spec *s)
{
	return s->argument && strstr(s->argument, "|DIR");
}

/* The words that are offered as values; NULL: none are known. */
static const char *words_of(const struct option_spec *s)
{
	return s->choices ? s->choices : s->offered;
}

/* The text between single quotes of a shell; `special` are escaped with a backslash within. */
static void print_quoted(FILE *to, const char *text, const char *special)
{
	for (; *text; text++) {
		if (*text == '\'')
			fputs("'\\'", to);
		else if (strchr(special, *text))
			fputc('\\', to);
		fputc(*text, to);
	}
}

/* ---- bash --------------------------------------------------------------- */

/* A `case` branch for the values of an option of a command, by "command:option". */
static void bash_values(FILE *to, const struct command *c, const struct option_spec *s)
{
	char typed[40];

	if (!s->argument)
		return;
	fprintf(to, "\t%s:%s) ", c->name, option_typed(s, typed));
	if (names_folders(s))
		fprintf(to, "mapfile -t COMPREPLY < <(compgen -d -W '%s' -- \"$cur\")", s->choices);
	else if (words_of(s))
		fprintf(to, "COMPREPLY=($(compgen -W '%s' -- \"$cur\"))", words_of(s));
	else if (names_files(s))
		fputs("mapfile -t COMPREPLY < <(compgen -f -- \"$cur\"); compopt -o filenames", to);
	else
		fputs("COMPREPLY=()", to);
	fputs("; return ;;\n", to);
}

/* The words that are no options, with a space before each. */
static void operand_words(FILE *to, const struct command *c)
{
	if (c->words)
		fprintf(to, " %s", c->words);
	for (size_t i = 0; c->operands && !c->words && commands[i]; i++)
		fprintf(to, " %s", commands[i]->name);
}

static void bash_words(FILE *to, const struct command *c)
{
	char typed[40];
	struct option o;

	fprintf(to, "\t%s) words='", c->name);
	for (size_t i = 0; option_at(c, i, &o); i++)
		fprintf(to, "%s %s%s ", option_typed(&o.spec, typed), o.spec.other ? "--" : "",
			o.spec.other ? o.spec.other : "");
	operand_words(to, c);
	fputs("' ;;\n", to);
}

static void bash_print(FILE *to)
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
			bash_values(to, commands[c], &o.spec);
	fputs("\tesac\n\tcase ${COMP_WORDS[1]} in\n", to);
	for (size_t c = 0; commands[c]; c++)
		bash_words(to, commands[c]);
	fputs("\tesac\n\tCOMPREPLY=($(compgen -W \"$words\" -- \"$cur\"))\n}\n"
	      "complete -F _svcrules svcrules\n",
	      to);
}

/* ---- zsh ---------------------------------------------------------------- */

/* One specification of _arguments: 'OPTION[help]:ARGUMENT:values'. */
static void zsh_option(FILE *to, const struct option_spec *s, bool again)
{
	char typed[40];

	fprintf(to, " \\\n\t\t'%s%s%s[", again ? "*" : "", option_typed(s, typed),
		!s->argument ? "" :
		s->name[1]   ? "=" :
			       "+");
	print_quoted(to, s->help, "[]\\");
	fputc(']', to);
	if (s->argument) {
		fputc(':', to);
		print_quoted(to, s->argument, ":\\");
		fputc(':', to);
	}
	if (names_folders(s))
		fprintf(to, "{compadd %s; _files -/}", s->choices);
	else if (words_of(s))
		fprintf(to, "(%s)", words_of(s));
	else if (names_files(s))
		fputs("_files", to);
	else if (s->argument)
		fputc(' ', to);
	fputc('\'', to);
}

/* True for options that may be given several times. */
static bool is_repeatable(enum option_id id)
{
	return id == OPT_FILE || id == OPT_WARN || id == OPT_ERROR;
}

static void zsh_command(FILE *to, const struct command *c)
{
	struct option o;

	fprintf(to, "\t%s) _arguments -S", c->name);
	for (size_t i = 0; option_at(c, i, &o); i++) {
		zsh_option(to, &o.spec, is_repeatable(o.id));
		if (!o.spec.other)
			continue;
		o.spec.name = o.spec.other;
		zsh_option(to, &o.spec, is_repeatable(o.id));
	}
	if (c->operands) {
		fprintf(to, " \\\n\t\t'1:%s:(", c->words ? "kind" : "command");
		operand_words(to, c);
		fputs(")'", to);
	}
	fputs(" ;;\n", to);
}

static void zsh_print(FILE *to)
{
	fputs("#compdef svcrules\n"
	      "# zsh completion for svcrules; made by 'svcrules help --completion zsh'\n"
	      "_svcrules() {\n"
	      "\tlocal -a commands\n"
	      "\tif (( CURRENT == 2 )); then\n"
	      "\t\tcommands=(",
	      to);
	for (size_t i = 0; commands[i]; i++) {
		fprintf(to, "\n\t\t\t'%s:", commands[i]->name);
		print_quoted(to, commands[i]->summary, ":\\");
		fputc('\'', to);
	}
	fputs(")\n"
	      "\t\t_describe command commands\n"
	      "\t\t_arguments '--help[list the commands]' '--version[print the version]'\n"
	      "\t\treturn\n"
	      "\tfi\n"
	      "\tshift words\n"
	      "\t(( CURRENT-- ))\n"
	      "\tcase $words[1] in\n",
	      to);
	for (size_t c = 0; commands[c]; c++)
		zsh_command(to, commands[c]);
	fputs("\tesac\n}\n"
	      "if [ \"$funcstack[1]\" = _svcrules ]; then\n"
	      "\t_svcrules \"$@\"\n"
	      "else\n"
	      "\tcompdef _svcrules svcrules\n"
	      "fi\n",
	      to);
}

/* ---- fish --------------------------------------------------------------- */

static void fish_option(FILE *to, const struct command *c, const struct option_spec *s)
{
	fprintf(to, "complete -c svcrules -n '__fish_seen_subcommand_from %s' -%c %s%s%s", c->name,
		s->name[1] ? 'l' : 's', s->name, s->other ? " -l " : "", s->other ? s->other : "");
	if (names_files(s))
		fputs(" -r -F", to);
	else if (names_folders(s))
		fprintf(to, " -x -a '%s (__fish_complete_directories)'", s->choices);
	else if (s->argument)
		fprintf(to, " -x -a '%s'", words_of(s) ? words_of(s) : "");
	fputs(" -d '", to);
	/* between single quotes fish takes a backslash and a quote with a backslash before */
	for (const char *p = s->help; *p; p++)
		fprintf(to, "%s%c", *p == '\'' || *p == '\\' ? "\\" : "", *p);
	fputs("'\n", to);
}

static void fish_command(FILE *to, const struct command *c)
{
	struct option o;

	fprintf(to, "complete -c svcrules -n __fish_use_subcommand -a %s -d '%s'\n", c->name,
		c->summary);
	for (size_t i = 0; option_at(c, i, &o); i++)
		fish_option(to, c, &o.spec);
	if (!c->operands)
		return;
	fprintf(to, "complete -c svcrules -n '__fish_seen_subcommand_from %s' -a '", c->name);
	operand_words(to, c);
	fputs("'\n", to);
}

static void fish_print(FILE *to)
{
	fputs("# fish completion for svcrules; made by 'svcrules help --completion fish'\n"
	      "complete -c svcrules -f\n"
	      "complete -c svcrules -l help -d 'print help'\n"
	      "complete -c svcrules -n __fish_use_subcommand -l version -d 'print the version'\n",
	      to);
	for (size_t i = 0; commands[i]; i++)
		fish_command(to, commands[i]);
}

void completion_print(FILE *to, const char *shell)
{
	if (strcmp(shell, "bash") == 0)
		bash_print(to);
	else if (strcmp(shell, "zsh") == 0)
		zsh_print(to);
	else
		fish_print(to);
}
