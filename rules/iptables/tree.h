/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Trees of chains: which chain leads to which entries. */
#ifndef SVCR_IPT_TREE_H
#define SVCR_IPT_TREE_H

#include "rules/iptables/value.h"

/* What all entries of a group have in common, which its rule matches. */
struct svcr_ipt_common {
	struct svcr_addr addr;
	uint8_t bits;         /* of the address */
	uint8_t protocol;     /* 0: not the same */
	uint16_t first, last; /* ports, if the protocol is the same */
};

/* By address, protocol and port. */
int svcr_ipt_entry_cmp(const struct svcr_ipt_entry *a, const struct svcr_ipt_entry *b);
/* Describes the entries from `lo` to `hi`, at least one. */
struct svcr_ipt_common svcr_ipt_common(const struct svcr_ipt_tree *t, uint32_t lo, uint32_t hi);
/*
 * Sorts the entries and makes the chains of tree number `tree`, unless it is empty. `root`: its
 * first chain, or IPT_FIXED_COUNT for a numbered one, whose number in the table is *ret. 0 or
 * -ENOMEM.
 */
int svcr_ipt_grow_tree(struct svcr_ipt_family *f, uint32_t tree, enum svcr_ipt_fixed root,
		       uint32_t *ret);
/* The table in which the chains of such a tree are. */
uint8_t svcr_ipt_tree_table(uint8_t kind);

#endif
