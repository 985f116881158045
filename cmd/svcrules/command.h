/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The subcommands. One table of commands and one of options (options.h) drive
 * dispatch, parsing, help, completion and the test of the manual's synopsis.
 */
#ifndef SVCRULES_COMMAND_H
#define SVCRULES_COMMAND_H

#include "options.h"

/* Exit codes; svcrules(1) EXIT STATUS. */
enum {
	EXIT_DONE = 0,    /* done, or no difference */
	EXIT_DIFFERS = 1, /* diff only */
	EXIT_USAGE = 2,
	EXIT_INPUT = 3,
	EXIT_KERNEL = 4, /* refused, permission missing, or no more memory or disk */
	EXIT_BUSY = 5,   /* another svcrules is at work */
};

struct command {
	enum command_id id;
	const char *name;
	const char *synopsis; /* what follows the name in the usage line */
	const char *summary;  /* one line */
	const char *about;    /* some more lines for help COMMAND, each ended */
	int (*run)(const struct arguments *a); /* returns an exit code */
};

extern const struct command command_apply, command_compile, command_delete, command_diff, command_help;
extern const struct command *const commands[CMD_COUNT]; /* by id */

const struct command *command_find(const char *name); /* NULL if there is none */
/* Complains about a word that is no command; returns EXIT_USAGE. */
int command_unknown(const char *name);

#endif
