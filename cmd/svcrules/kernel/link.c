/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/link.h"
#include "exit.h"
#include "kernel/batch.h"
#include "netlink/socket.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/route/link.h>
#include <netlink/route/link/inet6.h>

#define DUMP_TRIES 5

/* libnl only builds and parses messages here; it fails without memory, or on an invalid one. */
static int link_from_libnl(int r)
{
	if (r >= 0)
		return 0;
	return r == -NLE_NOMEM ? -ENOMEM : -EINVAL;
}

/*
 * Sends one request that libnl built, and frees it. `built` is the value that
 * libnl returned for it; if that is an error there is no message.
 */
static int link_talk(struct netlink *s, int built, struct nl_msg *msg, netlink_cb_fn cb, void *arg)
{
	int r = link_from_libnl(built);

	if (r < 0)
		return r;
	r = netlink_talk(s, nlmsg_hdr(msg), NLM_F_ACK, cb, arg);
	nlmsg_free(msg);
	return r;
}

/* The interface, with more than the callers of link_read() need. */
struct link_view {
	struct link_state d;
	bool named;      /* has an alias */
	bool mode_known; /* the kernel has IPv6 on it */
	uint8_t mode;    /* enum in6_addr_gen_mode */
	size_t room;     /* for addresses */
};

static void link_view_owner(struct link_view *v, const char *alias)
{
	const size_t prefix = sizeof(LINK_ALIAS) - 1;
	size_t len = strlen(alias);

	v->named = true;
	if (strncmp(alias, LINK_ALIAS, prefix) != 0 || len - prefix >= sizeof(v->d.owner))
		v->d.foreign = true;
	else
		memcpy(v->d.owner, alias + prefix, len - prefix + 1);
}

static void link_view_parse(struct nl_object *object, void *arg)
{
	struct rtnl_link *link = (struct rtnl_link *)object;
	const char *kind = rtnl_link_get_type(link);
	const char *alias = rtnl_link_get_ifalias(link);
	struct link_view *v = arg;

	v->d.present = true;
	v->d.index = rtnl_link_get_ifindex(link);
	v->d.up = rtnl_link_get_flags(link) & IFF_UP;
	v->d.foreign = !kind || strcmp(kind, "dummy") != 0;
	if (alias && !v->d.foreign)
		link_view_owner(v, alias);
	v->mode_known = rtnl_link_inet6_get_addr_gen_mode(link, &v->mode) == 0;
}

static int link_view_cb(const struct nlmsghdr *nlh, void *arg)
{
	struct nl_msg *msg;
	int r;

	if (nlh->nlmsg_type != RTM_NEWLINK)
		return 0;
	msg = nlmsg_convert((struct nlmsghdr *)(uintptr_t)nlh); /* a copy */
	if (!msg)
		return -ENOMEM;
	nlmsg_set_proto(msg, NETLINK_ROUTE);
	r = link_from_libnl(nl_msg_parse(msg, link_view_parse, arg));
	nlmsg_free(msg);
	return r;
}

static bool link_is_link_local(const struct link_address *a)
{
	return a->family == AF_INET6 && a->addr[0] == 0xfe && (a->addr[1] & 0xc0) == 0x80;
}

static int link_view_add(struct link_view *v, const struct link_address *a)
{
	if (v->d.count == v->room) {
		size_t room = v->room ? v->room * 2 : 64, bytes;
		struct link_address *p;

		if (__builtin_mul_overflow(room, sizeof(*p), &bytes))
			return -ENOMEM;
		p = realloc(v->d.addresses, bytes);
		if (!p)
			return -ENOMEM;
		v->d.addresses = p;
		v->room = room;
	}
	v->d.addresses[v->d.count++] = *a;
	return 0;
}

static int link_address_size(uint8_t family)
{
	return family == AF_INET ? 4 : family == AF_INET6 ? 16 : 0;
}

static bool link_address_preferred(const struct nlattr *cache)
{
	struct ifa_cacheinfo info;

	if (!cache || nla_len(cache) < (int)sizeof(info))
		return true;
	memcpy(&info, nla_data(cache), sizeof(info));
	return info.ifa_prefered != 0;
}

/*
 * Takes addresses of all interfaces: the kernel selects by index only since 5.0,
 * and only on a socket with strict checking.
 */
