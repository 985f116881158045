/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nfnl.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <limits.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>
#include <sys/uio.h>

#define RECEIVE_SIZE (256u << 10)      /* the kernel's dumps fill at most 32 KiB (Linux 6.18) */
#define RECEIVE_BUFFER (32u << 20)     /* an ack takes about 1 KiB of it */
#define SEND_BUFFER (1u << 20)
#define SEND_OVERHEAD 64               /* netlink_sendmsg() wants 32 bytes of slack */

/* Sequence numbers: a batch's messages from 1 on, requests and frames beyond them. */
#define SEQ_REQUEST 0x40000000u
#define SEQ_BEGIN 0x80000000u
#define SEQ_END 0xc0000000u
#define SEQ_MASK 0x3fffffffu

struct nfnl {
	struct mnl_socket *sock;
	int fd;
	uint32_t seq;        /* of requests and batches, counts up */
	size_t send_buffer;  /* what was asked for last */
	size_t commits;      /* batches committed */
	char *buf;           /* RECEIVE_SIZE bytes */
};

/* Twice the value is what the kernel sets aside; failure shows when sending. */
static void buffer_size(int fd, int force, int plain, size_t size)
{
	int v = size > INT_MAX / 2 ? INT_MAX / 2 : (int)size;

	if (setsockopt(fd, SOL_SOCKET, force, &v, sizeof(v)) < 0)
		(void)setsockopt(fd, SOL_SOCKET, plain, &v, sizeof(v));
}

static void send_buffer_grow(struct nfnl *n, size_t size)
{
	if (size <= n->send_buffer)
		return;
	buffer_size(n->fd, SO_SNDBUFFORCE, SO_SNDBUF, size);
	n->send_buffer = size;
}

static int socket_setup(struct nfnl *n)
{
	int on = 1;

	n->sock = mnl_socket_open2(NETLINK_NETFILTER, SOCK_CLOEXEC);
	if (!n->sock || mnl_socket_bind(n->sock, 0, MNL_SOCKET_AUTOPID) < 0)
		return -errno;
	n->fd = mnl_socket_get_fd(n->sock);
	buffer_size(n->fd, SO_RCVBUFFORCE, SO_RCVBUF, RECEIVE_BUFFER);
	send_buffer_grow(n, SEND_BUFFER);
	/* Comfort only: without them errors lack words, or carry the whole message. */
	(void)mnl_socket_setsockopt(n->sock, NETLINK_EXT_ACK, &on, sizeof(on));
	(void)mnl_socket_setsockopt(n->sock, NETLINK_CAP_ACK, &on, sizeof(on));
	return 0;
}

struct nfnl *nfnl_open(int *err)
{
	struct nfnl *n = calloc(1, sizeof(*n));
	int r = -ENOMEM;

	if (n)
		n->buf = malloc(RECEIVE_SIZE);
	if (n && n->buf)
		r = socket_setup(n);
	if (r == 0)
		return n;
	nfnl_close(n);
	*err = r;
	return NULL;
}

void nfnl_close(struct nfnl *n)
{
	if (!n)
		return;
	if (n->sock)
		(void)mnl_socket_close(n->sock);
	free(n->buf);
	free(n);
}

/* One datagram from the kernel into n->buf: its length, or a negative errno. */
static ssize_t receive(struct nfnl *n, int flags)
{
	struct sockaddr_nl from = { 0 };
	struct iovec iov = { .iov_base = n->buf, .iov_len = RECEIVE_SIZE };
	struct msghdr msg = {
		.msg_name = &from, .msg_namelen = sizeof(from),
		.msg_iov = &iov, .msg_iovlen = 1,
	};
	ssize_t len;

	do {
		msg.msg_namelen = sizeof(from);
		len = recvmsg(n->fd, &msg, flags);
	} while ((len < 0 && errno == EINTR) || (len >= 0 && from.nl_pid != 0));
	if (len < 0)
		return -errno;
	return msg.msg_flags & MSG_TRUNC ? -ENOBUFS : len;
}

/* Throws away what an earlier call left behind; drives a forgotten dump to its end. */
static void drain(struct nfnl *n)
{
	ssize_t len;

	do
		len = receive(n, MSG_DONTWAIT);
	while (len >= 0 || len == -ENOBUFS);
}

static int send_iov(struct nfnl *n, struct iovec *iov, size_t count)
{
	struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct msghdr msg = {
		.msg_name = &kernel, .msg_namelen = sizeof(kernel),
		.msg_iov = iov, .msg_iovlen = count,
	};
	ssize_t r;

	do
		r = sendmsg(n->fd, &msg, 0);
	while (r < 0 && errno == EINTR);
	return r < 0 ? -errno : 0;
}

