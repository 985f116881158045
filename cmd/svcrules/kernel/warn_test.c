/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Warnings about the host, in a network namespace. Exit code 77: not permitted here. */
#include "kernel/warn.h"
#include "kernel/rules_test.h"

#include <fcntl.h>
#include <unistd.h>

static void warn_test_set(const char *path, const char *value)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, value, strlen(value)), (ssize_t)strlen(value));
	close(fd);
}

static size_t warn_test_count(const char *text)
{
	size_t n = 0;

	for (size_t i = 0; i < rules_session.nfindings; i++) {
		ck_assert(rules_session.findings[i].notice);
		n += strstr(rules_session.findings[i].text, text) != NULL;
	}
	return n;
}

/* One warning for each family that has tables and is not forwarded. */
START_TEST(test_warn_forwarding)
{
	static const char v4[] = "/proc/sys/net/ipv4/ip_forward is 0";
	static const char v6[] = "/proc/sys/net/ipv6/conf/all/forwarding is 0";
	const bool on = _i & 1, ipv4 = _i & 2, ipv6 = _i & 4;
	const struct svcrules_stats stats = { .ipv4 = ipv4, .ipv6 = ipv6 };

	warn_test_set("/proc/sys/net/ipv4/ip_forward", on ? "1" : "0");
	warn_test_set("/proc/sys/net/ipv6/conf/all/forwarding", on ? "1" : "0");
	warn_host(&rules_session, &stats);
	ck_assert_uint_eq(warn_test_count(v4), !on && ipv4);
	ck_assert_uint_eq(warn_test_count(v6), !on && ipv6);
}
END_TEST

/* A namespace without routes, then with one to everything. */
START_TEST(test_warn_route)
{
	const struct svcrules_stats stats = { .routed = { "10.96.0.1", "" } };

	warn_host(&rules_session, &stats);
	ck_assert_uint_eq(warn_test_count("no route to cluster IPs such as 10.96.0.1"), 1);
	session_close(&rules_session);
	ck_assert_int_eq(session_open(&rules_session, rules_options), 0);
	namespace_loopback_up();
	ck_assert_int_eq(system("ip route add local 10.96.0.0/16 dev lo"), 0);
	warn_host(&rules_session, &stats);
	ck_assert_uint_eq(warn_test_count("no route"), 0);
}
END_TEST

START_TEST(test_warn_kube_proxy)
{
	const struct svcrules_stats stats = { .services = 1 };

	warn_host(&rules_session, &stats);
	ck_assert_uint_eq(warn_test_count("kube-proxy"), 0);
	rules_test_add_foreign(NFPROTO_IPV4, "kube-proxy");
	warn_host(&rules_session, &stats);
	ck_assert_uint_eq(warn_test_count("kube-proxy"), 1);
}
END_TEST

/* A bridge that rules of IP do not see matters to each family that has rules. */
START_TEST(test_warn_bridge)
{
	const bool services = _i & 1, policies = _i & 2;
	const struct svcrules_stats stats = { .ipv4 = services,
					      .policy_ipv4 = policies,
					      .policy_ipv6 = policies };
	const size_t seen = access("/proc/sys/net/bridge/bridge-nf-call-iptables", F_OK) == 0;

	warn_host(&rules_session, &stats);
	ck_assert_uint_eq(warn_test_count("pods on one bridge"), 0);
	ck_assert_int_eq(system("ip link add br0 type bridge"), 0);
	warn_host(&rules_session, &stats);
	if (seen)
		return;
	ck_assert_uint_eq(warn_test_count("do not reach each other through services"), services);
	ck_assert_uint_eq(warn_test_count("whatever network policies say"), policies ? 2 : 0);
}
END_TEST

static void warn_tests(TCase *tc)
{
	tcase_add_checked_fixture(tc, rules_test_setup, rules_test_teardown);
	tcase_add_loop_test(tc, test_warn_forwarding, 0, 8);
	tcase_add_test(tc, test_warn_route);
	tcase_add_test(tc, test_warn_kube_proxy);
	tcase_add_loop_test(tc, test_warn_bridge, 0, 4);
}

int main(void)
{
	return namespace_main("warn", warn_tests);
}
