/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/cleanup.h"
#include "exit.h"
#include "kernel/conntrack.h"
#include "kernel/sysctl.h"
#include "netlink/nfnetlink.h"
#include "netlink/transaction.h"
#include "progress.h"

#include <arpa/inet.h>
#include <errno.h>
#include <linux/netfilter.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Rounds that forgot something: packets on their way may be remembered after the first. */
#define ROUNDS_MAX 3
#define TRIES_MAX 20 /* rounds at all, with those in which an entry expired meanwhile */

static const uint8_t families[] = { NFPROTO_IPV4, NFPROTO_IPV6 }; /* AF_INET and AF_INET6 */

/* ---- Clients ------------------------------------------------------------ */

struct forgetting {
	const struct svcrules_ruleset *now;
	struct svcrules_messages m;
};

static int forget_client(const struct nlmsghdr *nlh, void *arg)
{
	struct forgetting *f = arg;

	return svcrules_clients_take(f->now, nlh, &f->m);
}

/* One round: 1 if something was forgotten, 0 if there was nothing, or a negative errno. */
static int forget_once(struct session *s, const struct svcrules_ruleset *now, const void *request)
{
	struct forgetting f = { .now = now };
	struct transaction_error error;
	size_t nerrors = 0;
	int err = nfnetlink_send(s->netfilter, request, NLM_F_DUMP, forget_client, &f);

	if (!err && f.m.count) {
		err = transaction_send(s->netfilter, f.m.buf, f.m.len, true, 0, f.m.count, &error,
				       1, &nerrors, NULL);
		/* Expired since the dump: all was refused, so read again. */
		if (err == -ENOENT || err == -ENOBUFS || err == -EEXIST)
			err = -EINTR;
	} else if (err == -ENOENT) {
		err = 0; /* no such map, so nothing is remembered */
	}
	free(f.m.buf);
	return err ? err : f.m.count > 0;
}

static int forget_all(struct session *s, const struct svcrules_ruleset *now, const void *request)
{
	int rounds = 0, err = 0;

	for (int i = 0; i < TRIES_MAX && rounds < ROUNDS_MAX; i++) {
		err = forget_once(s, now, request);
		if (err == 0 || (err < 0 && err != -EINTR && err != -ERESTART))
			return err;
		rounds += err > 0;
	}
	return err < 0 ? err : 0;
}

int cleanup_clients(struct session *s, const struct svcrules_ruleset *now)
{
	char request[SVCRULES_CLIENTS_REQUEST] __attribute__((aligned(8)));

	for (size_t i = 0; i < sizeof(families); i++) {
		int err = 0;

		if (svcrules_clients_request(now, families[i], request))
			err = forget_all(s, now, request);
		if (err)
			return session_failed(s, "forget clients of endpoints that are gone", err);
	}
	return EXIT_DONE;
}

/* ---- Flows -------------------------------------------------------------- */

static bool cleanup_is_stale(const struct ct_flow *f, void *arg)
{
	const struct cleanup_rules *r = arg;
	const struct svcrules_flow flow = {
		.family = f->family,
		.protocol = f->protocol,
		.source = f->orig_src,
		.destination = f->orig_dst,
		.port = f->orig_dport,
		.reply_source = f->reply_src,
		.reply_port = f->reply_sport,
		.opening = f->opening,
	};

	if (r->retired && f->by_nat) /* the tables of `now` serve it */
		return false;
	return svcrules_flow_stale(r->now, r->before, &flow);
}

static void cleanup_say(const struct ct_flow *f, void *arg)
{
	const char *protocol = f->protocol == IPPROTO_TCP ? "TCP" :
			       f->protocol == IPPROTO_UDP ? "UDP" :
							    "SCTP";
	char src[INET6_ADDRSTRLEN], dst[INET6_ADDRSTRLEN], reply[INET6_ADDRSTRLEN], text[256];
	const struct cleanup_rules *r = arg;
	bool v6 = f->family == AF_INET6;
	const char *open = v6 ? "[" : "", *close = v6 ? "]" : "";

	inet_ntop(f->family, f->orig_src, src, sizeof(src));
	inet_ntop(f->family, f->orig_dst, dst, sizeof(dst));
	inet_ntop(f->family, f->reply_src, reply, sizeof(reply));
	snprintf(text, sizeof(text),
		 "would delete %s flow %s%s%s:%u -> %s%s%s:%u, answered by %s%s%s:%u", protocol,
		 open, src, close, f->orig_sport, open, dst, close, f->orig_dport, open, reply,
		 close, f->reply_sport);
	r->would(text);
}

static bool cleanup_either(const struct cleanup_rules *r, uint8_t family, uint8_t protocol)
{
	return (!r->retired && svcrules_serves(r->now, family, protocol)) ||
	       svcrules_serves(r->before, family, protocol);
}

/* What a change can have left behind in one family. */
static struct ct_clean cleanup_scope(struct cleanup_rules *r, uint8_t family)
{
	const struct svcrules_ruleset *before = r->unsettled ? NULL : r->before;

	return (struct ct_clean){
		.family = family,
		.tcp = !r->retired && svcrules_adds(r->now, before, family, IPPROTO_TCP),
		.udp = cleanup_either(r, family, IPPROTO_UDP),
		.sctp = cleanup_either(r, family, IPPROTO_SCTP),
		.stale = cleanup_is_stale,
		.would = r->would ? cleanup_say : NULL,
		.arg = r,
	};
}

/*
 * True if connection tracking has no entry of this network namespace. A dump walks over its whole
 * table, which all namespaces share, even then (Linux 6.18).
 */
static bool cleanup_no_flows(void)
{
	char count[SYSCTL_VALUE_SIZE];

	return sysctl_read("net/netfilter/nf_conntrack_count", count, sizeof(count)) == 0 &&
	       strcmp(count, "0") == 0;
}

int cleanup_flows(struct session *s, const struct cleanup_rules *rules, size_t *count)
{
	struct cleanup_rules r = *rules;

	if (cleanup_no_flows())
		return EXIT_DONE;
	for (size_t i = 0; i < sizeof(families); i++) {
		struct ct_clean c = cleanup_scope(&r, families[i]);
		size_t n = 0;
		int err;

		if (!c.tcp && !c.udp && !c.sctp)
			continue;
		progress_begin("looking for stale flows", 0);
		err = conntrack_clean(&c, &n);
		progress_end();
		*count += n;
		if (err == -EOPNOTSUPP)
			session_find(s, "warning: this kernel has no ctnetlink: flows to "
					"endpoints that are gone stay");
		else if (err)
			return session_failed(s, "delete stale flows", err);
	}
	return EXIT_DONE;
}
