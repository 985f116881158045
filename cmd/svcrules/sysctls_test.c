/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sysctls of the ipvs back end, each test in a network namespace of its
 * own. Exit code 77: not permitted here, or no IPVS, then without its own ones.
 */
#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/ip_vs.h>
#include <sched.h>
#include <sys/wait.h>
#include <unistd.h>

#include "command.h"
#include "netlink/generic.h"
#include "kernel/sysctl.h"
#include "sysctls.h"

#define IGNORE "net/ipv4/conf/all/arp_ignore"
#define ANNOUNCE "net/ipv4/conf/all/arp_announce"

static char said[4096];

static int namespace_enter(void)
{
	return unshare(geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET);
}

static void setup(void)
{
	ck_assert_int_eq(namespace_enter(), 0);
}

static void setup_ipvs(void)
{
	int err = 0;

	setup();
	generic_close(generic_open(IPVS_GENL_NAME, &err));
	ck_assert_int_eq(err, 0);
}

static void put(const char *path, const char *value)
{
	char name[256];
	FILE *f;

	snprintf(name, sizeof(name), "/proc/sys/%s", path);
	f = fopen(name, "w");
	ck_assert_msg(f && fputs(value, f) >= 0 && fclose(f) == 0, "%s", path);
}

static const char *get(const char *path)
{
	static char value[64];

	ck_assert_int_eq(sysctl_read(path, value, sizeof(value)), 0);
	return value;
}

/* Standard error of what runs between the two goes to said[]. */
static int capture_start(FILE **file)
{
	int old = dup(STDERR_FILENO);

	*file = tmpfile();
	ck_assert(old >= 0 && *file && dup2(fileno(*file), STDERR_FILENO) >= 0);
	return old;
}

static void capture_end(int old, FILE *file)
{
	fflush(stderr);
	ck_assert_int_ge(dup2(old, STDERR_FILENO), 0);
	close(old);
	rewind(file);
	said[fread(said, 1, sizeof(said) - 1, file)] = '\0';
	fclose(file);
}

static int apply(bool strict_arp, bool quiet)
{
	FILE *file;
	int old = capture_start(&file), code = sysctls_apply(strict_arp, quiet);

	capture_end(old, file);
	return code;
}

static void warn(bool strict_arp)
{
	FILE *file;
	int old = capture_start(&file);

	sysctls_warn(strict_arp);
	capture_end(old, file);
}

static size_t lines(void)
{
	size_t n = 0;

	for (const char *p = said; *p; p++)
		n += *p == '\n';
	return n;
}

static bool says(const char *text)
{
	return strstr(said, text) != NULL;
}

static void arp(const char *ignore, const char *announce)
{
	put(IGNORE, ignore);
	put(ANNOUNCE, announce);
}

/* ---- without IPVS */

START_TEST(missing_settings)
{
	if (sysctl_read("net/ipv4/vs/conntrack", said, sizeof(said)) == 0) {
		printf("SKIP: missing_settings: IPVS is there\n");
		return;
	}
	arp("0", "0");
	ck_assert_int_eq(apply(true, true), EXIT_KERNEL);
	ck_assert_uint_eq(lines(), 4);
	ck_assert(says("svcrules: cannot set sysctl net.ipv4.vs.conntrack to 1: there is no such setting"));
	ck_assert_str_eq(get(IGNORE), "1");
	ck_assert_str_eq(get(ANNOUNCE), "2");
	warn(true);
	ck_assert_str_eq(said, "");
}
END_TEST

START_TEST(arp_warnings)
{
	arp("0", "1");
	warn(false);
	ck_assert(!says("arp"));
	warn(true);
	ck_assert(says("svcrules: warning: sysctl net.ipv4.conf.all.arp_ignore is 0, not 1: this node answers"));
	ck_assert(says("svcrules: warning: sysctl net.ipv4.conf.all.arp_announce is 1, not 2: this node may"));
	ck_assert_str_eq(get(IGNORE), "0");
	ck_assert_str_eq(get(ANNOUNCE), "1");
	arp("1", "2");
	warn(true);
	ck_assert(!says("arp"));
}
END_TEST

/* ---- with IPVS */

static void reset(void)
{
	put("net/ipv4/vs/conntrack", "0");
	put("net/ipv4/vs/conn_reuse_mode", "0");
	put("net/ipv4/vs/expire_nodest_conn", "0");
	put("net/ipv4/vs/expire_quiescent_template", "0");
	arp("0", "0");
}

