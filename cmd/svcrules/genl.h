/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One family of generic netlink: dump, ask, and send changes of which each stands
 * alone. Functions return 0 or a negative errno, the kernel's own. One struct
 * genl is for one thread, one call at a time (a callback must not use it).
 */
#ifndef SVCRULES_GENL_H
#define SVCRULES_GENL_H

#include <stddef.h>
#include <stdint.h>
#include <linux/netlink.h>

struct genl; /* opaque */

/* What the kernel refused of a batch. */
struct genl_error {
	uint32_t seq; /* nlmsg_seq of the message */
	int err;      /* negative errno, raw */
};

/*
 * Connects in the current network namespace and looks the family up; that loads
 * its module where there is one ("IPVS": ip_vs).
 * Returns NULL with *err set: -ENOENT (no such family), -EPROTONOSUPPORT (no
 * generic netlink), -ENOMEM, or what the kernel said.
 */
struct genl *genl_open(const char *family, int *err);
void genl_close(struct genl *g); /* accepts NULL */

/* The family's number: the nlmsg_type of its messages. */
uint16_t genl_id(const struct genl *g);

/*
 * `request` is a whole message (nlmsghdr, genlmsghdr, attributes), not changed;
 * flags, sequence number and port are set on the way. `cb` takes each message
 * of the dump, borrowed for the call; a negative value becomes the result, and
 * all answers are read anyway. Nothing is allocated: fit for one dump a virtual server.
 * Returns the kernel's error as it is (-ESRCH, -EPERM, ...), -EINTR when a
 * change interrupted the dump (ask again; IPVS of 6.1 never says so), -ENOBUFS when
 * answers were lost, or what `cb` returned.
 */
int genl_dump(struct genl *g, const void *request,
	      int (*cb)(const struct nlmsghdr *nlh, void *arg), void *arg);

/* The same for a request that has one answer; the kernel's error is -ESRCH when there is no such object. */
int genl_ask(struct genl *g, const void *request,
	     int (*cb)(const struct nlmsghdr *nlh, void *arg), void *arg);

/*
 * Sends `nmsgs` whole messages (type set, NLM_F_REQUEST, nlmsg_seq 1, 2, 3,
 * ..., each aligned to 4 bytes) in few datagrams; `buf` is not changed. No
 * transaction: what is not refused is done. `errors` takes up to `max_errors`
 * refusals in the order of the messages; *nerrors is how many were stored, and
 * is written always.
 *
 * Returns 0, or
 *   -EINVAL    with *nerrors 0: `buf` is not `nmsgs` well-formed messages,
 *              nothing was sent;
 *   -ENOBUFS   answers were lost, and it is unknown what was done: read again;
 *   what sendmsg() said: messages not refused were done, or not sent at all;
 *   otherwise the first refusal, also when `max_errors` is 0.
 */
int genl_batch(struct genl *g, const void *buf, size_t len, size_t nmsgs,
	       struct genl_error *errors, size_t max_errors, size_t *nerrors);

#endif
