/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules of the kernel as text like that of nft(8), as far as their expressions are known. */
#ifndef SVCR_NFT_RULE_TEXT_H
#define SVCR_NFT_RULE_TEXT_H

#include <stdint.h>

#include "out.h"

#define SVCR_NFT_RULE_TEXT 512 /* characters of a rule that are printed */

/*
 * Prints a rule by what it does (struct svcr_nft_rule.canon): "meta l4proto tcp th dport 22 drop".
 * Expressions that are not known are printed by name. Another program wrote the rule: bytes that
 * are not printable become '?', and a long rule ends with "...".
 */
void svcr_nft_out_canon(struct svcr_out *o, uint8_t family, const char *canon);

#endif
