/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "host.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <libmnl/libmnl.h>
#include <limits.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <linux/rtnetlink.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <unistd.h>

#include "dummy.h"
#include "netlink/nfnetlink.h"

#define DUMP_TRIES 5
#define RTNL_SIZE (64u << 10) /* the kernel's dumps fill at most 32 KiB (Linux 6.18) */
#define LEGACY_MAX (512u << 20) /* bytes of an iptables-legacy table */

static const char kube_chain[] = "KUBE-SERVICES";

/* One dump over a socket of its own; `header` follows the netlink header, zero. */
static int rtnl_receive(struct mnl_socket *s, char *buf, mnl_cb_t cb, void *arg)
{
	unsigned int portid = mnl_socket_get_portid(s);
	ssize_t len;
	int r = MNL_CB_OK;

	while (r > MNL_CB_STOP) {
		len = mnl_socket_recvfrom(s, buf, RTNL_SIZE);
		if (len < 0 && errno == EINTR)
			continue;
		if (len < 0)
			return -errno;
		r = mnl_cb_run(buf, (size_t)len, 1, portid, cb, arg);
	}
	return r < 0 ? -errno : 0;
}

static int rtnl_dump(uint16_t type, size_t header, mnl_cb_t cb, void *arg)
{
	struct mnl_socket *s = mnl_socket_open2(NETLINK_ROUTE, SOCK_CLOEXEC);
	char *buf = malloc(RTNL_SIZE);
	struct nlmsghdr *nlh;
	int r = 0;

	if (!s || !buf) {
		r = s ? -ENOMEM : -errno;
	} else {
		nlh = mnl_nlmsg_put_header(buf);
		nlh->nlmsg_type = type;
		nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP;
		nlh->nlmsg_seq = 1;
		(void)mnl_nlmsg_put_extra_header(nlh, header);
		if (mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID) < 0 ||
		    mnl_socket_sendto(s, nlh, nlh->nlmsg_len) < 0)
			r = -errno;
		else
			r = rtnl_receive(s, buf, cb, arg);
	}
	if (s)
		(void)mnl_socket_close(s);
	free(buf);
	return r;
}

struct address {
	uint8_t family;
	uint8_t addr[16];
};

struct addresses {
	struct address *v;
	size_t count, room;
	unsigned int skip; /* this interface's are none; 0: there is no such */
};

static int addresses_add(struct addresses *l, uint8_t family, const void *addr, size_t len)
{
	if (l->count == l->room) {
		size_t room = l->room ? l->room * 2 : 32, bytes;
		struct address *p;

		if (__builtin_mul_overflow(room, sizeof(*p), &bytes))
			return -ENOMEM;
		p = realloc(l->v, bytes);
		if (!p)
			return -ENOMEM;
		l->v = p;
		l->room = room;
	}
	l->v[l->count] = (struct address){ .family = family };
	memcpy(l->v[l->count++].addr, addr, len);
	return 0;
}

/* Loopback, link-local and multicast addresses cannot be a node's. */
static bool special_address(uint8_t family, const uint8_t *a)
{
	static const uint8_t loopback6[16] = { [15] = 1 };

	if (family == AF_INET)
		return a[0] == 127 || (a[0] == 169 && a[1] == 254) || (a[0] & 0xf0) == 0xe0;
	return memcmp(a, loopback6, 16) == 0 || (a[0] == 0xfe && (a[1] & 0xc0) == 0x80) ||
	       a[0] == 0xff;
}

