/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One family of generic netlink: dumps, single requests, and changes of which
 * each stands alone. Errors, ownership and threads: see socket.h.
 */
#ifndef SVCRULES_NETLINK_GENERIC_H
#define SVCRULES_NETLINK_GENERIC_H

#include "netlink/socket.h"

struct generic; /* opaque */

/* A message of a batch that the kernel refused. */
struct generic_error {
	uint32_t seq; /* nlmsg_seq of the message */
	int err;      /* negative errno, raw */
};

/*
 * Opens a socket in the current network namespace and looks the family up; the
 * look-up loads the family's module if there is one.
 * Returns NULL with *err set: -ENOENT (no such family), -EPROTONOSUPPORT (no
 * generic netlink), -ENOMEM, or the kernel's error.
 */
struct generic *generic_open(const char *family, int *err);
void generic_close(struct generic *g); /* accepts NULL */

/* The family's number: the nlmsg_type of its messages. */
uint16_t generic_id(const struct generic *g);

/*
 * `request` is a whole message (nlmsghdr, genlmsghdr, attributes), which is not
 * changed; flags, sequence number and port are set on the way. `cb` takes each
 * message of the dump; a negative value becomes the result, and all answers are
 * read all the same. Nothing is allocated, so one dump for each virtual server
 * is cheap.
 * Returns as netlink_talk(). Not every family reports that a dump was
 * interrupted; that of virtual servers (Linux 6.1) never does.
 */
int generic_dump(struct generic *g, const void *request, netlink_cb_fn cb, void *arg);

/*
 * The same for a request that has one answer; for a virtual server that does
 * not exist the kernel's error is -ESRCH.
 */
int generic_ask(struct generic *g, const void *request, netlink_cb_fn cb, void *arg);

/*
 * Sends `nmsgs` whole messages as netlink_batch() does, with the family's type
 * in each. `errors` takes up to `max_errors` refusals in the order of the
 * messages; *nerrors, the number stored, is always written.
 *
 * Returns 0, or
 *   -EINVAL    with *nerrors 0: `buf` is not `nmsgs` well-formed messages,
 *              nothing was sent;
 *   -ENOBUFS   answers were lost and the outcome is unknown: read again;
 *   the error of sendmsg(): messages not refused were executed, or not sent at all;
 *   otherwise the first refusal, also if `max_errors` is 0.
 */
int generic_batch(struct generic *g, const void *buf, size_t len, size_t nmsgs,
		  struct generic_error *errors, size_t max_errors, size_t *nerrors);

#endif
