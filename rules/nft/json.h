/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SVCR_NFT_JSON_H
#define SVCR_NFT_JSON_H

#include "rules/json.h"
#include "rules/nft/value.h"

/* Returns the tables as a JSON array, as svcrules(5) describes it. NULL: out of memory. */
json_t *svcr_nft_json_tables(const struct svcr_nft *n);

#endif
