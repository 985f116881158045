/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests and dumps of nfnetlink: of nf_tables, connection tracking and the
 * other subsystems. Errors, ownership and threads: see socket.h. Seen on Linux
 * 6.18; differences of older kernels are noted where they matter.
 */
#ifndef SVCRULES_NETLINK_NFNETLINK_H
#define SVCRULES_NETLINK_NFNETLINK_H

#include "netlink/socket.h"

/* Size of a request in bytes, headers included: the `buflen` of mnl_attr_put_*_check(). */
#define NFNETLINK_REQUEST_SIZE 4096

/* Adds attributes to a request; a negative value cancels the request and is returned. */
typedef int (*nfnetlink_fill_fn)(struct nlmsghdr *nlh, void *arg);

/*
 * Writes the header of a message and the struct nfgenmsg that follows it. `buf`
 * must be aligned to 4 bytes; `type` is subsystem << 8 | message. Returns `buf`.
 */
struct nlmsghdr *nfnetlink_header(void *buf, uint16_t type, uint16_t flags, uint32_t seq,
				  uint8_t family, uint16_t res_id);

/*
 * Sends a whole request to any subsystem of nfnetlink, which is not changed; `flags` is
 * NLM_F_DUMP or NLM_F_ACK (exactly one of them). Returns as nfnetlink_talk().
 */
int nfnetlink_send(struct netlink *s, const struct nlmsghdr *request, uint16_t flags,
		   netlink_cb_fn cb, void *arg);

/*
 * One request to any subsystem of nfnetlink: `type` is subsystem << 8 | message,
 * `flags` is NLM_F_DUMP or NLM_F_ACK (exactly one of them). `fill` and `cb` may
 * be NULL. All answers are read, also after `cb` failed.
 * Returns as netlink_talk(), or the negative value of `fill`. A dump of
 * nf_tables is also interrupted (-EINTR) if its messages are of two
 * generations. Several dumps belong together only if transaction_genid() is the
 * same before and after them.
 */
int nfnetlink_talk(struct netlink *s, uint16_t type, uint16_t flags, uint8_t family,
		   nfnetlink_fill_fn fill, void *fill_arg, netlink_cb_fn cb, void *arg);

/* nfnetlink_talk() for nf_tables: a dump (NFT_MSG_GET*) of all objects of `family`. */
int nfnetlink_dump(struct netlink *s, uint16_t nft_msg_type, uint8_t family, nfnetlink_fill_fn fill,
		   void *fill_arg, netlink_cb_fn cb, void *arg);
/* nfnetlink_talk() for nf_tables: one object; -ENOENT if there is none. */
int nfnetlink_request(struct netlink *s, uint16_t nft_msg_type, uint8_t family,
		      nfnetlink_fill_fn fill, void *fill_arg, netlink_cb_fn cb, void *arg);
/* The table of that name, as nfnetlink_request(); -EMSGSIZE: no name is so long. */
int nfnetlink_table(struct netlink *s, uint8_t family, const char *name, netlink_cb_fn cb,
		    void *arg);

#endif
