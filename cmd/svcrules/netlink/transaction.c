/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netlink/transaction.h"
#include "netlink/nfnetlink.h"
#include "netlink/socket_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <sys/socket.h>

#define SEND_OVERHEAD 64 /* netlink_sendmsg() needs 32 bytes more than the datagram */

/* Sequence numbers of the frame: beyond those of messages and requests. */
#define SEQ_BEGIN 0x80000000u
#define SEQ_END 0xc0000000u

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

int transaction_genid(struct netlink *s, uint32_t *genid)
{
	uint32_t id = 0;
	int r = nfnetlink_request(s, NFT_MSG_GETGEN, AF_UNSPEC, NULL, NULL, genid_cb, &id);

	if (r < 0)
		return r;
	if (id == 0)
		return -EPROTO;
	*genid = id;
	return 0;
}

size_t transaction_commits(const struct netlink *s)
{
	return s->commits;
}

struct transaction {
	uint32_t begin, end, last; /* sequence numbers */
	struct transaction_error *errors;
	size_t max_errors, nerrors;
	int first;      /* refusal of any message */
	bool restart;   /* the generation moved */
	bool lost;      /* some answers */
	bool confirmed; /* by an ack of the last message or of the end */
};

/*
 * Reads the kernel's words and the offset. They follow the error and, unless
 * that is capped, the message.
 */
static void transaction_error_words(const struct nlmsghdr *nlh, struct transaction_error *e)
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

static void transaction_refused(struct transaction *t, const struct nlmsghdr *nlh, int err)
{
	struct transaction_error *e;

	if (nlh->nlmsg_seq == t->begin && err == -ERESTART)
		t->restart = true;
	if (!t->first)
		t->first = err;
	if (t->nerrors == t->max_errors)
		return;
	e = &t->errors[t->nerrors++];
	*e = (struct transaction_error){ .err = err };
	e->seq = nlh->nlmsg_seq >= SEQ_BEGIN ? 0 : nlh->nlmsg_seq;
	transaction_error_words(nlh, e);
}

static void transaction_message(struct transaction *t, const struct nlmsghdr *nlh)
{
	bool ours = nlh->nlmsg_seq == t->begin || nlh->nlmsg_seq == t->end ||
		    (nlh->nlmsg_seq > 0 && nlh->nlmsg_seq <= t->last);
	int err;

	if (nlh->nlmsg_type != NLMSG_ERROR || !ours ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(struct nlmsgerr))
		return;
	err = netlink_answer_errno(nlh);
	if (err < 0)
		transaction_refused(t, nlh, err);
	else if (nlh->nlmsg_seq == t->end || nlh->nlmsg_seq == t->last)
		t->confirmed = true;
}

/* Reads until nothing waits: the kernel answered before sendmsg() returned. */
static int transaction_receive(struct netlink *s, struct transaction *t)
{
	for (;;) {
		ssize_t got = netlink_receive(s);
		int left = (int)got;

		if (got == -EAGAIN)
			break;
		if (got == -ENOBUFS)
			t->lost = true;
		else if (got < 0)
			return (int)got;
		for (const struct nlmsghdr *nlh = (const struct nlmsghdr *)s->buf;
		     got >= 0 && mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left))
			transaction_message(t, nlh);
	}
	s->unfinished = false;
	if (t->restart)
		return -ERESTART;
	if (t->first)
		return t->first;
	return t->lost || !t->confirmed ? -ENOBUFS : 0;
}

struct frame {
	char begin[64] __attribute__((aligned(8)));
	char end[64] __attribute__((aligned(8)));
	struct nlmsghdr last; /* the last message's header, with NLM_F_ACK */
};

static size_t frame_begin(struct frame *f, uint32_t seq, uint32_t genid)
{
	struct nlmsghdr *nlh = nfnetlink_header(f->begin, NFNL_MSG_BATCH_BEGIN, NLM_F_REQUEST, seq,
						AF_UNSPEC, NFNL_SUBSYS_NFTABLES);

	if (genid)
		mnl_attr_put_u32(nlh, NFNL_BATCH_GENID, htonl(genid));
	return nlh->nlmsg_len;
}

static size_t frame_end(struct frame *f, uint32_t seq)
{
	return nfnetlink_header(f->end, NFNL_MSG_BATCH_END, NLM_F_REQUEST | NLM_F_ACK, seq,
				AF_UNSPEC, NFNL_SUBSYS_NFTABLES)
		->nlmsg_len;
}

/* The caller's messages as three pieces, so that the last message asks for an ack. */
static size_t frame_messages(struct frame *f, struct iovec *iov, const char *buf, size_t len,
			     size_t last)
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

/* Sends the messages in their frame; without the end the kernel validates and commits nothing. */
static int frame_send(struct netlink *s, const struct transaction *t, const char *buf, size_t len,
		      size_t last, bool commit, uint32_t genid, size_t *bytes)
{
	struct iovec iov[5];
	struct frame f;
	size_t count = 1;

	iov[0] = (struct iovec){ .iov_base = f.begin, .iov_len = frame_begin(&f, t->begin, genid) };
	count += frame_messages(&f, &iov[count], buf, len, last);
	if (commit)
		iov[count++] = (struct iovec){ .iov_base = f.end,
					       .iov_len = frame_end(&f, t->end) };
	for (size_t i = 0; i < count; i++)
		*bytes += iov[i].iov_len;
	netlink_send_buffer(s, *bytes + SEND_OVERHEAD);
	return netlink_send(s, iov, count);
}

int transaction_send(struct netlink *s, const void *buf, size_t len, bool commit, uint32_t genid,
		     size_t nmsgs, struct transaction_error *errors, size_t max_errors,
		     size_t *nerrors, struct transaction_stats *stats)
{
	const size_t least = sizeof(struct nlmsghdr) + sizeof(struct nfgenmsg);
	uint32_t id = netlink_sequence(s);
	struct transaction t = {
		.begin = SEQ_BEGIN | id,
		.end = SEQ_END | id,
		.last = (uint32_t)nmsgs,
		.errors = errors,
		.max_errors = max_errors,
	};
	size_t bytes = 0, last;
	int r;

	*nerrors = 0;
	if (!netlink_well_formed(buf, len, nmsgs, least, &last))
		return -EINVAL;
	r = frame_send(s, &t, buf, len, last, commit, genid, &bytes);
	if (r < 0)
		return r;
	if (stats)
		*stats = (struct transaction_stats){ .messages = nmsgs, .bytes = bytes };
	t.confirmed = nmsgs == 0; /* then no message asked for an ack */
	r = transaction_receive(s, &t);
	*nerrors = r == -ERESTART ? 0 : t.nerrors;
	s->commits += commit && r == 0 && nmsgs > 0;
	return r;
}
