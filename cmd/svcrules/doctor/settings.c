/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings of the kernel below /proc/sys, and counters beside them. */
#include "doctor/doctor.h"
#include "kernel/host.h"
#include "kernel/proc.h"
#include "kernel/sysctl.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* node ports of a cluster that says nothing else (--service-node-port-range of kube-apiserver) */
#define NODE_PORTS_FIRST 30000
#define NODE_PORTS_LAST 32767
#define FULL 80  /* of a hundred: connection tracking is almost full */
#define FEW 4096 /* connections that are too few for any node */

/* Reads a number; false if there is none, which is told unless there is no such setting. */
static bool number_read(struct doctor *d, const char *path, unsigned long *ret)
{
	char text[32], *end;
	int err = sysctl_read(path, text, sizeof(text));

	if (err && err != -ENOENT)
		doctor_unknown(d, "cannot read /proc/sys/%s: %s", path, strerror(-err));
	if (err)
		return false;
	*ret = strtoul(text, &end, 10);
	return end != text;
}

/* The name of a setting as sysctl(8) has it: its path with dots. */
static char *sysctl_command(const char *path, const char *value)
{
	char *text = doctor_text("sysctl -w %s=%s", path, value);

	for (char *p = text ? text + strlen("sysctl -w ") : NULL; p && *p; p++)
		if (*p == '/')
			*p = '.';
	return text;
}

/* ---- Forwarding ------------------------------------------------------------ */

static void look_at_forwarding(struct doctor *d, const char *path, bool needed)
{
	unsigned long on;

	if (!needed || !number_read(d, path, &on))
		return;
	if (on)
		doctor_fine(d, "/proc/sys/%s is %lu", path, on);
	else
		doctor_find(
			d, d->installed ? VERDICT_TROUBLE : VERDICT_NOTE,
			"this node forwards nothing to endpoints elsewhere, nor to its own pods",
			sysctl_command(path, "1"), "/proc/sys/%s is 0", path);
}

void doctor_forwarding(struct doctor *d)
{
	look_at_forwarding(d, "net/ipv4/ip_forward", !d->installed || d->stats.ipv4);
	look_at_forwarding(d, "net/ipv6/conf/all/forwarding", d->installed && d->stats.ipv6);
}

/* ---- Bridges ----------------------------------------------------------------- */

static void look_at_bridge(struct doctor *d, const char *path)
{
	static const char effect[] = "pods on one bridge do not reach each other through services, "
				     "and network policies do not judge them";
	unsigned long on = 0;
	bool there = number_read(d, path, &on);

	if (there && on)
		doctor_fine(d, "/proc/sys/%s is 1", path);
	else
		doctor_find(d, d->installed ? VERDICT_TROUBLE : VERDICT_NOTE, effect,
			    there ? sysctl_command(path, "1") :
				    doctor_text("modprobe br_netfilter"),
			    there ? "there is a bridge, and /proc/sys/%s is 0" :
				    "there is a bridge, and no /proc/sys/%s",
			    path);
}

void doctor_bridges(struct doctor *d)
{
	int has = host_has_bridge();

	if (has < 0)
		doctor_unknown(d, "cannot list interfaces: %s", strerror(-has));
	else if (!has)
		doctor_fine(d, "there is no bridge");
	if (has <= 0)
		return;
	look_at_bridge(d, "net/bridge/bridge-nf-call-iptables");
	if (d->stats.ipv6 || d->stats.policy_ipv6)
		look_at_bridge(d, "net/bridge/bridge-nf-call-ip6tables");
}

/* ---- Reverse path filter -------------------------------------------------------- */

/*
 * The larger of the values of "all" and of the interface counts (Documentation of the kernel,
 * ip-sysctl: rp_filter); 1 is strict.
 */
static bool is_strict(const char *interface)
{
	char path[SYSCTL_NAME_SIZE + IF_NAMESIZE], own[8] = "0", all[8] = "0";

	snprintf(path, sizeof(path), "net/ipv4/conf/%s/rp_filter", interface);
	(void)sysctl_read(path, own, sizeof(own));
	(void)sysctl_read("net/ipv4/conf/all/rp_filter", all, sizeof(all));
	return strcmp(own, "2") != 0 && strcmp(all, "2") != 0 &&
	       (strcmp(own, "1") == 0 || strcmp(all, "1") == 0);
}

void doctor_reverse_path(struct doctor *d)
{
	struct if_nameindex *all = if_nameindex();
	char names[128] = "";
	size_t strict = 0, n = 0;

	for (struct if_nameindex *i = all; i && i->if_index; i++) {
		if (strcmp(i->if_name, "lo") == 0)
			continue;
		n++;
		if (!is_strict(i->if_name))
			continue;
		if (!strict++)
			snprintf(names, sizeof(names), "%s", i->if_name);
	}
	if_freenameindex(all);
	if (!strict)
		doctor_fine(d, "no interface filters by the way back (rp_filter)");
	else
		doctor_find(
			d, n > 1 ? VERDICT_NOTE : VERDICT_FINE,
			"packets that come in by another interface than the one to their source "
			"are dropped without a trace: replies on a node with several networks",
			doctor_text("sysctl -w net.ipv4.conf.all.rp_filter=2"),
			"rp_filter is strict on %zu of %zu interfaces, %s among them", strict, n,
			names);
}

