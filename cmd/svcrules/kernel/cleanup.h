/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Makes the kernel forget endpoints that are gone: clients and flows. */
#ifndef SVCRULES_KERNEL_CLEANUP_H
#define SVCRULES_KERNEL_CLEANUP_H

#include "kernel/session.h"

/* Decides which flows are stale. */
struct cleanup_rules {
	const struct svcrules_ruleset *now;
	const struct svcrules_ruleset *before; /* the rules until now */
	/*
	 * `before` is that of another target than `now`: only flows of what it served are judged,
	 * and of these only those that NAT did not translate
	 */
	bool retired;
	/* the run before may have been killed before it deleted what it should have */
	bool unsettled;
	/* not NULL: nothing is deleted; called with a sentence for each flow that would be */
	void (*would)(const char *sentence);
};

/*
 * Makes sticky services forget clients of endpoints that serve no longer. Returns an exit code,
 * with findings.
 */
int cleanup_clients(struct session *s, const struct svcrules_ruleset *now);
/*
 * Deletes stale flows; see svcrules_flow_stale(). *count grows by their number.
 * Returns an exit code, with findings.
 */
int cleanup_flows(struct session *s, const struct cleanup_rules *rules, size_t *count);

#endif