static struct nlmsghdr *put_header(void *buf, uint16_t type, uint16_t flags, uint32_t seq,
				   uint8_t family, uint16_t res_id)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = flags;
	nlh->nlmsg_seq = seq;
	nfg->nfgen_family = family;
	nfg->version = NFNETLINK_V0;
	nfg->res_id = htons(res_id);
	return nlh;
}

/* The number in an NLMSG_ERROR or NLMSG_DONE: 0 or negative. */
static int answer_errno(const struct nlmsghdr *nlh)
{
	int err = 0;

	if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(err))
		memcpy(&err, mnl_nlmsg_get_payload(nlh), sizeof(err));
	return err < 0 ? err : 0;
}

struct talk {
	uint32_t seq;
	nfnl_cb_fn cb;
	void *arg;
	int result; /* of the callback */
	int err;    /* of the kernel */
	bool interrupted;
	bool done;
	bool nftables;   /* a dump whose messages carry the generation */
	bool any;        /* `generation` is set */
	uint16_t generation;
};

/*
 * Dumps of set elements are not flagged when a commit comes in between (Linux
 * 6.18), but each message has the low half of the generation in res_id.
 */
static void talk_generation(struct talk *t, const struct nlmsghdr *nlh)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);

	if (!t->nftables || mnl_nlmsg_get_payload_len(nlh) < sizeof(*nfg))
		return;
	if (t->any && t->generation != nfg->res_id)
		t->interrupted = true;
	t->generation = nfg->res_id;
	t->any = true;
}

static void talk_message(struct talk *t, const struct nlmsghdr *nlh)
{
	if (nlh->nlmsg_seq != t->seq || t->done)
		return;
	if (nlh->nlmsg_flags & NLM_F_DUMP_INTR)
		t->interrupted = true;
	switch (nlh->nlmsg_type) {
	case NLMSG_ERROR:
	case NLMSG_DONE:
		t->err = answer_errno(nlh);
		t->done = true;
		break;
	case NLMSG_NOOP:
		break;
	case NLMSG_OVERRUN:
		t->err = -ENOBUFS;
		t->done = true;
		break;
	default:
		talk_generation(t, nlh);
		if (t->cb && t->result >= 0)
			t->result = t->cb(nlh, t->arg);
	}
}

static int talk_receive(struct nfnl *n, struct talk *t)
{
	while (!t->done) {
		ssize_t got = receive(n, 0);
		int left = (int)got;

		if (got < 0)
			return (int)got;
		for (const struct nlmsghdr *nlh = (const struct nlmsghdr *)n->buf;
		     mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
			talk_message(t, nlh);
	}
	if (t->err < 0)
		return t->err;
	if (t->interrupted)
		return -EINTR;
	return t->result < 0 ? t->result : 0;
}

int nfnl_talk(struct nfnl *n, uint16_t type, uint16_t flags, uint8_t family,
	      nfnl_fill_fn fill, void *fill_arg, nfnl_cb_fn cb, void *arg)
{
	char buf[NFNL_REQUEST_SIZE] __attribute__((aligned(8)));
	struct talk t = { .seq = SEQ_REQUEST | (++n->seq & SEQ_MASK), .cb = cb, .arg = arg };
	struct nlmsghdr *nlh = put_header(buf, type, NLM_F_REQUEST | flags, t.seq, family, 0);
	struct iovec iov = { .iov_base = buf };
	int r = fill ? fill(nlh, fill_arg) : 0;

	t.nftables = type >> 8 == NFNL_SUBSYS_NFTABLES && (flags & NLM_F_DUMP);
	if (r < 0)
		return r;
	iov.iov_len = nlh->nlmsg_len;
	drain(n);
	r = send_iov(n, &iov, 1);
	return r < 0 ? r : talk_receive(n, &t);
}

int nfnl_dump(struct nfnl *n, uint16_t nft_msg_type, uint8_t family,
	      nfnl_fill_fn fill, void *fill_arg, nfnl_cb_fn cb, void *arg)
{
	return nfnl_talk(n, NFNL_SUBSYS_NFTABLES << 8 | nft_msg_type, NLM_F_DUMP, family,
			 fill, fill_arg, cb, arg);
}

int nfnl_request(struct nfnl *n, uint16_t nft_msg_type, uint8_t family,
		 nfnl_fill_fn fill, void *fill_arg, nfnl_cb_fn cb, void *arg)
{
	return nfnl_talk(n, NFNL_SUBSYS_NFTABLES << 8 | nft_msg_type, NLM_F_ACK, family,
			 fill, fill_arg, cb, arg);
}

static int genid_cb(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *a;
	uint32_t *genid = arg;

	mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(a) == NFTA_GEN_ID &&
		    mnl_attr_get_payload_len(a) == sizeof(uint32_t))
			*genid = ntohl(mnl_attr_get_u32(a));
	return 0;
}

