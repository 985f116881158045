/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The messages about sysctls of the ipvs back end, each test in a network
 * namespace of its own. Exit code 77: not permitted here, or no IPVS, in which
 * case only the settings for ARP were tested.
 */
#include "command.h"
#include "kernel/sysctl.h"
#include "namespace_test.h"
#include "netlink/generic.h"
#include "sysctls.h"

#include <fcntl.h>
#include <linux/ip_vs.h>

#define IGNORE "net/ipv4/conf/all/arp_ignore"
#define ANNOUNCE "net/ipv4/conf/all/arp_announce"

static char said[4096];

static void sysctls_test_setup(void)
{
	ck_assert_int_eq(namespace_enter(), 0);
}

static void sysctls_test_setup_ipvs(void)
{
	int err = 0;

	sysctls_test_setup();
	generic_close(generic_open(IPVS_GENL_NAME, &err));
	ck_assert_int_eq(err, 0);
}

static void sysctls_test_put(const char *path, const char *value)
{
	char name[256];
	FILE *f;

	snprintf(name, sizeof(name), "/proc/sys/%s", path);
	f = fopen(name, "w");
	ck_assert_msg(f && fputs(value, f) >= 0 && fclose(f) == 0, "%s", path);
}

static const char *sysctls_test_get(const char *path)
{
	static char value[64];

	ck_assert_int_eq(sysctl_read(path, value, sizeof(value)), 0);
	return value;
}

/* Between this call and sysctls_test_capture_end() standard error goes to said[]. */
static int sysctls_test_capture(FILE **file)
{
	int old = dup(STDERR_FILENO);

	*file = tmpfile();
	ck_assert(old >= 0 && *file && dup2(fileno(*file), STDERR_FILENO) >= 0);
	return old;
}

static void sysctls_test_capture_end(int old, FILE *file)
{
	fflush(stderr);
	ck_assert_int_ge(dup2(old, STDERR_FILENO), 0);
	close(old);
	rewind(file);
	said[fread(said, 1, sizeof(said) - 1, file)] = '\0';
	fclose(file);
}

static int sysctls_test_apply(bool strict_arp, bool quiet)
{
	FILE *file;
	int old = sysctls_test_capture(&file), code = sysctls_apply(strict_arp, quiet);

	sysctls_test_capture_end(old, file);
	return code;
}

static void sysctls_test_warn(bool strict_arp)
{
	FILE *file;
	int old = sysctls_test_capture(&file);

	sysctls_warn(strict_arp);
	sysctls_test_capture_end(old, file);
}

static size_t sysctls_test_lines(void)
{
	size_t n = 0;

	for (const char *p = said; *p; p++)
		n += *p == '\n';
	return n;
}

static bool sysctls_said(const char *text)
{
	return strstr(said, text) != NULL;
}

static void sysctls_test_arp(const char *ignore, const char *announce)
{
	sysctls_test_put(IGNORE, ignore);
	sysctls_test_put(ANNOUNCE, announce);
}

/* ---- without IPVS */

START_TEST(test_sysctls_missing_settings)
{
	if (sysctl_read("net/ipv4/vs/conntrack", said, sizeof(said)) == 0) {
		printf("SKIP: missing_settings: IPVS is there\n");
		return;
	}
	sysctls_test_arp("0", "0");
	ck_assert_int_eq(sysctls_test_apply(true, true), EXIT_KERNEL);
	ck_assert_uint_eq(sysctls_test_lines(), 4);
	ck_assert(sysctls_said("svcrules: cannot set sysctl net.ipv4.vs.conntrack to 1: "
			       "there is no such setting"));
	ck_assert_str_eq(sysctls_test_get(IGNORE), "1");
	ck_assert_str_eq(sysctls_test_get(ANNOUNCE), "2");
	sysctls_test_warn(true);
	ck_assert_str_eq(said, "");
}
END_TEST

START_TEST(test_sysctls_arp_warnings)
{
	sysctls_test_arp("0", "1");
	sysctls_test_warn(false);
	ck_assert(!sysctls_said("arp"));
	sysctls_test_warn(true);
	ck_assert(sysctls_said("svcrules: warning: sysctl net.ipv4.conf.all.arp_ignore is 0, "
			       "not 1: this node answers"));
	ck_assert(sysctls_said("svcrules: warning: sysctl net.ipv4.conf.all.arp_announce is 1, "
			       "not 2: this node may"));
	ck_assert_str_eq(sysctls_test_get(IGNORE), "0");
	ck_assert_str_eq(sysctls_test_get(ANNOUNCE), "1");
	sysctls_test_arp("1", "2");
	sysctls_test_warn(true);
	ck_assert(!sysctls_said("arp"));
}
END_TEST

/* ---- with IPVS */

