/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A rule set as an ordered list of parts, and the changes between two. */
#ifndef SVCR_RULESET_H
#define SVCR_RULESET_H

#include "rules/part.h"

#define SVCR_PARTS_MAX 4

struct svcr_target;

struct svcrules_ruleset {
	const struct svcr_target *target;
	struct svcr_part *parts[SVCR_PARTS_MAX]; /* in the order in which they are applied */
	size_t nparts;
	bool borrowed; /* the parts belong to another rule set */
	struct svcrules_stats stats; /* what build() counted */
};

struct svcrules_changes {
	const struct svcrules_ruleset *from, *to;
	struct svcr_part_changes *parts[SVCR_PARTS_MAX];
	size_t nparts;
};

/* Appends a part, taking it over; NULL means that memory was short. 0 or -ENOMEM. */
int svcr_ruleset_add(struct svcrules_ruleset *rs, struct svcr_part *p);
/* The first part of that kind, or NULL. */
struct svcr_part *svcr_ruleset_find(const struct svcrules_ruleset *rs, const struct svcr_part_ops *ops);
/* The changes of the first part of that kind, or NULL. */
struct svcr_part_changes *svcr_changes_find(const struct svcrules_changes *c, const struct svcr_part_ops *ops);

#endif
