/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/route.h"
#include "netlink/socket.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

/* Takes the type of the route that the host would use. */
static int route_cb(const struct nlmsghdr *nlh, void *arg)
{
	const struct rtmsg *m = mnl_nlmsg_get_payload(nlh);
	int *usable = arg;

	if (nlh->nlmsg_type == RTM_NEWROUTE && mnl_nlmsg_get_payload_len(nlh) >= sizeof(*m))
		*usable = m->rtm_type == RTN_UNICAST || m->rtm_type == RTN_LOCAL;
	return 0;
}

int route_exists(struct netlink *s, uint8_t family, const uint8_t *addr)
{
	char buf[128] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct rtmsg *m = mnl_nlmsg_put_extra_header(nlh, sizeof(*m));
	size_t len = family == AF_INET6 ? 16 : 4;
	int usable = 0, r;

	nlh->nlmsg_type = RTM_GETROUTE;
	m->rtm_family = family;
	m->rtm_dst_len = (unsigned char)(len * 8);
	mnl_attr_put(nlh, RTA_DST, len, addr);
	r = netlink_talk(s, nlh, NLM_F_ACK, route_cb, &usable);
	/* what routes of the types unreachable, prohibit and blackhole answer */
	if (r == -ENETUNREACH || r == -EHOSTUNREACH || r == -EACCES || r == -EINVAL)
		return 0;
	return r < 0 ? r : usable;
}