int nfnl_genid(struct nfnl *n, uint32_t *genid)
{
	uint32_t id = 0;
	int r = nfnl_request(n, NFT_MSG_GETGEN, AF_UNSPEC, NULL, NULL, genid_cb, &id);

	if (r < 0)
		return r;
	if (id == 0)
		return -EPROTO;
	*genid = id;
	return 0;
}

size_t nfnl_commits(const struct nfnl *n)
{
	return n->commits;
}

struct batch {
	uint32_t begin, end, last; /* sequence numbers */
	struct nfnl_error *errors;
	size_t max_errors, nerrors;
	int first;      /* refusal of any message */
	bool restart;   /* generation moved */
	bool lost;      /* answers dropped */
	bool confirmed; /* ack for the last message or the end */
};

static void error_attributes(const struct nlmsghdr *nlh, struct nfnl_error *e)
{
	const struct nlmsgerr *ne = mnl_nlmsg_get_payload(nlh);
	size_t skip = sizeof(*ne), n;
	const struct nlattr *a;

	if (!(nlh->nlmsg_flags & NLM_F_ACK_TLVS))
		return;
	if (!(nlh->nlmsg_flags & NLM_F_CAPPED))
		skip += MNL_ALIGN(ne->msg.nlmsg_len - sizeof(ne->msg));
	if (skip > mnl_nlmsg_get_payload_len(nlh))
		return;
	mnl_attr_for_each(a, nlh, (unsigned int)skip) {
		n = mnl_attr_get_payload_len(a);
		if (mnl_attr_get_type(a) == NLMSGERR_ATTR_OFFS && n == sizeof(e->offset)) {
			e->offset = mnl_attr_get_u32(a);
		} else if (mnl_attr_get_type(a) == NLMSGERR_ATTR_MSG) {
			n = strnlen(mnl_attr_get_payload(a), n);
			n = n < sizeof(e->msg) ? n : sizeof(e->msg) - 1;
			memcpy(e->msg, mnl_attr_get_payload(a), n);
			e->msg[n] = '\0';
		}
	}
}

static void batch_refused(struct batch *b, const struct nlmsghdr *nlh, int err)
{
	struct nfnl_error *e;

	if (nlh->nlmsg_seq == b->begin && err == -ERESTART)
		b->restart = true;
	if (!b->first)
		b->first = err;
	if (b->nerrors == b->max_errors)
		return;
	e = &b->errors[b->nerrors++];
	*e = (struct nfnl_error){ .err = err };
	e->seq = nlh->nlmsg_seq >= SEQ_BEGIN ? 0 : nlh->nlmsg_seq;
	error_attributes(nlh, e);
}

static void batch_message(struct batch *b, const struct nlmsghdr *nlh)
{
	bool ours = nlh->nlmsg_seq == b->begin || nlh->nlmsg_seq == b->end ||
		    (nlh->nlmsg_seq > 0 && nlh->nlmsg_seq <= b->last);
	int err;

	if (nlh->nlmsg_type != NLMSG_ERROR || !ours ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(struct nlmsgerr))
		return;
	err = answer_errno(nlh);
	if (err < 0)
		batch_refused(b, nlh, err);
	else if (nlh->nlmsg_seq == b->end || nlh->nlmsg_seq == b->last)
		b->confirmed = true;
}

