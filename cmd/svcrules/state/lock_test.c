/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lock of a network namespace, each test in a namespace of its own. Exit
 * code 77: not permitted here.
 */
#include "namespace_test.h"
#include "state/lock.h"
#include "state/state_dir.h"

#include <dirent.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/un.h>
#include <time.h>

static char lock_dir[] = "/tmp/svcrules-lock-XXXXXX";

static void lock_test_setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(lock_dir));
	ck_assert_int_eq(namespace_enter(), 0);
}

static int64_t lock_test_clock_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static void lock_test_teardown(void)
{
	struct dirent *e;
	DIR *d = opendir(lock_dir);

	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d)))
		if (*e->d_name != '.')
			ck_assert_int_eq(unlinkat(dirfd(d), e->d_name, 0), 0);
	closedir(d);
	rmdir(lock_dir);
}

/* The file that is the lock. */
static const char *lock_test_path(void)
{
	static char path[200];
	unsigned long long ino;

	ck_assert_int_eq(state_namespace(&ino), 0);
	snprintf(path, sizeof(path), "%s/lock-%llu", lock_dir, ino);
	return path;
}

/* Starts a child that holds the lock for `hold_ms`; returns once it does. */
static pid_t lock_test_holder(const char *in, uid_t uid, unsigned hold_ms)
{
	struct lock l;
	int p[2];
	pid_t child;
	char c;

	ck_assert_int_eq(pipe(p), 0);
	child = fork();
	if (child == 0) {
		if (setuid(uid) < 0)
			_exit(1);
		c = lock_take(in, 0, &l) == 0 ? 'y' : 'n';
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

static void lock_test_excludes(const char *in)
{
	struct lock l;
	pid_t child = lock_test_holder(in, 0, 20000);
	int64_t start = lock_test_clock_ms();

	ck_assert_int_eq(lock_take(in, 0, &l), -EBUSY);
	ck_assert_int_eq(l.holder, child);
	ck_assert_int_eq(l.by_name, !in);
	ck_assert_int_lt(lock_test_clock_ms() - start, 100);
	ck_assert_int_eq(lock_take(in, 150, &l), -EBUSY);
	ck_assert_int_eq(l.holder, child);
	ck_assert_int_ge(lock_test_clock_ms() - start, 150);
	ck_assert_int_eq(l.fd, -1);

	kill(child, SIGKILL);
	ck_assert_int_eq(lock_take(in, 5000, &l), 0);
	ck_assert_int_lt(lock_test_clock_ms() - start, 5000);
	close(l.fd);
	waitpid(child, NULL, 0);
	ck_assert_int_eq(lock_take(in, 0, &l), 0);
	close(l.fd);
}

START_TEST(test_lock_is_exclusive)
{
	lock_test_excludes(lock_dir);
}
END_TEST

START_TEST(test_lock_by_name_is_exclusive)
{
	lock_test_excludes(NULL);
}
END_TEST

START_TEST(test_lock_is_handed_over)
{
	struct lock l;
	pid_t child = lock_test_holder(lock_dir, 0, 200);
	int64_t start = lock_test_clock_ms();

	ck_assert_int_eq(lock_take(lock_dir, 10000, &l), 0);
	ck_assert_int_lt(lock_test_clock_ms() - start, 2000);
	waitpid(child, NULL, 0);
	close(l.fd);
}
END_TEST

START_TEST(test_lock_is_per_namespace)
{
	struct lock l, other;

	ck_assert_int_eq(lock_take(lock_dir, 0, &l), 0);
	ck_assert_int_eq(lock_take(lock_dir, 0, &other), -EBUSY);
	ck_assert_int_eq(other.holder, getpid());
	ck_assert_int_eq(unshare(CLONE_NEWNET), 0);
	ck_assert_int_eq(lock_take(lock_dir, 0, &other), 0);
	close(l.fd);
	close(other.fd);
}
END_TEST

/* Whoever removes the file does not let two in. */
START_TEST(test_lock_file_is_removed)
{
	struct lock l;

	ck_assert_int_eq(lock_take(lock_dir, 0, &l), 0);
	ck_assert_int_eq(unlink(lock_test_path()), 0);
	close(l.fd);
	ck_assert_int_eq(lock_take(lock_dir, 0, &l), 0);
	ck_assert_int_eq(access(lock_test_path(), F_OK), 0);
	close(l.fd);
}
END_TEST

START_TEST(test_lock_needs_a_private_directory)
{
	struct lock l;

	ck_assert_int_eq(chmod(lock_dir, 0770), 0);
	ck_assert_int_eq(lock_take(lock_dir, 0, &l), -EPERM);
	ck_assert_int_eq(chmod(lock_dir, 0700), 0);
	ck_assert_int_eq(lock_take("/proc/svcrules", 0, &l), 0);
	ck_assert(l.by_name);
	close(l.fd);
}
END_TEST

static void lock_test_bind(int fd)
{
	struct sockaddr_un sun = { .sun_family = AF_UNIX };
	static const char name[] = "svcrules/lock";

	memcpy(sun.sun_path + 1, name, sizeof(name) - 1);
	ck_assert_int_eq(bind(fd, (struct sockaddr *)&sun,
			      (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof(name))),
			 0);
}

/* The name of another user's process keeps nobody from working. */
START_TEST(test_lock_name_of_a_stranger)
{
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);
	int64_t start;
	struct lock l;
	pid_t child;

	if (geteuid() != 0 || setuid(0) < 0)
		return;
	lock_test_bind(fd); /* and does not listen */
	start = lock_test_clock_ms();
	ck_assert_int_eq(lock_take(NULL, 0, &l), 0);
	ck_assert(l.stranger);
	ck_assert_int_lt(lock_test_clock_ms() - start, 2000);
	close(fd);
	child = lock_test_holder(NULL, 65534, 20000);
	ck_assert_int_eq(lock_take(NULL, 5000, &l), 0);
	ck_assert(l.stranger);
	ck_assert_int_eq(l.holder, child);
	ck_assert_int_lt(lock_test_clock_ms() - start, 4000);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}
END_TEST

static void lock_tests(TCase *tc)
{
	tcase_add_checked_fixture(tc, lock_test_setup, lock_test_teardown);
	tcase_add_test(tc, test_lock_is_exclusive);
	tcase_add_test(tc, test_lock_by_name_is_exclusive);
	tcase_add_test(tc, test_lock_is_handed_over);
	tcase_add_test(tc, test_lock_is_per_namespace);
	tcase_add_test(tc, test_lock_file_is_removed);
	tcase_add_test(tc, test_lock_needs_a_private_directory);
	tcase_add_test(tc, test_lock_name_of_a_stranger);
}

int main(void)
{
	return namespace_main("lock", lock_tests);
}
