/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The netlink socket, for nfnetlink, generic netlink and route netlink: one
 * request with all its answers, or many messages of which each stands alone.
 * Transactions of nf_tables are in transaction.h, requests to nfnetlink in
 * nfnetlink.h, families of generic netlink in generic.h.
 *
 * Errors are the kernel's own numbers. (libnl's receive functions fold them,
 * ESRCH and ENOENT become one, and stop at the first; libmnl's leave the
 * matching of sequence numbers to the caller. So messages are sent and received
 * here.)
 *
 * Functions return 0 or a negative errno; outputs are written only on success
 * unless stated otherwise. A struct netlink serves one thread and one call at a
 * time: a callback must not use the socket that calls it. The kernel works
 * through a datagram inside sendmsg() and continues a dump inside recvmsg(), so
 * every answer is there when it is read, and no function blocks.
 */
#ifndef SVCRULES_NETLINK_SOCKET_H
#define SVCRULES_NETLINK_SOCKET_H

#include <stddef.h>
#include <stdint.h>
#include <linux/netlink.h>

struct netlink; /* opaque */

/* Takes one message, which is valid during the call; a negative value becomes the result. */
typedef int (*netlink_cb_fn)(const struct nlmsghdr *nlh, void *arg);
/* Takes the nlmsg_seq of a message that the kernel refused, and its negative errno, raw. */
typedef void (*netlink_refused_fn)(uint32_t seq, int err, void *arg);

/*
 * Opens a socket of `protocol` (NETLINK_NETFILTER, NETLINK_GENERIC,
 * NETLINK_ROUTE) in the current network namespace. A socket of nfnetlink has
 * extended acknowledgements and a receive buffer that holds eighty thousand
 * errors (without CAP_NET_ADMIN in the first user namespace: as many as
 * net.core.rmem_max allows).
 * Returns NULL with *err set: -ENOMEM, or the error of socket() or bind().
 */
struct netlink *netlink_open(int protocol, int *err);
void netlink_close(struct netlink *s); /* accepts NULL */

/*
 * Sends one whole message, which is not changed: `flags` is NLM_F_DUMP or
 * NLM_F_ACK (exactly one of them) and is added to NLM_F_REQUEST; sequence
 * number and port are set on the way. `cb` may be NULL. All answers are read,
 * also after `cb` failed. Nothing is allocated.
 * Returns the kernel's error as it is (-ENOENT, -ESRCH, -EPERM, ...), -EINTR if
 * a change interrupted the dump (NLM_F_DUMP_INTR; `cb` got an incomplete list:
 * discard it and ask again), -ENOBUFS if answers were lost, or the negative
 * value that `cb` returned.
 */
int netlink_talk(struct netlink *s, const struct nlmsghdr *request, uint16_t flags,
		 netlink_cb_fn cb, void *arg);

/*
 * Sends `nmsgs` whole messages (NLM_F_REQUEST, aligned to 4 bytes, nlmsg_seq
 * 1, 2, 3, ...) in as few datagrams of up to 64 KiB as possible, with at most
 * as many messages in one datagram as errors fit the receive buffer. `buf` is
 * not changed. There is no transaction: the kernel executes each message that
 * it does not refuse. `refused` is called for each refusal, in the order of the
 * messages; refusals do not change the result.
 *
 * Returns 0 when every message was sent and every answer read, or
 *   -EINVAL    without any call of `refused`: `buf` is not `nmsgs` well-formed
 *              messages; nothing was sent;
 *   -ENOBUFS   answers were lost and the outcome is unknown: read again;
 *   the error of sendmsg(): each message for which `refused` was not called was
 *              executed, or not sent at all.
 */
int netlink_batch(struct netlink *s, const void *buf, size_t len, size_t nmsgs,
		  netlink_refused_fn refused, void *arg);

#endif
