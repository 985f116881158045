/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lock of a network namespace, each test in a namespace of its own. Exit
 * code 77: not permitted here.
 */
#include "namespace_test.h"
#include "state/lock.h"

#include <signal.h>
#include <stdint.h>
#include <time.h>

static void lock_test_setup(void)
{
	ck_assert_int_eq(namespace_enter(), 0);
}

static int64_t lock_test_clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Starts a child that holds the lock for `hold_ms`; returns once it does. */
static pid_t lock_test_holder(unsigned hold_ms)
{
	int p[2], fd, pid = 0;
	pid_t child;
	char c;

	ck_assert_int_eq(pipe(p), 0);
	child = fork();
	if (child == 0) {
		c = lock_take(&fd, 0, &pid) == 0 ? 'y' : 'n';
		if (write(p[1], &c, 1) == 1)
			usleep(hold_ms * 1000);
		_exit(0);
	}
	ck_assert_int_eq((int)read(p[0], &c, 1), 1);
	ck_assert_int_eq(c, 'y');
	close(p[0]);
	close(p[1]);
	return child;
}

START_TEST(test_lock_is_exclusive)
{
	int fd = -1, pid = 0;
	pid_t child = lock_test_holder(20000);
	int64_t start = lock_test_clock_ms();

	ck_assert_int_eq(lock_take(&fd, 0, &pid), -EBUSY);
	ck_assert_int_eq(pid, child);
	ck_assert_int_lt(lock_test_clock_ms() - start, 100);
	pid = 0;
	ck_assert_int_eq(lock_take(&fd, 150, &pid), -EBUSY);
	ck_assert_int_eq(pid, child);
	ck_assert_int_ge(lock_test_clock_ms() - start, 150);
	ck_assert_int_eq(fd, -1);

	kill(child, SIGKILL);
	ck_assert_int_eq(lock_take(&fd, 5000, &pid), 0);
	ck_assert_int_lt(lock_test_clock_ms() - start, 5000);
	close(fd);
	waitpid(child, NULL, 0);
	ck_assert_int_eq(lock_take(&fd, 0, &pid), 0);
	close(fd);
}
END_TEST

START_TEST(test_lock_is_handed_over)
{
	int fd = -1, pid = 0;
	pid_t child = lock_test_holder(200);
	int64_t start = lock_test_clock_ms();

	ck_assert_int_eq(lock_take(&fd, 10000, &pid), 0);
	ck_assert_int_lt(lock_test_clock_ms() - start, 2000);
	waitpid(child, NULL, 0);
	close(fd);
}
END_TEST

START_TEST(test_lock_is_per_namespace)
{
	int fd = -1, fd2 = -1, pid = 0;

	ck_assert_int_eq(lock_take(&fd, 0, &pid), 0);
	ck_assert_int_eq(lock_take(&fd2, 0, &pid), -EBUSY);
	ck_assert_int_eq(pid, getpid());
	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	ck_assert_int_eq(lock_take(&fd2, 0, &pid), 0);
	close(fd);
	close(fd2);
}
END_TEST

static void lock_tests(TCase *tc)
{
	tcase_add_checked_fixture(tc, lock_test_setup, NULL);
	tcase_add_test(tc, test_lock_is_exclusive);
	tcase_add_test(tc, test_lock_is_handed_over);
	tcase_add_test(tc, test_lock_is_per_namespace);
}

int main(void)
{
	return namespace_main("lock", lock_tests);
}
