/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From rules of the kernel back to statements, so that they can be followed. */
#ifndef SVCR_NFT_UNDERSTAND_H
#define SVCR_NFT_UNDERSTAND_H

#include "rules/nft/value.h"

/*
 * Finds the statements of all rules that have none, from what they do (canon.h). A rule that no
 * list of statements does exactly stays without any: another program made it. 0 or -ENOMEM.
 */
int svcr_nft_understand(struct svcr_nft *n);

#endif
