/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Putting JSON together with jansson, out of memory included. */
#ifndef SVCR_NFT_JSON_H
#define SVCR_NFT_JSON_H

#include <jansson.h>

#include "svcrules.h"

/* Appends `item`, taking it over. Returns the list, or NULL when either was NULL or memory is short. */
json_t *svcr_nft_json_append(json_t *list, json_t *item);
/* The tables, an array. NULL: out of memory. */
json_t *svcr_nft_json_tables(const struct svcrules_nft *n);
/* Prints and releases `root`; NULL means that memory was short. 0, -ENOMEM, or what `write` returned. */
int svcr_nft_dump_json(json_t *root, svcrules_write_fn write, void *arg);

#endif
