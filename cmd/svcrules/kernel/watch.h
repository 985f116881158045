/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tells changes of our tables from changes that other programs make to theirs. Each change of
 * nf_tables makes another generation, whoever makes it; while another program commits again and
 * again, no reading would end in the generation in which it began. Notifications say which tables
 * were changed. They cost the kernel time when our own large changes are made, so they are asked
 * for only after another program came in between.
 */
#ifndef SVCRULES_KERNEL_WATCH_H
#define SVCRULES_KERNEL_WATCH_H

#include "kernel/session.h"

/*
 * Begins to watch all tables of the namespace; does nothing if that was done before. Without
 * permission or memory nothing is watched.
 */
void watch_begin(struct session *s);
/* True if it was begun. */
bool watch_active(const struct session *s);
/* Forgets what was changed so far: a reading begins. */
void watch_restart(struct session *s);
/*
 * True if, since watch_restart(), nobody changed a table of the names that `rs` has;
 * *ret_generation is then one in which that is so. False if this is not known.
 */
bool watch_unchanged(struct session *s, const struct svcrules_ruleset *rs,
		     uint32_t *ret_generation);

#endif
