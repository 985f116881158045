/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The folder that -o DIR names: `compile` writes it, `diff` compares with it. DIR is always the old
 * one or the new one, whenever the process is killed: the new folder is written beside it, brought
 * to the disk, validated, and put in its place in one system call.
 */
#ifndef SVCRULES_OUTPUT_H
#define SVCRULES_OUTPUT_H

#include "command.h"
#include "output/place.h"

struct output {
	const struct arguments *arguments;
	const char *target; /* its name */
	unsigned wait_ms;
	struct place place;
	struct runner runner;
};

/*
 * Prepares what a->directory names, before privileges are given up, and starts a process that
 * keeps them if it is needed: to read files of others or, with `write`, to run commands. Returns an
 * exit code; output_close() in every case. It stays where it is.
 */
int output_open(const struct arguments *a, bool write, struct output *ret);
void output_close(struct output *o);

/*
 * Makes DIR hold the files of `rs` and nothing else, and prints one line. Returns an exit code,
 * having printed what is wrong; then DIR is what it was, unless the message says otherwise.
 */
int output_write(struct output *o, const struct svcrules_ruleset *rs);
/* Prints how DIR would change; EXIT_DONE, EXIT_DIFFERS or another exit code. */
int output_diff(struct output *o, const struct svcrules_ruleset *rs);

#endif
