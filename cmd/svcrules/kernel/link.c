/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/link.h"
#include "netlink/socket.h"

#include <errno.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <netlink/errno.h>
#include <netlink/msg.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/inet6.h>

#define DUMP_TRIES 5
#define ADDRESS_MESSAGE_SIZE 128 /* no message about one address is longer */

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
	bool named;         /* has an alias */
	bool mode_known;    /* the kernel has IPv6 on it */
	uint8_t mode;       /* enum in6_addr_gen_mode */
	size_t room;        /* for addresses */
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

static int link_address_object(int index, const struct link_address *a, struct rtnl_addr *object)
{
	size_t size = (size_t)link_address_size(a->family);
	struct nl_addr *local = nl_addr_build(a->family, a->addr, size);
	int r;

	if (!local)
		return -NLE_NOMEM;
	nl_addr_set_prefixlen(local, a->prefix);
	rtnl_addr_set_ifindex(object, index);
	r = rtnl_addr_set_local(object, local);
	nl_addr_put(local);
	if (a->family == AF_INET6)
		rtnl_addr_set_flags(object, IFA_F_NODAD | IFA_F_NOPREFIXROUTE);
	return r;
}

static int link_address_build(bool add, int index, const struct link_address *a,
			      struct nl_msg **ret)
{
	struct rtnl_addr *object = rtnl_addr_alloc();
	int r = object ? link_address_object(index, a, object) : -NLE_NOMEM;

	if (r >= 0)
		r = add ? rtnl_addr_build_add_request(object, NLM_F_CREATE | NLM_F_EXCL, ret) :
			  rtnl_addr_build_delete_request(object, 0, ret);
	rtnl_addr_put(object);
	return link_from_libnl(r);
}

/* Writes message number `seq` to `to`. Returns its length, or a negative errno. */
static ssize_t link_address_put(bool add, int index, const struct link_address *a, uint32_t seq,
				char *to)
{
	struct nl_msg *msg = NULL;
	struct nlmsghdr *nlh;
	ssize_t len;
	int r;

	if (!link_address_size(a->family) || a->prefix > 8 * link_address_size(a->family))
		return -EINVAL;
	r = link_address_build(add, index, a, &msg);
	if (r < 0)
		return r;
	nlh = nlmsg_hdr(msg);
	nlh->nlmsg_flags |= NLM_F_REQUEST;
	nlh->nlmsg_seq = seq;
	len = NLMSG_ALIGN(nlh->nlmsg_len);
	if (len > ADDRESS_MESSAGE_SIZE)
		len = -EMSGSIZE;
	else
		memcpy(to, nlh, (size_t)len);
	nlmsg_free(msg);
	return len;
}

/* Writes the messages one after another, malloc'ed. Returns how many bytes, or a negative errno. */
static ssize_t link_addresses_put(bool add, int index, const struct link_address *v, size_t n,
				  char **ret)
{
	char *buf = calloc(n, ADDRESS_MESSAGE_SIZE);
	ssize_t len = 0, r = buf ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && r >= 0; i++) {
		r = link_address_put(add, index, &v[i], (uint32_t)i + 1, buf + len);
		len += r > 0 ? r : 0;
	}
	if (r < 0) {
		free(buf);
		return r;
	}
	*ret = buf;
	return len;
}

struct link_refusals {
	bool add;
	struct link_error *v;
	size_t max, count;
	int first;
};

static void link_refused(uint32_t seq, int err, void *arg)
{
	struct link_refusals *l = arg;

	if (l->add ? err == -EEXIST : err == -EADDRNOTAVAIL || err == -ENODEV)
		return;
	if (!l->first)
		l->first = err;
	if (l->count < l->max)
		l->v[l->count++] = (struct link_error){ .index = seq - 1, .err = err };
}

static int link_addresses_send(const char *buf, size_t len, size_t n, struct link_refusals *l)
{
	int r = 0;
	struct netlink *s = netlink_open(NETLINK_ROUTE, &r);

	if (!s)
		return r;
	r = netlink_batch(s, buf, len, n, link_refused, l);
	netlink_close(s);
	return r;
}

int link_addresses(bool add, const struct link_address *v, size_t n,
		    struct link_error *errors, size_t max, size_t *nerrors)
{
	struct link_refusals l = { .add = add, .v = errors, .max = max };
	unsigned int index;
	ssize_t len;
	char *buf;
	int r;

	*nerrors = 0;
	if (n == 0)
		return 0;
	index = link_index();
	if (index == 0)
		return add || errno != ENODEV ? -errno : 0;
	len = link_addresses_put(add, (int)index, v, n, &buf);
	if (len < 0)
		return (int)len;
	r = link_addresses_send(buf, (size_t)len, n, &l);
	free(buf);
	*nerrors = l.count;
	return r < 0 ? r : l.first;
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
