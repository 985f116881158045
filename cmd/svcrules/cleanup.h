/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the kernel remembers of endpoints that are gone: clients and UDP flows. */
#ifndef SVCRULES_CLEANUP_H
#define SVCRULES_CLEANUP_H

#include <stdbool.h>
#include <stddef.h>

struct netlink;
struct svcrules_ipvs;
struct svcrules_nft;

/* By what a UDP flow is judged. */
struct cleanup_rules {
	const struct svcrules_nft *now;
	const struct svcrules_nft *before; /* the rules until now */
	const struct svcrules_ipvs *ipvs;  /* to which `now` belongs, or NULL */
	bool retired; /* `before` sent flows through IPVS, which serves no longer: they end, whoever answers */
};

/* Makes sticky services forget clients of endpoints that serve no longer. Returns an exit code. */
int cleanup_affinity(struct netlink *n, const struct svcrules_nft *now, const char *table);
/*
 * Deletes UDP flows that the rules would not translate as they are. With
 * `dry_run` they are printed to standard output.
 * *count is written always. Returns an exit code.
 */
int cleanup_udp(const struct cleanup_rules *rules, bool dry_run, size_t *count);

#endif
