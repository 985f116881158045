/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/conntrack.h"
#include "netlink/nfnetlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <netinet/in.h>


#define DUMP_TRIES 5
/*
 * CTA_FILTER_ORIG_FLAGS: compare the protocol number. Not in the exported
 * headers; net/netfilter/nf_internals.h since Linux 5.8, host byte order.
 */
#define FILTER_PROTO_NUM (1u << 3)
#define DELETE_ATTRS 256 /* bytes; an IPv6 tuple takes 76, zone and id 8 each */

/* An entry to delete, with its attributes as the kernel sent them. */
struct ct_entry {
	struct ct_flow flow;
	uint16_t len;
	char attrs[DELETE_ATTRS];
};

struct ct_clean {
	uint8_t family;
	bool (*stale)(const struct ct_flow *, void *arg);
	void *arg;
	struct ct_entry *entries;
	size_t count, room;
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

static bool ct_flow_read(uint8_t family, const struct nlattr *orig, const struct nlattr *reply,
			 struct ct_flow *f)
{
	const struct nlattr *op = ct_nested(orig, CTA_TUPLE_PROTO);
	const struct nlattr *rp = ct_nested(reply, CTA_TUPLE_PROTO);
	uint8_t num;

	*f = (struct ct_flow){ .family = family };
	return ct_copy_exact(ct_nested(op, CTA_PROTO_NUM), &num, sizeof(num)) &&
	       num == IPPROTO_UDP && ct_address(family, orig, true, f->orig_src) &&
	       ct_address(family, orig, false, f->orig_dst) &&
	       ct_address(family, reply, true, f->reply_src) &&
	       ct_port(op, CTA_PROTO_SRC_PORT, &f->orig_sport) &&
	       ct_port(op, CTA_PROTO_DST_PORT, &f->orig_dport) &&
	       ct_port(rp, CTA_PROTO_SRC_PORT, &f->reply_sport);
}

static int ct_entry_append(struct ct_clean *c, const struct ct_flow *f)
{
	if (c->count == c->room) {
		size_t room = c->room ? c->room * 2 : 64, bytes;
		struct ct_entry *p;

		if (__builtin_mul_overflow(room, sizeof(*p), &bytes))
			return -ENOMEM;
		p = realloc(c->entries, bytes);
		if (!p)
			return -ENOMEM;
		c->entries = p;
		c->room = room;
	}
	c->entries[c->count].flow = *f;
	c->entries[c->count].len = 0;
	return 0;
}

static int ct_entry_copy(struct ct_entry *e, const struct nlattr *a)
{
	size_t size = a ? MNL_ALIGN((size_t)a->nla_len) : 0;

	if (size > sizeof(e->attrs) - e->len)
		return -EMSGSIZE;
	if (!a)
		return 0;
	memset(e->attrs + e->len, 0, size);
	memcpy(e->attrs + e->len, a, a->nla_len);
	e->len = (uint16_t)(e->len + size);
	return 0;
}

struct ct_attributes {
	const struct nlattr *orig, *reply, *zone, *id, *status;
};

static int ct_entry_keep(struct ct_clean *c, const struct ct_flow *f,
			 const struct ct_attributes *at)
{
	int r = ct_entry_append(c, f);

	if (r == 0)
		r = ct_entry_copy(&c->entries[c->count], at->orig);
	if (r == 0)
		r = ct_entry_copy(&c->entries[c->count], at->zone);
	if (r == 0)
		r = ct_entry_copy(&c->entries[c->count], at->id);
	if (r == 0)
		c->count++;
	return r;
}

static int ct_entry_cb(const struct nlmsghdr *nlh, void *arg)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	struct ct_attributes at = { 0 };
	struct ct_clean *c = arg;
	const struct nlattr *a;
	struct ct_flow f;
	uint32_t status;

