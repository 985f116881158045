/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Alignment: endpoints keep their indexes in a map, because the index of an endpoint has no
 * meaning.
 */
#ifndef SVCR_NFT_ALIGN_H
#define SVCR_NFT_ALIGN_H

#include "rules/nft/set.h"

/*
 * Gives elements of `to`, an aligned map, the same indexes as in `from` where possible. 0 or
 * -ENOMEM.
 */
int svcr_nft_align(const struct svcr_nft_set *from, struct svcr_nft_set *to);

#endif
