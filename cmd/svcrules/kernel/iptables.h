/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables of iptables-legacy, which nf_tables does not list. They are read only if
 * /proc/net/ip_tables_names has them, because a request for one would create it; what cannot
 * be read (no CAP_NET_ADMIN) counts as absent.
 */
#ifndef SVCRULES_KERNEL_IPTABLES_H
#define SVCRULES_KERNEL_IPTABLES_H

#include <stdbool.h>
#include <stdint.h>

/*
 * True if the table ("nat") of that NFPROTO_ family contains the text, with its end, as the
 * name of a chain or an argument of a rule.
 */
bool iptables_legacy_has_text(uint8_t family, const char *table, const char *text);
/* True if the policy of the chain FORWARD of the table "filter" is DROP. */
bool iptables_legacy_forward_drops(uint8_t family);

#endif
