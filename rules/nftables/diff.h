/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes: an ordered list of what to do, in the order the kernel accepts in one transaction. */
#ifndef SVCR_NFT_DIFF_H
#define SVCR_NFT_DIFF_H

#include "rules/nftables/ruleset.h"

enum svcr_nft_change_op {
	CHANGE_ADD_TABLE,
	CHANGE_WAKE_TABLE, /* a dormant one */
	CHANGE_DEL_TABLE,
	CHANGE_FLUSH_CHAIN,
	CHANGE_DEL_ELEMS,
	CHANGE_DEL_SET,
	CHANGE_DEL_CHAIN,
	CHANGE_ADD_CHAIN,
	CHANGE_MEND_CHAIN, /* a base chain's policy; it stays, for deleting one opens a window */
	CHANGE_ADD_SET,
	CHANGE_ADD_ELEMS,
	CHANGE_ADD_RULE,
};

struct svcr_nft_change {
	enum svcr_nft_change_op op;
	uint8_t family;
	enum svcr_nft_set_id set;     /* SET__COUNT: `name` says which */
	const char *name;
	struct svcr_nft_chain_id chain;
	const struct svcr_nft_rule *rule;
	size_t first, count;          /* of `elems` */
};

struct svcr_nft_message { size_t change, first, count; };

struct svcrules_changes {
	const struct svcrules_nft *from, *to;
	struct svcr_nft_change *v;
	size_t n, cap;
	const uint8_t **elems; /* records of from (DEL) or to (ADD) */
	size_t nelems, elems_cap;
	struct svcr_nft_message *messages; /* by sequence number, once encoded */
	size_t nmessages, messages_cap;
	struct svcrules_changes_stats stats;
};

/* The value whose records and chains a change speaks of. */
static inline const struct svcrules_nft *svcr_nft_change_nft(const struct svcrules_changes *c,
							      const struct svcr_nft_change *ch)
{
	return ch->op == CHANGE_DEL_TABLE || ch->op == CHANGE_FLUSH_CHAIN || ch->op == CHANGE_DEL_ELEMS ||
	       ch->op == CHANGE_DEL_SET || ch->op == CHANGE_DEL_CHAIN ? c->from : c->to;
}

/*
 * Gives endpoints of `to` the indexes that they have in `from`, where they can
 * keep them: which index an endpoint has means nothing. 0 or -ENOMEM.
 */
int svcr_nft_align(const struct svcr_nft_set *from, struct svcr_nft_set *to);

/* Counts service ports added, removed and changed (report.c). 0 or -ENOMEM. */
int svcr_nft_count_services(struct svcrules_changes *c);

#endif
