/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints changes of tables as nft(8) commands, in words and as JSON, and describes single
 * messages.
 */
#ifndef SVCR_NFT_DESCRIBE_H
#define SVCR_NFT_DESCRIBE_H

#include "rules/nft/diff.h"

/* Prints the changes as nft(8) commands. */
void svcr_nft_out_commands(struct svcr_out *o, const struct svcr_nft_changes *c);
/* Prints a name that another program chose, which may hold any bytes. */
void svcr_nft_out_name(struct svcr_out *o, const char *name);
/* Prints "+ map endpoints (ip)", "- 2 in set hairpin (ip)", without the end of the line. */
void svcr_nft_out_change(struct svcr_out *o, const struct svcr_nft_change *ch);
/*
 * Returns such a text for each change that belongs to no single named thing, including changes
 * inside new tables. NULL: out of memory.
 */
json_t *svcr_nft_json_rest(const struct svcr_nft_changes *c);
/*
 * Describes message `seq` with the names of what it changes: "Service a/b:c: cannot add to map
 * services (ip): WHY". `err` is the kernel's negative errno. If there is no such message: "the
 * change was refused: WHY". Malloc'ed; NULL: out of memory.
 */
char *svcr_nft_describe(const struct svcr_nft_changes *c, uint32_t seq, int err);

#endif
