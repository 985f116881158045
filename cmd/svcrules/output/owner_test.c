/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of the server's user: whatever that user or somebody else made of one, the next run
 * writes it again; and what the process that keeps the privileges refuses.
 */
#include "output/folder_test.h"

static const char *in_folder(const char *name)
{
	static char paths[8][200];
	static unsigned n;
	char *path = paths[n++ % 8];

	snprintf(path, sizeof(paths[0]), "%s/%s", folder_top, name);
	return path;
}

static void make_text(const char *name, mode_t mode)
{
	int fd = open(in_folder(name), O_WRONLY | O_CREAT | O_TRUNC, mode);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(write(fd, "other\n", 6), 6);
	ck_assert_int_eq(fchmod(fd, mode), 0);
	close(fd);
}

static void spoil_mode(const char *path)
{
	ck_assert_int_eq(chmod(path, 0644), 0);
}

static void spoil_all_bits(const char *path)
{
	ck_assert_int_eq(chmod(path, 06600), 0);
}

static void spoil_text(const char *path)
{
	int fd = open(path, O_WRONLY);

	ck_assert_int_eq(write(fd, "b", 1), 1);
	close(fd);
}

static void spoil_length(const char *path)
{
	ck_assert_int_eq(truncate(path, 1L << 40), 0);
}

static void spoil_owner(const char *path)
{
	ck_assert_int_eq(chown(path, 4242, -1), 0);
}

/* A file of an earlier version of this program. */
static void spoil_owner_root(const char *path)
{
	ck_assert_int_eq(chown(path, geteuid(), -1), 0);
}

static void spoil_link(const char *path)
{
	make_text("secret", 0600);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(link(in_folder("secret"), path), 0);
}

static void spoil_link_of_worker(const char *path)
{
	spoil_link(path);
	ck_assert_int_eq(chown(path, folder_worker, -1), 0);
}

static void spoil_gone(const char *path)
{
	ck_assert_int_eq(unlink(path), 0);
}

static void (*const spoils[])(const char *path) = {
	spoil_mode,       spoil_all_bits, spoil_text,           spoil_length, spoil_owner,
	spoil_owner_root, spoil_link,     spoil_link_of_worker, spoil_gone,
};

START_TEST(test_spoiled)
{
	struct stat before, st;
	bool linked;

	if (!folder_gives)
		return;
	ck_assert_int_eq(folder_run(0, false, NULL, NULL), EXIT_DONE);
	ck_assert_int_eq(folder_version(), 0);
	spoils[_i](in_folder("out/users.same"));
	linked = stat(in_folder("secret"), &before) == 0;
	ck_assert_int_eq(folder_run(0, false, NULL, folder_then), EXIT_DONE);
	ck_assert_int_eq(folder_version(), 0);
	ck_assert_int_eq(unlink(folder_log), 0);
	/* the other file is what it was, but for the number of its names */
	ck_assert(!linked || (stat(in_folder("secret"), &st) == 0 && st.st_uid == before.st_uid &&
			      st.st_mode == before.st_mode && st.st_size == 6));
	ck_assert_int_eq(folder_run(0, false, NULL, folder_then), EXIT_DONE);
	ck_assert_int_ne(access(folder_log, F_OK), 0);
}
END_TEST

static void spoil_symlink(const char *path)
{
	spoil_gone(path);
	ck_assert_int_eq(symlink("/etc/passwd", path), 0);
}

static void spoil_fifo(const char *path)
{
	spoil_gone(path);
	ck_assert_int_eq(mkfifo(path, 0600), 0);
	ck_assert_int_eq(chown(path, folder_worker, -1), 0);
}

static void (*const stranges[])(const char *path) = { spoil_symlink, spoil_fifo };