static void sysctls_test_reset(void)
{
	sysctls_test_put("net/ipv4/vs/conntrack", "0");
	sysctls_test_put("net/ipv4/vs/conn_reuse_mode", "0");
	sysctls_test_put("net/ipv4/vs/expire_nodest_conn", "0");
	sysctls_test_put("net/ipv4/vs/expire_quiescent_template", "0");
	sysctls_test_arp("0", "0");
}

START_TEST(test_sysctls_applied)
{
	sysctls_test_reset();
	ck_assert_int_eq(sysctls_test_apply(false, false), EXIT_DONE);
	ck_assert_str_eq(said, "svcrules: notice: sysctl net.ipv4.vs.conntrack: 0 -> 1\n"
			 "svcrules: notice: sysctl net.ipv4.vs.conn_reuse_mode: 0 -> 1\n"
			 "svcrules: notice: sysctl net.ipv4.vs.expire_nodest_conn: 0 -> 1\n"
			 "svcrules: notice: sysctl net.ipv4.vs.expire_quiescent_template: "
			 "0 -> 1\n");
	ck_assert_str_eq(sysctls_test_get("net/ipv4/vs/conntrack"), "1");
	ck_assert_str_eq(sysctls_test_get("net/ipv4/vs/expire_quiescent_template"), "1");
	ck_assert_str_eq(sysctls_test_get(IGNORE), "0");
	ck_assert_int_eq(sysctls_test_apply(false, false), EXIT_DONE);
	ck_assert_str_eq(said, "");
	ck_assert_int_eq(sysctls_test_apply(true, false), EXIT_DONE);
	ck_assert_str_eq(said, "svcrules: notice: sysctl net.ipv4.conf.all.arp_ignore: 0 -> 1\n"
			 "svcrules: notice: sysctl net.ipv4.conf.all.arp_announce: 0 -> 2\n");
	ck_assert_int_eq(sysctls_test_apply(true, false), EXIT_DONE);
	ck_assert_str_eq(said, "");
}
END_TEST

START_TEST(test_sysctls_quiet)
{
	sysctls_test_reset();
	ck_assert_int_eq(sysctls_test_apply(true, true), EXIT_DONE);
	ck_assert_str_eq(said, "");
	ck_assert_str_eq(sysctls_test_get("net/ipv4/vs/conn_reuse_mode"), "1");
	ck_assert_str_eq(sysctls_test_get(ANNOUNCE), "2");
}
END_TEST

START_TEST(test_sysctls_warnings)
{
	sysctls_test_reset();
	sysctls_test_warn(true);
	ck_assert_uint_eq(sysctls_test_lines(), 6);
	ck_assert(sysctls_said("svcrules: warning: sysctl net.ipv4.vs.conntrack is 0, not 1: "
			       "what goes through IPVS"));
	ck_assert_str_eq(sysctls_test_get("net/ipv4/vs/conntrack"), "0");
	sysctls_test_put("net/ipv4/vs/conntrack", "1");
	sysctls_test_warn(false);
	ck_assert_uint_eq(sysctls_test_lines(), 3);
	ck_assert(!sysctls_said("conntrack"));
}
END_TEST

START_TEST(test_sysctls_unprivileged)
{
	sysctls_test_reset();
	if (setresuid(65534, 65534, 65534) < 0) {
		printf("SKIP: unprivileged: no second user\n");
		return;
	}
	ck_assert_int_eq(sysctls_test_apply(true, false), EXIT_KERNEL);
	ck_assert_uint_eq(sysctls_test_lines(), 6);
	ck_assert(sysctls_said("cannot set sysctl net.ipv4.vs.conntrack to 1: "
			       "not permitted (needs root)"));
}
END_TEST

static void sysctls_tests(TCase *any, TCase *ipvs)
{
	tcase_set_timeout(any, 120);
	tcase_set_timeout(ipvs, 120);
	tcase_add_checked_fixture(any, sysctls_test_setup, NULL);
	tcase_add_test(any, test_sysctls_missing_settings);
	tcase_add_test(any, test_sysctls_arp_warnings);
	tcase_add_checked_fixture(ipvs, sysctls_test_setup_ipvs, NULL);
	tcase_add_test(ipvs, test_sysctls_applied);
	tcase_add_test(ipvs, test_sysctls_quiet);
	tcase_add_test(ipvs, test_sysctls_warnings);
	tcase_add_test(ipvs, test_sysctls_unprivileged);
}

/* What generic_open() returns for IPVS. */
static int sysctls_test_probe(void)
{
	int err = 0;

	generic_close(generic_open(IPVS_GENL_NAME, &err));
	return err;
}

int main(void)
{
	Suite *s = suite_create("sysctls");
	TCase *any = tcase_create("any"), *ipvs = tcase_create("ipvs");

	sysctls_tests(any, ipvs);
	suite_add_tcase(s, any);
	suite_add_tcase(s, ipvs);
	return namespace_main_optional(s, "any", sysctls_test_probe, "only a part: no IPVS");
}