	if (mnl_nlmsg_get_payload_len(nlh) < sizeof(*nfg) || nfg->nfgen_family != c->family)
		return 0;
	mnl_attr_for_each(a, nlh, sizeof(*nfg)) {
		switch (mnl_attr_get_type(a)) {
		case CTA_TUPLE_ORIG: at.orig = a; break;
		case CTA_TUPLE_REPLY: at.reply = a; break;
		case CTA_ZONE: at.zone = a; break;
		case CTA_ID: at.id = a; break;
		case CTA_STATUS: at.status = a; break;
		}
	}
	if (!ct_flow_read(c->family, at.orig, at.reply, &f))
		return 0;
	f.translated = ct_copy_exact(at.status, &status, sizeof(status)) &&
		       (ntohl(status) & IPS_DST_NAT);
	if (!c->stale(&f, c->arg))
		return 0;
	return ct_entry_keep(c, &f, &at);
}

static int conntrack_fill_udp(struct nlmsghdr *nlh, void *arg)
{
	struct nlattr *filter, *tuple, *proto;

	(void)arg;
	filter = mnl_attr_nest_start(nlh, CTA_FILTER);
	mnl_attr_put_u32(nlh, CTA_FILTER_ORIG_FLAGS, FILTER_PROTO_NUM);
	mnl_attr_nest_end(nlh, filter);
	tuple = mnl_attr_nest_start(nlh, CTA_TUPLE_ORIG);
	proto = mnl_attr_nest_start(nlh, CTA_TUPLE_PROTO);
	mnl_attr_put_u8(nlh, CTA_PROTO_NUM, IPPROTO_UDP);
	mnl_attr_nest_end(nlh, proto);
	mnl_attr_nest_end(nlh, tuple);
	return 0;
}

static int conntrack_dump(struct netlink *n, struct ct_clean *c, nfnetlink_fill_fn fill)
{
	int r = -EINTR;

	for (int i = 0; i < DUMP_TRIES && r == -EINTR; i++) {
		c->count = 0;
		r = nfnetlink_talk(n, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_GET, NLM_F_DUMP,
				   c->family, fill, NULL, ct_entry_cb, c);
	}
	return r;
}

static int conntrack_dump_stale(struct netlink *n, struct ct_clean *c)
{
	int r = conntrack_dump(n, c, conntrack_fill_udp);

	if (r != -EOPNOTSUPP && r != -EINVAL)
		return r;
	r = conntrack_dump(n, c, NULL);
	return r == -EINVAL ? -EOPNOTSUPP : r; /* nfnetlink: no such subsystem */
}

static int conntrack_fill_entry(struct nlmsghdr *nlh, void *arg)
{
	const struct ct_entry *e = arg;

	/* A deletion without a tuple would flush the table. */
	if (e->len == 0)
		return -EINVAL;
	memcpy(mnl_nlmsg_get_payload_tail(nlh), e->attrs, e->len);
	nlh->nlmsg_len += e->len;
	return 0;
}

/* Returns 1 if the entry was deleted, 0 if it was gone before, or a negative errno. */
static int ct_entry_delete(struct netlink *n, struct ct_entry *e)
{
	int r = nfnetlink_talk(n, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE, NLM_F_ACK,
			       e->flow.family, conntrack_fill_entry, e, NULL, NULL);

	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : 1;
}

int conntrack_clean_udp(uint8_t family, bool (*stale)(const struct ct_flow *, void *arg), void *arg,
			bool dry_run, void (*report)(const struct ct_flow *, void *),
			void *report_arg, size_t *ndeleted)
{
	struct ct_clean c = { .family = family, .stale = stale, .arg = arg };
	struct netlink *n;
	int r = 0, gone;

	*ndeleted = 0;
	n = netlink_open(NETLINK_NETFILTER, &r);
	if (!n)
		return r;
	r = conntrack_dump_stale(n, &c);
	for (size_t i = 0; i < c.count && r == 0; i++) {
		gone = dry_run ? 1 : ct_entry_delete(n, &c.entries[i]);
		if (gone < 0)
			r = gone;
		if (gone != 1)
			continue;
		++*ndeleted;
		if (report)
			report(&c.entries[i].flow, report_arg);
	}
	free(c.entries);
	netlink_close(n);
	return r;
}
