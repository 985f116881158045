/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A target is what objects are compiled to. Each target is a row of functions and facts in its
 * own folder; to add one, add the folder and one line in targets.c.
 */
#ifndef SVCR_TARGET_H
#define SVCR_TARGET_H

#include "kinds/kinds.h"
#include "model.h"
#include "rules/report.h"
#include "rules/ruleset.h"

struct svcr_target {
	struct svcrules_target info;
	/* the kinds of objects that it needs, ended by NULL */
	const struct svcr_kind *const *reads;
	bool names;          /* it makes DNS names: see struct svcrules_model */
	bool endpoints_only; /* it leads to endpoints, and needs no cluster IPs */

	/*
	 * Adds the parts of an empty rule set, in the order in which they are applied. `table`
	 * is the name of its tables. With info.kernel, each kind of part has a driver in
	 * cmd/svcrules/kernel. (When another target takes over, the driver of tables removes
	 * the tables of that name only: nft_retire(). A target with tables of two names needs
	 * more there.) 0 or -ENOMEM (the caller releases what was added).
	 */
	int (*make)(struct svcrules_ruleset *rs, const struct svcrules_options *o,
		    const char *table);
	/* Fills the parts that make() added. 0 or -ENOMEM. */
	int (*build)(const struct svcrules_model *m, const struct svcrules_options *o,
		     struct svcrules_diags *d, struct svcrules_ruleset *rs);
	/*
	 * Returns NULL if the value of a setting of this target is right, else what was
	 * expected.
	 */
	const char *(*expected)(const char *setting, const char *value);
	/* See svcrules_annotation(). NULL: it knows none. */
	bool (*annotation)(size_t i, struct svcrules_annotation *ret);
	/* See svcrules_settle(). NULL: nothing must stay. */
	int (*settle)(const struct svcrules_ruleset *have, struct svcrules_ruleset *want,
		      enum svcrules_settle how, const struct svcrules_ruleset *now);
	/*
	 * Returns why the rule set cannot be printed in that format (NULL: become files), or NULL.
	 * NULL: it always can.
	 */
	const char *(*unprintable)(const struct svcrules_ruleset *rs, const char *format);
	/*
	 * Fills an empty report with the change in words of the input; `details`: with what was
	 * added and removed. NULL: the target has none. 0 or -ENOMEM.
	 */
	int (*report)(const struct svcrules_changes *c, bool details, struct svcr_report *ret);
	/* Adds to *ret, which is all zero; see svcrules_changes_loss(). NULL: it serves nobody. */
	void (*loss)(const struct svcrules_changes *c, struct svcrules_loss *ret);
	/* See svcrules_flow_stale(). NULL: it translates nothing. */
	bool (*flow_stale)(const struct svcrules_ruleset *now,
			   const struct svcrules_ruleset *before, const struct svcrules_flow *f);
};

extern const struct svcr_target *const svcr_targets[]; /* ended by NULL; the first is the default */

/* Returns the target of that name (NULL: the default), or NULL. */
const struct svcr_target *svcr_target_find(const char *name);
/* True if tables with such a name enforce network policies. */
bool svcr_policy_table(const char *table);
/* Returns the target whose tables have names like `table`. */
const struct svcr_target *svcr_target_of_table(const char *table);

#endif
