/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading and setting sysctls, each test in a network namespace of its own. Exit
 * code 77: not permitted here.
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

/* Each namespace has its own of these. The path of the second one does not exist. */
static const struct sysctl_setting settings[] = {
	{ "net/ipv4/conf/all/arp_ignore", "1", "first reason", true },
	{ "net/ipv4/no_such_thing", "1", "second reason", false },
	{ "net/ipv4/conf/all/arp_announce", "2", "third reason", true },
	{ "net/ipv4/conf/all/arp_filter", "1", "fourth reason", false },
};

#define SETTINGS (sizeof(settings) / sizeof(settings[0]))

/* What was found, in order. */
struct sysctl_findings {
	struct sysctl_finding v[SETTINGS];
	size_t count;
};

static void sysctl_test_finding(const struct sysctl_finding *f, void *arg)
{
	struct sysctl_findings *all = arg;

	ck_assert_uint_lt(all->count, SETTINGS);
	all->v[all->count++] = *f;
}

static struct sysctl_findings sysctl_test_check(bool strict_arp)
{
	struct sysctl_findings all = { .count = 0 };

	sysctl_check_all(settings, SETTINGS, strict_arp, sysctl_test_finding, &all);
	return all;
}

static struct sysctl_findings sysctl_test_set(bool strict_arp)
{
	struct sysctl_findings all = { .count = 0 };

	sysctl_set_all(settings, SETTINGS, strict_arp, sysctl_test_finding, &all);
	return all;
}

static void sysctl_test_value(const char *path, const char *want)
{
	char value[SYSCTL_VALUE_SIZE];

	ck_assert_int_eq(sysctl_read(path, value, sizeof(value)), 0);
	ck_assert_str_eq(value, want);
}

/* A check changes nothing, and does not mention what cannot be read. */
START_TEST(test_sysctl_checked)
{
	struct sysctl_findings all = sysctl_test_check(false);

	ck_assert_uint_eq(all.count, 1);
	ck_assert_str_eq(all.v[0].name, "net.ipv4.conf.all.arp_filter");
	all = sysctl_test_check(true);
	ck_assert_uint_eq(all.count, 3);
	ck_assert_str_eq(all.v[1].name, "net.ipv4.conf.all.arp_announce");
	ck_assert_str_eq(all.v[1].now, "0");
	ck_assert_str_eq(all.v[1].want, "2");
	ck_assert_str_eq(all.v[1].why, "third reason");
	for (size_t i = 0; i < all.count; i++) {
		ck_assert_int_eq(all.v[i].err, 0);
		ck_assert(!all.v[i].set);
	}
	sysctl_test_value("net/ipv4/conf/all/arp_announce", "0");
}
END_TEST

/* A setting that cannot be read does not keep the next ones from being set. */
START_TEST(test_sysctl_set)
{
	struct sysctl_findings all = sysctl_test_set(true);

	ck_assert_uint_eq(all.count, 4);
	ck_assert_str_eq(all.v[1].name, "net.ipv4.no_such_thing");
	ck_assert_int_eq(all.v[1].err, -ENOENT);
	ck_assert(!all.v[1].set);
	ck_assert_str_eq(all.v[1].now, "");
	ck_assert_str_eq(all.v[2].now, "0");
	ck_assert(all.v[2].set);
	sysctl_test_value("net/ipv4/conf/all/arp_ignore", "1");
	sysctl_test_value("net/ipv4/conf/all/arp_announce", "2");
	sysctl_test_value("net/ipv4/conf/all/arp_filter", "1");
	ck_assert_uint_eq(sysctl_test_set(true).count, 1); /* the one that is missing */
	ck_assert_uint_eq(sysctl_test_check(true).count, 0);
}
END_TEST

/* Without strict ARP its settings are left alone. */
START_TEST(test_sysctl_set_without_strict_arp)
{
	ck_assert_uint_eq(sysctl_test_set(false).count, 2);
	sysctl_test_value("net/ipv4/conf/all/arp_ignore", "0");
	sysctl_test_value("net/ipv4/conf/all/arp_announce", "0");
	sysctl_test_value("net/ipv4/conf/all/arp_filter", "1");
}
END_TEST

START_TEST(test_sysctl_unprivileged)
{
	struct sysctl_findings all;

	if (setresuid(65534, 65534, 65534) < 0) {
		printf("SKIP: unprivileged: no second user\n");
		return;
	}
	all = sysctl_test_set(true);
	ck_assert_uint_eq(all.count, 4);
	ck_assert_int_eq(all.v[0].err, -EACCES);
	ck_assert_str_eq(all.v[0].now, "0");
	ck_assert(!all.v[0].set);
	sysctl_test_value("net/ipv4/conf/all/arp_ignore", "0");
}
END_TEST

static void sysctl_tests(TCase *tc)
{
	tcase_add_checked_fixture(tc, sysctl_test_setup, NULL);
	tcase_add_test(tc, test_sysctl_reading);
	tcase_add_test(tc, test_sysctl_checked);
	tcase_add_test(tc, test_sysctl_set);
	tcase_add_test(tc, test_sysctl_set_without_strict_arp);
	tcase_add_test(tc, test_sysctl_unprivileged);
}

int main(void)
{
	return namespace_main("sysctl", sysctl_tests);
}