START_TEST(test_no_file)
{
	struct stat before, after;

	if (!folder_gives)
		return;
	ck_assert_int_eq(folder_run(0, false, NULL, NULL), EXIT_DONE);
	stranges[_i](in_folder("out/users.same"));
	ck_assert_int_eq(lstat(in_folder("out/users.same"), &before), 0);
	ck_assert_int_eq(folder_run(1, false, NULL, folder_then), EXIT_KERNEL);
	ck_assert_int_eq(lstat(in_folder("out/users.same"), &after), 0);
	ck_assert_uint_eq(before.st_ino, after.st_ino);
	ck_assert_uint_eq(before.st_uid, after.st_uid);
	ck_assert(folder_has("changed", 0644, "one\n"));
	ck_assert_int_ne(access(folder_log, F_OK), 0);
}
END_TEST

/* ---- The process that keeps the privileges -------------------------------- */

static struct runner keeper;

static void keeper_setup(void)
{
	struct runner_task t = { .work = ".work",
				 .name = "out",
				 .worker = true,
				 .worker_uid = folder_worker,
				 .give = true };

	folder_setup();
	t.worker_uid = folder_worker;
	ck_assert_int_eq(mkdir(folder_out, 0755), 0);
	ck_assert_int_eq(mkdir(in_folder(".work"), 0755), 0);
	ck_assert_int_eq(mkdir(in_folder(".work/new"), 0755), 0);
	t.parent = open(folder_top, O_RDONLY | O_DIRECTORY);
	ck_assert_int_eq(runner_start(&keeper, &t), 0);
	close(t.parent);
}

static void keeper_teardown(void)
{
	runner_end(&keeper);
	folder_teardown();
}

static int give(const char *name)
{
	struct stat st = { .st_ino = 0 };
	char path[200];

	snprintf(path, sizeof(path), "%s/.work/new/%s", folder_top, name);
	(void)lstat(path, &st);
	return runner_give(&keeper, RUNNER_NEW, name, &st);
}

static uid_t owner_in_new(const char *name)
{
	char path[200];
	struct stat st;

	snprintf(path, sizeof(path), "%s/.work/new/%s", folder_top, name);
	ck_assert_int_eq(lstat(path, &st), 0);
	return st.st_uid;
}

START_TEST(test_give)
{
	struct stat st;

	make_text(".work/new/a", 0600);
	make_text(".work/new/public", 0644);
	make_text(".work/new/linked", 0600);
	make_text(".work/new/key", 0600);
	make_text("out/a", 0600);
	ck_assert_int_eq(link(in_folder(".work/new/linked"), in_folder("other")), 0);
	ck_assert_int_eq(symlink("key", in_folder(".work/new/to-key")), 0);
	ck_assert_int_eq(mkdir(in_folder(".work/new/folder"), 0600), 0);
	ck_assert_int_eq(give("public"), -EPERM);
	ck_assert_int_eq(give("linked"), -EPERM);
	ck_assert_int_eq(give("to-key"), -ELOOP);
	ck_assert_int_eq(give("folder"), -EPERM);
	ck_assert_int_eq(give("absent"), -ENOENT);
	ck_assert_int_eq(give("../new/a"), -EINVAL);
	ck_assert_int_eq(give("."), -EINVAL);
	ck_assert_int_eq(give(""), -EINVAL);
	/* another file of that name than the one that was opened */
	ck_assert_int_eq(stat(in_folder(".work/new/a"), &st), 0);
	ck_assert_int_eq(runner_give(&keeper, RUNNER_NEW, "key", &st), -EPERM);
	/* folders that are not being written */
	ck_assert_int_eq(runner_give(&keeper, RUNNER_A, "a", &st), -ENOENT);
	ck_assert_int_eq(stat(in_folder("out/a"), &st), 0);
	ck_assert_int_eq(runner_give(&keeper, RUNNER_DIR, "a", &st), -EINVAL);
	ck_assert_uint_eq(owner_in_new("key"), geteuid());
	ck_assert_uint_eq(owner_in_new("linked"), geteuid());
	ck_assert_int_eq(give("a"), 0);
	ck_assert_uint_eq(owner_in_new("a"), folder_worker);
	/* nor what is another user's already */
	ck_assert(!folder_gives || give("a") == -EPERM);
}
END_TEST

