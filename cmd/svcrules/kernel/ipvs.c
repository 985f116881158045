/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The driver of virtual servers, and of targets whose last part they are. */
#include "kernel/ipvs.h"
#include "exit.h"
#include "kernel/batch.h"
#include "kernel/cleanup.h"
#include "kernel/link.h"
#include "kernel/make.h"
#include "kernel/nft.h"
#include "kernel/read.h"
#include "kernel/sysctl.h"
#include "kernel/tables.h"

#include <arpa/inet.h> /* before the next one, which has the same types */
#include <errno.h>
#include <linux/ip_vs.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- Sysctls ------------------------------------------------------------ */

/*
 * Settings of net.ipv4.vs, which are there once the module ip_vs is loaded, and settings of all
 * interfaces for strict ARP.
 */
static const struct sysctl_setting ipvs_settings[] = {
	{ "net/ipv4/vs/conntrack", "1",
	  "what goes through IPVS is not tracked and so not masqueraded", false },
	{ "net/ipv4/vs/conn_reuse_mode", "1",
	  "a client that uses a port again is sent to its old endpoint, even one that drains",
	  false },
	{ "net/ipv4/vs/expire_nodest_conn", "1",
	  "connections to an endpoint that was removed hang until they time out", false },
	{ "net/ipv4/vs/expire_quiescent_template", "1",
	  "session affinity keeps sending clients to endpoints that drain", false },
	{ "net/ipv4/conf/all/arp_ignore", "1",
	  "this node answers ARP requests for addresses of svcrules0 on every interface", true },
	{ "net/ipv4/conf/all/arp_announce", "2",
	  "this node may ask by ARP with an address of svcrules0 as its own", true },
};

#define SETTINGS (sizeof(ipvs_settings) / sizeof(ipvs_settings[0]))

static const char *ipvs_sysctl_error(int err)
{
	switch (-err) {
	case ENOENT:
		return "there is no such setting (module ip_vs is not loaded, or built without it)";
	case EROFS: return "/proc/sys is mounted read-only";
	case EACCES: return "not permitted (needs root)";
	default: return strerror(-err);
	}
}

struct ipvs_sysctl_job {
	struct session *session;
	int code; /* an exit code */
};

static void ipvs_sysctl_changed(const struct sysctl_finding *f, void *arg)
{
	struct ipvs_sysctl_job *j = arg;

	if (f->err) {
		session_find(j->session,
			     "cannot set sysctl %s to %s: %s; --no-sysctls goes on without",
			     f->name, f->want, ipvs_sysctl_error(f->err));
		j->code = EXIT_KERNEL;
	} else {
		session_notice(j->session, "notice: sysctl %s: %s -> %s", f->name, f->now, f->want);
	}
}

static void ipvs_sysctl_wrong(const struct sysctl_finding *f, void *arg)
{
	struct ipvs_sysctl_job *j = arg;

	session_notice(j->session, "warning: sysctl %s is %s, not %s: %s", f->name, f->now, f->want,
		       f->why);
}

int ipvs_sysctls(struct session *s, bool strict_arp, bool change)
{
	struct ipvs_sysctl_job j = { s, EXIT_DONE };

	if (change)
		sysctl_set_all(ipvs_settings, SETTINGS, strict_arp, ipvs_sysctl_changed, &j);
	else
		sysctl_check_all(ipvs_settings, SETTINGS, strict_arp, ipvs_sysctl_wrong, &j);
	return j.code;
}

static int ipvs_prepare(struct session *s, bool change)
{
	return ipvs_sysctls(s, session_is_set(s, "strict-arp"),
			    change && !session_is_set(s, "no-sysctls"));
}

/* ---- Changes ------------------------------------------------------------ */

static int ipvs_send(struct session *s, const struct svcrules_messages *m,
		     struct svcrules_refusal *v, size_t *n)
{
	struct generic_error *errors = calloc(m->count + 1, sizeof(*errors));
	int err = -ENOMEM;

	if (errors)
		err = generic_batch(s->generic, m->buf, m->len, m->count, errors, m->count, n);
	for (size_t i = 0; i < *n; i++)
		v[i] = (struct svcrules_refusal){ .seq = errors[i].seq, .err = errors[i].err };
	if (*n && err == errors[0].err) /* the first refusal, no failure to send */
		err = 0;
	free(errors);
	return err;
}

/* The number of virtual servers, which are the last part. */
static size_t ipvs_servers(const struct svcrules_ruleset *rs)
{
	struct svcrules_part p = { .count = 0 };

	svcrules_ruleset_part(rs, driver_parts(rs) - 1, &p);
	return p.count;
}

