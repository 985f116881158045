/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The nfnetlink socket: ask, dump, and send one nftables transaction.
 *
 * Functions return 0 or a negative errno; outputs are written only on success
 * unless said otherwise. One struct nfnl is for one thread, one call at a time
 * (a callback must not use the same socket). Seen on Linux 6.18; what older
 * kernels do differently is said where it matters.
 */
#ifndef SVCRULES_NFNL_H
#define SVCRULES_NFNL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <linux/netlink.h>

/* Bytes of a request, all told: the `buflen` for mnl_attr_put_*_check() in a fill function. */
#define NFNL_REQUEST_SIZE 4096

struct nfnl; /* opaque */

/* Adds attributes to a request; a negative value gives the request up and is returned. */
typedef int (*nfnl_fill_fn)(struct nlmsghdr *nlh, void *arg);
/* Takes one message, borrowed for the call; a negative value becomes the result. */
typedef int (*nfnl_cb_fn)(const struct nlmsghdr *nlh, void *arg);

/* What the kernel said about one message of a batch. */
struct nfnl_error {
	uint32_t seq;    /* nlmsg_seq of the message refused; 0: the batch as a whole */
	int err;         /* negative errno, raw */
	uint32_t offset; /* of the offending attribute, bytes from the start of its message; 0: unknown */
	char msg[128];   /* the kernel's own words, terminated, cut if longer; "" without */
};

/* What one batch took. */
struct nfnl_stats {
	size_t messages; /* the caller's messages, without begin and end */
	size_t bytes;    /* of the whole datagram */
};

/*
 * Opens a socket in the current network namespace, with extended
 * acknowledgements and a receive buffer fit for eighty thousand errors (without
 * CAP_NET_ADMIN in the first user namespace, for as many as net.core.rmem_max allows).
 * Returns NULL with *err set: -ENOMEM, or what socket() or bind() said.
 */
struct nfnl *nfnl_open(int *err);
void nfnl_close(struct nfnl *n); /* accepts NULL */

/*
 * One request of any nfnetlink subsystem: `type` is subsystem << 8 | message,
 * `flags` is NLM_F_DUMP or NLM_F_ACK (exactly one of them). `fill` and `cb`
 * may be NULL. All answers are read, also after `cb` failed.
 * Returns the kernel's error as it is (-ENOENT, -EPERM, ...), -EINTR when the
 * dump was interrupted by a change (NLM_F_DUMP_INTR, or nftables messages of
 * two generations; `cb` has been called for what came: throw it away and ask
 * again. Several dumps make one picture only if nfnl_genid() is the same before
 * and after them), -ENOBUFS when answers were lost, or
 * what `cb` or `fill` returned.
 */
int nfnl_talk(struct nfnl *n, uint16_t type, uint16_t flags, uint8_t family,
	      nfnl_fill_fn fill, void *fill_arg, nfnl_cb_fn cb, void *arg);

/* nfnl_talk() for nftables: a dump (NFT_MSG_GET*) of all objects of `family`. */
int nfnl_dump(struct nfnl *n, uint16_t nft_msg_type, uint8_t family,
	      nfnl_fill_fn fill, void *fill_arg, nfnl_cb_fn cb, void *arg);
/* nfnl_talk() for nftables: one object; -ENOENT if there is none. */
int nfnl_request(struct nfnl *n, uint16_t nft_msg_type, uint8_t family,
		 nfnl_fill_fn fill, void *fill_arg, nfnl_cb_fn cb, void *arg);

/* The generation of the namespace's rule set: moves with each commit, never 0. */
int nfnl_genid(struct nfnl *n, uint32_t *genid);

/* How many batches with messages this socket is known to have committed: each moves the generation by one. */
size_t nfnl_commits(const struct nfnl *n);

/*
 * Sends one nftables transaction as one datagram: all of it or nothing.
 *
 * `buf` holds `nmsgs` whole messages (type with NFNL_SUBSYS_NFTABLES,
 * nfgenmsg, NLM_F_REQUEST, aligned to 4 bytes, nlmsg_seq 1, 2, 3, ...) without
 * begin and end; it is not changed. With `genid` other than 0 the kernel
 * refuses the batch unless that is still the generation. With `commit` false
 * everything is validated and nothing committed.
 * `errors` takes up to `max_errors` refusals in the order of the messages;
 * *nerrors is how many were stored, and is written always. `stats` may be
 * NULL; it is written once the datagram was sent.
 *
 * Returns 0 (committed; without `commit`: valid), or
 *   -ERESTART  the generation moved: read again;
 *   -EMSGSIZE  larger than the send buffer may be. Only CAP_NET_ADMIN of the
 *              first user namespace may exceed twice net.core.wmem_max;
 *              nothing was done;
 *   -ENOBUFS   with *nerrors 0: answers were lost and the outcome is unknown: read again;
 *   -EINVAL    with *nerrors 0: `buf` is not `nmsgs` well-formed messages, nothing was sent;
 *   -EPERM     no CAP_NET_ADMIN over this network namespace (seq 0);
 *   otherwise the first refusal (errors[0].err); nothing was committed.
 *
 * The kernel works through a batch inside sendmsg(), so every answer waits
 * when it returns. Success is told by an ack on the last message, which all
 * kernels send after the commit, and by one on the end message (Linux 6.10).
 */
int nfnl_batch_send(struct nfnl *n, const void *buf, size_t len, bool commit,
		    uint32_t genid, size_t nmsgs, struct nfnl_error *errors,
		    size_t max_errors, size_t *nerrors, struct nfnl_stats *stats);

#endif
