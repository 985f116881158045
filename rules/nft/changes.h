/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of tables printed: as nft(8) commands, in words, as JSON; and one message described. */
#ifndef SVCR_NFT_CHANGES_H
#define SVCR_NFT_CHANGES_H

#include "rules/nft/diff.h"

/* As nft(8) commands. */
void svcr_nft_out_commands(struct svcr_out *o, const struct svcr_nft_changes *c);
/*
 * A line for each change that belongs to no single named thing. Of a table
 * that is new only the table itself is printed.
 */
void svcr_nft_out_rest(struct svcr_out *o, const struct svcr_nft_changes *c);
/* The same as an array of texts, changes inside new tables included. NULL: out of memory. */
json_t *svcr_nft_json_rest(const struct svcr_nft_changes *c);
/*
 * Describes message `seq`, with the names of what it is about: "Service a/b:c: cannot add
 * to map services (ip): WHY"; `err` is the kernel's negative errno. Without such a
 * message: "the change was refused: WHY". Malloc'ed; NULL: out of memory.
 */
char *svcr_nft_describe(const struct svcr_nft_changes *c, uint32_t seq, int err);

#endif
