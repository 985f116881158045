/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet's walk through tables as a value, as the kernel takes it (net/netfilter/
 * nf_tables_core.c). It knows no set and no chain by name: what there is, the layout says.
 * Everything that a rule asked and did is kept as a list of events, from which others make
 * sentences.
 */
#ifndef SVCR_NFT_EVAL_H
#define SVCR_NFT_EVAL_H

#include "addr.h"
#include "rules/nft/value.h"

/* The first packet of a connection. Beside the priority and the mark the caller changes it. */
struct svcr_nft_packet {
	struct svcr_addr src, dst;
	struct svcr_addr first_src, first_dst; /* before anything was translated */
	uint16_t port, first_port;             /* of the destination */
	uint8_t protocol;
	bool src_local, dst_local; /* an address of the host */
	bool from_host;            /* the host itself made it */
	bool translated;           /* nf_tables gave it another destination */
	uint32_t mark, priority;
};

/* A statement that was carried out. */
struct svcr_nft_event {
	const struct svcr_nft_table *table;
	const struct svcr_nft_chain *chain;
	const struct svcr_nft_rule *rule;
	/* NULL: the rule cannot be followed, as another program made it; it was passed over */
	const struct svcr_nft_stmt *stmt;
	bool held;           /* the rule went on */
	const uint8_t *elem; /* of the statement's set: what the packet's key found, or NULL */
};

enum svcr_nft_fate {
	SVCR_FATE_PASSES, /* accepted, or to the end of the chain */
	SVCR_FATE_DROPPED,
	SVCR_FATE_REFUSED,
	SVCR_FATE_TRANSLATED, /* to one of the endpoints */
	SVCR_FATE_MASQUERADED,
};

struct svcr_nft_eval {
	struct svcr_nft_packet packet;
	SVCR_LIST(struct svcr_nft_event) events; /* of all chains so far; malloc'ed */
	/*
	 * Of SVCR_FATE_TRANSLATED: a number from 0 to `modulus` - 1 is drawn, and these elements
	 * of a set, `found` from index `first` on, have it as the end of their keys. For a number
	 * without an element the rule does nothing.
	 */
	const struct svcr_nft_set *set;
	size_t first, found;
	uint32_t modulus;
	bool remembers; /* a client that is remembered gets the endpoint that it had */
	unsigned int steps;
	bool no_memory, endless;
};

/*
 * Carries out the rules of a base chain, and of those that it leads to; events are added. A chain
 * that drops what it does not decide (struct svcr_nft_chain.policy) does so.
 */
enum svcr_nft_fate svcr_nft_walk(struct svcr_nft_eval *x, const struct svcr_nft_table *t,
				 const struct svcr_nft_chain *base);
/* Frees the events. */
void svcr_nft_eval_release(struct svcr_nft_eval *x);
/* True if the interval that the element is holds the key; its fields before the last are equal. */
bool svcr_nft_elem_holds(const struct svcr_nft_set *s, const uint8_t *e, const uint8_t *key);

#endif
