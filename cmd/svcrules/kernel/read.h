/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reads rule sets from the kernel. The library knows what to ask. */
#ifndef SVCRULES_KERNEL_READ_H
#define SVCRULES_KERNEL_READ_H

#include "kernel/session.h"

/*
 * Reads what the kernel has in the places of `like`, again if it changes meanwhile. Returns an
 * exit code, with findings; *ret is to be freed if that is EXIT_DONE.
 */
int kernel_read(struct session *s, const struct svcrules_ruleset *like,
		struct svcrules_ruleset **ret);
/*
 * The same, but a table or an interface of that name that another program made is an error, as
 * is a kernel that does not know a part: a finding and EXIT_KERNEL. What `like` would collide
 * with beyond that is a matter of kernel_obstacles().
 */
int kernel_read_own(struct session *s, const struct svcrules_ruleset *like,
		    struct svcrules_ruleset **ret);
/*
 * The same for a rule set that is to be removed: it is no error if the kernel does not know its
 * last part, which then is empty.
 */
int kernel_read_to_remove(struct session *s, const struct svcrules_ruleset *like,
			  struct svcrules_ruleset **ret);
/* Finds tables that svcrules made; see svcrules_reader_find(). Returns 0 or a negative errno. */
int kernel_find(struct session *s, const char *target, const char *table,
		struct svcrules_ruleset **ret);
/*
 * Adds to the findings what of `have` is in the way of `want`. Returns EXIT_KERNEL if there is
 * anything, else EXIT_DONE.
 */
int kernel_obstacles(struct session *s, const struct svcrules_ruleset *have,
		     const struct svcrules_ruleset *want);

#endif
