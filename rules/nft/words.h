/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SVCR_NFT_WORDS_H
#define SVCR_NFT_WORDS_H

#include <stdbool.h>

/*
 * True for a word of the language of nft(8), which it does not take as the name of a table: what
 * is printed with it cannot be loaded, or the table not be listed. Those of versions 1.0.6 and
 * 1.1.3; testdata/suites/nft-versions.sh asks both.
 */
bool svcr_nft_word(const char *name);

#endif
