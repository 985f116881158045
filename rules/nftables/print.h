/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Parts of how changes are printed, for back ends that print theirs with them. */
#ifndef SVCR_NFT_PRINT_H
#define SVCR_NFT_PRINT_H

#include "out.h"
#include "rules/nftables/json.h"
#include "rules/nftables/report.h"

/* Text collected in memory, malloc'ed and terminated. */
struct svcr_nft_buffer { char *p; size_t len; };
int svcr_nft_buffer_append(void *arg, const char *buf, size_t len); /* a svcrules_write_fn */

/* A line for each service address. */
void svcr_nft_out_report(struct svcr_out *o, const struct svcr_nft_report *r, bool colour);
/* A line for each change that belongs to no single service; a table that is new says it all. */
void svcr_nft_out_others(struct svcr_out *o, const struct svcrules_changes *c);
/* The same as arrays; NULL: out of memory. */
json_t *svcr_nft_json_report(const struct svcr_nft_report *r);
json_t *svcr_nft_json_others(const struct svcrules_changes *c);

#endif
