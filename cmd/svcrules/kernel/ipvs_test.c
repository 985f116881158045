/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sysctls that IPVS needs and the findings about them, each test in a network namespace of
 * its own. Exit code 77: not permitted here, or no IPVS, in which case only the settings for ARP
 * were tested.
 */
#include "kernel/ipvs.h"
#include "exit.h"
#include "kernel/sysctl.h"
#include "namespace_test.h"
#include "netlink/generic.h"

#include <linux/ip_vs.h>
#include <stdlib.h>

#define IGNORE "net/ipv4/conf/all/arp_ignore"
#define ANNOUNCE "net/ipv4/conf/all/arp_announce"

static char said[4096];

static void ipvs_test_setup(void)
{
	ck_assert_int_eq(namespace_enter(), 0);
}

static void ipvs_test_setup_ipvs(void)
{
	int err = 0;

	ipvs_test_setup();
	generic_close(generic_open(IPVS_GENL_NAME, &err));
	ck_assert_int_eq(err, 0);
}

static void ipvs_test_put(const char *path, const char *value)
{
	char name[256];
	FILE *f;

	snprintf(name, sizeof(name), "/proc/sys/%s", path);
	f = fopen(name, "w");
	ck_assert_msg(f && fputs(value, f) >= 0 && fclose(f) == 0, "%s", path);
}

static const char *ipvs_test_get(const char *path)
{
	static char value[64];

	ck_assert_int_eq(sysctl_read(path, value, sizeof(value)), 0);
	return value;
}

/*
 * Writes the findings to said[], a line each; `quiet` leaves out notices, as the commands do.
 * Removes them.
 */
static void ipvs_test_say(struct session *s, bool quiet)
{
	size_t used = 0;

	said[0] = '\0';
	for (size_t i = 0; i < s->nfindings; i++)
		if (!quiet || !s->findings[i].notice)
			used += (size_t)snprintf(said + used, sizeof(said) - used, "%s\n",
						 s->findings[i].text);
	ck_assert_uint_lt(used, sizeof(said));
	session_close(s);
}

static int ipvs_test_apply(bool strict_arp, bool quiet)
{
	struct session s = { .nfindings = 0 };
	int code = ipvs_sysctls(&s, strict_arp, true);

	ipvs_test_say(&s, quiet);
	return code;
}

static void ipvs_test_warn(bool strict_arp)
{
	struct session s = { .nfindings = 0 };

	ck_assert_int_eq(ipvs_sysctls(&s, strict_arp, false), EXIT_DONE);
	ipvs_test_say(&s, false);
}

static size_t ipvs_test_lines(void)
{
	size_t n = 0;

	for (const char *p = said; *p; p++)
		n += *p == '\n';
	return n;
}

static bool ipvs_test_said(const char *text)
{
	return strstr(said, text) != NULL;
}

static void ipvs_test_arp(const char *ignore, const char *announce)
{
	ipvs_test_put(IGNORE, ignore);
	ipvs_test_put(ANNOUNCE, announce);
}

/* ---- without IPVS */

START_TEST(test_ipvs_missing_settings)
{
	if (sysctl_read("net/ipv4/vs/conntrack", said, sizeof(said)) == 0) {
		printf("SKIP: missing_settings: IPVS is there\n");
		return;
	}
	ipvs_test_arp("0", "0");
	ck_assert_int_eq(ipvs_test_apply(true, true), EXIT_KERNEL);
	ck_assert_uint_eq(ipvs_test_lines(), 4);
	ck_assert(ipvs_test_said("cannot set sysctl net.ipv4.vs.conntrack to 1: "
				 "there is no such setting"));
	ck_assert_str_eq(ipvs_test_get(IGNORE), "1");
	ck_assert_str_eq(ipvs_test_get(ANNOUNCE), "2");
	ipvs_test_warn(true);
	ck_assert_str_eq(said, "");
}
END_TEST

START_TEST(test_ipvs_arp_warnings)
{
	ipvs_test_arp("0", "1");
	ipvs_test_warn(false);
	ck_assert(!ipvs_test_said("arp"));
	ipvs_test_warn(true);
	ck_assert(ipvs_test_said("warning: sysctl net.ipv4.conf.all.arp_ignore is 0, "
				 "not 1: this node answers"));
	ck_assert(ipvs_test_said("warning: sysctl net.ipv4.conf.all.arp_announce is 1, "
				 "not 2: this node may"));
	ck_assert_str_eq(ipvs_test_get(IGNORE), "0");
	ck_assert_str_eq(ipvs_test_get(ANNOUNCE), "1");
	ipvs_test_arp("1", "2");
	ipvs_test_warn(true);
	ck_assert(!ipvs_test_said("arp"));
}
END_TEST

/* ---- with IPVS */

