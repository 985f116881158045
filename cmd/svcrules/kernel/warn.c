/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/warn.h"
#include "kernel/firewall.h"
#include "kernel/host.h"
#include "kernel/route.h"
#include "kernel/sysctl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <string.h>

static bool sysctl_is_off(const char *path)
{
	char value[16];

	return sysctl_read(path, value, sizeof(value)) == 0 && strcmp(value, "0") == 0;
}

static void warn_sysctl(struct session *s, const char *path, const char *effect)
{
	if (sysctl_is_off(path))
		session_notice(s, "warning: /proc/sys/%s is 0: %s", path, effect);
}

/* Packets between two ports of a bridge meet rules of IP only through br_netfilter. */
static void warn_bridge(struct session *s, const char *path, const char *effect)
{
	char value[16];

	if (sysctl_read(path, value, sizeof(value)) == -ENOENT)
		session_notice(s,
			       "warning: there is a bridge, and no /proc/sys/%s: %s; load the "
			       "module br_netfilter",
			       path, effect);
	else
		warn_sysctl(s, path, effect);
}

static void warn_bridges(struct session *s, bool ipv4, bool ipv6, const char *effect)
{
	if (ipv4)
		warn_bridge(s, "net/bridge/bridge-nf-call-iptables", effect);
	if (ipv6)
		warn_bridge(s, "net/bridge/bridge-nf-call-ip6tables", effect);
}

void warn_rules(struct session *s, const struct svcrules_stats *stats)
{
	char chain[2][FIREWALL_TEXT]; /* one of the family inet is found twice */

	firewall_drops_forwarded(s->netfilter, chain[0], chain[1]);
	if (!stats->ipv4)
		*chain[0] = '\0';
	if (!stats->ipv6)
		*chain[1] = '\0';
	for (int i = 0; i < 2; i++)
		if (*chain[i] && (i == 0 || strcmp(chain[0], chain[1]) != 0))
			session_notice(
				s,
				"warning: the policy of %s is drop: what is forwarded to "
				"endpoints is dropped unless a rule there accepts it; accept "
				"packets from and to the prefixes of pods",
				chain[i]);
}

static void warn_route(struct session *s, uint8_t family, const char *addr)
{
	uint8_t bytes[16];
	int err = 0;
	struct netlink *route = *addr ? session_route(s, &err) : NULL;

	if (route && inet_pton(family, addr, bytes) == 1 && route_exists(route, family, bytes) == 0)
		session_notice(s,
			       "warning: this node has no route to cluster IPs such as %s: its own "
			       "connections to services fail; add a default route, or one to the "
			       "prefix of cluster IPs",
			       addr);
}

void warn_host(struct session *s, const struct svcrules_stats *stats)
{
	bool ipv4 = stats->ipv4, ipv6 = stats->ipv6;
	bool policies = stats->policy_ipv4 || stats->policy_ipv6;
	bool bridge = (ipv4 || ipv6 || policies) && host_has_bridge() == 1;

	if (ipv4)
		warn_sysctl(s, "net/ipv4/ip_forward",
			    "this node forwards nothing to endpoints elsewhere");
	if (ipv6)
		warn_sysctl(s, "net/ipv6/conf/all/forwarding",
			    "this node forwards nothing to endpoints elsewhere");
	if (bridge) {
		warn_bridges(s, ipv4, ipv6,
			     "pods on one bridge do not reach each other through services");
		warn_bridges(s, stats->policy_ipv4, stats->policy_ipv6,
			     "pods on one bridge reach each other whatever network policies say");
	}
	warn_route(s, AF_INET, stats->routed[0]);
	warn_route(s, AF_INET6, stats->routed[1]);
	if (host_has_kube_proxy(s->netfilter) == 1)
		session_notice(s, "warning: kube-proxy's own rules are here: both translate the "
				  "same addresses, and who comes first wins");
}