/* ---- Connection tracking ----------------------------------------------------------- */

void doctor_conntrack_room(struct doctor *d)
{
	unsigned long now, most;

	if (!number_read(d, "net/netfilter/nf_conntrack_count", &now) ||
	    !number_read(d, "net/netfilter/nf_conntrack_max", &most)) {
		doctor_fine(d, "no connection is tracked yet");
		return;
	}
	if (most && (now * 100 / most >= FULL || most < FEW))
		doctor_find(d, VERDICT_TROUBLE,
			    "new connections are dropped when connection tracking is full",
			    doctor_text("sysctl -w net.netfilter.nf_conntrack_max=%lu",
					most < 131072 ? 262144 : most * 2),
			    "%lu of %lu tracked connections are in use", now, most);
	else
		doctor_fine(d, "%lu of %lu tracked connections are in use", now, most);
}

/* The place of a word in a line of words; -1: it is not there. */
static int word_place(char *line, const char *word)
{
	char *rest, *w = strtok_r(line, " ", &rest);

	for (int i = 0; w; i++, w = strtok_r(NULL, " ", &rest))
		if (strcmp(w, word) == 0)
			return i;
	return -1;
}

/* The number in that place of a line, in hexadecimal digits. */
static unsigned long word_number(char *line, int place)
{
	char *rest, *w = strtok_r(line, " ", &rest);

	for (int i = 0; w; i++, w = strtok_r(NULL, " ", &rest))
		if (i == place)
			return strtoul(w, NULL, 16);
	return 0;
}

/* The sum of a column of /proc/net/stat/nf_conntrack, which has a line for each CPU. */
static unsigned long conntrack_statistic(const char *column)
{
	static char text[65536];
	char *line, *rest = text;
	unsigned long sum = 0;
	int place;

	if (proc_read("/proc/net/stat/nf_conntrack", text, sizeof(text)) <= 0)
		return 0;
	place = word_place(strsep(&rest, "\n"), column);
	while (place >= 0 && (line = strsep(&rest, "\n")))
		sum += word_number(line, place);
	return sum;
}

void doctor_conntrack_window(struct doctor *d)
{
	unsigned long liberal = 0, dropped = conntrack_statistic("drop");

	if (dropped)
		doctor_find(d, VERDICT_NOTE,
			    "connections could not be tracked, and their packets were dropped",
			    doctor_text("sysctl -w net.netfilter.nf_conntrack_max=..."),
			    "%lu packets were dropped by connection tracking since the start",
			    dropped);
	if (!number_read(d, "net/netfilter/nf_conntrack_tcp_be_liberal", &liberal))
		return;
	if (liberal)
		doctor_fine(d, "packets outside of the TCP window are translated, too");
	else
		doctor_find(d, VERDICT_FINE, NULL, NULL,
			    "packets outside of the TCP window are not translated "
			    "(nf_conntrack_tcp_be_liberal is 0, the kernel's default); with it, "
			    "connections over lossy links last longer");
}

/* ---- Ports ---------------------------------------------------------------------------- */

/* True if all of first-last are in a list such as "30000-32767,40000". */
static bool reserved(const char *list, unsigned long first, unsigned long last)
{
	for (char *end; *list; list = *end == ',' ? end + 1 : end) {
		unsigned long low = strtoul(list, &end, 10), high = low;

		if (end == list)
			return false;
		if (*end == '-')
			high = strtoul(end + 1, &end, 10);
		if (low <= first && high >= last)
			return true;
	}
	return false;
}

void doctor_local_ports(struct doctor *d)
{
	char text[64], list[4096] = "";
	unsigned long low = 0, high = 0, first, last;

	if (sysctl_read("net/ipv4/ip_local_port_range", text, sizeof(text)) != 0 ||
	    sscanf(text, "%lu %lu", &low, &high) != 2) {
		doctor_unknown(d, "cannot read /proc/sys/net/ipv4/ip_local_port_range");
		return;
	}
	(void)sysctl_read("net/ipv4/ip_local_reserved_ports", list, sizeof(list));
	first = low > NODE_PORTS_FIRST ? low : NODE_PORTS_FIRST;
	last = high < NODE_PORTS_LAST ? high : NODE_PORTS_LAST;
	if (first > last || reserved(list, first, last))
		doctor_fine(d, "ports of this node's own connections, %lu-%lu, are no node ports",
			    low, high);
	else
		doctor_find(
			d, VERDICT_TROUBLE,
			"replies to connections of this node that have the port of a service are "
			"sent to its endpoints: such connections fail now and then",
			doctor_text("sysctl -w net.ipv4.ip_local_reserved_ports=%d-%d",
				    NODE_PORTS_FIRST, NODE_PORTS_LAST),
			"ports of this node's own connections, %lu-%lu, are node ports too (%d-%d)",
			low, high, NODE_PORTS_FIRST, NODE_PORTS_LAST);
}