START_TEST(applied)
{
	reset();
	ck_assert_int_eq(apply(false, false), EXIT_DONE);
	ck_assert_str_eq(said, "svcrules: notice: sysctl net.ipv4.vs.conntrack: 0 -> 1\n"
			 "svcrules: notice: sysctl net.ipv4.vs.conn_reuse_mode: 0 -> 1\n"
			 "svcrules: notice: sysctl net.ipv4.vs.expire_nodest_conn: 0 -> 1\n"
			 "svcrules: notice: sysctl net.ipv4.vs.expire_quiescent_template: 0 -> 1\n");
	ck_assert_str_eq(get("net/ipv4/vs/conntrack"), "1");
	ck_assert_str_eq(get("net/ipv4/vs/expire_quiescent_template"), "1");
	ck_assert_str_eq(get(IGNORE), "0");
	ck_assert_int_eq(apply(false, false), EXIT_DONE);
	ck_assert_str_eq(said, "");
	ck_assert_int_eq(apply(true, false), EXIT_DONE);
	ck_assert_str_eq(said, "svcrules: notice: sysctl net.ipv4.conf.all.arp_ignore: 0 -> 1\n"
			 "svcrules: notice: sysctl net.ipv4.conf.all.arp_announce: 0 -> 2\n");
	ck_assert_int_eq(apply(true, false), EXIT_DONE);
	ck_assert_str_eq(said, "");
}
END_TEST

START_TEST(quiet)
{
	reset();
	ck_assert_int_eq(apply(true, true), EXIT_DONE);
	ck_assert_str_eq(said, "");
	ck_assert_str_eq(get("net/ipv4/vs/conn_reuse_mode"), "1");
	ck_assert_str_eq(get(ANNOUNCE), "2");
}
END_TEST

START_TEST(warnings)
{
	reset();
	warn(true);
	ck_assert_uint_eq(lines(), 6);
	ck_assert(says("svcrules: warning: sysctl net.ipv4.vs.conntrack is 0, not 1: what goes through IPVS"));
	ck_assert_str_eq(get("net/ipv4/vs/conntrack"), "0");
	put("net/ipv4/vs/conntrack", "1");
	warn(false);
	ck_assert_uint_eq(lines(), 3);
	ck_assert(!says("conntrack"));
}
END_TEST

START_TEST(unprivileged)
{
	reset();
	if (setresuid(65534, 65534, 65534) < 0) {
		printf("SKIP: unprivileged: no second user\n");
		return;
	}
	ck_assert_int_eq(apply(true, false), EXIT_KERNEL);
	ck_assert_uint_eq(lines(), 6);
	ck_assert(says("cannot set sysctl net.ipv4.vs.conntrack to 1: not permitted (needs root)"));
}
END_TEST

static void add_tests(TCase *any, TCase *ipvs)
{
	tcase_add_checked_fixture(any, setup, NULL);
	tcase_add_test(any, missing_settings);
	tcase_add_test(any, arp_warnings);
	tcase_add_checked_fixture(ipvs, setup_ipvs, NULL);
	tcase_add_test(ipvs, applied);
	tcase_add_test(ipvs, quiet);
	tcase_add_test(ipvs, warnings);
	tcase_add_test(ipvs, unprivileged);
}

/* Why not, or 0: a namespace, and in it with `ipvs` that. */
static int refused(bool ipvs)
{
	pid_t child = fork();
	int status = 0, err = 0;

	if (child == 0) {
		if (namespace_enter() < 0)
			_exit(errno);
		if (ipvs)
			generic_close(generic_open(IPVS_GENL_NAME, &err));
		_exit(-err);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINVAL;
}

int main(void)
{
	int failed, no_namespace = refused(false), no_ipvs = no_namespace ? 0 : refused(true);
	Suite *s = suite_create("sysctls");
	TCase *any = tcase_create("any"), *ipvs = tcase_create("ipvs");
	SRunner *sr = srunner_create(s);

	add_tests(any, ipvs);
	suite_add_tcase(s, any);
	suite_add_tcase(s, ipvs);
	if (no_namespace)
		printf("SKIP: no network namespace: %s\n", strerror(no_namespace));
	else if (no_ipvs)
		printf("SKIP: only a part: no IPVS: %s\n", strerror(no_ipvs));
	if (!no_namespace)
		srunner_run(sr, NULL, no_ipvs ? "any" : NULL, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	if (failed)
		return 1;
	return no_namespace || no_ipvs ? 77 : 0;
}
