/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SVCR_NFT_ENCODE_H
#define SVCR_NFT_ENCODE_H

#include "rules/nft/diff.h"

/*
 * The netlink messages of all changes, without the batch's begin and end;
 * nlmsg_seq counts from 1. The buffer is malloc'ed for the caller. 0 or -ENOMEM.
 */
int svcr_nft_encode(struct svcr_nft_changes *c, struct svcrules_messages *ret);
/*
 * One message for each table that will be deleted, which removes all its rules. To be sent
 * first, in a transaction of its own: the chains of a deleted table run until their hook is
 * gone, but with maps whose verdicts are gone already (nf_tables_commit_chain_prepare()
 * leaves them out; seen on 6.1). Then every service would be refused for a moment, also those
 * that another table serves. 0 or -ENOMEM.
 */
int svcr_nft_encode_stop(const struct svcr_nft_changes *c, struct svcrules_messages *ret);

#endif
