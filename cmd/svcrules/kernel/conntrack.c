/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/conntrack.h"
#include "netlink/nfnetlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tcp.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#define DUMP_TRIES 5
/*
 * CTA_FILTER_ORIG_FLAGS: compare the protocol number. Not in the exported
 * headers; net/netfilter/nf_internals.h since Linux 5.8, host byte order.
 */
#define FILTER_PROTO_NUM (1u << 3)
#define DELETE_MAX 256          /* bytes of one message; an IPv6 tuple takes 76, an id 8 */
#define DELETE_ROOM (32u << 10) /* bytes of messages that are sent at once */

/* A clean-up that goes on: the table is read from one socket, entries are deleted on another. */
struct ct_job {
	const struct ct_clean *clean;
	struct netlink *reading, *deleting;
	uint8_t protocol; /* that the kernel was asked for */
	bool unfiltered;  /* it sends other protocols, too */
	bool zoneless;    /* it has no zones */
	size_t deleted;
	/* messages that delete entries, not yet sent */
	size_t len, count;
	size_t refused;
	int err; /* of the deletions */
	char messages[DELETE_ROOM] __attribute__((aligned(8)));
};

static const struct nlattr *ct_nested(const struct nlattr *nest, uint16_t type)
{
	const struct nlattr *a;

	if (nest)
		mnl_attr_for_each_nested(a, nest)
			if (mnl_attr_get_type(a) == type)
				return a;
	return NULL;
}

static bool ct_copy_exact(const struct nlattr *a, void *to, size_t size)
{
	if (!a || mnl_attr_get_payload_len(a) != size)
		return false;
	memcpy(to, mnl_attr_get_payload(a), size);
	return true;
}

static bool ct_port(const struct nlattr *proto, uint16_t type, uint16_t *port)
{
	uint16_t be;

	if (!ct_copy_exact(ct_nested(proto, type), &be, sizeof(be)))
		return false;
	*port = ntohs(be);
	return true;
}

static bool ct_address(uint8_t family, const struct nlattr *tuple, bool src, uint8_t *addr)
{
	const struct nlattr *ip = ct_nested(tuple, CTA_TUPLE_IP);

	if (family == AF_INET)
		return ct_copy_exact(ct_nested(ip, src ? CTA_IP_V4_SRC : CTA_IP_V4_DST), addr, 4);
	return ct_copy_exact(ct_nested(ip, src ? CTA_IP_V6_SRC : CTA_IP_V6_DST), addr, 16);
}

static bool ct_wanted(const struct ct_clean *c, uint8_t protocol)
{
	return (protocol == IPPROTO_UDP && c->udp) || (protocol == IPPROTO_SCTP && c->sctp) ||
	       (protocol == IPPROTO_TCP && c->tcp);
}

struct ct_attributes {
	const struct nlattr *orig, *reply, *zone, *id, *status, *state;
};

/* True if the entry, or one of its directions, is in another zone than the default. */
static bool ct_other_zone(const struct ct_attributes *at)
{
	const struct nlattr *zones[] = { at->zone, ct_nested(at->orig, CTA_TUPLE_ZONE),
					 ct_nested(at->reply, CTA_TUPLE_ZONE) };
	uint16_t zone;

	for (size_t i = 0; i < sizeof(zones) / sizeof(zones[0]); i++)
		if (zones[i] && (!ct_copy_exact(zones[i], &zone, sizeof(zone)) || zone != 0))
			return true;
	return false;
}

