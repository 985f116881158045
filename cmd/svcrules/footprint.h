/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a run was asked for and has read, as a keyed sum: is it what the last run had? */
#ifndef SVCRULES_FOOTPRINT_H
#define SVCRULES_FOOTPRINT_H

#include "siphash.h"

#include <stdbool.h>
#include <stdio.h>

struct arguments;
struct state;

struct footprint {
	struct siphash sum;
	uint64_t bytes;   /* of the files */
	FILE *told;       /* what was said about them: into the next two */
	char *told_text;
	size_t told_size;
	char *addresses;  /* the host's, if the rules depend on them; malloc'ed, else NULL */
};

/* Begins with the command line and the host's name. 0 or -ENOMEM; footprint_release() in every case. */
int footprint_start(struct footprint *s, const struct arguments *a, const uint8_t key[SIPHASH_SIZE]);
/* A file's bytes come between these two. */
void footprint_file(struct footprint *s, const char *source);
void footprint_file_end(struct footprint *s, uint64_t bytes);
void footprint_release(struct footprint *s);

/*
 * True if the command line, the files and the host's addresses are those of
 * `was`. Says nothing; false also when that cannot be told (standard input,
 * files that cannot be read).
 */
bool footprint_same(const struct arguments *a, const struct state *was);

#endif
