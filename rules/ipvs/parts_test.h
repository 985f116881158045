/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rule sets of the target ipvs for tests, by their parts. */
#ifndef SVCR_IPVS_PARTS_TEST_H
#define SVCR_IPVS_PARTS_TEST_H

#include <check.h>

#include "rules/built_test.h"
#include "rules/ipvs/diff.h"
#include "rules/ipvs/encode.h"
#include "rules/ipvs/servers.h"

#define SEEDS 300
#define GENL 29 /* any number of a generic netlink family */
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static inline struct svcr_ipvs *gen_servers(const struct svcrules_ruleset *rs)
{
	return svcr_ipvs_parts(rs).ipvs;
}

static inline struct svcr_addrs *gen_addresses(const struct svcrules_ruleset *rs)
{
	return &svcr_ipvs_parts(rs).link->addresses;
}

/* An empty rule set that shares the tables of `rs`; for gen_over_free(). */
static inline struct svcrules_ruleset *gen_over(const struct svcrules_ruleset *rs)
{
	struct svcrules_ruleset *over = svcrules_ruleset_empty(rs);

	if (!over)
		abort();
	over->parts[0]->ops->free(over->parts[0]);
	over->parts[0] = rs->parts[0];
	return over;
}

static inline void gen_over_free(struct svcrules_ruleset *over)
{
	for (size_t i = 1; i < over->nparts; i++)
		over->parts[i - 1] = over->parts[i];
	over->nparts--;
	svcrules_ruleset_free(over);
}

/* The changes of virtual servers alone. */
static inline struct svcr_ipvs_changes *gen_servers_diff(const struct svcrules_ruleset *from,
							 const struct svcrules_ruleset *to)
{
	struct svcr_ipvs_changes *c;

	if (svcr_ipvs_diff(gen_servers(from), gen_servers(to), &c))
		abort();
	return c;
}

/* The messages that add all virtual servers of `rs`; m.buf is to be freed. */
static inline struct svcrules_messages gen_servers_messages(const struct svcrules_ruleset *rs)
{
	struct svcrules_ruleset *empty = gen_over(rs);
	struct svcr_ipvs_changes *c = gen_servers_diff(empty, rs);
	struct svcrules_messages m;

	if (svcr_ipvs_encode(c, SVCRULES_ADD, GENL, &m))
		abort();
	svcr_ipvs_changes_free(c);
	gen_over_free(empty);
	return m;
}

#endif
