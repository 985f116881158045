/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Drivers get parts of rule sets into the kernel. There is one for each kind of part; commands
 * call them in turn and know nothing of their protocols.
 */
#ifndef SVCRULES_KERNEL_DRIVER_H
#define SVCRULES_KERNEL_DRIVER_H

#include "kernel/session.h"

/*
 * A change of the kernel from one rule set to another. The caller sets `session` and `want`, and
 * `have` if there are parts that the drivers do not read themselves; all else starts as zero.
 * make_release() frees what the drivers add. The rule sets belong to the caller.
 */
struct transition {
	struct session *session;
	struct svcrules_ruleset *want;
	const struct svcrules_ruleset *have; /* as read before; NULL if it was not needed */
	struct svcrules_changes *changes;    /* from `have` to `want`; NULL without `have` */
	struct nft_state *nft;               /* made and used by the driver of tables only */
	/* what another target serves now, if this one is retired; else NULL */
	const struct svcrules_ruleset *successor;
	/*
	 * Called with the changes of services before any is made; another exit code than
	 * EXIT_DONE keeps all from being made. NULL: nobody is asked.
	 */
	int (*judge)(const struct svcrules_changes *c, void *arg);
	void *judge_arg;
	bool proved; /* tables were at first as the last run left them */
	/* results, for the summary */
	struct svcrules_changes_stats sent; /* changes of tables */
	size_t messages;                    /* by which they were made */
	size_t other_messages;              /* other changes sent */
	const char *other_noun; /* what these are changes of; NULL: there is no such part */
	size_t flows;           /* stale UDP flows deleted */
};

/*
 * One kind of part. The functions return an exit code and explain a failure by findings. From
 * `settled` on they are about a whole target, and the driver of its last part answers.
 */
struct driver {
	const char *kind;    /* of the part, as in struct svcrules_part */
	const char *reading; /* completes "cannot ...": "read the kernel's rules" */
	const char *busy;    /* the finding if the part changed in each reading; NULL: as usual */
	const char *noun;    /* of its changes in the summary; NULL: they are changes of tables */

	/* make() reads and compares the part itself, again if it changes meanwhile. */
	bool reads_itself;
	/*
	 * Flows end with this target's part, whatever serves now; they are not counted in the
	 * summary of the target that follows.
	 */
	bool ends_flows;
	/*
	 * Puts the host into the state that the part needs, before anything is made; without
	 * `change` it only adds to the findings what is not so. NULL: there is nothing to do.
	 */
	int (*prepare)(struct session *s, bool change);
	/*
	 * Prepares `t` for the part; does nothing if that was done before. release() frees what
	 * it made. NULL: nothing is needed.
	 */
	int (*start)(struct transition *t);
	void (*release)(struct transition *t);
	/* Asks the kernel whether it would accept the part. NULL: it cannot be asked. */
	int (*check)(struct transition *t);
	/*
	 * Makes the changes of one stage. Changes that are refused do not keep the others from
	 * being made. *ret_stop is set if nothing further may be made.
	 */
	int (*make)(struct transition *t, size_t part, enum svcrules_stage stage, bool *ret_stop);
	/* Does what must follow when all parts are made, or tried. NULL: nothing. */
	int (*finish)(struct transition *t);

	/*
	 * True if the kernel has what is wanted and nobody else changed rules since;
	 * *ret_generation is its generation then. NULL: that cannot be known, and the next two
	 * functions are NULL, too.
	 */
	bool (*settled)(struct transition *t, uint32_t *ret_generation);
	/* True if nobody changed rules since a run left tables of that name, with these stats. */
	bool (*unchanged)(struct session *s, const char *table, const struct svcrules_stats *last);
	/*
	 * Makes the driver believe that the kernel has `known`, which it takes over, if the
	 * kernel's generation is still `generation`. Must follow start().
	 */
	void (*know)(struct transition *t, struct svcrules_ruleset *known, uint32_t generation);

	/*
	 * True if there are signs that a rule set of the target is or was in use: one in the
	 * places of `like` or, if `any_table`, with tables of any name. Loads no module.
	 */
	bool (*in_use)(struct session *s, const struct svcrules_ruleset *like, bool any_table);
	/*
	 * Removes what the target left in the places of t->want, which is empty, when another
	 * target serves `now`. *ret_left: something stays for its connections. NULL: there is
	 * nothing to remove.
	 */
	int (*retire)(struct transition *t, const struct svcrules_ruleset *now, bool *ret_left);
	/*
	 * Removes at once all parts but the tables, of the table of the session's settings or,
	 * if `any_table`, of any; in a dry run nothing. *ret_text: what was, or would be, removed,
	 * malloc'ed, or NULL: nothing. NULL: the target has only tables.
	 */
	int (*remove)(struct session *s, const struct svcrules_target *target, bool any_table,
		      bool dry_run, char **ret_text);
};

extern const struct driver driver_nft, driver_link, driver_servers;

/*
 * The driver of the i-th part of a rule set, or of the first one past the end. A target with
 * `kernel` set has only parts of kinds that have a driver.
 */
const struct driver *driver_of(const struct svcrules_ruleset *rs, size_t part);
/* The number of parts. */
size_t driver_parts(const struct svcrules_ruleset *rs);
/* The driver of the last part of a rule set. */
const struct driver *driver_last(const struct svcrules_ruleset *rs);

#endif