static int ipvs_driver_make(struct transition *t, size_t part, enum svcrules_stage stage,
			    bool *ret_stop)
{
	int err = 0;

	(void)ret_stop;
	if (stage == SVCRULES_STOP)
		return EXIT_DONE;
	if (!session_generic(t->session, IPVS_GENL_NAME, &err)) {
		/* without IPVS in the kernel there is no virtual server to remove */
		if (err == -EPROTONOSUPPORT && !ipvs_servers(t->want))
			return EXIT_DONE;
		return session_failed(t->session, "reach IPVS", err);
	}
	return batch_make(t, part, stage, generic_id(t->session->generic), ipvs_send,
			  "change IPVS");
}

/* ---- The whole target --------------------------------------------------- */

/* Looks for signs that IPVS serves, or did. That loads no module. */
static bool ipvs_in_use(struct session *s, const struct svcrules_ruleset *like, bool any_table)
{
	/* with that file the module is loaded already */
	bool found = any_table && access("/proc/net/ip_vs", F_OK) == 0;
	struct svcrules_stats stats;
	struct link_state link;

	svcrules_ruleset_stats(like, &stats);
	if (link_read(&link) == 0) {
		bool ours = any_table || !*link.owner || strcmp(link.owner, stats.table) == 0;

		found = found || (link.present && !link.foreign && ours);
		link_release(&link);
	}
	return found || nft_has_table(s, stats.table);
}

/*
 * Removes the rules first, so that nothing more is sent to IPVS while their chains are deleted.
 * Real servers with connections stay, with weight 0: of UDP and SCTP those that serve `now`.
 */
static int ipvs_retire(struct transition *t, const struct svcrules_ruleset *now, bool *ret_left)
{
	struct session *s = t->session;
	struct svcrules_ruleset *have = NULL;
	struct svcrules_stats stats;
	int code = kernel_read_to_remove(s, t->want, &have);

	*ret_left = false;
	if (code)
		return code;
	t->have = have;
	t->successor = now;
	svcrules_ruleset_stats(have, &stats);
	if (svcrules_settle(have, t->want, SVCRULES_SETTLE_RETIRE, now))
		code = session_no_memory(s);
	if (!code && stats.serves)
		code = tables_stop(s, &(struct tables_choice){ .target = stats.target->name,
							       .name = stats.table });
	if (!code)
		code = make_all(t);
	*ret_left = !code && ipvs_servers(t->want) > 0;
	make_release(t);
	svcrules_ruleset_free(have);
	t->have = NULL;
	return code;
}

/*
 * Reads the rule set that is to be removed; if `any_table`, that of the table to which svcrules0
 * belongs.
 */
static int ipvs_read_all(struct session *s, const struct svcrules_target *target, bool any_table,
			 struct svcrules_ruleset **ret)
{
	struct svcrules_ruleset *like;
	struct link_state link = { .present = false };
	int code = EXIT_DONE;

	if (any_table)
		(void)link_read(&link);
	like = svcrules_ruleset_new(target->name, s->settings, *link.owner ? link.owner : NULL);
	link_release(&link);
	if (!like)
		return session_no_memory(s);
	code = kernel_read_to_remove(s, like, ret);
	svcrules_ruleset_free(like);
	return code;
}

/* True if there is anything besides tables. */
static bool ipvs_has_rest(const struct svcrules_ruleset *rs)
{
	struct svcrules_part p = { .count = 0 };

	for (size_t i = 1; svcrules_ruleset_part(rs, i, &p); i++)
		if (p.count || p.present)
			return true;
	return false;
}

/* Removes virtual servers and svcrules0; their connections end. */
static int ipvs_remove(struct session *s, const struct svcrules_target *target, bool any_table,
		       bool dry_run, char **ret_text)
{
	struct svcrules_ruleset *have = NULL;
	struct transition t = { .session = s };
	size_t servers;
	bool any;
	int code = ipvs_read_all(s, target, any_table, &have);

	*ret_text = NULL;
	t.have = have;
	t.want = code ? NULL : svcrules_ruleset_empty(have);
	if (!code && !t.want)
		code = session_no_memory(s);
	if (!code && !dry_run)
		code = make_rest(&t);
	servers = code ? 0 : ipvs_servers(have);
	any = !code && (dry_run ? ipvs_has_rest(have) : t.other_messages != 0);
	if (any && asprintf(ret_text, "%zu virtual server%s and the interface %s", servers,
			    servers == 1 ? "" : "s", SVCRULES_INTERFACE) < 0) {
		*ret_text = NULL;
		code = session_no_memory(s);
	}
	make_release(&t);
	svcrules_ruleset_free(t.want);
	svcrules_ruleset_free(have);
	return code;
}

const struct driver driver_servers = {
	.kind = "ipvs",
	.reading = "read the virtual servers",
	.noun = "IPVS",
	.ends_flows = true,
	.busy = "cannot read the virtual servers: another program keeps changing IPVS, here or in "
		"another namespace; try again",
	.prepare = ipvs_prepare,
	.make = ipvs_driver_make,
	.in_use = ipvs_in_use,
	.retire = ipvs_retire,
	.remove = ipvs_remove,
};
