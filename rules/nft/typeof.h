/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The types of a set's key and data for nft(8): numbers of data types, and user data for
 * `typeof`.
 */
#ifndef SVCR_NFT_TYPEOF_H
#define SVCR_NFT_TYPEOF_H

#include <libmnl/libmnl.h>

#include "rules/nft/layout.h"

/* Returns the numbers of nft(8)'s data types of a key, six bits each. */
uint32_t svcr_nft_concat_type(const uint8_t *fields, uint8_t family);
/*
 * Puts NFTA_SET_USERDATA of a map of endpoints, whose key only `typeof` can
 * express (numgen has no data type of its own). 0 or -ENOMEM.
 */
int svcr_nft_put_typeof(struct nlmsghdr *nlh, const struct svcr_nft_set_layout *l, uint8_t family);

/*
 * Puts the byte orders of a map from one field to a number (DATA_NUMBER), without which nft(8)
 * prints them wrong. 0 or -ENOMEM.
 */
int svcr_nft_put_byteorder(struct nlmsghdr *nlh, const struct svcr_nft_set_layout *l);

#endif