static int link_address_cb(const struct nlmsghdr *nlh, void *arg)
{
	const int header = sizeof(struct ifaddrmsg), len = nlmsg_attrlen(nlh, header);
	const struct ifaddrmsg *ifa = nlmsg_data(nlh);
	struct link_address a = { 0 };
	const struct nlattr *attr;
	struct link_view *v = arg;

	if (nlh->nlmsg_type != RTM_NEWADDR || nlmsg_datalen(nlh) < header ||
	    (int)ifa->ifa_index != v->d.index || !link_address_size(ifa->ifa_family))
		return 0;
	/* IPv4 has the peer in IFA_ADDRESS; IPv6 has IFA_LOCAL only together with a peer */
	attr = nla_find(nlmsg_attrdata(nlh, header), len, IFA_LOCAL);
	if (!attr)
		attr = nla_find(nlmsg_attrdata(nlh, header), len, IFA_ADDRESS);
	if (!attr || nla_len(attr) != link_address_size(ifa->ifa_family))
		return 0;
	a.family = ifa->ifa_family;
	a.prefix = ifa->ifa_prefixlen;
	memcpy(a.addr, nla_data(attr), (size_t)nla_len(attr));
	a.preferred = a.family == AF_INET6 &&
		      link_address_preferred(
			      nla_find(nlmsg_attrdata(nlh, header), len, IFA_CACHEINFO));
	return link_is_link_local(&a) ? 0 : link_view_add(v, &a);
}

static int link_view_addresses(struct netlink *s, struct link_view *v)
{
	struct {
		struct nlmsghdr nlh;
		struct ifaddrmsg ifa;
	} request = { .nlh = { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETADDR } };
	int r = -EINTR;

	for (int i = 0; i < DUMP_TRIES && r == -EINTR; i++) {
		v->d.count = 0;
		r = netlink_talk(s, &request.nlh, NLM_F_DUMP, link_address_cb, v);
	}
	return r;
}

/* The caller releases *ret also after an error. */
static int link_view_read(struct netlink *s, struct link_view *ret)
{
	struct nl_msg *msg = NULL;
	int built = rtnl_link_build_get_request(0, LINK_NAME, &msg), r;

	*ret = (struct link_view){ 0 };
	r = link_talk(s, built, msg, link_view_cb, ret);
	if (r == -ENODEV)
		return 0;
	if (r == 0 && ret->d.present)
		r = link_view_addresses(s, ret);
	if (!ret->named && ret->d.count > 0)
		ret->d.foreign = true;
	return r;
}

int link_read(struct link_state *ret)
{
	int r = 0;
	struct netlink *s = netlink_open(NETLINK_ROUTE, &r);
	struct link_view v;

	if (!s)
		return r;
	r = link_view_read(s, &v);
	netlink_close(s);
	if (r < 0)
		link_release(&v.d);
	else
		*ret = v.d;
	return r;
}

void link_release(struct link_state *d)
{
	free(d->addresses);
	*d = (struct link_state){ 0 };
}

static int link_create(struct netlink *s)
{
	struct rtnl_link *link = rtnl_link_alloc();
	struct nl_msg *msg = NULL;
	int r = -NLE_NOMEM;

	if (link) {
		rtnl_link_set_name(link, LINK_NAME);
		r = rtnl_link_set_type(link, "dummy");
	}
	if (r >= 0)
		r = rtnl_link_build_add_request(link, NLM_F_CREATE | NLM_F_EXCL, &msg);
	rtnl_link_put(link);
	return link_talk(s, r, msg, NULL, NULL);
}

static int link_change(struct netlink *s, int index, struct rtnl_link *change)
{
	struct rtnl_link *link = rtnl_link_alloc();
	struct nl_msg *msg = NULL;
	int r = -NLE_NOMEM;

	if (link) {
		rtnl_link_set_ifindex(link, index);
		r = rtnl_link_build_change_request(link, change, 0, &msg);
	}
	rtnl_link_put(link);
	return link_talk(s, r, msg, NULL, NULL);
}

static int link_set_alias(struct rtnl_link *change, const char *owner)
{
	char alias[LINK_OWNER_SIZE];

	snprintf(alias, sizeof(alias), LINK_ALIAS "%s", owner);
	rtnl_link_set_ifalias(change, alias);
	return rtnl_link_get_ifalias(change) ? 0 : -ENOMEM;
}

static int link_set_no_link_local(struct rtnl_link *change, const char *owner)
{
	(void)owner;
	return link_from_libnl(rtnl_link_inet6_set_addr_gen_mode(change, IN6_ADDR_GEN_MODE_NONE));
}

static int link_set_up(struct rtnl_link *change, const char *owner)
{
	(void)owner;
	rtnl_link_set_flags(change, IFF_UP);
	return 0;
}

static int link_set(struct netlink *s, const struct link_view *v, const char *owner,
		    int (*set)(struct rtnl_link *change, const char *owner))
{
	struct rtnl_link *change = rtnl_link_alloc();
	int r = change ? set(change, owner) : -ENOMEM;

	if (r == 0)
		r = link_change(s, v->d.index, change);
	rtnl_link_put(change);
	return r;
}

/*
 * Sends one message for each change: of a single message the kernel would bring
 * the link up, with a link-local address, before it reads the mode (Linux 6.1),
 * and it would refuse everything if IPv6 is off.
 */
static int link_complete(struct netlink *s, const struct link_view *v, const char *owner)
{
	int r = 0;

	if (!v->named)
		r = link_set(s, v, owner, link_set_alias);
	if (r == 0 && v->mode_known && v->mode != IN6_ADDR_GEN_MODE_NONE)
		(void)link_set(s, v, owner, link_set_no_link_local);
	if (r == 0 && !v->d.up)
		r = link_set(s, v, owner, link_set_up);
	return r;
}

