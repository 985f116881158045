/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a run leaves in a file for the next one, and for `svcrules status`: which input was
 * applied, and the rules it left in the kernel with their generation. With both unchanged
 * there is nothing to do; with the generation unchanged the kernel need not be
 * asked what it has. Losing the file costs time, and what `status` says.
 *
 * A file is believed only if it and its directory belong to the caller and
 * nobody else may write there, its sums are right, and it was written by this
 * very program, since this boot, in this network namespace (by the namespace's
 * cookie, Linux 5.14: an inode number may come again).
 */
#ifndef SVCRULES_STATE_LAST_RUN_H
#define SVCRULES_STATE_LAST_RUN_H

#include "state/siphash.h"
#include "svcrules.h"

struct last_run {
	uint8_t key[SIPHASH_SIZE];    /* of the sum of the input */
	uint8_t digest[SIPHASH_SIZE]; /* the sum: of the files and of what was asked for */
	uint64_t bytes;               /* of the files */
	struct svcrules_stats stats;  /* of the rules; generation: the one left in the kernel */
	char *messages;               /* notices and warnings about the input, lines; malloc'ed */
	bool host;       /* the rules depend on the addresses of the host's interfaces */
	char *addresses; /* these, if so: "" if it had none; malloc'ed */
	/* for `svcrules status`: */
	char *inputs;     /* a line for each file, see struct footprint; malloc'ed */
	char version[32]; /* of the program */
	int64_t changed;  /* when a run last changed the rules, nanoseconds since 1970 */
	int64_t ran;      /* when a run last found the rules right, or made them so */
};

/*
 * Reads all but the rules of the run that left the tables of that name. 0 with *ret to be
 * released, -ENOENT (nothing to be believed), or -ENOMEM.
 */
int last_run_read(const char *dir, const char *table, struct last_run *ret);
/*
 * The rules of the same file; `like` is a rule set of the same target and tables. The same
 * results; -ENOENT also when another file took its place.
 */
int last_run_read_rules(const char *dir, const struct svcrules_ruleset *like,
			const struct last_run *l, struct svcrules_ruleset **ret);
/* Writes all of it in the place of what was there. 0 or a negative errno. */
int last_run_write(const char *dir, const struct last_run *l, const struct svcrules_ruleset *rules);
/* Records that the rules are still right: the file's time becomes that of now. */
void last_run_touch(const char *dir, const char *table);
/* Removes the file of the tables of that name, if there is one. */
void last_run_forget(const char *dir, const char *table);
void last_run_release(struct last_run *l);

#endif
