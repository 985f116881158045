/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints tables and their parts in the language of nft(8). */
#ifndef SVCR_NFT_TEXT_H
#define SVCR_NFT_TEXT_H

#include "out.h"
#include "rules/nft/value.h"

#define SVCR_NFT_ELEM_TEXT 256 /* bytes for a key or data, with the terminator */

/* "10.96.0.1 . tcp . 80"; an interval's last field as prefix or range. Returns buf. */
const char *svcr_nft_key_text(const struct svcr_nft_set *s, const uint8_t *elem, char *buf);
/* A range of addresses, as an address, a prefix or two addresses; returns the length. */
size_t svcr_nft_range_text(uint8_t family, const uint8_t *first, const uint8_t *last, char *buf,
			   size_t size);
/* "goto balance-2", "10.244.1.7 . 8080"; "" for sets. `t` is the table that the set is in. */
const char *svcr_nft_data_text(const struct svcr_nft_table *t, const struct svcr_nft_set *s,
			       const uint8_t *elem, char *buf);
/* Prints a whole element: key, comment, data. */
void svcr_nft_out_elem(struct svcr_out *o, const struct svcr_nft_table *t,
		       const struct svcr_nft_set *s, const uint8_t *elem);
void svcr_nft_out_rule(struct svcr_out *o, const struct svcr_nft_table *t,
		       const struct svcr_nft_rule *rule);
/* Prints the inside of the braces of a set's declaration, each line between `indent` and `end`. */
void svcr_nft_out_set_header(struct svcr_out *o, const struct svcr_nft_set *s, const char *indent,
			     const char *end);
/* Prints the inside of the braces of a base chain's declaration. */
void svcr_nft_out_base_chain(struct svcr_out *o, const struct svcr_nft_chain_layout *l);
/* Prints all tables. `nft -f` loads the text and replaces tables of the same names. */
void svcr_nft_out(struct svcr_out *o, const struct svcr_nft *n);

#endif
