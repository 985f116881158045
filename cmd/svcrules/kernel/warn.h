/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SVCRULES_KERNEL_WARN_H
#define SVCRULES_KERNEL_WARN_H

#include "kernel/session.h"

/*
 * Adds to the findings warnings about common mistakes in this host's setup that keep the rules
 * of a rule set with these numbers from working. Changes nothing.
 */
void warn_host(struct session *s, const struct svcrules_stats *stats);
/*
 * The same about rules of other programs, which need not be asked for again while the
 * generation of nf_tables stays.
 */
void warn_rules(struct session *s, const struct svcrules_stats *stats);

#endif
