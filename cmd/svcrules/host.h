/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Facts of this host, for warnings and defaults. All are of the network
 * namespace the caller is in. Functions return 0 (or what they say) or a
 * negative errno.
 */
#ifndef SVCRULES_HOST_H
#define SVCRULES_HOST_H

#include <stddef.h>
#include <stdint.h>

struct netlink;

/*
 * Calls `cb` for each address (family AF_INET or AF_INET6; network order, 4 or
 * 16 bytes of `addr`, the rest zero) of any interface but svcrules0, except loopback,
 * link-local and multicast ones. The same address on two interfaces comes
 * twice. `cb` runs after everything was read: with an error it never does.
 * Returns 0, -ENOMEM, -EINTR (changed during each of five reads) or the kernel's error.
 */
int host_addresses(void (*cb)(uint8_t family, const uint8_t addr[16], void *), void *arg);

/* The same as text, "10.0.0.1,fd00::1", malloc'ed; empty if there are none. */
int host_address_list(char **ret);

/* 1 if there is a bridge interface, 0 if not, or a negative errno. */
int host_has_bridge(void);

/*
 * Reads /proc/sys/<path>, e.g. "net/ipv4/ip_forward", into `buf`, terminated,
 * without the line's end. -ENOENT: no such setting (module not loaded);
 * -ENAMETOOLONG: `path`; -EOVERFLOW: the value does not fit.
 */
int host_sysctl(const char *path, char *buf, size_t size);

/* The host's name, as it is set (short or full), in lower case; -ENAMETOOLONG if it does not fit. */
int host_name(char *buf, size_t size);

/*
 * 1 if kube-proxy's rules are here: a table "kube-proxy" (its nftables mode),
 * or a chain KUBE-SERVICES in a table "nat" of iptables-nft or of
 * iptables-legacy, for IPv4 or IPv6; 0 if not. `n` must be of this namespace.
 * Legacy tables are looked at only where /proc/net/ip_tables_names has "nat",
 * because asking for a table creates it; what may not be read (no
 * CAP_NET_ADMIN) counts as none. The ipvs mode has KUBE-SERVICES too.
 */
int host_has_kube_proxy(struct netlink *n);

#endif
