/* SPDX-License-Identifier: GPL-2.0-or-later */
/* In what tables differ from those that were left, by kind of difference. */
#ifndef SVCR_NFT_DRIFT_H
#define SVCR_NFT_DRIFT_H

#include "rules/nft/value.h"

/*
 * Prints a line for each kind, such as "table ip svcrules: 2 elements removed from map services".
 * What packets and time change is no difference. 0 or -ENOMEM.
 */
int svcr_nft_drift(const struct svcr_nft *left, const struct svcr_nft *have, struct svcr_out *o);

#endif
