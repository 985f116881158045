/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SVCR_NFT_PACK_H
#define SVCR_NFT_PACK_H

#include "rules/nft/value.h"

/* Writes the whole value as bytes for svcr_nft_unpack(). 0, -ENOMEM or what `write` returned. */
int svcr_nft_pack(const struct svcr_nft *n, svcrules_write_fn write, void *arg);
/*
 * Fills `into`, whose tables are empty and have the names and layouts of those that were
 * packed. 0, -ENOMEM, or -EBADMSG: the bytes are not of such tables; then `into` is
 * good for nothing but svcr_nft_free().
 */
int svcr_nft_unpack(const void *buf, size_t len, struct svcr_nft *into);

#endif
