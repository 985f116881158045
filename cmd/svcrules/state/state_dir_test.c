/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The directory of state is tidied of namespaces that are gone. 77: not permitted here. */
#include "namespace_test.h"
#include "state/state_dir.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <sys/file.h>

static char tidy_dir[] = "/tmp/svcrules-tidy-XXXXXX";

static void tidy_setup(void)
{
	ck_assert_int_eq(namespace_enter(), 0);
	ck_assert_ptr_nonnull(mkdtemp(tidy_dir));
}

/* The name of a file: `form` has '#' where the number of the namespace stands. */
static const char *tidy_path(const char *form, unsigned long long ino)
{
	static char path[200];
	size_t n = strcspn(form, "#");

	snprintf(path, sizeof(path), "%s/%.*s%llu%s", tidy_dir, (int)n, form, ino, form + n + 1);
	return path;
}

static int tidy_create(const char *form, unsigned long long ino)
{
	int fd = open(tidy_path(form, ino), O_RDWR | O_CREAT, 0600);

	ck_assert_int_ge(fd, 0);
	return fd;
}

static bool tidy_exists(const char *form, unsigned long long ino)
{
	return access(tidy_path(form, ino), F_OK) == 0;
}

static void tidy_teardown(void)
{
	struct dirent *e;
	DIR *d = opendir(tidy_dir);

	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d)))
		(void)unlinkat(dirfd(d), e->d_name, 0);
	closedir(d);
	rmdir(tidy_dir);
}

/* clang-format off */
static const char *const forms[] = {
	"nftables-svcrules-#", "nftables-a-b-#", "lock-#", ".nftables-svcrules-#.new",
};
#define FORMS (sizeof(forms) / sizeof(forms[0]))
/* clang-format on */

/* A process that stays in a network namespace of its own. */
static pid_t tidy_neighbour(unsigned long long *ret_ino)
{
	int p[2];
	pid_t child;

	ck_assert_int_eq(pipe(p), 0);
	child = fork();
	if (child == 0) {
		unsigned long long ino = 0;

		if (unshare(CLONE_NEWNET) < 0 || state_namespace(&ino) < 0 ||
		    write(p[1], &ino, sizeof(ino)) != sizeof(ino))
			_exit(1);
		pause();
		_exit(0);
	}
	ck_assert_int_eq((int)read(p[0], ret_ino, sizeof(*ret_ino)), (int)sizeof(*ret_ino));
	close(p[0]);
	close(p[1]);
	return child;
}

START_TEST(test_tidy_removes_what_is_gone)
{
	unsigned long long ours, theirs, gone = 1;
	pid_t child = tidy_neighbour(&theirs);
	int held;

	ck_assert_int_eq(state_namespace(&ours), 0);
	for (size_t i = 0; i < FORMS; i++) {
		close(tidy_create(forms[i], ours));
		close(tidy_create(forms[i], theirs));
		close(tidy_create(forms[i], gone));
	}
	close(tidy_create("somebody's-#", gone));
	close(tidy_create("nftables-#.old", gone));
	held = tidy_create("lock-#", 2);
	ck_assert_int_eq(flock(held, LOCK_EX), 0);
	state_dir_tidy(tidy_dir);
	for (size_t i = 0; i < FORMS; i++) {
		ck_assert(tidy_exists(forms[i], ours));
		ck_assert(tidy_exists(forms[i], theirs));
		ck_assert(!tidy_exists(forms[i], gone));
	}
	ck_assert(tidy_exists("somebody's-#", gone));
	ck_assert(tidy_exists("nftables-#.old", gone));
	ck_assert(tidy_exists("lock-#", 2));
	close(held);
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	state_dir_tidy(tidy_dir);
	ck_assert(!tidy_exists(forms[0], theirs));
	ck_assert(!tidy_exists("lock-#", 2));
	ck_assert(tidy_exists(forms[0], ours));
}
END_TEST

/* Who may not ask other processes knows nothing, and removes nothing. */
START_TEST(test_tidy_without_rights)
{
	unsigned long long theirs;
	pid_t child = tidy_neighbour(&theirs);

	close(tidy_create(forms[0], 1));
	close(tidy_create(forms[0], theirs));
	namespace_drop_capabilities();
	state_dir_tidy(tidy_dir);
	ck_assert(tidy_exists(forms[0], theirs));
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
}
END_TEST

START_TEST(test_tidy_of_a_directory_of_others)
{
	ck_assert_int_eq(chmod(tidy_dir, 0770), 0);
	close(tidy_create(forms[0], 1));
	state_dir_tidy(tidy_dir);
	ck_assert(tidy_exists(forms[0], 1));
	state_dir_tidy("/proc/nowhere");
}
END_TEST

static int tidy_may_ask(void)
{
	/* in a new user namespace other users' processes may not be asked: nothing is removed */
	return readlink("/proc/2/ns/net", (char[64]){ 0 }, 64) < 0 && errno == EACCES ? -EACCES : 0;
}

int main(void)
{
	Suite *s = suite_create("state_dir");
	TCase *always = tcase_create("always"), *asking = tcase_create("asking");

	suite_add_tcase(s, always);
	suite_add_tcase(s, asking);
	tcase_add_checked_fixture(always, tidy_setup, tidy_teardown);
	tcase_add_checked_fixture(asking, tidy_setup, tidy_teardown);
	tcase_add_test(always, test_tidy_without_rights);
	tcase_add_test(always, test_tidy_of_a_directory_of_others);
	tcase_add_test(asking, test_tidy_removes_what_is_gone);
	return namespace_main_optional(s, "always", tidy_may_ask,
				       "other processes may not be asked");
}
