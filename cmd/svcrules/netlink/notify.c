/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "netlink/notify.h"
#include "netlink/socket_internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <poll.h>
#include <sys/socket.h>

#define NOTIFY_WAIT_MS 1000

struct netlink *notify_open(int *err)
{
	struct netlink *s = netlink_open(NETLINK_NETFILTER, err);
	int group = NFNLGRP_NFTABLES;

	if (!s ||
	    mnl_socket_setsockopt(s->sock, NETLINK_ADD_MEMBERSHIP, &group, sizeof(group)) == 0)
		return s;
	*err = -errno;
	netlink_close(s);
	return NULL;
}

void notify_discard(struct netlink *s)
{
	ssize_t got;

	do
		got = netlink_receive(s);
	while (got >= 0 || got == -ENOBUFS);
}

/* The generation that a message tells; 0: none. */
static uint32_t notify_generation(const struct nlmsghdr *nlh)
{
	const struct nlattr *a;

	if (nlh->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN))
		return 0;
	mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(a) == NFTA_GEN_ID &&
		    mnl_attr_get_payload_len(a) == sizeof(uint32_t))
			return ntohl(mnl_attr_get_u32(a));
	return 0;
}

/* True if the generation `a` was made before `b`; they count up and wrap. */
static bool notify_before(uint32_t a, uint32_t b)
{
	return (int32_t)(a - b) < 0;
}

/* One datagram, which waits. True if it tells the generation or a later one. */
static bool notify_take(struct netlink *s, ssize_t got, uint32_t generation, netlink_cb_fn cb,
			void *arg)
{
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)s->buf;
	bool made = false;

	for (int left = (int)got; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		uint32_t g = notify_generation(nlh);

		made |= g && !notify_before(g, generation);
		cb(nlh, arg);
	}
	return made;
}

int notify_read(struct netlink *s, uint32_t generation, netlink_cb_fn cb, void *arg)
{
	struct pollfd p = { .fd = s->fd, .events = POLLIN };
	bool made = false;

	while (!made) {
		ssize_t got = netlink_receive(s);
		int ready = 1;

		if (got == -EAGAIN)
			ready = poll(&p, 1, NOTIFY_WAIT_MS);
		else if (got < 0)
			return (int)got;
		else
			made = notify_take(s, got, generation, cb, arg);
		if (ready == 0)
			return -ETIMEDOUT;
		if (ready < 0 && errno != EINTR)
			return -errno;
	}
	return 0;
}