static bool ct_flow_read(uint8_t family, const struct ct_attributes *at, struct ct_flow *f)
{
	const struct nlattr *op = ct_nested(at->orig, CTA_TUPLE_PROTO);
	const struct nlattr *rp = ct_nested(at->reply, CTA_TUPLE_PROTO);
	const struct nlattr *tcp = ct_nested(at->state, CTA_PROTOINFO_TCP);
	uint32_t status;
	uint8_t state;

	*f = (struct ct_flow){ .family = family };
	f->by_nat = ct_copy_exact(at->status, &status, sizeof(status)) &&
		    (ntohl(status) & IPS_DST_NAT);
	f->opening = ct_copy_exact(ct_nested(tcp, CTA_PROTOINFO_TCP_STATE), &state,
				   sizeof(state)) &&
		     state == TCP_CONNTRACK_SYN_SENT;
	return ct_copy_exact(ct_nested(op, CTA_PROTO_NUM), &f->protocol, sizeof(f->protocol)) &&
	       ct_address(family, at->orig, true, f->orig_src) &&
	       ct_address(family, at->orig, false, f->orig_dst) &&
	       ct_address(family, at->reply, true, f->reply_src) &&
	       ct_port(op, CTA_PROTO_SRC_PORT, &f->orig_sport) &&
	       ct_port(op, CTA_PROTO_DST_PORT, &f->orig_dport) &&
	       ct_port(rp, CTA_PROTO_SRC_PORT, &f->reply_sport);
}

/* ---- Deleting ------------------------------------------------------------ */

static void ct_delete_refused(uint32_t seq, int err, void *arg)
{
	struct ct_job *j = arg;

	(void)seq;
	j->refused++;
	if (err != -ENOENT && !j->err) /* -ENOENT: it expired */
		j->err = err;
}

/* Sends the deletions that wait. */
static int ct_delete_send(struct ct_job *j)
{
	int r = j->err;

	j->refused = 0;
	if (r == 0 && j->count)
		r = netlink_batch(j->deleting, j->messages, j->len, j->count, ct_delete_refused, j);
	if (r == 0)
		j->deleted += j->count - j->refused;
	j->len = j->count = 0;
	return r ? r : j->err;
}

static bool ct_delete_put(struct nlmsghdr *nlh, const struct nlattr *a)
{
	size_t size = a ? MNL_ALIGN((size_t)a->nla_len) : 0;

	if (nlh->nlmsg_len + size > DELETE_MAX)
		return false;
	if (a)
		memcpy(mnl_nlmsg_get_payload_tail(nlh), a, a->nla_len);
	nlh->nlmsg_len += (uint32_t)size;
	return true;
}

/* With the tuple and the id as the kernel sent them: without a tuple all entries would go. */
static int ct_delete_add(struct ct_job *j, const struct ct_attributes *at)
{
	struct nlmsghdr *nlh;
	int r = 0;

	if (sizeof(j->messages) - j->len < DELETE_MAX)
		r = ct_delete_send(j);
	if (r < 0)
		return r;
	memset(j->messages + j->len, 0, DELETE_MAX);
	nlh = nfnetlink_header(j->messages + j->len,
			       NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE, NLM_F_REQUEST,
			       (uint32_t)j->count + 1, j->clean->family, 0);
	if (!at->orig || !ct_delete_put(nlh, at->orig) || !ct_delete_put(nlh, at->id))
		return -EMSGSIZE;
	j->len += MNL_ALIGN((size_t)nlh->nlmsg_len);
	j->count++;
	return 0;
}

/* ---- Reading ------------------------------------------------------------- */

static void ct_attributes_read(const struct nlmsghdr *nlh, struct ct_attributes *at)
{
	const struct nlattr *a;

	*at = (struct ct_attributes){ .orig = NULL };
	mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg)) {
		switch (mnl_attr_get_type(a)) {
		case CTA_TUPLE_ORIG: at->orig = a; break;
		case CTA_TUPLE_REPLY: at->reply = a; break;
		case CTA_ZONE: at->zone = a; break;
		case CTA_ID: at->id = a; break;
		case CTA_STATUS: at->status = a; break;
		case CTA_PROTOINFO: at->state = a; break;
		}
	}
}

