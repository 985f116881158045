/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Facts of the host, each test in a network namespace of its own. Exit code 77:
 * not permitted here.
 */
#include "kernel/host.h"
#include "namespace_test.h"
#include "netlink/transaction.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <dlfcn.h>
#include <ifaddrs.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>

static void host_test_setup(void)
{
	ck_assert_int_eq(namespace_enter(), 0);
	namespace_loopback_up();
}

/* Sends one request to rtnetlink and returns the kernel's answer. */
static int host_test_rtnl(struct nlmsghdr *nlh, uint16_t type)
{
	struct mnl_socket *s = mnl_socket_open(NETLINK_ROUTE);
	char buf[8192];
	ssize_t len;
	int r;

	nlh->nlmsg_type = type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK | NLM_F_CREATE;
	ck_assert_int_eq(mnl_socket_bind(s, 0, MNL_SOCKET_AUTOPID), 0);
	ck_assert_int_gt((int)mnl_socket_sendto(s, nlh, nlh->nlmsg_len), 0);
	len = mnl_socket_recvfrom(s, buf, sizeof(buf));
	ck_assert_int_gt((int)len, 0);
	r = mnl_cb_run(buf, (size_t)len, 0, 0, NULL, NULL) < 0 ? -errno : 0;
	mnl_socket_close(s);
	return r;
}

/* Adds an address to the interface; with `peer` that of a point-to-point link. */
static void host_test_address_on(const char *interface, int family, const char *text,
				 const char *peer)
{
	char buf[256] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifaddrmsg *ifa = mnl_nlmsg_put_extra_header(nlh, sizeof(*ifa));
	size_t len = family == AF_INET ? 4 : 16;
	uint8_t addr[16], other[16];

	ck_assert_int_eq(inet_pton(family, text, addr), 1);
	ck_assert_int_eq(inet_pton(family, peer ? peer : text, other), 1);
	ifa->ifa_family = (uint8_t)family;
	ifa->ifa_prefixlen = family == AF_INET ? 32 : 128;
	ifa->ifa_index = if_nametoindex(interface);
	mnl_attr_put(nlh, IFA_LOCAL, len, addr);
	mnl_attr_put(nlh, IFA_ADDRESS, len, other);
	ck_assert_msg(host_test_rtnl(nlh, RTM_NEWADDR) == 0, "%s", text);
}

static void host_test_address(int family, const char *text)
{
	host_test_address_on("lo", family, text, NULL);
}

static void host_test_text(uint8_t family, const uint8_t addr[16], void *arg)
{
	char text[INET6_ADDRSTRLEN], *list = arg;
	size_t used = strlen(list);

	ck_assert(inet_ntop(family, addr, text, sizeof(text)) != NULL);
	snprintf(list + used, 1024 - used, "%s ", text);
}

START_TEST(test_host_addresses)
{
	char list[1024] = "";

	ck_assert_int_eq(host_addresses(host_test_text, list), 0);
	ck_assert_str_eq(list, "");
	host_test_address(AF_INET, "192.0.2.7");
	host_test_address(AF_INET, "127.0.0.53");
	host_test_address(AF_INET, "169.254.20.10");
	host_test_address(AF_INET, "198.51.100.1");
	host_test_address(AF_INET6, "2001:db8::7");
	host_test_address(AF_INET6, "fe80::7");
	ck_assert_int_eq(host_addresses(host_test_text, list), 0);
	ck_assert_str_eq(list, "192.0.2.7 198.51.100.1 2001:db8::7 ");
}
END_TEST

static void host_test_count(uint8_t family, const uint8_t addr[16], void *arg)
{
	(void)addr;
	ck_assert_int_eq(family, AF_INET);
	++*(size_t *)arg;
}

/* More addresses than fit one datagram of the dump. */
START_TEST(test_host_many_addresses)
{
	size_t count = 0;
	char text[32];

	for (int i = 0; i < 1000; i++) {
		snprintf(text, sizeof(text), "10.0.%d.%d", i / 250, i % 250 + 1);
		host_test_address(AF_INET, text);
	}
	ck_assert_int_eq(host_addresses(host_test_count, &count), 0);
	ck_assert_uint_eq(count, 1000);
}
END_TEST

