/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs that write a folder are killed before each of their system calls, one after the other: the
 * folder is the old one or the new one each time, the next run completes what is missing, and
 * --then is not forgotten. Exit code 77: this process may not trace another one.
 */
#include "output/folder_test.h"

#include <signal.h>
#include <sys/ptrace.h>


static bool may_trace = true;
static unsigned long kills;

/* A process that writes version `version` under our eyes, stopped at its start. */
static pid_t start_traced(int version, bool no_exchange, const char *then)
{
	pid_t pid = fork();
	int status;

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (no_exchange)
			folder_without_exchange();
		if (ptrace(PTRACE_TRACEME, 0, NULL, NULL) < 0)
			_exit(77);
		umask(0);
		raise(SIGSTOP);
		_exit(folder_write(version, NULL, then));
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77)
		return -1;
	ck_assert(WIFSTOPPED(status));
	ck_assert_int_eq(ptrace(PTRACE_SETOPTIONS, pid, NULL, (void *)PTRACE_O_TRACESYSGOOD), 0);
	return pid;
}

/*
 * Lets it make `n` system calls and kills it before the next one. False: it came to its end with
 * fewer, and *ret_code is its exit code.
 */
static bool kill_after(pid_t pid, unsigned n, int *ret_code)
{
	unsigned stops = 0;
	int status, signal = 0;

	for (;;) {
		ck_assert_int_eq(ptrace(PTRACE_SYSCALL, pid, NULL, (void *)(long)signal), 0);
		ck_assert_int_eq(waitpid(pid, &status, 0), pid);
		if (WIFEXITED(status)) {
			*ret_code = WEXITSTATUS(status);
			return false;
		}
		ck_assert(WIFSTOPPED(status));
		signal = WSTOPSIG(status) == (SIGTRAP | 0x80) ? 0 : WSTOPSIG(status);
		/* each call stops it twice: before and after */
		if (!signal && stops++ == 2 * n)
			break;
	}
	ck_assert_int_eq(kill(pid, SIGKILL), 0);
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFSIGNALED(status));
	return true;
}

/* No name that a run uses in between may be left. */
static void check_clean(bool no_exchange)
{
	char work[200];

	snprintf(work, sizeof(work), "%s/.out.svcrules", folder_top);
	ck_assert_uint_eq(folder_entries(folder_top, true), no_exchange ? 2 : 1);
	ck_assert_uint_eq(folder_entries(work, true), no_exchange ? 1 : 0);
}

/* Empties the directory of the test. */
static void folder_reset(void)
{
	folder_teardown();
	ck_assert_int_eq(mkdir(folder_top, 0755), 0);
}

/* Of a file that is being written, too. The umask would allow everything. */
static void check_secret(void)
{
	static const char *const folders[] = { "out", ".out.svcrules/new", ".out.svcrules/a",
					       ".out.svcrules/b" };
	static const char *const names[] = { "key.pem", "users.changed", "users.same" };
	char path[200];
	struct stat st;

	for (size_t i = 0; i < sizeof(folders) / sizeof(*folders); i++)
		for (size_t k = 0; k < sizeof(names) / sizeof(*names); k++) {
			snprintf(path, sizeof(path), "%s/%s/%s", folder_top, folders[i], names[k]);
			if (stat(path, &st) < 0)
				continue;
			ck_assert_msg((st.st_mode & 07777) == 0600, "%s: mode %04o", path,
				      st.st_mode & 07777);
			ck_assert_msg(st.st_uid == geteuid() || (k && st.st_uid == folder_worker),
				      "%s: user %u", path, st.st_uid);
		}
}

/* Kills a run that makes version 1 where version `before` is (-1: nothing), at each place. */
static void kill_everywhere(int before, bool no_exchange, const char *what)
{
	unsigned n, of_old = 0, of_new = 0;
	bool killed = true;
	int code = 0, now;

	for (n = 0; killed; n++) {
		pid_t pid;

		folder_reset();
		if (before >= 0)
			ck_assert_int_eq(folder_run(before, no_exchange, NULL, NULL), EXIT_DONE);
		pid = start_traced(1, no_exchange, folder_then);
		may_trace = pid > 0;
		if (!may_trace)
			return;
		killed = kill_after(pid, n, &code);
		now = folder_version();
		ck_assert_msg(now == before || now == 1, "%s: killed after %u calls: version %d",
			      what, n, now);
		check_secret();
		of_old += killed && now == before;
		of_new += killed && now == 1 && before != 1;
		ck_assert_int_eq(folder_run(1, no_exchange, NULL, folder_then), EXIT_DONE);
		ck_assert_int_eq(folder_version(), 1);
		ck_assert_msg(before == 1 || access(folder_log, F_OK) == 0,
			      "%s: killed after %u calls: --then was not run", what, n);
		check_clean(no_exchange);
	}
	ck_assert_int_eq(code, EXIT_DONE);
	ck_assert_uint_gt(of_old + of_new, 20);
	printf("kill: %s: %u kills: %u times the old folder, %u times the new one, 0 others\n",
	       what, of_old + of_new, of_old, of_new);
	kills += of_old + of_new;
}

static const struct {
	int before;
	bool no_exchange;
	const char *what;
} places[] = {
	{ -1, false, "first run" },        { 0, false, "change" },
	{ 1, false, "no change" },         { -1, true, "first run with a link" },
	{ 0, true, "change with a link" },
};

START_TEST(test_kill)
{
	kill_everywhere(places[_i].before, places[_i].no_exchange, places[_i].what);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("kill");
	TCase *tc = tcase_create("kill");
	SRunner *runner;
	int bad;

	setvbuf(stdout, NULL, _IOLBF, 0);
	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_unchecked_fixture(tc, folder_setup, folder_teardown);
	tcase_add_loop_test(tc, test_kill, 0, sizeof(places) / sizeof(*places));
	runner = srunner_create(suite);
	srunner_set_fork_status(runner, CK_NOFORK);
	srunner_run_all(runner, CK_ENV);
	bad = srunner_ntests_failed(runner);
	srunner_free(runner);
	if (!may_trace) {
		printf("SKIP: this process may not trace another one\n");
		return 77;
	}
	printf("kill: %lu kills\n", kills);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
