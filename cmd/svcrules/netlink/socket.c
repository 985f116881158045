/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netlink/socket.h"
#include "netlink/socket_internal.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <limits.h>
#include <sys/socket.h>

#define DATAGRAM_SIZE (64u << 10)
#define ANSWER_SIZE 2048u /* of the receive buffer: twice what an error takes */

struct netlink_sizes {
	/* Of one datagram; the kernel's dumps fill at most 32 KiB (Linux 6.18). */
	size_t receive;
	/* SO_RCVBUF; an ack takes about 1 KiB of it. */
	size_t receive_buffer;
	/* SO_SNDBUF; netlink_sendmsg() needs 32 bytes more than the datagram has. */
	size_t send_buffer;
};

static const struct netlink_sizes sizes_nfnetlink = { 256u << 10, 32u << 20, 1u << 20 };
static const struct netlink_sizes sizes_other = { 64u << 10, 4u << 20, 128u << 10 };

/* The kernel sets aside twice the value. A failure shows when sending, or in SO_RCVBUF. */
static void netlink_buffer_size(int fd, int force, int plain, size_t size)
{
	int v = size > INT_MAX / 2 ? INT_MAX / 2 : (int)size;

	if (setsockopt(fd, SOL_SOCKET, force, &v, sizeof(v)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, plain, &v, sizeof(v));
}

void netlink_send_buffer(struct netlink *s, size_t size)
{
	if (size <= s->send_buffer)
		return;
	netlink_buffer_size(s->fd, SO_SNDBUFFORCE, SO_SNDBUF, size);
	s->send_buffer = size;
}

static size_t netlink_errors_that_fit(int fd)
{
	socklen_t len = sizeof(int);
	int size = 0;

	if (getsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, &len) < 0 || size < (int)ANSWER_SIZE)
		return 1;
	return (size_t)size / ANSWER_SIZE;
}