static int ct_entry_cb(const struct nlmsghdr *nlh, void *arg)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	struct ct_attributes at;
	struct ct_job *j = arg;
	struct ct_flow f;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*nfg) || nfg->nfgen_family != j->clean->family)
		return 0;
	ct_attributes_read(nlh, &at);
	if (!ct_flow_read(j->clean->family, &at, &f))
		return 0;
	j->unfiltered = j->unfiltered || f.protocol != j->protocol;
	if (!ct_wanted(j->clean, f.protocol) || ct_other_zone(&at) ||
	    !j->clean->stale(&f, j->clean->arg))
		return 0;
	if (!j->clean->would)
		return ct_delete_add(j, &at);
	j->clean->would(&f, j->clean->arg);
	j->deleted++;
	return 0;
}

static int ct_fill(struct nlmsghdr *nlh, void *arg)
{
	const struct ct_job *j = arg;
	struct nlattr *filter, *tuple, *proto;

	filter = mnl_attr_nest_start(nlh, CTA_FILTER);
	mnl_attr_put_u32(nlh, CTA_FILTER_ORIG_FLAGS, FILTER_PROTO_NUM);
	mnl_attr_nest_end(nlh, filter);
	tuple = mnl_attr_nest_start(nlh, CTA_TUPLE_ORIG);
	proto = mnl_attr_nest_start(nlh, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(nlh, CTA_PROTO_NUM, j->protocol);
	mnl_attr_nest_end(nlh, proto);
	mnl_attr_nest_end(nlh, tuple);
	if (!j->zoneless)
		mnl_attr_put_u16(nlh, CTA_ZONE, 0);
	if (j->protocol == IPPROTO_TCP) { /* neither of these bits */
		mnl_attr_put_u32(nlh, CTA_STATUS, 0);
		mnl_attr_put_u32(nlh, CTA_STATUS_MASK, htonl(IPS_SEEN_REPLY | IPS_DST_NAT));
	}
	return 0;
}

static int ct_dump(struct ct_job *j, nfnetlink_fill_fn fill)
{
	int r = -EINTR;

	for (int i = 0; i < DUMP_TRIES && r == -EINTR; i++) {
		r = nfnetlink_talk(j->reading, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET,
				   NLM_F_DUMP, j->clean->family, fill, j, ct_entry_cb, j);
		if (r == 0 || r == -EINTR) {
			int err = ct_delete_send(j);

			r = err ? err : r;
		}
	}
	return r;
}

/* One protocol, or all of them if the kernel does not filter. */
static int ct_dump_protocol(struct ct_job *j)
{
	int r = ct_dump(j, ct_fill);

	if (r == -EOPNOTSUPP && !j->zoneless) {
		j->zoneless = true;
		r = ct_dump(j, ct_fill);
	}
	if (r != -EOPNOTSUPP && r != -EINVAL)
		return r;
	j->unfiltered = true;
	r = ct_dump(j, NULL);
	return r == -EINVAL ? -EOPNOTSUPP : r; /* nfnetlink: no such subsystem */
}

static int ct_dump_all(struct ct_job *j)
{
	static const uint8_t protocols[] = { IPPROTO_UDP, IPPROTO_SCTP, IPPROTO_TCP };
	int r = 0;

	for (size_t i = 0; i < sizeof(protocols) && r == 0 && !j->unfiltered; i++) {
		j->protocol = protocols[i];
		if (ct_wanted(j->clean, protocols[i]))
			r = ct_dump_protocol(j);
	}
	return r;
}

int conntrack_clean(const struct ct_clean *c, size_t *ndeleted)
{
	struct ct_job *j = calloc(1, sizeof(*j));
	int r = j ? 0 : -ENOMEM;

	*ndeleted = 0;
	if (!j)
		return r;
	j->clean = c;
	j->reading = netlink_open(NETLINK_NETFILTER, &r);
	if (j->reading)
		j->deleting = netlink_open(NETLINK_NETFILTER, &r);
	if (j->deleting)
		r = ct_dump_all(j);
	*ndeleted = j->deleted;
	netlink_close(j->reading);
	netlink_close(j->deleting);
	free(j);
	return r;
}
