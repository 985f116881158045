/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules, programs and files of others that are in the way. */
#include "doctor/doctor.h"
#include "kernel/firewall.h"
#include "kernel/host.h"
#include "kernel/proc.h"
#include "state/state_dir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define NODE_PORTS_FIRST 30000
#define NODE_PORTS_LAST 32767
#define LISTENERS_SHOWN 5

/* ---- Chains that drop -------------------------------------------------------- */

/*
 * Docker sets such a policy, and accepts its own networks in rules: what these accept cannot be
 * known without reading them all.
 */
void doctor_forward_chains(struct doctor *d)
{
	char chain[2][FIREWALL_TEXT];
	int err = d->session ? firewall_drops_forwarded(d->session->netfilter, chain[0], chain[1]) :
			       -EPERM;

	if (err) {
		doctor_unknown(d, "cannot list the chains of nf_tables: %s",
			       svcrules_errno_text(err));
		return;
	}
	if (!*chain[0] && !*chain[1])
		doctor_fine(d, "no chain drops all that is forwarded");
	for (int i = 0; i < 2; i++)
		if (*chain[i] && (i == 0 || strcmp(chain[0], chain[1]) != 0))
			doctor_find(
				d, VERDICT_NOTE,
				"what is forwarded to endpoints is dropped unless a rule there "
				"accepts it",
				doctor_text(
					"accept packets from and to the prefixes of pods there"),
				"the policy of %s is drop", chain[i]);
}

/* ---- Other proxies -------------------------------------------------------------- */

void doctor_proxies(struct doctor *d)
{
	int has = d->session ? host_has_kube_proxy(d->session->netfilter) : -EPERM;

	if (has < 0)
		doctor_unknown(d, "cannot look for rules of kube-proxy: %s",
			       svcrules_errno_text(has));
	else if (!has)
		doctor_fine(d, "kube-proxy has no rules here");
	else
		doctor_find(d, VERDICT_TROUBLE,
			    "both translate the same addresses, and who comes first wins",
			    doctor_text("kube-proxy --cleanup"), "rules of kube-proxy are here");
}

/* ---- Files that flush ------------------------------------------------------------- */

/* Debian's /etc/nftables.conf begins with "flush ruleset", which removes all tables. */
void doctor_flush(struct doctor *d)
{
	static char text[65536];
	ssize_t n = proc_read("/etc/nftables.conf", text, sizeof(text));
	bool flushes = false;

	for (char *rest = n > 0 ? text : NULL, *line; (line = strsep(&rest, "\n"));) {
		line += strspn(line, " \t");
		flushes = flushes || strncmp(line, "flush ruleset", 13) == 0;
	}
	if (flushes &&
	    access("/etc/systemd/system/sysinit.target.wants/nftables.service", F_OK) == 0)
		doctor_find(
			d, VERDICT_NOTE,
			"when nftables.service starts again, all services stop until the next "
			"run of svcrules",
			doctor_text("in /etc/nftables.conf, flush and delete own tables by name"),
			"/etc/nftables.conf has 'flush ruleset', and nftables.service is enabled");
	else
		doctor_fine(d, "no service flushes all tables of nf_tables when it starts");
}

/* ---- Programs that listen -------------------------------------------------------------- */

/* The port of a line of /proc/net/tcp or its likes; 0: it does not listen, or for itself alone. */
static unsigned listener_port(const char *line, bool udp)
{
	char addr[40];
	unsigned port, state;

	if (sscanf(line, " %*d: %39[0-9A-F]:%4x %*[0-9A-F]:%*x %2x", addr, &port, &state) != 3)
		return 0;
	if (state != (udp ? 0x07u : 0x0au) || strncmp(addr, "0100007F", 8) == 0 ||
	    strcmp(addr, "00000000000000000000000001000000") == 0)
		return 0;
	return port;
}

static void look_at_listeners(struct doctor *d, const char *path, const char *protocol, bool udp,
			      size_t *n)
{
	FILE *f = fopen(path, "re");
	char line[512];

	while (f && fgets(line, sizeof(line), f)) {
		unsigned port = listener_port(line, udp);

		if (port < NODE_PORTS_FIRST || port > NODE_PORTS_LAST || (*n)++ >= LISTENERS_SHOWN)
			continue;
		doctor_find(d, VERDICT_NOTE, "a service with this node port takes its connections",
			    doctor_text("ss -lnp 'sport = :%u'", port),
			    "a program listens on port %u/%s, which may be a node port", port,
			    protocol);
	}
	if (f)
		fclose(f);
}

void doctor_listeners(struct doctor *d)
{
	size_t n = 0;

	look_at_listeners(d, "/proc/net/tcp", "tcp", false, &n);
	look_at_listeners(d, "/proc/net/tcp6", "tcp", false, &n);
	look_at_listeners(d, "/proc/net/udp", "udp", true, &n);
	look_at_listeners(d, "/proc/net/udp6", "udp", true, &n);
	if (!n)
		doctor_fine(d, "no program listens on a port of %d-%d", NODE_PORTS_FIRST,
			    NODE_PORTS_LAST);
}

/* ---- What svcrules keeps ------------------------------------------------------------------ */

void doctor_state(struct doctor *d)
{
	int fd = state_dir_open(STATE_DIR, false);

	if (fd == -EPERM)
		doctor_find(d, VERDICT_TROUBLE,
			    "svcrules refuses to work beside what others can write",
			    doctor_text("chown root: %s; chmod 700 %s", STATE_DIR, STATE_DIR),
			    "others may write in %s", STATE_DIR);
	else if (fd < 0 && fd != -ENOENT)
		doctor_unknown(d, "cannot open %s: %s", STATE_DIR, strerror(-fd));
	else
		doctor_fine(d, fd < 0 ? "there is no %s yet" : "%s is private", STATE_DIR);
	if (fd >= 0)
		close(fd);
}