static int netlink_setup(struct netlink *s, int protocol, const struct netlink_sizes *sizes)
{
	int on = 1;

	s->sock = mnl_socket_open2(protocol, SOCK_CLOEXEC);
	if (!s->sock || mnl_socket_bind(s->sock, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	s->fd = mnl_socket_get_fd(s->sock);
	netlink_buffer_size(s->fd, SO_RCVBUFFORCE, SO_RCVBUF, sizes->receive_buffer);
	netlink_send_buffer(s, sizes->send_buffer);
	s->at_once = netlink_errors_that_fit(s->fd);
	/* Without these two, errors lack words, or carry the whole message: no reason to fail. */
	if (protocol == NETLINK_NETFILTER)
		(void)mnl_socket_setsockopt(s->sock, NETLINK_EXT_ACK, &on, sizeof(on));
	(void)mnl_socket_setsockopt(s->sock, NETLINK_CAP_ACK, &on, sizeof(on));
	return 0;
}

struct netlink *netlink_open(int protocol, int *err)
{
	const struct netlink_sizes *sizes = protocol == NETLINK_NETFILTER ? &sizes_nfnetlink :
									    &sizes_other;
	struct netlink *s = calloc(1, sizeof(*s));
	int r = -ENOMEM;

	if (s) {
		s->receive_size = sizes->receive;
		s->buf = malloc(sizes->receive);
	}
	if (s && s->buf)
		r = netlink_setup(s, protocol, sizes);
	if (r == 0)
		return s;
	netlink_close(s);
	*err = r;
	return NULL;
}

void netlink_close(struct netlink *s)
{
	if (!s)
		return;
	if (s->sock)
		(void)mnl_socket_close(s->sock);
	free(s->buf);
	free(s);
}

uint32_t netlink_sequence(struct netlink *s)
{
	return ++s->seq & NETLINK_SEQ_MASK;
}

ssize_t netlink_receive(struct netlink *s)
{
	struct sockaddr_nl from = { 0 };
	struct iovec iov = { .iov_base = s->buf, .iov_len = s->receive_size };
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

/* Discards what an earlier call left unread; a dump that was given up runs to its end. */
static void netlink_drain(struct netlink *s)
{
	ssize_t len = 0;

	while (s->unfinished && (len >= 0 || len == -ENOBUFS))
		len = netlink_receive(s);
	s->unfinished = true; /* for the answers to what is sent next */
}

int netlink_send(struct netlink *s, struct iovec *iov, size_t count)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct msghdr msg = {
		.msg_name = &kernel,
		.msg_namelen = sizeof(kernel),
		.msg_iov = iov,
		.msg_iovlen = count,
	};
	ssize_t r;

	netlink_drain(s);
	do
		r = sendmsg(s->fd, &msg, 0);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

/* Sends `len` bytes with `header` in the place of the header at offset `at`. */
static int netlink_send_with(struct netlink *s, const char *buf, size_t len, size_t at,
			     struct nlmsghdr *header)
{
	size_t after = at + sizeof(*header);
	struct iovec iov[] = {
		{ .iov_base = (void *)(uintptr_t)buf, .iov_len = at },
		{ .iov_base = header, .iov_len = sizeof(*header) },
		{ .iov_base = (void *)(uintptr_t)(buf + after), .iov_len = len - after },
	};

	return netlink_send(s, iov, sizeof(iov) / sizeof(iov[0]));
}

int netlink_answer_errno(const struct nlmsghdr *nlh)
{
	int err = 0;

	if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(err))
		memcpy(&err, mnl_nlmsg_get_payload(nlh), sizeof(err));
	return err < 0 ? err : 0;
}

/* One datagram sent, and its answers. */
struct exchange {
	uint32_t first, last; /* sequence numbers of the datagram */
	netlink_cb_fn cb;
	void *arg;
	netlink_refused_fn refused;
	void *refused_arg;
	int result;       /* of `cb` */
	int err;          /* the kernel's first error */
	bool interrupted; /* the dump */
	bool lost;        /* some answers */
	bool done;        /* the last answer was read */
};

static void exchange_end(struct exchange *e, const struct nlmsghdr *nlh)
{
	int err = netlink_answer_errno(nlh);

	if (err && !e->err)
		e->err = err;
	if (err && e->refused)
		e->refused(nlh->nlmsg_seq, err, e->refused_arg);
	e->done = nlh->nlmsg_seq == e->last;
}

static void exchange_message(struct exchange *e, const struct nlmsghdr *nlh)
{
	if (nlh->nlmsg_seq < e->first || nlh->nlmsg_seq > e->last || e->done)
		return;
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		e->interrupted = true;
	switch (nlh->nlmsg_type) {
	case NLMSG_ERROR:
	case NLMSG_DONE: exchange_end(e, nlh); break;
	case NLMSG_NOOP: break;
	case NLMSG_OVERRUN: e->lost = true; break;
	default:
		if (e->cb && e->result >= 0)
			e->result = e->cb(nlh, e->arg);
	}
}

/* Reads to the end of the exchange; answers that do not wait before that end were lost. */
static int exchange_receive(struct netlink *s, struct exchange *e)
{
	while (!e->done) {
		ssize_t got = netlink_receive(s);
		int left = (int)got;

		if (got == -EAGAIN || got == -ENOBUFS)
			e->lost = true;
		else if (got < 0)
			return (int)got;
		if (got == -EAGAIN)
			return 0;
		for (const struct nlmsghdr *nlh = (const struct nlmsghdr *)s->buf;
		     got >= 0 && mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
			exchange_message(e, nlh);
	}
	s->unfinished = false;
	return 0;
}

int netlink_talk(struct netlink *s, const struct nlmsghdr *request, uint16_t flags,
		 netlink_cb_fn cb, void *arg)
{
	uint32_t seq = NETLINK_SEQ_REQUEST | netlink_sequence(s);
	struct exchange e = { .first = seq, .last = seq, .cb = cb, .arg = arg };
	struct nlmsghdr header = *request;
	int r;

	header.nlmsg_flags |= NLM_F_REQUEST | flags;
	header.nlmsg_seq = seq;
	header.nlmsg_pid = mnl_socket_get_portid(s->sock);
	r = netlink_send_with(s, (const char *)request, header.nlmsg_len, 0, &header);
	if (r == 0)
		r = exchange_receive(s, &e);
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

/* In size_t, because in 32 bits the largest lengths would become 0. */
static size_t header_aligned(const struct nlmsghdr *h)
{
	return MNL_ALIGN((size_t)h->nlmsg_len);
}

bool netlink_well_formed(const char *buf, size_t len, size_t nmsgs, size_t least, size_t *last)
{
	size_t at = 0, count = 0;

	*last = 0;
	while (len - at >= sizeof(struct nlmsghdr)) {
		struct nlmsghdr h = header_at(buf, at);

		if (h.nlmsg_len < least || header_aligned(&h) > len - at || h.nlmsg_seq != ++count)
			return false;
		*last = at;
		at += header_aligned(&h);
	}
	return at == len && count == nmsgs && count < NETLINK_SEQ_REQUEST;
}

/* The bytes of the next datagram, of one message or more; *last is the offset of its last one. */
static size_t datagram_cut(const struct netlink *s, const char *buf, size_t len, size_t *last)
{
	size_t at = 0;

	for (size_t count = 0; at < len && count < s->at_once; count++) {
		struct nlmsghdr h = header_at(buf, at);

		if (at > 0 && at + header_aligned(&h) > DATAGRAM_SIZE)
			break;
		*last = at;
		at += header_aligned(&h);
	}
	return at;
}

/*
 * The kernel reports errors without being asked. The last message asks for an
 * ack, which marks the end of the answers (netlink_rcv_skb() goes through all
 * messages, seen on 6.1 and 6.18).
 */
static int datagram_exchange(struct netlink *s, struct exchange *e, const char *buf, size_t len,
			     size_t last)
{
	struct nlmsghdr header = header_at(buf, last);
	int r;

	e->first = header_at(buf, 0).nlmsg_seq;
	e->last = header.nlmsg_seq;
	e->done = false;
	header.nlmsg_flags |= NLM_F_ACK;
	r = netlink_send_with(s, buf, len, last, &header);
	return r < 0 ? r : exchange_receive(s, e);
}

int netlink_batch(struct netlink *s, const void *buf, size_t len, size_t nmsgs,
		  netlink_refused_fn refused, void *arg)
{
	struct exchange e = { .refused = refused, .refused_arg = arg };
	const char *p = buf;
	size_t last;
	int r = 0;

	if (!netlink_well_formed(p, len, nmsgs, sizeof(struct nlmsghdr), &last))
		return -EINVAL;
	while (len > 0 && r == 0) {
		size_t size = datagram_cut(s, p, len, &last);

		r = datagram_exchange(s, &e, p, size, last);
		p += size;
		len -= size;
	}
	return r == 0 && e.lost ? -ENOBUFS : r;
}
