/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rule sets read from the kernel; which questions that takes is the library's business. */
#ifndef SVCRULES_KERNEL_READ_H
#define SVCRULES_KERNEL_READ_H

#include "kernel/session.h"

/*
 * Reads what the kernel has in the places of `like`, again if it changes meanwhile. Returns an
 * exit code, with findings.
 */
int kernel_read(struct session *s, const struct svcrules_ruleset *like, struct svcrules_ruleset **ret);
/*
 * The same, but things that other programs made and that are in the way of `like` are findings,
 * too, and EXIT_KERNEL.
 */
int kernel_read_own(struct session *s, const struct svcrules_ruleset *like, struct svcrules_ruleset **ret);
/*
 * The same for a rule set that is to be removed: virtual servers of others are no obstacle, nor
 * is a kernel without any.
 */
int kernel_read_own_places(struct session *s, const struct svcrules_ruleset *like, struct svcrules_ruleset **ret);
/* Finds tables that svcrules made; see svcrules_reader_find(). Returns 0 or a negative errno. */
int kernel_find(struct session *s, const char *target, const char *table, struct svcrules_ruleset **ret);
/*
 * Adds to the findings what of `have` is in the way of `want`. Returns EXIT_KERNEL if there is
 * anything, else EXIT_DONE.
 */
int kernel_obstacles(struct session *s, const struct svcrules_ruleset *have, const struct svcrules_ruleset *want);

#endif
