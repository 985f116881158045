/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A rule set as an ordered list of parts, and the changes between two. */
#ifndef SVCR_RULESET_H
#define SVCR_RULESET_H

#include "rules/part.h"

struct svcr_target;
struct svcr_serving;  /* rules/nftables/serving.h */
struct svcr_refusals; /* rules/nftables/refusals.h */

struct svcrules_ruleset {
	const struct svcr_target *target;
	struct svcr_part **parts; /* in the order in which they are applied; malloc'ed */
	size_t nparts, cap;
	bool borrowed;               /* the parts belong to another rule set */
	struct svcrules_stats stats; /* what build() counted */
	/* which endpoints may keep their flows; NULL: none, the rule set was not built */
	struct svcr_serving *serving;
	/* why addresses refuse; NULL: the rule set was not built, or without the option explain */
	struct svcr_refusals *refusals;
};

struct svcrules_changes {
	const struct svcrules_ruleset *from, *to;
	/* the parts of `to`, then the parts that only `from` has; malloc'ed */
	struct svcr_part_changes **parts;
	size_t nparts, cap;
	struct svcr_part **none; /* empty parts for a side that lacks one; malloc'ed */
	size_t nnone, none_cap;
};

/*
 * Appends a part and takes it over, even on error. `p` is NULL if memory was short. 0 or
 * -ENOMEM.
 */
int svcr_ruleset_add(struct svcrules_ruleset *rs, struct svcr_part *p);
/* The first part of that kind, or NULL. */
struct svcr_part *svcr_ruleset_find(const struct svcrules_ruleset *rs,
				    const struct svcr_part_ops *ops);
void svcr_serving_free(struct svcr_serving *s); /* accepts NULL */
void svcr_refusals_free(struct svcr_refusals *r);
/* The changes of the first part of that kind, or NULL. */
struct svcr_part_changes *svcr_changes_find(const struct svcrules_changes *c,
					    const struct svcr_part_ops *ops);

/* The format itself if it is one of `formats`, the first of them for NULL, else NULL. */
const char *svcr_format(const char *const *formats, const char *format);

#endif
