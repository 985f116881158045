/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/read.h"
#include "exit.h"
#include "kernel/driver.h"
#include "kernel/watch.h"
#include "netlink/nfnetlink.h"
#include "progress.h"

#include <errno.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <string.h>

#define READS_MAX 20

#define CHAINS_MAX 100 /* dumps of chains, until one is not interrupted */

/* A reading in work. */
struct reading {
	struct svcrules_reader *reader;
	bool watched; /* changes of other tables are no reason to begin again */
	int err;      /* of svcrules_reader_take() */
};

static int read_message(const struct nlmsghdr *nlh, void *arg)
{
	struct reading *r = arg;

	if (!r->err)
		r->err = svcrules_reader_take(r->reader, nlh);
	return r->err;
}

static int send_generic(struct session *s, const struct svcrules_request *q, struct reading *r)
{
	struct nlmsghdr *nlh = q->msg;
	int err = 0;
	struct generic *g = session_generic(s, q->netlink, &err);

	if (!g)
		return err;
	nlh->nlmsg_type = generic_id(g);
	return q->dump ? generic_dump(g, nlh, read_message, r) :
			 generic_ask(g, nlh, read_message, r);
}

static bool asks_for_chains(const struct svcrules_request *q)
{
	const struct nlmsghdr *nlh = q->msg;

	return nlh->nlmsg_type == (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETCHAIN);
}

/* Under a watch, an interruption has no effect; see svcrules_reader_watched(). */
static int send_netfilter(struct session *s, const struct svcrules_request *q, struct reading *r)
{
	uint16_t flags = q->dump ? NLM_F_DUMP : NLM_F_ACK;
	int err, dumps = 0;

	do
		err = nfnetlink_send(s->netfilter, q->msg, flags, read_message, r);
	while (err == -EINTR && r->watched && !r->err && asks_for_chains(q) &&
	       ++dumps < CHAINS_MAX);
	if (err == -EINTR && r->watched && !asks_for_chains(q))
		err = r->err;
	return err;
}

static int send_request(struct session *s, const struct svcrules_request *q, struct reading *r)
{
	uint16_t flags = q->dump ? NLM_F_DUMP : NLM_F_ACK;
	struct netlink *route;
	int err = 0;

	if (strcmp(q->netlink, SVCRULES_NETLINK_NETFILTER) == 0)
		return send_netfilter(s, q, r);
	if (strcmp(q->netlink, SVCRULES_NETLINK_ROUTE) != 0)
		return send_generic(s, q, r);
	route = session_route(s, &err);
	return route ? netlink_talk(route, q->msg, flags, read_message, r) : err;
}

/* One try. *ret_part: the part that the last request was for. */
static int read_once(struct session *s, struct reading *r, size_t *ret_part,
		     struct svcrules_ruleset **ret)
{
	struct svcrules_request q;
	int more = r->reader ? svcrules_reader_next(r->reader, &q) : -ENOMEM, err;

	for (; more > 0; more = svcrules_reader_next(r->reader, &q)) {
		*ret_part = q.part;
		err = svcrules_reader_answered(r->reader, send_request(s, &q, r));
		if (err)
			return err;
	}
	return more ? more : svcrules_reader_end(r->reader, ret);
}

/* One try under a watch: nothing else counts than changes of the tables that were read. */
static int read_watched(struct session *s, const struct svcrules_ruleset *like, size_t *ret_part,
			struct svcrules_ruleset **ret)
{
	struct reading r = { .reader = svcrules_reader_new(like), .watched = true };
	struct svcrules_ruleset *have = NULL;
	uint32_t generation;
	int err;

	watch_restart(s);
	if (r.reader)
		svcrules_reader_watched(r.reader);
	err = read_once(s, &r, ret_part, &have);
	svcrules_reader_free(r.reader);
	if (err)
		return err;
	if (watch_unchanged(s, have, &generation)) {
		*ret = have;
		return 0;
	}
	svcrules_ruleset_free(have);
	return -EINTR;
}

