/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Brings the kernel's rules to what is wanted. */
#ifndef SVCRULES_SYNC_H
#define SVCRULES_SYNC_H

#include "netlink/transaction.h"
#include "svcrules.h"

struct sync {
	/* Set by the caller, who keeps them. */
	struct netlink *nl;
	const char *table;
	struct svcrules_nft *wanted;
	/* For IPVS, else NULL: its rule set, to which `wanted` belongs, and what makes it so once the table is there. */
	const struct svcrules_ipvs *ipvs;
	int (*then)(void *arg);
	void *arg;
	bool retire; /* another back end serves now */
	/*
	 * May be set by the caller and is then taken: rules that the kernel has if
	 * its generation is still `known_genid`; it is not asked for them then.
	 */
	struct svcrules_nft *known;
	uint32_t known_genid;

	struct svcrules_nft *first;  /* the kernel's, before we changed anything */
	struct svcrules_nft *before; /* the kernel's, as last read; may be `first` */
	struct svcrules_changes *changes;
	struct svcrules_changes_stats stats; /* of the changes sent */
	uint32_t genid;  /* of `before` */
	size_t commits;  /* of `nl` when that was so */
	bool proved;     /* `before` is what was known, not read */
	size_t messages; /* sent */
	size_t flows;    /* stale UDP flows deleted */
	bool keep;       /* let the kernel remember what is removed, until its flows are */
	bool kept;       /* there was something to remember */
	bool expired;    /* tried again already, because an element's time was over */
};

/* All return an exit code, having said what is wrong. */

/* Finds what to change. */
int sync_compare(struct sync *s);
/* Asks the kernel whether it would take the change. */
int sync_check(struct sync *s);
/*
 * Makes it: rules, `then`, remembered clients, flows; a code of `then` is
 * returned in the end, but stops nothing. The caller has the lock. A run that
 * is killed anywhere is completed by the next.
 */
int sync_make(struct sync *s);
/* True if the kernel now has what is wanted and nobody else changed anything since; its generation. */
bool sync_settled(struct sync *s, uint32_t *ret_genid);
void sync_release(struct sync *s);

#endif
