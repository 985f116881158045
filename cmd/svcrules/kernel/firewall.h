/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chains of other programs that drop what this node forwards. */
#ifndef SVCRULES_KERNEL_FIREWALL_H
#define SVCRULES_KERNEL_FIREWALL_H

#include <stddef.h>
#include <stdint.h>

struct netlink;

/*
 * Finds a base chain of the hook forward whose policy is drop, for packets of that NFPROTO_
 * family, in nf_tables or iptables-legacy. Returns 1 with "chain FORWARD of table ip filter" in
 * `buf`, 0 if there is none, or a negative errno. `s` must be a socket of nfnetlink.
 */
int firewall_drops_forwarded(struct netlink *s, uint8_t family, char *buf, size_t size);

#endif
