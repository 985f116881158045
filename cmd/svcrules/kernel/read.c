/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/read.h"
#include "exit.h"
#include "kernel/driver.h"
#include "netlink/nfnetlink.h"

#include <errno.h>
#include <string.h>

#define READS_MAX 20

static int read_message(const struct nlmsghdr *nlh, void *arg)
{
	return svcrules_reader_take(arg, nlh);
}

static int send_generic(struct session *s, const struct svcrules_request *q,
			struct svcrules_reader *r)
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

static int send_request(struct session *s, const struct svcrules_request *q,
			struct svcrules_reader *r)
{
	uint16_t flags = q->dump ? NLM_F_DUMP : NLM_F_ACK;
	struct netlink *route;
	int err = 0;

	if (strcmp(q->netlink, SVCRULES_NETLINK_NETFILTER) == 0)
		return nfnetlink_send(s->netfilter, q->msg, flags, read_message, r);
	if (strcmp(q->netlink, SVCRULES_NETLINK_ROUTE) != 0)
		return send_generic(s, q, r);
	route = session_route(s, &err);
	return route ? netlink_talk(route, q->msg, flags, read_message, r) : err;
}

/* One try. *ret_part: the part that the last request was for. */
static int read_once(struct session *s, struct svcrules_reader *r, size_t *ret_part,
		     struct svcrules_ruleset **ret)
{
	struct svcrules_request q;
	int more = r ? svcrules_reader_next(r, &q) : -ENOMEM, err;

	for (; more > 0; more = svcrules_reader_next(r, &q)) {
		*ret_part = q.part;
		err = svcrules_reader_answered(r, send_request(s, &q, r));
		if (err)
			return err;
	}
	return more ? more : svcrules_reader_end(r, ret);
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
		struct svcrules_reader *r = like ? svcrules_reader_new(like) :
						   svcrules_reader_find(target, table);

		err = read_once(s, r, ret_part, ret);
		svcrules_reader_free(r);
	}
	return err;
}

int kernel_read(struct session *s, const struct svcrules_ruleset *like,
		struct svcrules_ruleset **ret)
{
	const struct driver *d;
	size_t part = 0;
	int err = read_until_stable(s, like, NULL, NULL, &part, ret);

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
