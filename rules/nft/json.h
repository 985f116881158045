/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SVCR_NFT_JSON_H
#define SVCR_NFT_JSON_H

#include "rules/json.h"
#include "rules/nft/value.h"

/* The tables as a JSON array; svcrules(5) describes the form. NULL: out of memory. */
json_t *svcr_nft_json_tables(const struct svcr_nft *n);

#endif
