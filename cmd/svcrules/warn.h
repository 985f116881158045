/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SVCRULES_WARN_H
#define SVCRULES_WARN_H

#include <stdbool.h>
#include <stdint.h>

struct netlink;
struct svcrules_nft_stats;

/*
 * Warns of common mistakes in this host's setup that keep the rules wanted
 * from working: what is served in each family, and how much. Changes nothing.
 */
void warn_host(struct netlink *n, bool ipv4, bool ipv6, const struct svcrules_nft_stats *stats);

#endif
