/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes of tables: a list of operations in the order that the kernel accepts in one
 * transaction.
 */
#ifndef SVCR_NFT_DIFF_H
#define SVCR_NFT_DIFF_H

#include "rules/nft/value.h"

enum svcr_nft_change_op {
	CHANGE_ADD_TABLE,
	CHANGE_WAKE_TABLE, /* a dormant table */
	CHANGE_DEL_TABLE,
	CHANGE_FLUSH_CHAIN,
	CHANGE_DEL_ELEMS,
	CHANGE_DEL_SET,
	CHANGE_DEL_CHAIN,
	CHANGE_ADD_CHAIN,
	/*
	 * a base chain's policy; the chain stays, because packets would pass while it is
	 * missing
	 */
	CHANGE_MEND_CHAIN,
	CHANGE_ADD_SET,
	CHANGE_ADD_ELEMS,
	CHANGE_ADD_RULE,
};

#define SVCR_NFT_NO_SET SIZE_MAX

/* The same table before and after. An empty table stands for a side without it. */
struct svcr_nft_pair {
	const struct svcr_nft_table *from, *to;
};

struct svcr_nft_change {
	enum svcr_nft_change_op op;
	const struct svcr_nft_pair *pair;
	/* in the layout; SVCR_NFT_NO_SET: not in it, and `name` (if not NULL) is the set */
	size_t set;
	const char *name;
	uint32_t number; /* of a numbered set */
	struct svcr_nft_chain_id chain;
	const struct svcr_nft_rule *rule;
	size_t first, count; /* of `elems` */
};

struct svcr_nft_message {
	size_t change, first, count;
};

struct svcr_nft_changes {
	struct svcr_part_changes part; /* first: these are the changes of a part */
	const struct svcr_nft *from, *to;
	struct svcr_nft_pair *pairs; /* malloc'ed */
	size_t npairs;
	struct svcr_nft *none; /* owns the empty tables that stand for missing ones; may be NULL */
	struct svcr_nft_change *v;
	size_t n, cap;
	const uint8_t **elems; /* records of from (DEL) or to (ADD) */
	size_t nelems, elems_cap;
	struct svcr_nft_message *messages; /* by sequence number, once encoded */
	size_t nmessages, messages_cap;
	size_t elements_added, elements_removed, other; /* other: tables, chains, sets, rules */
};

/* True if a change removes something; its records and chains are then in pair->from. */
bool svcr_nft_change_removes(const struct svcr_nft_change *ch);
/* Returns the table whose records and chains a change refers to. */
static inline const struct svcr_nft_table *svcr_nft_change_table(const struct svcr_nft_change *ch)
{
	return svcr_nft_change_removes(ch) ? ch->pair->from : ch->pair->to;
}
/* Returns the set of a change of elements. */
static inline const struct svcr_nft_set *svcr_nft_change_set(const struct svcr_nft_change *ch)
{
	return &svcr_nft_change_table(ch)->sets[ch->set];
}
/* True for a change of elements that have names for people (svcr_nft_set_named()). */
bool svcr_nft_change_named(const struct svcr_nft_change *ch);

/*
 * Compares two values. `to` is arranged (svcr_nft_align(), svcr_nft_fit()) so that
 * the fewest elements change; both must outlive the result. 0 or -ENOMEM.
 */
int svcr_nft_diff(const struct svcr_nft *from, struct svcr_nft *to, struct svcr_nft_changes **ret);
void svcr_nft_changes_free(struct svcr_nft_changes *c);

#endif
