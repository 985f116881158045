/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What other programs did to our tables, in words and as text of nft(8). */
#ifndef SVCR_NFT_NOTES_H
#define SVCR_NFT_NOTES_H

#include "rules/nft/diff.h"

/*
 * Prints a line for each rule, chain and set that another program made in our tables, and for
 * tables and chains that it switched off. Returns the number of the other changes that have no
 * name for people; of a new table only the table counts.
 */
size_t svcr_nft_out_notes(struct svcr_out *o, const struct svcr_nft_changes *c);

#endif
