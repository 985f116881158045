/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nlsock.h"

#include <errno.h>
#include <netlink/msg.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>
#include <stdbool.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define DATAGRAM_SIZE (64u << 10)
#define SEND_BUFFER (128u << 10)   /* netlink_sendmsg() wants 32 bytes more than the datagram */
#define RECEIVE_SIZE (64u << 10)   /* the kernel's dumps fill at most 32 KiB (Linux 6.18) */
#define RECEIVE_BUFFER (4u << 20)
#define ANSWER_SIZE 2048u          /* of the receive buffer, twice what an error takes */

/* Sequence numbers: a batch's messages from 1 on, requests beyond them. */
#define SEQ_REQUEST 0x40000000u
#define SEQ_MASK 0x3fffffffu

struct nlsock {
	struct nl_sock *nl;
	int fd;
	uint32_t seq;    /* of requests, counts up */
	size_t at_once;  /* so many messages may all fail in one datagram */
	bool unfinished; /* answers to an earlier call may still wait */
	char *buf;       /* RECEIVE_SIZE bytes */
};

/* What was sent and what came back. */
struct exchange {
	uint32_t first, last; /* sequence numbers of the datagram */
	nlsock_cb_fn cb;
	void *arg;
	nlsock_refused_fn refused;
	void *refused_arg;
	int result;       /* of `cb` */
	int err;          /* of the kernel, the first */
	bool interrupted; /* the dump */
	bool lost;        /* answers dropped */
	bool done;        /* nothing comes after this */
};

/* Failure shows when sending, or in what getsockopt() says. */
static void buffer_size(int fd, int force, int plain, int size)
{
	if (setsockopt(fd, SOL_SOCKET, force, &size, sizeof(size)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, plain, &size, sizeof(size));
}

static size_t errors_that_fit(int fd)
{
	socklen_t len = sizeof(int);
	int size = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &len) < 0 || size < (int)ANSWER_SIZE)
		return 1;
	return (size_t)size / ANSWER_SIZE;
}

static int socket_setup(struct nlsock *s, int protocol)
{
	int on = 1;

	s->nl = nl_socket_alloc();
	if (!s->nl)
		return -ENOMEM;
	/* What it returns is libnl's; errno is still that of socket() or bind(). */
	errno = 0;
	if (nl_connect(s->nl, protocol) < 0)
		return errno ? -errno : -ENOMEM;
	s->fd = nl_socket_get_fd(s->nl);
	buffer_size(s->fd, SO_RCVBUFFORCE, SO_RCVBUF, RECEIVE_BUFFER);
	buffer_size(s->fd, SO_SNDBUFFORCE, SO_SNDBUF, SEND_BUFFER);
	s->at_once = errors_that_fit(s->fd);
	/* Comfort only: without it errors carry the whole message. */
	(void)setsockopt(s->fd, SOL_NETLINK, NETLINK_CAP_ACK, &on, sizeof(on));
	return 0;
}

struct nlsock *nlsock_open(int protocol, int *err)
{
	struct nlsock *s = calloc(1, sizeof(*s));
	int r = -ENOMEM;

	if (s)
		s->buf = malloc(RECEIVE_SIZE);
	if (s && s->buf)
		r = socket_setup(s, protocol);
	if (r == 0)
		return s;
	nlsock_close(s);
	*err = r;
	return NULL;
}

void nlsock_close(struct nlsock *s)
{
	if (!s)
		return;
	nl_socket_free(s->nl);
	free(s->buf);
	free(s);
}

/* One datagram from the kernel into s->buf: its length, or a negative errno. */
static ssize_t receive(struct nlsock *s)
{
	struct sockaddr_nl from = { 0 };
	struct iovec iov = { .iov_base = s->buf, .iov_len = RECEIVE_SIZE };
	struct msghdr msg = { .msg_name = &from, .msg_iov = &iov, .msg_iovlen = 1 };
	ssize_t len;

	do {
		msg.msg_namelen = sizeof(from);
		len = recvmsg(s->fd, &msg, MSG_DONTWAIT);
	} while ((len < 0 && errno == EINTR) || (len >= 0 && from.nl_pid != 0));
	if (len < 0)
		return -errno;
	return msg.msg_flags & MSG_TRUNC ? -ENOBUFS : len;
}

/* Throws away what an earlier call left behind; drives a forgotten dump to its end. */
static void drain(struct nlsock *s)
{
	ssize_t len = 0;

	while (s->unfinished && (len >= 0 || len == -ENOBUFS))
		len = receive(s);
	s->unfinished = true; /* what is sent now */
}

/* Sends `len` bytes with `header` instead of the one that stands at offset `at`. */
static int transmit(struct nlsock *s, const char *buf, size_t len, size_t at,
		    struct nlmsghdr *header)
{
	size_t after = at + sizeof(*header);
	struct iovec iov[] = {
		{ .iov_base = (void *)(uintptr_t)buf, .iov_len = at },
		{ .iov_base = header, .iov_len = sizeof(*header) },
		{ .iov_base = (void *)(uintptr_t)(buf + after), .iov_len = len - after },
	};
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct msghdr msg = {
		.msg_name = &kernel, .msg_namelen = sizeof(kernel),
		.msg_iov = iov, .msg_iovlen = sizeof(iov) / sizeof(iov[0]),
	};
	ssize_t r;