static void ipvs_test_reset(void)
{
	ipvs_test_put("net/ipv4/vs/conntrack", "0");
	ipvs_test_put("net/ipv4/vs/conn_reuse_mode", "0");
	ipvs_test_put("net/ipv4/vs/expire_nodest_conn", "0");
	ipvs_test_put("net/ipv4/vs/expire_quiescent_template", "0");
	ipvs_test_arp("0", "0");
}

START_TEST(test_ipvs_applied)
{
	ipvs_test_reset();
	ck_assert_int_eq(ipvs_test_apply(false, false), EXIT_DONE);
	ck_assert_str_eq(said, "notice: sysctl net.ipv4.vs.conntrack: 0 -> 1\n"
			       "notice: sysctl net.ipv4.vs.conn_reuse_mode: 0 -> 1\n"
			       "notice: sysctl net.ipv4.vs.expire_nodest_conn: 0 -> 1\n"
			       "notice: sysctl net.ipv4.vs.expire_quiescent_template: "
			       "0 -> 1\n");
	ck_assert_str_eq(ipvs_test_get("net/ipv4/vs/conntrack"), "1");
	ck_assert_str_eq(ipvs_test_get("net/ipv4/vs/expire_quiescent_template"), "1");
	ck_assert_str_eq(ipvs_test_get(IGNORE), "0");
	ck_assert_int_eq(ipvs_test_apply(false, false), EXIT_DONE);
	ck_assert_str_eq(said, "");
	ck_assert_int_eq(ipvs_test_apply(true, false), EXIT_DONE);
	ck_assert_str_eq(said, "notice: sysctl net.ipv4.conf.all.arp_ignore: 0 -> 1\n"
			       "notice: sysctl net.ipv4.conf.all.arp_announce: 0 -> 2\n");
	ck_assert_int_eq(ipvs_test_apply(true, false), EXIT_DONE);
	ck_assert_str_eq(said, "");
}
END_TEST

START_TEST(test_ipvs_quiet)
{
	ipvs_test_reset();
	ck_assert_int_eq(ipvs_test_apply(true, true), EXIT_DONE);
	ck_assert_str_eq(said, "");
	ck_assert_str_eq(ipvs_test_get("net/ipv4/vs/conn_reuse_mode"), "1");
	ck_assert_str_eq(ipvs_test_get(ANNOUNCE), "2");
}
END_TEST

START_TEST(test_ipvs_warnings)
{
	ipvs_test_reset();
	ipvs_test_warn(true);
	ck_assert_uint_eq(ipvs_test_lines(), 6);
	ck_assert(ipvs_test_said("warning: sysctl net.ipv4.vs.conntrack is 0, not 1: "
				 "what goes through IPVS"));
	ck_assert_str_eq(ipvs_test_get("net/ipv4/vs/conntrack"), "0");
	ipvs_test_put("net/ipv4/vs/conntrack", "1");
	ipvs_test_warn(false);
	ck_assert_uint_eq(ipvs_test_lines(), 3);
	ck_assert(!ipvs_test_said("conntrack"));
}
END_TEST

START_TEST(test_ipvs_unprivileged)
{
	ipvs_test_reset();
	if (setresuid(65534, 65534, 65534) < 0) {
		printf("SKIP: unprivileged: no second user\n");
		return;
	}
	ck_assert_int_eq(ipvs_test_apply(true, false), EXIT_KERNEL);
	ck_assert_uint_eq(ipvs_test_lines(), 6);
	ck_assert(ipvs_test_said("cannot set sysctl net.ipv4.vs.conntrack to 1: "
				 "not permitted (needs root)"));
}
END_TEST

static void ipvs_tests(TCase *any, TCase *ipvs)
{
	tcase_set_timeout(any, 120);
	tcase_set_timeout(ipvs, 120);
	tcase_add_checked_fixture(any, ipvs_test_setup, NULL);
	tcase_add_test(any, test_ipvs_missing_settings);
	tcase_add_test(any, test_ipvs_arp_warnings);
	tcase_add_checked_fixture(ipvs, ipvs_test_setup_ipvs, NULL);
	tcase_add_test(ipvs, test_ipvs_applied);
	tcase_add_test(ipvs, test_ipvs_quiet);
	tcase_add_test(ipvs, test_ipvs_warnings);
	tcase_add_test(ipvs, test_ipvs_unprivileged);
}

/* What generic_open() returns for IPVS. */
static int ipvs_test_probe(void)
{
	int err = 0;

	generic_close(generic_open(IPVS_GENL_NAME, &err));
	return err;
}

int main(void)
{
	Suite *s = suite_create("ipvs");
	TCase *any = tcase_create("any"), *ipvs = tcase_create("ipvs");

	ipvs_tests(any, ipvs);
	suite_add_tcase(s, any);
	suite_add_tcase(s, ipvs);
	return namespace_main_optional(s, "any", ipvs_test_probe, "only a part: no IPVS");
}
