/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Facts of this host, for warnings and defaults, all of the network namespace
 * of the caller. Functions return 0 (or what their comment says) or a negative
 * errno.
 */
#ifndef SVCRULES_KERNEL_HOST_H
#define SVCRULES_KERNEL_HOST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct netlink;
struct svcrules_ruleset;

/*
 * Calls `cb` for each address (family AF_INET or AF_INET6; network order, 4 or
 * 16 bytes of `addr`, the rest zero) of each interface except svcrules0, but not
 * for loopback, link-local and multicast addresses. Of a point-to-point link
 * the local address counts. An address on two interfaces comes twice. `cb` is
 * called after everything was read: after an error never.
 * Returns 0, -ENOMEM, -EINTR (addresses changed during each of five readings) or
 * the error of getifaddrs().
 */
int host_addresses(void (*cb)(uint8_t family, const uint8_t addr[16], void *), void *arg);

/* The same addresses as text, "10.0.0.1,fd00::1", malloc'ed; "" if there are none. */
int host_address_list(char **ret);

/* 1 if there is a bridge interface, 0 if not, or a negative errno. */
int host_has_bridge(void);

/*
 * The host's name in lower case, short or full as the administrator set it;
 * -ENAMETOOLONG if it does not fit.
 */
int host_name(char *buf, size_t size);

/*
 * 1 if rules of kube-proxy are present: a table "kube-proxy" (its nftables
 * mode), or a chain KUBE-SERVICES in a table "nat" of iptables-nft or of
 * iptables-legacy, for IPv4 or IPv6; 0 if not. `s` must be a socket of nfnetlink
 * in this namespace. Legacy tables are read only if /proc/net/ip_tables_names
 * contains "nat", because the request would create the table; tables that
 * cannot be read (no CAP_NET_ADMIN) count as absent. Its mode of virtual
 * servers has a chain KUBE-SERVICES, too.
 */
int host_has_kube_proxy(struct netlink *s);

/* True if there are virtual servers, of whatever program. The kernel loads no module for that. */
bool host_has_virtual_servers(void);
/* True if a part of the rule set is virtual servers. */
bool host_drives_virtual_servers(const struct svcrules_ruleset *rs);
/* The interface that kube-proxy makes for virtual servers, and the command that lists these. */
extern const char host_virtual_interface[], host_virtual_command[];

#endif
