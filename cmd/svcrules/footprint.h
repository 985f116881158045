/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The keyed sum of a run's command line and input files. A run with the same
 * sum as the last one has nothing new to build.
 */
#ifndef SVCRULES_FOOTPRINT_H
#define SVCRULES_FOOTPRINT_H

#include "state/siphash.h"

#include <stdbool.h>
#include <stdio.h>

struct arguments;
struct files;
struct last_run;

struct footprint {
	struct siphash sum;
	uint64_t bytes; /* size of all files together */
	FILE *messages; /* takes the messages printed about the files; writes the next two */
	char *messages_text;
	size_t messages_size;
	/*
	 * takes a line for each input file: its size, when it was written (nanoseconds since 1970,
	 * 0 if it is no plain file) and its whole name, with blanks between; writes the next two
	 */
	FILE *inputs;
	char *inputs_text;
	size_t inputs_size;
	char *addresses; /* of the host, malloc'ed; NULL: the rules do not depend on them */
};

/*
 * Starts the sum with the command line and the host's name. Returns 0 or
 * -ENOMEM; the caller calls footprint_release() in both cases.
 */
int footprint_start(struct footprint *s, const struct arguments *a,
		    const uint8_t key[SIPHASH_SIZE]);
/* Start and end of a file, whose bytes the caller adds to `sum` in between. */
void footprint_file(struct footprint *s, const char *source);
void footprint_file_end(struct footprint *s, uint64_t bytes);
/* Records what was read, for `svcrules status`. */
void footprint_input(struct footprint *s, const char *source, int fd, uint64_t bytes);
void footprint_release(struct footprint *s);
/* True if the run that left `was` had the same command line, input and addresses of the host. */
bool footprint_equal(const struct footprint *s, const struct last_run *was);

/*
 * True if the command line, the files and the host's addresses are the same as
 * in the run that left `was`. False also where this cannot be found out
 * (standard input, files that cannot be read). Prints nothing. The files are at their start again.
 */
bool footprint_same(const struct arguments *a, struct files *files, const struct last_run *was);

#endif