START_TEST(test_open)
{
	char text[10];
	struct stat st;
	int fd;

	make_text("out/a", 0600);
	ck_assert_int_eq(chown(in_folder("out/a"), folder_worker, -1), 0);
	ck_assert_int_eq(stat(in_folder("out/a"), &st), 0);
	fd = runner_open(&keeper, RUNNER_DIR, "a", &st);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(read(fd, text, sizeof(text)), 6);
	ck_assert_int_eq(fcntl(fd, F_GETFL) & O_ACCMODE, O_RDONLY);
	ck_assert_int_eq(fcntl(fd, F_GETFD), FD_CLOEXEC);
	close(fd);
	ck_assert_int_eq(runner_open(&keeper, RUNNER_NEW, "a", &st), -ENOENT);
	ck_assert_int_eq(runner_open(&keeper, RUNNER_DIR, "../out/a", &st), -EINVAL);
	st.st_ino++;
	ck_assert_int_eq(runner_open(&keeper, RUNNER_DIR, "a", &st), -EPERM);
	st.st_ino--;
	ck_assert_int_eq(chmod(in_folder("out/a"), 0640), 0);
	ck_assert_int_eq(runner_open(&keeper, RUNNER_DIR, "a", &st), -EPERM);
	ck_assert_int_eq(chmod(in_folder("out/a"), 0600), 0);
	if (!folder_gives)
		return;
	ck_assert_int_eq(chown(in_folder("out/a"), 4242, -1), 0);
	ck_assert_int_eq(runner_open(&keeper, RUNNER_DIR, "a", &st), -EPERM);
}
END_TEST

/* It was not started for commands, nor by who only compares. */
START_TEST(test_tasks)
{
	struct runner reader;
	struct runner_task t = { .work = ".work", .name = "out", .worker = true };
	struct stat st;

	ck_assert_int_eq(runner_validate(&keeper, RUNNER_NEW), -EINVAL);
	ck_assert_int_eq(runner_then(&keeper), -EINVAL);
	ck_assert_int_eq(runner_chown(&keeper, RUNNER_NEW), -EINVAL);
	make_text(".work/new/a", 0600);
	ck_assert_int_eq(stat(in_folder(".work/new/a"), &st), 0);
	t.parent = open(folder_top, O_RDONLY | O_DIRECTORY);
	t.worker_uid = folder_worker;
	ck_assert_int_eq(runner_start(&reader, &t), 0);
	close(t.parent);
	ck_assert_int_eq(runner_give(&reader, RUNNER_NEW, "a", &st), -EINVAL);
	runner_end(&reader);
	ck_assert_int_eq(runner_give(&reader, RUNNER_NEW, "a", &st), -EPIPE);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("owner");
	TCase *files = tcase_create("files"), *process = tcase_create("process");
	SRunner *runner = srunner_create(suite);
	int bad;

	suite_add_tcase(suite, files);
	tcase_set_timeout(files, 30);
	tcase_add_checked_fixture(files, folder_setup, folder_teardown);
	tcase_add_loop_test(files, test_spoiled, 0, sizeof(spoils) / sizeof(*spoils));
	tcase_add_loop_test(files, test_no_file, 0, sizeof(stranges) / sizeof(*stranges));
	suite_add_tcase(suite, process);
	tcase_add_checked_fixture(process, keeper_setup, keeper_teardown);
	tcase_add_test(process, test_give);
	tcase_add_test(process, test_open);
	tcase_add_test(process, test_tasks);
	srunner_run_all(runner, CK_ENV);
	bad = srunner_ntests_failed(runner);
	srunner_free(runner);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
