/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The socket as the other files of this folder see it. */
#ifndef SVCRULES_NETLINK_SOCKET_INTERNAL_H
#define SVCRULES_NETLINK_SOCKET_INTERNAL_H

#include "netlink/socket.h"

#include <stdbool.h>
#include <sys/types.h>
#include <sys/uio.h>

struct mnl_socket;

/* Sequence numbers: messages of a batch from 1 on, requests beyond them. */
#define NETLINK_SEQ_REQUEST 0x40000000u
#define NETLINK_SEQ_MASK 0x3fffffffu

struct netlink {
	struct mnl_socket *sock;
	int fd;
	uint32_t seq;        /* of requests and transactions, counts up */
	size_t send_buffer;  /* the size last asked for */
	size_t receive_size; /* of `buf` */
	size_t at_once;      /* most messages in one datagram: all their errors fit */
	size_t commits;      /* transactions committed, counted by transaction.c */
	bool unfinished;     /* answers to an earlier request may still be waiting */
	char *buf;           /* of one datagram */
};

/* A number from 0 to NETLINK_SEQ_MASK that the last requests did not have. */
uint32_t netlink_sequence(struct netlink *s);

/* Makes the send buffer at least so large, as far as that is permitted. */
void netlink_send_buffer(struct netlink *s, size_t size);

/* Discards answers to earlier requests, then sends the pieces as one datagram. */
int netlink_send(struct netlink *s, struct iovec *iov, size_t count);

/* Reads one datagram of the kernel into s->buf: its length, -EAGAIN if none waits, or an error. */
ssize_t netlink_receive(struct netlink *s);

/* The number in an NLMSG_ERROR or NLMSG_DONE: 0 or negative. */
int netlink_answer_errno(const struct nlmsghdr *nlh);

/*
 * True if `buf` is `nmsgs` whole messages, aligned to 4 bytes, each of at least
 * `least` bytes, with the sequence numbers 1, 2, 3, ...; *last is then the
 * offset of the last one, or 0 if there is none.
 */
bool netlink_well_formed(const char *buf, size_t len, size_t nmsgs, size_t least, size_t *last);

#endif