/* Reads until nothing waits: the kernel answered before sendmsg() returned. */
static int batch_receive(struct nfnl *n, struct batch *b)
{
	for (;;) {
		ssize_t got = receive(n, MSG_DONTWAIT);
		int left = (int)got;

		if (got == -EAGAIN)
			break;
		if (got == -ENOBUFS)
			b->lost = true;
		else if (got < 0)
			return (int)got;
		for (const struct nlmsghdr *nlh = (const struct nlmsghdr *)n->buf;
		     got >= 0 && mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
			batch_message(b, nlh);
	}
	if (b->restart)
		return -ERESTART;
	if (b->first)
		return b->first;
	return b->lost || !b->confirmed ? -ENOBUFS : 0;
}

/* The offset of the last message, or -EINVAL if `buf` is not `nmsgs` messages in order. */
static ssize_t batch_last(const char *buf, size_t len, size_t nmsgs)
{
	size_t at = 0, last = 0, count = 0;
	struct nlmsghdr h;

	while (len - at >= sizeof(h)) {
		memcpy(&h, buf + at, sizeof(h));
		if (h.nlmsg_len < sizeof(h) + sizeof(struct nfgenmsg) ||
		    MNL_ALIGN((size_t)h.nlmsg_len) > len - at || h.nlmsg_seq != ++count)
			return -EINVAL;
		last = at;
		at += MNL_ALIGN((size_t)h.nlmsg_len);
	}
	return at == len && count == nmsgs && count < SEQ_REQUEST ? (ssize_t)last : -EINVAL;
}

struct frame {
	char begin[64] __attribute__((aligned(8)));
	char end[64] __attribute__((aligned(8)));
	struct nlmsghdr last; /* the last message's header, with NLM_F_ACK */
};

static size_t frame_begin(struct frame *f, uint32_t seq, uint32_t genid)
{
	struct nlmsghdr *nlh = put_header(f->begin, NFNL_MSG_BATCH_BEGIN, NLM_F_REQUEST, seq,
					  AF_UNSPEC, NFNL_SUBSYS_NFTABLES);

	if (genid)
		mnl_attr_put_u32(nlh, NFNL_BATCH_GENID, htonl(genid));
	return nlh->nlmsg_len;
}

static size_t frame_end(struct frame *f, uint32_t seq)
{
	return put_header(f->end, NFNL_MSG_BATCH_END, NLM_F_REQUEST | NLM_F_ACK, seq,
			  AF_UNSPEC, NFNL_SUBSYS_NFTABLES)->nlmsg_len;
}

/* The caller's messages as three pieces, so that the last one asks for an ack. */
static size_t frame_messages(struct frame *f, struct iovec *iov, const char *buf,
			     size_t len, size_t last)
{
	size_t head = sizeof(f->last);

	if (len == 0)
		return 0;
	memcpy(&f->last, buf + last, head);
	f->last.nlmsg_flags |= NLM_F_ACK;
	iov[0] = (struct iovec){ .iov_base = (void *)(uintptr_t)buf, .iov_len = last };
	iov[1] = (struct iovec){ .iov_base = &f->last, .iov_len = head };
	iov[2] = (struct iovec){ .iov_base = (void *)(uintptr_t)(buf + last + head),
				 .iov_len = len - last - head };
	return 3;
}

static int batch_transmit(struct nfnl *n, const struct batch *b, const char *buf, size_t len,
			  size_t last, bool commit, uint32_t genid, size_t *bytes)
{
	struct iovec iov[5];
	struct frame f;
	size_t count = 1;

	iov[0] = (struct iovec){ .iov_base = f.begin, .iov_len = frame_begin(&f, b->begin, genid) };
	count += frame_messages(&f, &iov[count], buf, len, last);
	if (commit)
		iov[count++] = (struct iovec){ .iov_base = f.end,
					       .iov_len = frame_end(&f, b->end) };
	for (size_t i = 0; i < count; i++)
		*bytes += iov[i].iov_len;
	send_buffer_grow(n, *bytes + SEND_OVERHEAD);
	drain(n);
	return send_iov(n, iov, count);
}

int nfnl_batch_send(struct nfnl *n, const void *buf, size_t len, bool commit,
		    uint32_t genid, size_t nmsgs, struct nfnl_error *errors,
		    size_t max_errors, size_t *nerrors, struct nfnl_stats *stats)
{
	uint32_t id = ++n->seq & SEQ_MASK;
	struct batch b = {
		.begin = SEQ_BEGIN | id, .end = SEQ_END | id, .last = (uint32_t)nmsgs,
		.errors = errors, .max_errors = max_errors,
	};
	ssize_t last = batch_last(buf, len, nmsgs);
	size_t bytes = 0;
	int r;

	*nerrors = 0;
	if (last < 0)
		return (int)last;
	r = batch_transmit(n, &b, buf, len, (size_t)last, commit, genid, &bytes);
	if (r < 0)
		return r;
	if (stats)
		*stats = (struct nfnl_stats){ .messages = nmsgs, .bytes = bytes };
	b.confirmed = nmsgs == 0; /* nobody was asked */
	r = batch_receive(n, &b);
	*nerrors = r == -ERESTART ? 0 : b.nerrors;
	n->commits += commit && r == 0 && nmsgs > 0;
	return r;
}
