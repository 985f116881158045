/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Bridges, whose packets do not meet the rules of nftables without a switch. */
#include "doctor/doctor.h"
#include "doctor/links.h"
#include "kernel/sysctl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <ifaddrs.h>
#include <stdlib.h>
#include <string.h>

/* Bridges of programs that connect no pods: Docker, libvirt, LXC. */
static bool is_of_others(const char *name)
{
	static const char *const begins[] = { "docker0", "br-", "virbr", "lxcbr", "lxdbr" };

	for (size_t i = 0; i < sizeof(begins) / sizeof(*begins); i++)
		if (strncmp(name, begins[i], strlen(begins[i])) == 0)
			return true;
	return false;
}

/* True if the address is in the prefix of the interface's address. */
static bool on_prefix(const struct ifaddrs *i, const char *address)
{
	uint8_t bytes[16];
	const uint8_t *own, *mask;
	size_t n = i->ifa_addr->sa_family == AF_INET ? 4 : 16;

	if (inet_pton(i->ifa_addr->sa_family, address, bytes) != 1)
		return false;
	if (n == 4) {
		own = (const void *)&((const struct sockaddr_in *)(const void *)i->ifa_addr)
			      ->sin_addr;
		mask = (const void *)&((const struct sockaddr_in *)(const void *)i->ifa_netmask)
			       ->sin_addr;
	} else {
		own = (const void *)&((const struct sockaddr_in6 *)(const void *)i->ifa_addr)
			      ->sin6_addr;
		mask = (const void *)&((const struct sockaddr_in6 *)(const void *)i->ifa_netmask)
			       ->sin6_addr;
	}
	for (size_t k = 0; k < n; k++)
		if ((bytes[k] & mask[k]) != (own[k] & mask[k]))
			return false;
	return true;
}

/* True if an endpoint of a service is in a prefix of the bridge. */
static bool has_endpoint(const struct doctor *d, const struct ifaddrs *all, const char *bridge)
{
	const struct svcrules_installed_endpoint *e;

	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		if (strcmp(i->ifa_name, bridge) != 0 || !i->ifa_addr || !i->ifa_netmask ||
		    (i->ifa_addr->sa_family != AF_INET && i->ifa_addr->sa_family != AF_INET6))
			continue;
		for (size_t v = 0; doctor_vip(d, v); v++)
			for (size_t k = 0; (e = svcrules_installed_endpoint(d->services, v, k));
			     k++)
				if (on_prefix(i, e->address))
					return true;
	}
	return false;
}

/* How bad it is if packets on the bridge meet no rules. */
static enum verdict bridge_verdict(const struct doctor *d, const struct ifaddrs *all,
				   const char *bridge)
{
	bool policies = d->stats.policy_ipv4 || d->stats.policy_ipv6;

	if (d->installed && (has_endpoint(d, all, bridge) || (policies && !is_of_others(bridge))))
		return VERDICT_TROUBLE;
	return VERDICT_NOTE;
}

static void look_at_switch(struct doctor *d, const char *path, const char *bridge,
			   enum verdict verdict)
{
	char text[8] = "0";
	int err = sysctl_read(path, text, sizeof(text));

	if (!err && strcmp(text, "0") != 0) {
		doctor_fine(d, "/proc/sys/%s is %s", path, text);
		return;
	}
	doctor_find(d, verdict,
		    verdict == VERDICT_TROUBLE ?
			    "pods on one bridge do not reach each other through services, and "
			    "network policies do not judge them" :
			    "if pods are on it, they do not reach each other through services, and "
			    "network policies do not judge them",
		    err ? doctor_text("modprobe br_netfilter") :
			  doctor_text("sysctl -w net.bridge.%s=1", strrchr(path, '/') + 1),
		    err ? "there is a bridge, %s, and no /proc/sys/%s" :
			  "there is a bridge, %s, and /proc/sys/%s is 0",
		    bridge, path);
}

/* The bridge that matters most, or NULL. */
static const char *worst_bridge(const struct doctor *d, const struct links *links,
				const struct ifaddrs *all, enum verdict *ret)
{
	const char *found = NULL;

	*ret = VERDICT_FINE;
	for (size_t i = 0; i < links->n; i++) {
		const struct link *l = &links->v[i];
		enum verdict v;

		if (strcmp(l->kind, "bridge") != 0)
			continue;
		v = bridge_verdict(d, all, l->name);
		if (!found || v > *ret)
			found = l->name, *ret = v;
	}
	return found;
}

void doctor_bridges(struct doctor *d)
{
	struct links links = { .n = 0 };
	struct ifaddrs *all = NULL;
	enum verdict verdict;
	const char *bridge;
	int err = 0;
	struct netlink *s = netlink_open(NETLINK_ROUTE, &err);

	err = s ? links_read(s, &links) : err;
	netlink_close(s);
	if (getifaddrs(&all) != 0)
		all = NULL;
	bridge = worst_bridge(d, &links, all, &verdict);
	if (err)
		doctor_unknown(d, "cannot list interfaces: %s", strerror(-err));
	else if (!bridge)
		doctor_fine(d, "there is no bridge");
	else
		look_at_switch(d, "net/bridge/bridge-nf-call-iptables", bridge, verdict);
	if (!err && bridge && (d->stats.ipv6 || d->stats.policy_ipv6))
		look_at_switch(d, "net/bridge/bridge-nf-call-ip6tables", bridge, verdict);
	if (all)
		freeifaddrs(all);
	free(links.v);
}
