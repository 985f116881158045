/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/host.h"
#include "kernel/iptables.h"
#include "kernel/link.h"
#include "netlink/nfnetlink.h"
#include "stream.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <ifaddrs.h>
#include <libmnl/libmnl.h>
#include <linux/if_link.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <unistd.h>

#define DUMP_TRIES 5

static const char kube_chain[] = "KUBE-SERVICES";

/* Loopback, link-local and multicast addresses are no addresses of a node. */
static bool host_address_special(uint8_t family, const uint8_t *a)
{
	static const uint8_t loopback6[16] = { [15] = 1 };

	if (family == AF_INET)
		return a[0] == 127 || (a[0] == 169 && a[1] == 254) || (a[0] & 0xf0) == 0xe0;
	return memcmp(a, loopback6, 16) == 0 || (a[0] == 0xfe && (a[1] & 0xc0) == 0x80) ||
	       a[0] == 0xff;
}

/* True for svcrules0. The label of an IPv4 address, "svcrules0:0", takes the place of the name. */
static bool host_interface_ours(const char *name)
{
	size_t len = strcspn(name, ":");

	return len == sizeof(LINK_NAME) - 1 && memcmp(name, LINK_NAME, len) == 0;
}

/* The bytes of an address that counts as one of this host, or NULL. */
static const void *host_address_of(const struct ifaddrs *i)
{
	const void *addr = NULL;

	if (!i->ifa_addr || host_interface_ours(i->ifa_name))
		return NULL;
	if (i->ifa_addr->sa_family == AF_INET)
		addr = &((const struct sockaddr_in *)(const void *)i->ifa_addr)->sin_addr;
	else if (i->ifa_addr->sa_family == AF_INET6)
		addr = &((const struct sockaddr_in6 *)(const void *)i->ifa_addr)->sin6_addr;
	return addr && !host_address_special((uint8_t)i->ifa_addr->sa_family, addr) ? addr : NULL;
}

struct host_address {
	uint8_t family, bytes[16];
};

struct host_reading {
	struct host_address *v;
	size_t n;
};

static int host_reading_fill(struct host_reading *r, const struct ifaddrs *all)
{
	for (const struct ifaddrs *i = all; i; i = i->ifa_next) {
		const void *addr = host_address_of(i);
		struct host_address *v, a = { .family = 0 };

		if (!addr)
			continue;
		v = reallocarray(r->v, r->n + 1, sizeof(*v));
		if (!v)
			return -ENOMEM;
		a.family = (uint8_t)i->ifa_addr->sa_family;
		memcpy(a.bytes, addr, a.family == AF_INET ? 4 : 16);
		r->v = v;
		v[r->n++] = a;
	}
	return 0;
}

/* The caller frees ret->v, also after an error. */
static int host_reading_make(struct host_reading *ret)
{
	struct ifaddrs *all;
	int err;

	*ret = (struct host_reading){ .n = 0 };
	if (getifaddrs(&all) < 0)
		return -errno;
	err = host_reading_fill(ret, all);
	freeifaddrs(all);
	return err;
}

static bool host_readings_agree(const struct host_reading *a, const struct host_reading *b)
{
	return a->n == b->n && (a->n == 0 || memcmp(a->v, b->v, a->n * sizeof(*a->v)) == 0);
}

/*
 * Reads until two readings in a row agree: getifaddrs() does not report that addresses changed
 * while the kernel listed them, in which case some may be missing. The caller frees ret->v, also
 * after an error.
 */
static int host_reading_make_sure(struct host_reading *ret)
{
	int err = host_reading_make(ret);

	for (int i = 1; i < DUMP_TRIES && !err; i++) {
		struct host_reading last = *ret;
		bool agree;

		err = host_reading_make(ret);
		agree = !err && host_readings_agree(&last, ret);
		free(last.v);
		if (agree)
			return 0;
	}
	return err ? err : -EINTR;
}