static int address_cb(const struct nlmsghdr *nlh, void *arg)
{
	const struct ifaddrmsg *ifa = mnl_nlmsg_get_payload(nlh);
	const struct nlattr *a, *address = NULL, *local = NULL;
	size_t want;
	int r;

	if (nlh->nlmsg_type != RTM_NEWADDR || mnl_nlmsg_get_payload_len(nlh) < sizeof(*ifa) ||
	    (ifa->ifa_family != AF_INET && ifa->ifa_family != AF_INET6) ||
	    (((struct addresses *)arg)->skip && ifa->ifa_index == ((struct addresses *)arg)->skip))
		return MNL_CB_OK;
	mnl_attr_for_each(a, nlh, sizeof(*ifa)) {
		if (mnl_attr_get_type(a) == IFA_LOCAL)
			local = a;
		else if (mnl_attr_get_type(a) == IFA_ADDRESS)
			address = a;
	}
	if (local)
		address = local; /* on a point-to-point link the other one is the peer's */
	want = ifa->ifa_family == AF_INET ? 4 : 16;
	if (!address || mnl_attr_get_payload_len(address) != want ||
	    special_address(ifa->ifa_family, mnl_attr_get_payload(address)))
		return MNL_CB_OK;
	r = addresses_add(arg, ifa->ifa_family, mnl_attr_get_payload(address), want);
	if (r < 0)
		errno = -r;
	return r < 0 ? MNL_CB_ERROR : MNL_CB_OK;
}

int host_addresses(void (*cb)(uint8_t family, const uint8_t addr[16], void *), void *arg)
{
	struct addresses l = { .skip = dummy_index() };
	int r = -EINTR;

	for (int i = 0; i < DUMP_TRIES && r == -EINTR; i++) {
		l.count = 0;
		r = rtnl_dump(RTM_GETADDR, sizeof(struct ifaddrmsg), address_cb, &l);
	}
	for (size_t i = 0; r == 0 && i < l.count; i++)
		cb(l.v[i].family, l.v[i].addr, arg);
	free(l.v);
	return r;
}

static void address_print(uint8_t family, const uint8_t addr[16], void *arg)
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
	err = host_addresses(address_print, f);
	if (fclose(f) != 0)
		err = -ENOMEM;
	if (err)
		free(list);
	else
		*ret = list;
	return err;
}

static int link_cb(const struct nlmsghdr *nlh, void *arg)
{
	static const char bridge[] = "bridge";
	const struct nlattr *a, *b;
	int *found = arg;

	if (nlh->nlmsg_type != RTM_NEWLINK ||
	    mnl_nlmsg_get_payload_len(nlh) < sizeof(struct ifinfomsg))
		return MNL_CB_OK;
	mnl_attr_for_each(a, nlh, sizeof(struct ifinfomsg)) {
		if (mnl_attr_get_type(a) != IFLA_LINKINFO)
			continue;
		mnl_attr_for_each_nested(b, a)
			if (mnl_attr_get_type(b) == IFLA_INFO_KIND &&
			    mnl_attr_get_payload_len(b) == sizeof(bridge) &&
			    memcmp(mnl_attr_get_payload(b), bridge, sizeof(bridge)) == 0)
				*found = 1;
	}
	return MNL_CB_OK;
}

int host_has_bridge(void)
{
	int found = 0, r = -EINTR;

	for (int i = 0; i < DUMP_TRIES && r == -EINTR; i++)
		r = rtnl_dump(RTM_GETLINK, sizeof(struct ifinfomsg), link_cb, &found);
	return r < 0 && !found ? r : found;
}

/* All of a small file, terminated; -EOVERFLOW if it does not fit. */
static ssize_t read_file(const char *path, char *buf, size_t size)
{
	int fd = open(path, O_RDONLY | O_CLOEXEC);
	size_t len = 0;
	ssize_t n = 1;

	if (fd < 0)
		return -errno;
	while (n > 0 && len < size) {
		n = read(fd, buf + len, size - len);
		if (n < 0 && errno == EINTR)
			n = 1;
		else if (n < 0)
			n = -errno;
		else
			len += (size_t)n;
	}
	(void)close(fd);
	if (n < 0)
		return n;
	if (len == size)
		return -EOVERFLOW;
	buf[len] = '\0';
	return (ssize_t)len;
}

int host_sysctl(const char *path, char *buf, size_t size)
{
	char name[PATH_MAX];
	int len = snprintf(name, sizeof(name), "/proc/sys/%s", path);
	ssize_t n;

	if (len < 0 || (size_t)len >= sizeof(name))
		return -ENAMETOOLONG;
	n = read_file(name, buf, size);
	if (n > 0 && buf[n - 1] == '\n')
		buf[n - 1] = '\0';
	return n < 0 ? (int)n : 0;
}

