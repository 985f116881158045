/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Settings of the kernel below /proc/sys, and counters beside them. */
#include "doctor/doctor.h"
#include "kernel/proc.h"
#include "kernel/sysctl.h"

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
	if (all)
		if_freenameindex(all);
	if (!all)
		doctor_unknown(d, "cannot list interfaces: %s", strerror(errno));
	else if (!strict)
		doctor_fine(d, "no interface filters by the way back (rp_filter)");
	else if (n < 2)
		doctor_fine(d, "rp_filter is strict on %s, the only interface", names);
	else
		doctor_find(
			d, VERDICT_NOTE,
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
	unsigned long liberal = 0, most = 131072, dropped = conntrack_statistic("drop");

	if (dropped)
		(void)number_read(d, "net/netfilter/nf_conntrack_max", &most);
	if (dropped)
		doctor_find(d, VERDICT_NOTE,
			    "connections could not be tracked, and their packets were dropped",
			    doctor_text("sysctl -w net.netfilter.nf_conntrack_max=%lu", most * 2),
			    "%lu packets were dropped by connection tracking since the start",
			    dropped);
	if (!number_read(d, "net/netfilter/nf_conntrack_tcp_be_liberal", &liberal))
		return;
	if (liberal)
		doctor_fine(d, "packets outside of the TCP window are translated, too");
	else
		doctor_fine(d, "packets outside of the TCP window are not translated "
			       "(nf_conntrack_tcp_be_liberal is 0, the kernel's default); with it, "
			       "connections over lossy links last longer");
}
