/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The command line's options: the one table, and its parser. */
#ifndef SVCRULES_CMD_OPTIONS_H
#define SVCRULES_CMD_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>

enum command_id { CMD_APPLY, CMD_COMPILE, CMD_DELETE, CMD_DIFF, CMD_HELP, CMD_COUNT };

enum option_id {
	OPT_FILE,
	OPT_FROM,
	OPT_OUTPUT_COMPILE,
	OPT_OUTPUT_DIFF,
	OPT_DRY_RUN,
	OPT_CHECK,
	OPT_VERIFY,
	OPT_NODE_NAME,
	OPT_NODE_IP,
	OPT_CLUSTER_CIDR,
	OPT_SERVICE_CIDR,
	OPT_MASQUERADE_ALL,
	OPT_MASQUERADE_MARK,
	OPT_NODEPORT_ADDRESSES,
	OPT_ZONE,
	OPT_TABLE,
	OPT_FAMILY,
	OPT_BACKEND,
	OPT_IPVS_SCHEDULER,
	OPT_DRAIN_TIMEOUT,
	OPT_NO_SYSCTLS,
	OPT_STRICT_ARP,
	OPT_ALLOW_EMPTY,
	OPT_WAIT,
	OPT_QUIET,
	OPT_COMPLETION,
	OPT_HELP,
	OPT_COUNT
};

struct option_spec {
	const char *name;     /* of one letter: "-f"; longer: "--name" */
	const char *argument; /* "FILE"; NULL: takes none */
	const char *choices;  /* the only values, with spaces between; NULL: any */
	const char *help;
	unsigned commands; /* bit 1 << command_id: these take it */
	bool library;      /* handed to svcrules_options_set() under its name */
};

extern const struct option_spec option_specs[OPT_COUNT]; /* in the order of the help text */

/* What a command line said; points into it. */
struct arguments {
	bool given[OPT_COUNT];
	const char *value[OPT_COUNT]; /* the last; NULL if not given or without argument */
	const char **files;           /* each -f, in order */
	size_t nfiles;
	const char **operands;
	size_t noperands;
	char *problem; /* set by a failed parse: a sentence for the user */
};

/*
 * Parses what follows the command's name. Returns 0, -EINVAL with a->problem
 * set, or -ENOMEM. arguments_free() in every case.
 */
int arguments_parse(struct arguments *a, enum command_id command, int argc, char *const *argv);
void arguments_free(struct arguments *a);

/* --dry-run or --check: nothing is to be changed? */
bool arguments_trial(const struct arguments *a);
/* --backend ipvs? */
bool arguments_ipvs(const struct arguments *a);

/*
 * The values of --wait, in milliseconds, and of --drain-timeout, in seconds, or
 * their defaults. Return an exit code, having printed what is wrong.
 */
int options_wait(const struct arguments *a, unsigned *ret_ms);
int options_drain_timeout(const struct arguments *a, unsigned *ret_seconds);

/* True if the command takes the option. */
bool option_taken(enum option_id id, enum command_id command);
/* The option as it is typed: "-f" or "--zone"; `buf` is used and returned. */
const char *option_typed(const struct option_spec *s, char buf[static 40]);

/* The name most like `word`, or NULL if none is like it. Equally near: the first. */
const char *nearest(const char *word, const char *const *names, size_t n);

#endif
