/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finds and reads what svcrules installed, whatever the target. */
#ifndef SVCRULES_INSTALLED_ROOM_H
#define SVCRULES_INSTALLED_ROOM_H

#include "kernel/session.h"

/*
 * An empty rule set of that target for the tables that the options name, those of network policies
 * included. NULL: out of memory.
 */
struct svcrules_ruleset *installed_like(const struct svcrules_target *t,
					const struct svcrules_options *settings);
/* Cuts the end off a table's name that says what it is for. */
void installed_base_of(const char *name, char base[static 256]);
/* *ret: the target has tables of that whole name. Returns an exit code, with findings. */
int installed_has(struct session *s, const struct svcrules_target *t, const char *name, bool *ret);
/*
 * Reads the rule set of the first target that has tables of that name; *ret is NULL if none has.
 * Returns an exit code, with findings.
 */
int installed_read(struct session *s, const struct svcrules_options *settings,
		   struct svcrules_ruleset **ret);

#endif
