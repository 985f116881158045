/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SVCR_NFT_ENCODE_H
#define SVCR_NFT_ENCODE_H

#include "rules/nft/diff.h"

/*
 * Makes the netlink messages of all changes, without the begin and end of the batch; nlmsg_seq
 * counts from 1. The buffer is malloc'ed for the caller. 0 or -ENOMEM.
 */
int svcr_nft_encode(struct svcr_nft_changes *c, struct svcrules_messages *ret);
/*
 * Makes a message for each table that will be deleted, which removes all its rules. They are
 * sent first, in a transaction of their own: the chains of a deleted table run until their hook
 * is removed, but their maps have no verdicts any more (nf_tables_commit_chain_prepare() leaves
 * them out; seen on 6.1). Without this, all services would be refused for a moment, even
 * services of another table. 0 or -ENOMEM.
 */
int svcr_nft_encode_stop(const struct svcr_nft_changes *c, struct svcrules_messages *ret);

#endif