static int host_test_bridge(const char *name)
{
	char buf[256] __attribute__((aligned(8)));
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nlattr *info;

	(void)mnl_nlmsg_put_extra_header(nlh, sizeof(struct ifinfomsg));
	mnl_attr_put_strz(nlh, IFLA_IFNAME, name);
	info = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_str(nlh, IFLA_INFO_KIND, "bridge");
	mnl_attr_nest_end(nlh, info);
	return host_test_rtnl(nlh, RTM_NEWLINK);
}

/* Of a point-to-point link the local address counts. */
START_TEST(test_host_peer_address)
{
	char list[1024] = "";

	host_test_address_on("lo", AF_INET, "192.0.2.7", "198.51.100.1");
	host_test_address_on("lo", AF_INET6, "2001:db8::7", "2001:db8::8");
	ck_assert_int_eq(host_addresses(host_test_text, list), 0);
	ck_assert_str_eq(list, "192.0.2.7 2001:db8::7 ");
}
END_TEST

/* Readings so far, and after how many of them the addresses change. */
static int host_test_readings, host_test_changes;

/* Takes the place of the function of the C library: the addresses change after a reading. */
int getifaddrs(struct ifaddrs **ret)
{
	int (*real)(struct ifaddrs **), r;
	void *symbol = dlsym(RTLD_NEXT, "getifaddrs");
	char text[32];

	ck_assert_ptr_nonnull(symbol);
	memcpy(&real, &symbol, sizeof(real));
	r = real(ret);
	if (host_test_readings++ < host_test_changes) {
		snprintf(text, sizeof(text), "192.0.2.%d", host_test_readings);
		host_test_address(AF_INET, text);
	}
	return r;
}

/* The addresses are read again until they stay the same. */
START_TEST(test_host_moving_addresses)
{
	char list[1024] = "";

	host_test_changes = 3;
	ck_assert_int_eq(host_addresses(host_test_text, list), 0);
	ck_assert_str_eq(list, "192.0.2.1 192.0.2.2 192.0.2.3 ");
	ck_assert_int_eq(host_test_readings, 5);
	ck_assert_int_eq(host_addresses(host_test_text, list), 0);
	ck_assert_int_eq(host_test_readings, 7);
}
END_TEST

START_TEST(test_host_always_moving_addresses)
{
	char list[1024] = "", *text = NULL;

	host_test_changes = 100;
	ck_assert_int_eq(host_addresses(host_test_text, list), -EINTR);
	ck_assert_str_eq(list, "");
	ck_assert_int_eq(host_test_readings, 5);
	ck_assert_int_eq(host_address_list(&text), -EINTR);
	ck_assert_ptr_null(text);
}
END_TEST

/* A bridge stands in for the dummy interface. */
START_TEST(test_host_own_interface)
{
	char list[1024] = "";

	if (host_test_bridge("svcrules0") || host_test_bridge("svcrules01")) {
		printf("SKIP: own_interface: no bridge\n");
		return;
	}
	host_test_address_on("svcrules0", AF_INET, "10.96.0.1", NULL);
	host_test_address_on("svcrules01", AF_INET, "10.96.0.2", NULL);
	host_test_address_on("svcrules0", AF_INET6, "2001:db8::1", NULL);
	ck_assert_int_eq(host_addresses(host_test_text, list), 0);
	ck_assert_str_eq(list, "10.96.0.2 ");
}
END_TEST

START_TEST(test_host_bridge)
{
	ck_assert_int_eq(host_has_bridge(), 0);
	if (host_test_bridge("br0") == -EOPNOTSUPP) {
		printf("SKIP: bridge: not in this kernel\n");
		return;
	}
	ck_assert_int_eq(host_has_bridge(), 1);
}
END_TEST

START_TEST(test_host_name)
{
	char buf[65], small[1];

	ck_assert_int_eq(host_name(buf, sizeof(buf)), 0);
	ck_assert_str_ne(buf, "");
	for (const char *p = buf; *p; p++)
		ck_assert(!isupper((unsigned char)*p));
	ck_assert_int_eq(host_name(small, sizeof(small)), -ENAMETOOLONG);
}
END_TEST

struct batch {
	char buf[4096] __attribute__((aligned(8)));
	size_t len;
	uint32_t count;
};

