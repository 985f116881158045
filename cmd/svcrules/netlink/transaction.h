/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Transactions of nf_tables: one datagram, of which the kernel does everything
 * or nothing. Errors, ownership and threads: see socket.h.
 */
#ifndef SVCRULES_NETLINK_TRANSACTION_H
#define SVCRULES_NETLINK_TRANSACTION_H

#include "netlink/socket.h"

#include <stdbool.h>

/* A message that the kernel refused. */
struct transaction_error {
	uint32_t seq;    /* nlmsg_seq of the message; 0: the transaction as a whole */
	int err;         /* negative errno, raw */
	uint32_t offset; /* of the offending attribute in its message, in bytes; 0: unknown */
	char msg[128];   /* the kernel's own words, terminated, cut if longer; "" if it gave none */
};

/* What was sent. */
struct transaction_stats {
	size_t messages; /* the caller's messages, without begin and end */
	size_t bytes;    /* of the whole datagram */
};

/* The generation of the namespace's rule set: moves with each commit, never 0. */
int transaction_genid(struct netlink *s, uint32_t *genid);

/*
 * How many transactions with messages this socket is known to have committed:
 * each moves the generation by one.
 */
size_t transaction_commits(const struct netlink *s);

/*
 * Sends one transaction as one datagram.
 *
 * `buf` holds `nmsgs` whole messages (type with NFNL_SUBSYS_NFTABLES,
 * nfgenmsg, NLM_F_REQUEST, aligned to 4 bytes, nlmsg_seq 1, 2, 3, ...) without
 * begin and end; it is not changed. If `genid` is not 0, the kernel refuses the
 * transaction unless that is still the generation. If `commit` is false,
 * everything is validated and nothing committed.
 * `errors` takes up to `max_errors` refusals in the order of the messages;
 * *nerrors, the number stored, is always written. `stats` may be NULL; it is
 * written once the datagram was sent.
 *
 * Returns 0 (committed; without `commit`: valid), or
 *   -ERESTART  the generation moved: read again;
 *   -EMSGSIZE  the datagram is larger than the send buffer may be. Only
 *              CAP_NET_ADMIN of the first user namespace may exceed twice
 *              net.core.wmem_max; nothing was done;
 *   -ENOBUFS   with *nerrors 0: answers were lost and the outcome is unknown: read again;
 *   -EINVAL    with *nerrors 0: `buf` is not `nmsgs` well-formed messages, nothing was sent;
 *   -EPERM     no CAP_NET_ADMIN over this network namespace (seq 0);
 *   otherwise the first refusal (errors[0].err); nothing was committed.
 *
 * The kernel works through the transaction inside sendmsg(), so every answer
 * waits when that returns. Success shows in the ack of the last message, which
 * all kernels send after the commit, and in that of the end message (Linux 6.10).
 */
int transaction_send(struct netlink *s, const void *buf, size_t len, bool commit, uint32_t genid,
		     size_t nmsgs, struct transaction_error *errors, size_t max_errors,
		     size_t *nerrors, struct transaction_stats *stats);

#endif
