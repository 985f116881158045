/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests that run in a network namespace of their own, and report where they may not. */
#ifndef SVCRULES_NAMESPACE_TEST_H
#define SVCRULES_NAMESPACE_TEST_H

#include <check.h>
#include <errno.h>
#include <linux/capability.h>
#include <net/if.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static inline int namespace_enter(void)
{
	return unshare(geteuid() == 0 ? CLONE_NEWNET : CLONE_NEWUSER | CLONE_NEWNET);
}

static inline void namespace_loopback_up(void)
{
	struct ifreq ifr = { .ifr_name = "lo", .ifr_flags = IFF_UP | IFF_RUNNING };
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	ck_assert_int_eq(ioctl(fd, SIOCSIFFLAGS, &ifr), 0);
	close(fd);
}

static inline void namespace_drop_capabilities(void)
{
	struct __user_cap_header_struct h = { .version = _LINUX_CAPABILITY_VERSION_3 };
	struct __user_cap_data_struct d[2] = { 0 };

	ck_assert_int_eq((int)syscall(SYS_capset, &h, d), 0);
}

/*
 * In a child with a namespace of its own: 0 or the errno, positive, that the
 * namespace or `probe` (may be NULL) returned.
 */
static inline int namespace_probe(int (*probe)(void))
{
	pid_t child = fork();
	int status = 0;

	if (child == 0) {
		if (namespace_enter() < 0)
			_exit(errno);
		_exit(probe ? -probe() : 0);
	}
	waitpid(child, &status, 0);
	return WIFEXITED(status) ? WEXITSTATUS(status) : EINVAL;
}

/* Runs the suite, or its test case `only`, and frees it. Returns 0 or 1. */
static inline int namespace_suite_run(Suite *s, const char *only)
{
	SRunner *sr = srunner_create(s);
	int failed;

	srunner_run(sr, NULL, only, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}

/* The main() of a suite with one test case; 77: no namespaces here. */
static inline int namespace_main(const char *name, void (*add_tests)(TCase *tc))
{
	Suite *s = suite_create(name);
	TCase *tc = tcase_create("kernel");
	int refused = namespace_probe(NULL);

	suite_add_tcase(s, tc);
	tcase_set_timeout(tc, 120);
	add_tests(tc);
	if (refused) {
		printf("SKIP: no network namespace: %s\n", strerror(refused));
		srunner_free(srunner_create(s));
		return 77;
	}
	return namespace_suite_run(s, NULL);
}

/*
 * The main() of a suite of which the test case `optional` needs a kernel for
 * which `probe` returns 0; `missing` completes "SKIP: ". 77: not everything ran.
 */
static inline int namespace_main_optional(Suite *s, const char *always, int (*probe)(void),
					  const char *missing)
{
	int no_namespace = namespace_probe(NULL), lacks = no_namespace ? 0 : namespace_probe(probe);

	if (no_namespace) {
		printf("SKIP: no network namespace: %s\n", strerror(no_namespace));
		srunner_free(srunner_create(s));
		return 77;
	}
	if (lacks)
		printf("SKIP: %s: %s\n", missing, strerror(lacks));
	if (namespace_suite_run(s, lacks ? always : NULL))
		return 1;
	return lacks ? 77 : 0;
}

#endif
