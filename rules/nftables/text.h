/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rule sets and their parts in nft(8)'s language. */
#ifndef SVCR_NFT_TEXT_H
#define SVCR_NFT_TEXT_H

#include "out.h"
#include "rules/nftables/ruleset.h"

#define SVCR_NFT_ELEM_TEXT 256 /* bytes for a key or data, with the terminator */

/* "10.96.0.1 . tcp . 80"; an interval's last field as prefix or range. Returns buf. */
const char *svcr_nft_key_text(enum svcr_nft_set_id id, uint8_t family, const uint8_t *elem, char *buf);
/* "goto balance-2", "10.244.1.7 . 8080"; "" for sets. */
const char *svcr_nft_data_text(const struct svcrules_nft *n, enum svcr_nft_set_id id, uint8_t family,
			       const struct svcr_nft_set *s, const uint8_t *elem, char *buf);
/* A whole element: key, comment, data. */
void svcr_nft_out_elem(struct svcr_out *o, const struct svcrules_nft *n, enum svcr_nft_set_id id, uint8_t family,
		       const struct svcr_nft_set *s, const uint8_t *elem);
void svcr_nft_out_rule(struct svcr_out *o, const struct svcrules_nft *n, uint8_t family,
		       const struct svcr_nft_rule *rule);
/* What stands between the braces of a set's or a base chain's declaration, each line after `indent`. */
void svcr_nft_out_set_header(struct svcr_out *o, enum svcr_nft_set_id id, uint8_t family, uint32_t size,
			     const char *indent, const char *end);
void svcr_nft_out_base_chain(struct svcr_out *o, struct svcr_nft_chain_id id);

#endif
