/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables in the kernel: read, compared and changed in one transaction, again if another
 * program changes rules meanwhile.
 */
#ifndef SVCRULES_KERNEL_NFT_H
#define SVCRULES_KERNEL_NFT_H

#include "kernel/driver.h"

/* The driver's own state. */
struct nft_state {
	struct svcrules_ruleset *want; /* the tables alone of what is wanted */
	/*
	 * Rules that the kernel has if its generation is still `known_generation`; they are not
	 * read then.
	 */
	struct svcrules_ruleset *known;
	uint32_t known_generation;
	bool known_settled; /* they were left by a run that had come to its end */

	struct svcrules_ruleset *first;  /* the kernel's, before anything was changed */
	struct svcrules_ruleset *before; /* the kernel's, as last read; may be `first` */
	struct svcrules_changes *changes;
	struct svcrules_changes_stats sent; /* by the first transaction */
	uint32_t generation;                /* of `before` */
	size_t commits;                     /* of the socket when that was so */
	bool proved;                        /* `before` is what was known, not read */
	bool first_proved;                  /* `first` is */
	size_t messages;                    /* sent */
	bool keep;                          /* let the kernel remember removed addresses */
	bool kept;                          /* there is something that the kernel remembers */
	bool tried_again; /* because an element's time was over before the change */
};

/*
 * True if the generation is `generation` and the table of that name is there in the families
 * said: then nobody changed any rule since. (The table is asked for because a module that was
 * unloaded counts from 1 again.)
 */
bool nft_unchanged(struct session *s, uint32_t generation, const char *table, bool ipv4, bool ipv6);
/* True if there is a table of that name in one of the families, whoever made it. */
bool nft_has_table(struct session *s, const char *table);

#endif