/* Reads the interface, and creates it first if there is none. */
static int link_made(struct netlink *s, struct link_view *ret)
{
	int r = link_view_read(s, ret);

	if (r < 0 || ret->d.present)
		return r;
	r = link_create(s);
	if (r < 0 && r != -EEXIST) /* another process created it: read its owner */
		return r;
	r = link_view_read(s, ret);
	return r == 0 && !ret->d.present ? -ENODEV : r;
}

int link_make(const char *owner)
{
	struct link_view v = { 0 };
	struct netlink *s;
	int r = 0;

	/* libnl sends the terminator too; the kernel then refuses 255 bytes (Linux 6.1) */
	if (sizeof(LINK_ALIAS) + strlen(owner) >= LINK_OWNER_SIZE)
		return -ENAMETOOLONG;
	s = netlink_open(NETLINK_ROUTE, &r);
	if (!s)
		return r;
	r = link_made(s, &v);
	if (r == 0 && (v.d.foreign || (v.named && strcmp(v.d.owner, owner) != 0)))
		r = -EEXIST;
	if (r == 0)
		r = link_complete(s, &v, owner);
	link_release(&v.d);
	netlink_close(s);
	return r;
}

int link_delete(void)
{
	int r = 0;
	struct netlink *s = netlink_open(NETLINK_ROUTE, &r);
	struct rtnl_link *link;
	struct nl_msg *msg = NULL;

	if (!s)
		return r;
	r = -NLE_NOMEM;
	link = rtnl_link_alloc();
	if (link) {
		rtnl_link_set_name(link, LINK_NAME);
		r = rtnl_link_build_delete_request(link, &msg);
	}
	rtnl_link_put(link);
	r = link_talk(s, r, msg, NULL, NULL);
	netlink_close(s);
	return r == -ENODEV ? 0 : r;
}

unsigned int link_index(void)
{
	return if_nametoindex(LINK_NAME);
}

/* ---- The driver --------------------------------------------------------- */

struct link_refusals {
	struct svcrules_refusal *v;
	size_t max, *n;
};

static void link_refused(uint32_t seq, int err, void *arg)
{
	struct link_refusals *l = arg;

	if (*l->n < l->max)
		l->v[(*l->n)++] = (struct svcrules_refusal){ .seq = seq, .err = err };
}

static int link_send(struct session *s, const struct svcrules_messages *m,
		     struct svcrules_refusal *v, size_t *n)
{
	struct link_refusals l = { v, m->count, n };
	int err = 0;
	struct netlink *route = session_route(s, &err);

	return route ? netlink_batch(route, m->buf, m->len, m->count, link_refused, &l) : err;
}

static int link_change_addresses(struct transition *t, size_t part, enum svcrules_stage stage)
{
	static const char what[] = "change the addresses of " LINK_NAME;
	unsigned int index = link_index();

	if (index == 0 && stage == SVCRULES_ADD)
		return session_failed(t->session, what, -errno);
	/* without an interface each removal is refused, which is harmless */
	return batch_make(t, part, stage, index, link_send, what);
}

static int link_make_interface(struct transition *t)
{
	struct svcrules_stats stats;
	int err;

	svcrules_ruleset_stats(t->want, &stats);
	err = link_make(stats.table);
	if (err != -EOPNOTSUPP)
		return err ? session_failed(t->session, "make the interface " LINK_NAME, err) :
			     EXIT_DONE;
	session_find(t->session,
		     "cannot make the interface %s: this kernel has no dummy driver "
		     "(module dummy, CONFIG_DUMMY)",
		     LINK_NAME);
	return EXIT_KERNEL;
}

static int link_remove_interface(struct transition *t, size_t part)
{
	struct svcrules_part have = { .present = false };
	int err = 0;

	svcrules_ruleset_part(t->have, part, &have);
	if (have.present)
		err = link_delete();
	t->other_messages += have.present;
	return err ? session_failed(t->session, "delete the interface " LINK_NAME, err) : EXIT_DONE;
}

/* The interface is there only as long as it has addresses. */
static int link_driver_make(struct transition *t, size_t part, enum svcrules_stage stage,
			    bool *ret_stop)
{
	struct svcrules_part want = { .count = 0 };
	int code = EXIT_DONE;

	svcrules_ruleset_part(t->want, part, &want);
	if (stage == SVCRULES_ADD && want.count) {
		code = link_make_interface(t);
		*ret_stop = code != EXIT_DONE;
		return code ? code : link_change_addresses(t, part, stage);
	}
	if (stage == SVCRULES_REMOVE)
		code = want.count ? link_change_addresses(t, part, stage) :
				    link_remove_interface(t, part);
	return code;
}

const struct driver driver_link = {
	.kind = "link",
	.reading = "read the interface " LINK_NAME,
	.make = link_driver_make,
};
