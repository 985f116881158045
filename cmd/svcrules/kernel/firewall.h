/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Chains of other programs that drop what this node forwards. */
#ifndef SVCRULES_KERNEL_FIREWALL_H
#define SVCRULES_KERNEL_FIREWALL_H

struct netlink;

#define FIREWALL_TEXT 256

/*
 * Finds base chains of the hook forward whose policy is drop, in nf_tables or iptables-legacy:
 * `ipv4` and `ipv6` become "chain FORWARD of table ip filter", or "". Returns 0 or a negative
 * errno, then the chains of nf_tables may be missing. `s` must be a socket of nfnetlink.
 */
int firewall_drops_forwarded(struct netlink *s, char ipv4[static FIREWALL_TEXT],
			     char ipv6[static FIREWALL_TEXT]);

#endif