int host_addresses(void (*cb)(uint8_t family, const uint8_t addr[16], void *), void *arg)
{
	struct host_reading r;
	int err = host_reading_make_sure(&r);

	for (size_t i = 0; i < r.n && !err; i++)
		cb(r.v[i].family, r.v[i].bytes, arg);
	free(r.v);
	return err;
}

static void host_address_print(uint8_t family, const uint8_t addr[16], void *arg)
{
	char text[INET6_ADDRSTRLEN];
	FILE *f = arg;

	if (inet_ntop(family, addr, text, sizeof(text)))
		fprintf(f, "%s%s", ftell(f) > 0 ? "," : "", text);
}

int host_address_list(char **ret)
{
	char *list = NULL;
	size_t size;
	FILE *f = open_memstream(&list, &size);
	int err;

	if (!f)
		return -ENOMEM;
	err = host_addresses(host_address_print, f);
	if (stream_end(f, &list))
		return -ENOMEM;
	if (err)
		free(list);
	else
		*ret = list;
	return err;
}

static int bridge_cb(const struct nlmsghdr *nlh, void *arg)
{
	static const char bridge[] = "bridge";
	const struct nlattr *a, *b;
	int *found = arg;

	if (nlh->nlmsg_type != RTM_NEWLINK ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(struct ifinfomsg))
		return 0;
	mnl_attr_for_each(a, nlh, sizeof(struct ifinfomsg)) {
		if (mnl_attr_get_type(a) != IFLA_LINKINFO)
			continue;
		mnl_attr_for_each_nested(b, a)
			if (mnl_attr_get_type(b) == IFLA_INFO_KIND &&
			    mnl_attr_get_payload_len(b) == sizeof(bridge) &&
			    memcmp(mnl_attr_get_payload(b), bridge, sizeof(bridge)) == 0)
				*found = 1;
	}
	return 0;
}

int host_has_bridge(void)
{
	struct {
		struct nlmsghdr nlh;
		struct ifinfomsg ifi;
	} request = { .nlh = { .nlmsg_len = sizeof(request), .nlmsg_type = RTM_GETLINK } };
	int found = 0, r = -EINTR;
	struct netlink *s = netlink_open(NETLINK_ROUTE, &r);

	if (!s)
		return r;
	for (int i = 0; i < DUMP_TRIES && r == -EINTR; i++)
		r = netlink_talk(s, &request.nlh, NLM_F_DUMP, bridge_cb, &found);
	netlink_close(s);
	return r < 0 && !found ? r : found;
}

int host_name(char *buf, size_t size)
{
	if (gethostname(buf, size) < 0)
		return errno == EINVAL ? -ENAMETOOLONG : -errno;
	if (!memchr(buf, '\0', size))
		return -ENAMETOOLONG; /* POSIX lets gethostname() cut without a terminator */
	for (; *buf; buf++)
		*buf = (char)tolower((unsigned char)*buf);
	return 0;
}

static int kube_chain_fill(struct nlmsghdr *nlh, void *arg)
{
	(void)arg;
	mnl_attr_put_strz(nlh, NFTA_CHAIN_TABLE, "nat");
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, kube_chain);
	return 0;
}

/* What a request for one object says: 1 if it exists, 0 if not. */
static int kube_exists(int r)
{
	return r == -ENOENT ? 0 : r < 0 ? r : 1;
}

int host_has_kube_proxy(struct netlink *s)
{
	static const uint8_t families[] = { NFPROTO_IPV4, NFPROTO_IPV6 };
	int r = 0;

	for (size_t i = 0; i < sizeof(families) && r == 0; i++) {
		r = kube_exists(nfnetlink_table(s, families[i], "kube-proxy", NULL, NULL));
		if (r == 0)
			r = kube_exists(nfnetlink_request(s, NFT_MSG_GETCHAIN, families[i],
							  kube_chain_fill, NULL, NULL, NULL));
	}
	if (r != 0)
		return r;
	return iptables_legacy_has_text(NFPROTO_IPV4, "nat", kube_chain) ||
	       iptables_legacy_has_text(NFPROTO_IPV6, "nat", kube_chain);
}