int host_name(char *buf, size_t size)
{
	if (gethostname(buf, size) < 0)
		return errno == EINVAL ? -ENAMETOOLONG : -errno;
	if (!memchr(buf, '\0', size))
		return -ENAMETOOLONG; /* cut without a terminator: POSIX leaves it open */
	for (; *buf; buf++)
		*buf = (char)tolower((unsigned char)*buf);
	return 0;
}

struct wanted {
	const char *table, *chain; /* chain may be NULL */
};

static int fill_wanted(struct nlmsghdr *nlh, void *arg)
{
	const struct wanted *w = arg;

	if (w->chain) {
		mnl_attr_put_strz(nlh, NFTA_CHAIN_TABLE, w->table);
		mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, w->chain);
	} else {
		mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, w->table);
	}
	return 0;
}

/* 1 if it exists, 0 if not. */
static int nft_has(struct netlink *n, uint8_t family, const char *table, const char *chain)
{
	struct wanted w = { table, chain };
	int r = nfnetlink_request(n, chain ? NFT_MSG_GETCHAIN : NFT_MSG_GETTABLE, family,
			     fill_wanted, &w, NULL, NULL);

	if (r == -ENOENT)
		return 0;
	return r < 0 ? r : 1;
}

/* IPv4 and IPv6 have the same interface under other numbers. */
struct legacy {
	int domain, level, get_info, get_entries;
	const char *names;
};

static const struct legacy legacy4 = {
	AF_INET, IPPROTO_IP, IPT_SO_GET_INFO, IPT_SO_GET_ENTRIES, "/proc/net/ip_tables_names",
};
static const struct legacy legacy6 = {
	AF_INET6, IPPROTO_IPV6, IP6T_SO_GET_INFO, IP6T_SO_GET_ENTRIES,
	"/proc/net/ip6_tables_names",
};

_Static_assert(sizeof(struct ipt_getinfo) == sizeof(struct ip6t_getinfo), "same layout");
_Static_assert(sizeof(struct ipt_get_entries) == sizeof(struct ip6t_get_entries), "same layout");

static bool legacy_has_nat(const struct legacy *l)
{
	char names[512], *line, *save = NULL;

	if (read_file(l->names, names, sizeof(names)) < 0)
		return false;
	for (line = strtok_r(names, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (strcmp(line, "nat") == 0)
			return true;
	return false;
}

/* A chain's name stands in the table as the text of its heading rule. */
static bool legacy_entries_have(int fd, const struct legacy *l, uint32_t size)
{
	socklen_t len = (socklen_t)(sizeof(struct ipt_get_entries) + size);
	struct ipt_get_entries *e = calloc(1, len);
	bool found = false;

	if (!e)
		return false;
	memcpy(e->name, "nat", sizeof("nat"));
	e->size = size;
	if (getsockopt(fd, l->level, l->get_entries, e, &len) == 0)
		found = memmem(e->entrytable, size, kube_chain, sizeof(kube_chain)) != NULL;
	free(e);
	return found;
}

static bool legacy_has_kube(const struct legacy *l)
{
	struct ipt_getinfo info = { .name = "nat" };
	socklen_t len = sizeof(info);
	bool found = false;
	int fd;

	if (!legacy_has_nat(l))
		return false;
	fd = socket(l->domain, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return false;
	if (getsockopt(fd, l->level, l->get_info, &info, &len) == 0 && info.size <= LEGACY_MAX)
		found = legacy_entries_have(fd, l, info.size);
	(void)close(fd);
	return found;
}

int host_has_kube_proxy(struct netlink *n)
{
	static const uint8_t families[] = { NFPROTO_IPV4, NFPROTO_IPV6 };
	int r = 0;

	for (size_t i = 0; i < sizeof(families) && r == 0; i++) {
		r = nft_has(n, families[i], "kube-proxy", NULL);
		if (r == 0)
			r = nft_has(n, families[i], "nat", kube_chain);
	}
	if (r != 0)
		return r;
	return legacy_has_kube(&legacy4) || legacy_has_kube(&legacy6);
}
