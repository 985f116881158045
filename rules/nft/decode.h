/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Decodes the kernel's dump messages into a value. */
#ifndef SVCR_NFT_DECODE_H
#define SVCR_NFT_DECODE_H

#include "rules/nft/value.h"

/*
 * Takes one message (struct nlmsghdr) about a table, chain, rule, set or its elements. Messages
 * about tables that are not in `n` are skipped. Elements must come after their set. 0, -ENOMEM
 * or -EBADMSG.
 */
int svcr_nft_decode(struct svcr_nft *n, const void *msg);
/* Sorts what was decoded; must follow the last message. 0 or -ENOMEM. */
int svcr_nft_decode_end(struct svcr_nft *n);
/*
 * The first table of one of these names that svcrules did not make, or NULL. Those of an optional
 * layout do not count if `wanted` (may be NULL) does not have them.
 */
const struct svcr_nft_table *svcr_nft_foreign(const struct svcr_nft *n,
					      const struct svcr_nft *wanted);
/* True if a message is about one of the tables, by name and family, or about what is in it. */
bool svcr_nft_concerned(const struct svcr_nft *n, const void *msg);
/*
 * True if a message is about a table that svcrules made, of any name: its name and NFPROTO_
 * family.
 */
bool svcr_nft_owned(const void *msg, const char **ret_name, uint8_t *ret_family);

#endif
