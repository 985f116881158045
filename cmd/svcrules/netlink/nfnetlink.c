/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netlink/nfnetlink.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdbool.h>

struct nlmsghdr *nfnetlink_header(void *buf, uint16_t type, uint16_t flags, uint32_t seq,
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

/* A dump of nf_tables, whose messages carry the generation. */
struct generation_check {
	netlink_cb_fn cb;
	void *arg;
	int result; /* of `cb` */
	bool any;   /* `generation` is set */
	bool moved;
	uint16_t generation;
};

/*
 * The kernel does not flag dumps of set elements when a commit comes in between
 * (Linux 6.18), but each message has the low half of the generation in res_id.
 */
static int generation_check_cb(const struct nlmsghdr *nlh, void *arg)
{
	const struct nfgenmsg *nfg = mnl_nlmsg_get_payload(nlh);
	struct generation_check *c = arg;

	if (mnl_nlmsg_get_payload_len(nlh) >= sizeof(*nfg)) {
		if (c->any && c->generation != nfg->res_id)
			c->moved = true;
		c->generation = nfg->res_id;
		c->any = true;
	}
	if (c->cb && c->result >= 0)
		c->result = c->cb(nlh, c->arg);
	return 0; /* the other messages are checked even if `cb` failed */
}

int nfnetlink_send(struct netlink *s, const struct nlmsghdr *request, uint16_t flags,
		   netlink_cb_fn cb, void *arg)
{
	bool check = request->nlmsg_type >> 8 == NFNL_SUBSYS_NFTABLES && (flags & NLM_F_DUMP);
	struct generation_check c = { .cb = cb, .arg = arg };
	int r;

	if (!check)
		return netlink_talk(s, request, flags, cb, arg);
	r = netlink_talk(s, request, flags, generation_check_cb, &c);
	if (r < 0)
		return r;
	if (c.moved)
		return -EINTR;
	return c.result < 0 ? c.result : 0;
}

int nfnetlink_talk(struct netlink *s, uint16_t type, uint16_t flags, uint8_t family,
		   nfnetlink_fill_fn fill, void *fill_arg, netlink_cb_fn cb, void *arg)
{
	char buf[NFNETLINK_REQUEST_SIZE] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = nfnetlink_header(buf, type, NLM_F_REQUEST, 0, family, 0);
	int r = fill ? fill(nlh, fill_arg) : 0;

	return r < 0 ? r : nfnetlink_send(s, nlh, flags, cb, arg);
}

int nfnetlink_dump(struct netlink *s, uint16_t nft_msg_type, uint8_t family, nfnetlink_fill_fn fill,
		   void *fill_arg, netlink_cb_fn cb, void *arg)
{
	return nfnetlink_talk(s, NFNL_SUBSYS_NFTABLES << 8 | nft_msg_type, NLM_F_DUMP, family, fill,
			      fill_arg, cb, arg);
}

int nfnetlink_request(struct netlink *s, uint16_t nft_msg_type, uint8_t family,
		      nfnetlink_fill_fn fill, void *fill_arg, netlink_cb_fn cb, void *arg)
{
	return nfnetlink_talk(s, NFNL_SUBSYS_NFTABLES << 8 | nft_msg_type, NLM_F_ACK, family, fill,
			      fill_arg, cb, arg);
}

static int nfnetlink_fill_table(struct nlmsghdr *nlh, void *arg)
{
	const char *const *name = arg;
	bool fits = mnl_attr_put_strz_check(nlh, NFNETLINK_REQUEST_SIZE, NFTA_TABLE_NAME, *name);

	return fits ? 0 : -EMSGSIZE;
}

int nfnetlink_table(struct netlink *s, uint8_t family, const char *name, netlink_cb_fn cb,
		    void *arg)
{
	return nfnetlink_request(s, NFT_MSG_GETTABLE, family, nfnetlink_fill_table, &name, cb, arg);
}
