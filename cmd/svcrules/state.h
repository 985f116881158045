/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a run leaves for the next one in a file: which input was applied, and
 * the rules it left in the kernel with their generation. With both unchanged
 * there is nothing to do; with the generation unchanged the kernel need not be
 * asked what it has. Losing the file costs time and nothing else.
 *
 * A file is believed only if it and its directory belong to the caller and
 * nobody else may write there, its sums are right, and it was written by this
 * very program, since this boot, in this network namespace (by the namespace's
 * cookie, Linux 5.14: an inode number may come again).
 */
#ifndef SVCRULES_STATE_H
#define SVCRULES_STATE_H

#include "state/siphash.h"
#include "svcrules.h"

#define STATE_DIR "/run/svcrules"

struct state {
	uint8_t key[SIPHASH_SIZE];    /* of the sum of the input */
	uint8_t digest[SIPHASH_SIZE]; /* the sum: of the files and of what was asked for */
	uint64_t bytes;               /* of the files */
	uint32_t genid;               /* the generation left in the kernel */
	bool ipv4, ipv6;              /* something is served there */
	struct svcrules_nft_stats stats;
	char *told;                   /* notices and warnings about the input, lines; malloc'ed */
	char *addresses;              /* the host's, if the rules depend on them; malloc'ed */
};

/* Reads all but the rules. 0 with *ret to be released, -ENOENT (nothing to be believed), or -ENOMEM. */
int state_read(const char *dir, const char *table, struct state *ret);
/* The rules of the same file. The same results; -ENOENT also when another file took its place. */
int state_read_rules(const char *dir, const char *table, const struct state *s, struct svcrules_nft **ret);
/* Writes all of it in the place of what was there. 0 or a negative errno. */
int state_write(const char *dir, const char *table, const struct state *s, const struct svcrules_nft *rules);
/* Removes the file of that table, if there is one. */
void state_forget(const char *dir, const char *table);
void state_release(struct state *s);

#endif
