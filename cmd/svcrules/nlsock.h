/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A socket of libnl that keeps the kernel's own error numbers: ask, dump, and
 * send many messages of which each stands alone. For generic netlink (genl.h)
 * and routing netlink (dummy.h); nftables has transactions (nfnl.h).
 *
 * libnl's receive functions fold error numbers (ESRCH and ENOENT become one)
 * and stop at the first; so messages are sent and received here and libnl is
 * left to build and to take them apart.
 *
 * Functions return 0 or a negative errno. One struct nlsock is for one thread,
 * one call at a time (a callback must not use the same socket). The kernel
 * works through a datagram inside sendmsg() and goes on with a dump inside
 * recvmsg(): answers never have to be waited for, and none of these blocks.
 */
#ifndef SVCRULES_NLSOCK_H
#define SVCRULES_NLSOCK_H

#include <stddef.h>
#include <stdint.h>
#include <linux/netlink.h>

struct nlsock; /* opaque */

/* Takes one message, borrowed for the call; a negative value becomes the result. */
typedef int (*nlsock_cb_fn)(const struct nlmsghdr *nlh, void *arg);
/* Told of each message that the kernel refused, in order: its nlmsg_seq and a negative errno, raw. */
typedef void (*nlsock_refused_fn)(uint32_t seq, int err, void *arg);

/*
 * Opens a socket of `protocol` (NETLINK_GENERIC, NETLINK_ROUTE) in the current
 * network namespace. Returns NULL with *err set: -ENOMEM, or what socket() or
 * bind() said.
 */
struct nlsock *nlsock_open(int protocol, int *err);
void nlsock_close(struct nlsock *s); /* accepts NULL */

/*
 * Sends one whole message, which is not changed: `flags` is NLM_F_DUMP or
 * NLM_F_ACK (exactly one of them), added to NLM_F_REQUEST; sequence number and
 * port are set too. `cb` may be NULL. All answers are read, also after `cb` failed.
 * Returns the kernel's error as it is, -EINTR when the dump was interrupted by
 * a change (`cb` has been called for what came: throw it away and ask again),
 * -ENOBUFS when answers were lost, or what `cb` returned.
 */
int nlsock_talk(struct nlsock *s, const struct nlmsghdr *request, uint16_t flags,
		nlsock_cb_fn cb, void *arg);

/*
 * Sends `nmsgs` whole messages (NLM_F_REQUEST, aligned to 4 bytes, nlmsg_seq
 * 1, 2, 3, ...) in as few datagrams of up to 64 KiB as they fit in, fewer
 * messages where errors for all of them would not fit the receive buffer.
 * `buf` is not changed. No transaction: what is not refused is done, and what
 * is refused is told to `refused` only.
 *
 * Returns 0 when every message was sent and every answer read, or
 *   -EINVAL    with no call of `refused`: `buf` is not `nmsgs` well-formed
 *              messages, nothing was sent;
 *   -ENOBUFS   answers were lost, and it is unknown what was done: read again;
 *   what sendmsg() said: messages not told of were done, or not sent at all.
 */
int nlsock_batch(struct nlsock *s, const void *buf, size_t len, size_t nmsgs,
		 nlsock_refused_fn refused, void *arg);

#endif
