/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The subcommands. One table of commands and one of options (options.h) drive
 * dispatch, parsing, help, completion and the test of the manual's synopsis.
 */
#ifndef SVCRULES_COMMAND_H
#define SVCRULES_COMMAND_H

#include "exit.h"
#include "options.h"

struct command {
	const char *name;
	const char *synopsis; /* what follows the name in the usage line */
	const char *summary;  /* one line */
	const char *about;    /* some more lines for help COMMAND, each ended */
	const struct option_group *const *options; /* ended by NULL; input_options comes first */
	bool kernel;   /* works on the kernel: targets that make files are not for it */
	bool operands; /* words that are not options are taken */
	/* that completion offers for these, with spaces between; NULL: names of commands */
	const char *words;
	int (*run)(const struct arguments *a); /* returns an exit code */
};

extern const struct command *const commands[]; /* ended by NULL, in the order of the help */

const struct command *command_find(const char *name); /* NULL if there is none */
/* Complains about a word that is no command; returns EXIT_USAGE. */
int command_unknown(const char *name);

#endif
