/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Endpoints keep the places that they have: which index an endpoint has means nothing. */
#ifndef SVCR_NFT_ALIGN_H
#define SVCR_NFT_ALIGN_H

#include "rules/nft/set.h"

/* Gives elements of `to`, an aligned map, the indexes that they have in `from`, where they can keep them. 0 or -ENOMEM. */
int svcr_nft_align(const struct svcr_nft_set *from, struct svcr_nft_set *to);

#endif
