/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SVCRULES_WARN_H
#define SVCRULES_WARN_H

#include <stdbool.h>
#include <stdint.h>

struct netlink;
struct svcrules_stats;

/*
 * Warns of common mistakes in this host's setup that keep the rules wanted
 * from working: what is served in each family, and how much. Changes nothing.
 */
void warn_host(struct netlink *n, const struct svcrules_stats *stats);

#endif
