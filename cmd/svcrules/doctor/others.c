/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Rules, programs and files of others that are in the way. */
#include "doctor/doctor.h"
#include "kernel/firewall.h"
#include "kernel/proc.h"
#include "state/state_dir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Chains that drop -------------------------------------------------------- */

/*
 * The command that lets connections of services through: "chain FORWARD of table ip filter" becomes
 * a rule of nft(8), which iptables-nft keeps, too.
 */
static char *accept_command(const char *chain)
{
	char name[64], family[8], table[64];

	if (sscanf(chain, "chain %63s of table %7s %63s", name, family, table) == 3)
		return doctor_text("nft insert rule %s %s %s ct status dnat accept", family, table,
				   name);
	return doctor_text("%s -I FORWARD -m conntrack --ctstate DNAT -j ACCEPT",
			   strstr(chain, "ip6tables") ? "ip6tables-legacy" : "iptables-legacy");
}

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
			doctor_find(d, VERDICT_NOTE,
				    "what is forwarded to endpoints is dropped unless a rule there "
				    "accepts it",
				    accept_command(chain[i]), "the policy of %s is drop", chain[i]);
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