	drain(s);
	do
		r = sendmsg(s->fd, &msg, 0);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

/* The number in an NLMSG_ERROR or NLMSG_DONE: 0 or negative. */
static int answer_errno(const struct nlmsghdr *nlh)
{
	int err = 0;

	if (nlmsg_datalen(nlh) >= (int)sizeof(err))
		memcpy(&err, nlmsg_data(nlh), sizeof(err));
	return err < 0 ? err : 0;
}

static void answer_end(struct exchange *e, const struct nlmsghdr *nlh)
{
	int err = answer_errno(nlh);

	if (err && !e->err)
		e->err = err;
	if (err && e->refused)
		e->refused(nlh->nlmsg_seq, err, e->refused_arg);
	e->done = nlh->nlmsg_seq == e->last;
}

static void answer(struct exchange *e, const struct nlmsghdr *nlh)
{
	if (nlh->nlmsg_seq < e->first || nlh->nlmsg_seq > e->last || e->done)
		return;
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		e->interrupted = true;
	switch (nlh->nlmsg_type) {
	case NLMSG_ERROR:
	case NLMSG_DONE:
		answer_end(e, nlh);
		break;
	case NLMSG_NOOP:
		break;
	case NLMSG_OVERRUN:
		e->lost = true;
		break;
	default:
		if (e->cb && e->result >= 0)
			e->result = e->cb(nlh, e->arg);
	}
}

/* Reads to the end of the exchange. That nothing waits before it means it was lost. */
static int answers(struct nlsock *s, struct exchange *e)
{
	while (!e->done) {
		ssize_t got = receive(s);
		int left = (int)got;

		if (got == -EAGAIN || got == -ENOBUFS)
			e->lost = true;
		else if (got < 0)
			return (int)got;
		if (got == -EAGAIN)
			return 0;
		for (struct nlmsghdr *nlh = (struct nlmsghdr *)s->buf;
		     got >= 0 && nlmsg_ok(nlh, left); nlh = nlmsg_next(nlh, &left))
			answer(e, nlh);
	}
	s->unfinished = false;
	return 0;
}

int nlsock_talk(struct nlsock *s, const struct nlmsghdr *request, uint16_t flags,
		nlsock_cb_fn cb, void *arg)
{
	uint32_t seq = SEQ_REQUEST | (++s->seq & SEQ_MASK);
	struct exchange e = { .first = seq, .last = seq, .cb = cb, .arg = arg };
	struct nlmsghdr header = *request;
	int r;

	header.nlmsg_flags |= NLM_F_REQUEST | flags;
	header.nlmsg_seq = seq;
	header.nlmsg_pid = nl_socket_get_local_port(s->nl);
	r = transmit(s, (const char *)request, header.nlmsg_len, 0, &header);
	if (r == 0)
		r = answers(s, &e);
	if (r < 0)
		return r;
	if (e.lost)
		return -ENOBUFS;
	if (e.err)
		return e.err;
	if (e.interrupted)
		return -EINTR;
	return e.result < 0 ? e.result : 0;
}

static struct nlmsghdr header_at(const char *buf, size_t at)
{
	struct nlmsghdr h;

	memcpy(&h, buf + at, sizeof(h));
	return h;
}

/* NLMSG_ALIGN() is 32 bits wide and would make 0 of the largest lengths. */
static size_t aligned(const struct nlmsghdr *h)
{
	return ((size_t)h->nlmsg_len + 3) & ~(size_t)3;
}

static bool well_formed(const char *buf, size_t len, size_t nmsgs)
{
	size_t at = 0, count = 0;

	while (len - at >= sizeof(struct nlmsghdr)) {
		struct nlmsghdr h = header_at(buf, at);

		if (h.nlmsg_len < sizeof(h) || aligned(&h) > len - at || h.nlmsg_seq != ++count)
			return false;
		at += aligned(&h);
	}
	return at == len && count == nmsgs && count < SEQ_REQUEST;
}

/* How many bytes go into the next datagram, at least one message; *last is where the last one begins. */
static size_t cut(const struct nlsock *s, const char *buf, size_t len, size_t *last)
{
	size_t at = 0;

	for (size_t count = 0; at < len && count < s->at_once; count++) {
		struct nlmsghdr h = header_at(buf, at);

		if (at > 0 && at + aligned(&h) > DATAGRAM_SIZE)
			break;
		*last = at;
		at += aligned(&h);
	}
	return at;
}

/*
 * Errors come unasked; the ack that the last message asks for says that there
 * are no more (netlink_rcv_skb() goes through all messages, seen on 6.1 and 6.18).
 */
static int batch_datagram(struct nlsock *s, struct exchange *e, const char *buf, size_t len,
			  size_t last)
{
	struct nlmsghdr header = header_at(buf, last);
	int r;

	e->first = header_at(buf, 0).nlmsg_seq;
	e->last = header.nlmsg_seq;
	e->done = false;
	header.nlmsg_flags |= NLM_F_ACK;
	r = transmit(s, buf, len, last, &header);
	return r < 0 ? r : answers(s, e);
}

int nlsock_batch(struct nlsock *s, const void *buf, size_t len, size_t nmsgs,
		 nlsock_refused_fn refused, void *arg)
{
	struct exchange e = { .refused = refused, .refused_arg = arg };
	const char *p = buf;
	int r = 0;

	if (!well_formed(p, len, nmsgs))
		return -EINVAL;
	while (len > 0 && r == 0) {
		size_t last = 0, size = cut(s, p, len, &last);

		r = batch_datagram(s, &e, p, size, last);
		p += size;
		len -= size;
	}
	return r == 0 && e.lost ? -ENOBUFS : r;
}
