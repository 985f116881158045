/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel remembers of endpoints that are gone: clients and UDP flows. */
#ifndef SVCRULES_KERNEL_CLEANUP_H
#define SVCRULES_KERNEL_CLEANUP_H

#include "kernel/session.h"

/* By what a UDP flow is judged. */
struct cleanup_rules {
	const struct svcrules_ruleset *now;
	const struct svcrules_ruleset *before; /* the rules until now */
	/* `before` served flows that NAT did not translate, and serves no longer: they end, whoever answers */
	bool retired;
	/* Not NULL: nothing is deleted, and it takes a sentence for each flow that would be. */
	void (*would)(const char *sentence);
};

/* Makes sticky services forget clients of endpoints that serve no longer. Returns an exit code, with findings. */
int cleanup_clients(struct session *s, const struct svcrules_ruleset *now);
/*
 * Deletes UDP flows that the rules would not translate as they are. *count grows by their
 * number. Returns an exit code, with findings.
 */
int cleanup_udp(struct session *s, const struct cleanup_rules *rules, size_t *count);

#endif
