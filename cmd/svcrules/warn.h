/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SVCRULES_WARN_H
#define SVCRULES_WARN_H

#include <stdbool.h>
#include <stdint.h>

struct netlink;
struct svcrules_stats;

/*
 * Prints warnings about common mistakes in this host's setup that keep the rules
 * of a rule set with these numbers from working. Changes nothing.
 */
void warn_host(struct netlink *n, const struct svcrules_stats *stats);

#endif
