/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tunnels to other nodes whose packets do not fit into those of the interface below. */
#include "doctor/doctor.h"
#include "doctor/links.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a tunnel adds to a packet over IPv4, in bytes. */
static const struct {
	const char *kind;
	uint32_t bytes;
} tunnels[] = { { "vxlan", 50 }, { "geneve", 50 }, { "ipip", 20 },
		{ "gre", 24 },   { "sit", 20 },    { "wireguard", 60 } };

static void read_info(const struct nlattr *info, struct link *l)
{
	const struct nlattr *a, *data = NULL;

	mnl_attr_for_each_nested(a, info) {
		if (mnl_attr_get_type(a) == IFLA_INFO_KIND)
			snprintf(l->kind, sizeof(l->kind), "%.*s", (int)mnl_attr_get_payload_len(a),
				 mnl_attr_get_str(a));
		if (mnl_attr_get_type(a) == IFLA_INFO_DATA)
			data = a;
	}
	if (!data || strcmp(l->kind, "vxlan") != 0)
		return;
	mnl_attr_for_each_nested(a, data)
		if (mnl_attr_get_type(a) == IFLA_VXLAN_LINK &&
		    mnl_attr_get_payload_len(a) == sizeof(uint32_t))
			l->below = mnl_attr_get_u32(a);
}

static int link_cb(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifinfomsg *m = mnl_nlmsg_get_payload(nlh);
	struct links *all = arg;
	struct link *v, l = { .mtu = 0 };
	const struct nlattr *a;

	if (nlh->nlmsg_type != RTM_NEWLINK || mnl_nlmsg_get_payload_len(nlh) < sizeof(*m))
		return 0;
	l.index = (uint32_t)m->ifi_index;
	l.up = m->ifi_flags & IFF_UP;
	l.loopback = m->ifi_flags & IFF_LOOPBACK;
	mnl_attr_for_each(a, nlh, sizeof(*m)) {
		if (mnl_attr_get_type(a) == IFLA_MTU && mnl_attr_get_payload_len(a) == 4)
			l.mtu = mnl_attr_get_u32(a);
		if (mnl_attr_get_type(a) == IFLA_IFNAME)
			snprintf(l.name, sizeof(l.name), "%.*s", (int)mnl_attr_get_payload_len(a),
				 mnl_attr_get_str(a));
		if (mnl_attr_get_type(a) == IFLA_LINKINFO)
			read_info(a, &l);
	}
	v = reallocarray(all->v, all->n + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	all->v = v;
	v[all->n++] = l;
	return 0;
}

int links_read(struct netlink *s, struct links *ret)
{
	char buf[64] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *m = mnl_nlmsg_put_extra_header(nlh, sizeof(*m));

	nlh->nlmsg_type = RTM_GETLINK;
	m->ifi_family = AF_UNSPEC;
	return netlink_talk(s, nlh, NLM_F_DUMP, link_cb, ret);
}

/* What the tunnel adds to a packet; 0: the interface is no tunnel. */
static uint32_t overhead(const struct link *l)
{
	for (size_t i = 0; i < sizeof(tunnels) / sizeof(*tunnels); i++)
		if (strcmp(tunnels[i].kind, l->kind) == 0)
			return tunnels[i].bytes;
	return 0;
}

/* The interface below a tunnel or, if that is unknown, the one with the largest packets. */
static const struct link *below(const struct links *all, const struct link *tunnel)
{
	const struct link *best = NULL;

	for (size_t i = 0; i < all->n; i++) {
		const struct link *l = &all->v[i];

		if (tunnel->below && l->index == tunnel->below)
			return l;
		if (l->up && !l->loopback && !*l->kind && (!best || l->mtu > best->mtu))
			best = l;
	}
	return best;
}

void doctor_tunnels(struct doctor *d)
{
	struct links all = { .n = 0 };
	int err = 0;
	struct netlink *s = d->session ? session_route(d->session, &err) : NULL;
	size_t n = 0;

	err = s ? links_read(s, &all) : err ? err : -EPERM;
	if (err)
		doctor_unknown(d, "cannot list interfaces: %s", strerror(-err));
	for (size_t i = 0; i < all.n && !err; i++) {
		const struct link *l = &all.v[i], *under = below(&all, l);

		if (!l->up || !overhead(l) || !under)
			continue;
		n++;
		if (l->mtu + overhead(l) <= under->mtu)
			continue;
		doctor_find(
			d, VERDICT_TROUBLE, "small answers arrive and large ones do not, or slowly",
			doctor_text("ip link set %s mtu %u", l->name,
				    under->mtu > overhead(l) ? under->mtu - overhead(l) : 0),
			"packets of %s (%s) have up to %u bytes, and %u more on %s, which takes %u",
			l->name, l->kind, l->mtu, overhead(l), under->name, under->mtu);
	}
	if (!err && !n)
		doctor_fine(d, "there are no tunnels to other nodes");
	else if (!err)
		doctor_fine(d, n == 1 ? "%zu tunnel was looked at" : "%zu tunnels were looked at",
			    n);
	free(all.v);
}
