/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading and setting sysctls, each test in a network namespace of its own. Exit
 * code 77: not permitted here. The settings of IPVS are in sysctls_test.c.
 */
#include "kernel/sysctl.h"
#include "namespace_test.h"

static void sysctl_test_setup(void)
{
	ck_assert_int_eq(namespace_enter(), 0);
}

START_TEST(test_sysctl_reading)
{
	char buf[64], one[1], path[5000];

	ck_assert_int_eq(sysctl_read("net/ipv4/ip_forward", buf, sizeof(buf)), 0);
	ck_assert(strcmp(buf, "0") == 0 || strcmp(buf, "1") == 0);
	ck_assert_int_eq(sysctl_read("net/ipv4/no_such_thing", buf, sizeof(buf)), -ENOENT);
	ck_assert_int_eq(sysctl_read("net/ipv4/ip_forward", one, sizeof(one)), -EOVERFLOW);
	memset(path, 'x', sizeof(path) - 1);
	path[sizeof(path) - 1] = '\0';
	ck_assert_int_eq(sysctl_read(path, buf, sizeof(buf)), -ENAMETOOLONG);
}
END_TEST

/* The findings about ARP, the last one found. */
struct arp_findings {
	size_t count;
	struct sysctl_finding last;
};

static void sysctl_test_finding(const struct sysctl_finding *f, void *arg)
{
	struct arp_findings *a = arg;

	if (!strstr(f->name, ".arp_"))
		return;
	a->count++;
	a->last = *f;
}

START_TEST(test_sysctl_findings)
{
	struct arp_findings a = { 0 };
	char value[SYSCTL_VALUE_SIZE];

	sysctl_ipvs_check(false, sysctl_test_finding, &a);
	ck_assert_uint_eq(a.count, 0);
	sysctl_ipvs_check(true, sysctl_test_finding, &a);
	ck_assert_uint_eq(a.count, 2);
	ck_assert_str_eq(a.last.name, "net.ipv4.conf.all.arp_announce");
	ck_assert_str_eq(a.last.now, "0");
	ck_assert_str_eq(a.last.want, "2");
	ck_assert_int_eq(a.last.err, 0);
	ck_assert(!a.last.set);

	a = (struct arp_findings){ 0 };
	sysctl_ipvs_set(true, sysctl_test_finding, &a);
	ck_assert_uint_eq(a.count, 2);
	ck_assert_str_eq(a.last.now, "0");
	ck_assert(a.last.set);
	ck_assert_int_eq(sysctl_read("net/ipv4/conf/all/arp_announce", value, sizeof(value)), 0);
	ck_assert_str_eq(value, "2");

	a = (struct arp_findings){ 0 };
	sysctl_ipvs_set(true, sysctl_test_finding, &a);
	sysctl_ipvs_check(true, sysctl_test_finding, &a);
	ck_assert_uint_eq(a.count, 0);
}
END_TEST

static void sysctl_tests(TCase *tc)
{
	tcase_add_checked_fixture(tc, sysctl_test_setup, NULL);
	tcase_add_test(tc, test_sysctl_reading);
	tcase_add_test(tc, test_sysctl_findings);
}

int main(void)
{
	return namespace_main("sysctl", sysctl_tests);
}