static int read_unwatched(struct session *s, struct svcrules_reader *reader, size_t *ret_part,
			  struct svcrules_ruleset **ret)
{
	struct reading r = { .reader = reader };
	int err = read_once(s, &r, ret_part, ret);

	svcrules_reader_free(reader);
	return err;
}

static bool worth_again(int err)
{
	return err == -EINTR || err == -ENOBUFS;
}

/* Reads what `like` is for or, if it is NULL, finds tables; again if rules change meanwhile. */
static int read_until_stable(struct session *s, const struct svcrules_ruleset *like,
			     const char *target, const char *table, size_t *ret_part,
			     struct svcrules_ruleset **ret)
{
	int err = -EINTR;

	for (int i = 0; i < READS_MAX && worth_again(err); i++) {
		if (like && i > 0)
			watch_begin(s);
		if (!like)
			err = read_unwatched(s, svcrules_reader_find(target, table), ret_part, ret);
		else if (watch_active(s))
			err = read_watched(s, like, ret_part, ret);
		else
			err = read_unwatched(s, svcrules_reader_new(like), ret_part, ret);
	}
	return err;
}

int kernel_read(struct session *s, const struct svcrules_ruleset *like,
		struct svcrules_ruleset **ret)
{
	const struct driver *d;
	size_t part = 0;
	int err;

	progress_begin("reading the kernel's rules", 0);
	err = read_until_stable(s, like, NULL, NULL, &part, ret);
	progress_end();
	if (!err)
		return EXIT_DONE;
	d = driver_of(like, part);
	if (err != -EINTR || !d->busy)
		return session_failed(s, d->reading, err);
	session_find(s, "%s", d->busy);
	return EXIT_KERNEL;
}

int kernel_obstacles(struct session *s, const struct svcrules_ruleset *have,
		     const struct svcrules_ruleset *want)
{
	int found;
	size_t i = 0;

	for (char *text = NULL; (found = svcrules_obstacle(have, want, i, &text)) > 0; i++)
		session_take(s, text);
	if (found < 0)
		return session_no_memory(s);
	return i ? EXIT_KERNEL : EXIT_DONE;
}

/*
 * Reports obstacles in the first `parts` parts of `have`: what other programs made there, and
 * kinds of parts that the kernel does not support.
 */
static int read_check_parts(struct session *s, struct svcrules_ruleset *have, size_t parts)
{
	struct svcrules_ruleset *nothing = svcrules_ruleset_empty(have);
	int code = nothing ? EXIT_DONE : session_no_memory(s);

	while (parts-- > 0 && !code) { /* a kernel that lacks the last part is reported first */
		struct svcrules_ruleset *only = svcrules_ruleset_only(have, parts);

		code = only ? kernel_obstacles(s, only, nothing) : session_no_memory(s);
		svcrules_ruleset_free(only);
	}
	svcrules_ruleset_free(nothing);
	return code;
}

/* Reads, and checks all parts but the last `unchecked` ones. */
static int read_and_check(struct session *s, const struct svcrules_ruleset *like, size_t unchecked,
			  struct svcrules_ruleset **ret)
{
	struct svcrules_ruleset *have;
	int code = kernel_read(s, like, &have);
	size_t n;

	if (code)
		return code;
	n = driver_parts(have);
	code = read_check_parts(s, have, n > unchecked ? n - unchecked : 0);
	if (code)
		svcrules_ruleset_free(have);
	else
		*ret = have;
	return code;
}

int kernel_read_own(struct session *s, const struct svcrules_ruleset *like,
		    struct svcrules_ruleset **ret)
{
	return read_and_check(s, like, 0, ret);
}

int kernel_read_to_remove(struct session *s, const struct svcrules_ruleset *like,
			  struct svcrules_ruleset **ret)
{
	return read_and_check(s, like, 1, ret);
}

int kernel_find(struct session *s, const char *target, const char *table,
		struct svcrules_ruleset **ret)
{
	size_t part;

	return read_until_stable(s, NULL, target, table, &part, ret);
}
