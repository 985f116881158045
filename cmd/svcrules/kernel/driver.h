/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drivers: how a part of a rule set gets into the kernel. There is one for each kind of part;
 * commands call them in turn and know nothing of their protocols.
 */
#ifndef SVCRULES_KERNEL_DRIVER_H
#define SVCRULES_KERNEL_DRIVER_H

#include "kernel/session.h"

/* The way from what the kernel has to what is wanted. Starts as { .session, .want }. */
struct transition {
	struct session *session;
	struct svcrules_ruleset *want;
	const struct svcrules_ruleset *have; /* as read before; NULL where the only part reads itself */
	struct svcrules_changes *changes;    /* from `have` to `want`; NULL likewise */
	struct nft_state *nft;               /* of the driver of tables; made by it */
	bool retires;    /* another target serves now */
	size_t other_messages; /* changes sent that are not changes of tables */
	const char *other_noun; /* what they are changes of, for the summary */
	size_t flows;    /* stale UDP flows deleted */
};

/* All functions return an exit code, with findings. */
struct driver {
	const char *kind;    /* of part */
	const char *reading; /* what failed when the part could not be read: "read the kernel's rules" */
	const char *busy;    /* a sentence for when it changed during each reading; NULL: the usual one */
	const char *noun;    /* what its changes are called in the summary; NULL: changes of tables */

	/* The part is read and compared by make() itself, over and over until it fits. */
	bool reads_itself;
	/* Connections that only this part served end with it, whoever serves now. */
	bool ends_flows;
	/*
	 * Before anything is made: puts the host into the state that the part needs or, unless
	 * `change`, only reports where it is not. NULL: there is nothing to do.
	 */
	int (*prepare)(struct session *s, bool change);
	/* Asks the kernel whether it would accept the part. NULL: it cannot be asked. */
	int (*check)(struct transition *t);
	/*
	 * Makes the changes of one stage. Changes that are refused keep none of the others from
	 * being made; *ret_stop: nothing further may be made.
	 */
	int (*make)(struct transition *t, size_t part, enum svcrules_stage stage, bool *ret_stop);
	/* True if the kernel has what is wanted and nobody else changed anything since. NULL: never known. */
	bool (*settled)(struct transition *t, uint32_t *ret_generation);
	/* True if a rule set of the target of which this is the last part is, or was, in use. */
	bool (*in_use)(struct session *s, const struct svcrules_ruleset *like, bool any_table);
	/*
	 * Removes what a target of which this is the last part left, now that `now` serves: `t` leads
	 * to an empty rule set. What has connections may stay: *ret_left.
	 */
	int (*retire)(struct transition *t, const struct svcrules_ruleset *now, bool *ret_left);
	/*
	 * Removes at once all but tables of a rule set of which this is the last part, with that
	 * table or, if `any_table`, any. *ret_text: what was removed, malloc'ed, or NULL: nothing.
	 * NULL: the target consists of tables.
	 */
	int (*remove)(struct session *s, const struct svcrules_target *target, bool any_table, char **ret_text);
};

extern const struct driver driver_nft, driver_link, driver_servers;

/* The driver of the i-th part of a rule set. */
const struct driver *driver_of(const struct svcrules_ruleset *rs, size_t part);
/* The driver of its last part, which can speak for the whole target. */
const struct driver *driver_last(const struct svcrules_ruleset *rs);

#endif
