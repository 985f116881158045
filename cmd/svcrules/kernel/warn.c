/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/warn.h"
#include "kernel/host.h"
#include "kernel/sysctl.h"

#include <linux/netfilter.h>

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

void warn_host(struct session *s, const struct svcrules_stats *stats)
{
	bool ipv4 = stats->ipv4, ipv6 = stats->ipv6;
	bool bridge = (ipv4 || ipv6) && host_has_bridge() == 1;

	if (ipv4)
		warn_sysctl(s, "net/ipv4/ip_forward",
			    "this node forwards nothing to endpoints elsewhere");
	if (ipv6)
		warn_sysctl(s, "net/ipv6/conf/all/forwarding",
			    "this node forwards nothing to endpoints elsewhere");
	if (ipv4 && bridge)
		warn_sysctl(s, "net/bridge/bridge-nf-call-iptables",
			    "pods on one bridge do not reach each other through services");
	if (ipv6 && bridge)
		warn_sysctl(s, "net/bridge/bridge-nf-call-ip6tables",
			    "pods on one bridge do not reach each other through services");
	if (host_has_kube_proxy(s->netfilter) == 1)
		session_notice(s, "warning: kube-proxy's own rules are here: both translate the "
				  "same addresses, and who comes first wins");
	if (!stats->pod_cidrs_known && stats->services)
		session_notice(s, "warning: no pod CIDR is known (Node objects with podCIDRs, or "
				  "--cluster-cidr): traffic to cluster IPs from outside the "
				  "cluster is not masqueraded");
}