static struct nlmsghdr *host_test_message(struct batch *b, uint16_t type, uint8_t family)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(b->buf + b->len);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));

	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | type;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE;
	nlh->nlmsg_seq = ++b->count;
	nfg->nfgen_family = family;
	return nlh;
}

static void host_test_nft(struct netlink *n, uint8_t family, const char *table, const char *chain)
{
	struct batch b = { .len = 0 };
	struct nlmsghdr *nlh = host_test_message(&b, NFT_MSG_NEWTABLE, family);
	size_t nerrors;

	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, table);
	b.len += nlh->nlmsg_len;
	if (chain) {
		nlh = host_test_message(&b, NFT_MSG_NEWCHAIN, family);
		mnl_attr_put_strz(nlh, NFTA_CHAIN_TABLE, table);
		mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, chain);
		b.len += nlh->nlmsg_len;
	}
	ck_assert_int_eq(
		transaction_send(n, b.buf, b.len, true, 0, b.count, NULL, 0, &nerrors, NULL), 0);
}

static const struct {
	uint8_t family;
	const char *table, *chain;
	int found;
} proxies[] = {
	{ NFPROTO_IPV4, "kube-proxy", NULL, 1 },        { NFPROTO_IPV6, "kube-proxy", NULL, 1 },
	{ NFPROTO_IPV4, "nat", "KUBE-SERVICES", 1 },    { NFPROTO_IPV6, "nat", "KUBE-SERVICES", 1 },
	{ NFPROTO_INET, "kube-proxy", NULL, 0 },        { NFPROTO_IPV4, "nat", "KUBE-SERVICE", 0 },
	{ NFPROTO_IPV4, "filter", "KUBE-SERVICES", 0 },
};

START_TEST(test_host_kube_proxy)
{
	int err = 0;
	struct netlink *n = netlink_open(NETLINK_NETFILTER, &err);

	ck_assert(n != NULL);
	ck_assert_int_eq(host_has_kube_proxy(n), 0);
	host_test_nft(n, proxies[_i].family, proxies[_i].table, proxies[_i].chain);
	ck_assert_int_eq(host_has_kube_proxy(n), proxies[_i].found);
	netlink_close(n);
}
END_TEST

/* True if `program`, iptables-legacy or ip6tables-legacy, created the chain. */
static bool host_test_legacy(const char *program, const char *chain)
{
	pid_t child = fork();
	int status = -1;

	if (child == 0) {
		if (freopen("/dev/null", "w", stderr))
			execlp(program, program, "-w", "-t", "nat", "-N", chain, (char *)NULL);
		_exit(127);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

START_TEST(test_host_kube_proxy_legacy)
{
	const char *program = _i ? "ip6tables-legacy" : "iptables-legacy";
	int err = 0;
	struct netlink *n = netlink_open(NETLINK_NETFILTER, &err);

	ck_assert(n != NULL);
	if (host_test_legacy(program, "OTHER")) {
		ck_assert_int_eq(host_has_kube_proxy(n), 0);
		ck_assert(host_test_legacy(program, "KUBE-SERVICES"));
		ck_assert_int_eq(host_has_kube_proxy(n), geteuid() == 0);
	} else {
		printf("SKIP: kube_proxy_legacy: %s does not work here\n", program);
	}
	netlink_close(n);
}
END_TEST

static void host_tests(TCase *tc)
{
	tcase_add_checked_fixture(tc, host_test_setup, NULL);
	tcase_add_test(tc, test_host_addresses);
	tcase_add_test(tc, test_host_many_addresses);
	tcase_add_test(tc, test_host_moving_addresses);
	tcase_add_test(tc, test_host_always_moving_addresses);
	tcase_add_test(tc, test_host_bridge);
	tcase_add_test(tc, test_host_peer_address);
	tcase_add_test(tc, test_host_own_interface);
	tcase_add_test(tc, test_host_name);
	tcase_add_loop_test(tc, test_host_kube_proxy, 0,
			    (int)(sizeof(proxies) / sizeof(proxies[0])));
	tcase_add_loop_test(tc, test_host_kube_proxy_legacy, 0, 2);
}

int main(void)
{
	return namespace_main("host", host_tests);
}
