/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Folders that are written: what is kept, what is refused, modes, and both kinds of layout. */
#include "output/folder_test.h"

static void in_top(char path[static 200], const char *name)
{
	snprintf(path, 200, "%s/%s", folder_top, name);
}

static ino_t inode_of(const char *name)
{
	char path[200];
	struct stat st;

	in_top(path, name);
	ck_assert_int_eq(stat(path, &st), 0);
	return st.st_ino;
}

static void make_file(const char *name)
{
	char path[200];
	int fd;

	in_top(path, name);
	fd = open(path, O_WRONLY | O_CREAT, 0644);
	ck_assert_int_ge(fd, 0);
	close(fd);
}

/* A file that stays is the same file, the folder is a new one, and files that are not wanted go. */
START_TEST(test_change)
{
	bool link = _i;
	ino_t folder, same, changed;

	ck_assert_int_eq(folder_run(0, link, NULL, NULL), EXIT_DONE);
	ck_assert_int_eq(folder_version(), 0);
	folder = inode_of("out"), same = inode_of("out/same"), changed = inode_of("out/changed");
	ck_assert_int_eq(folder_run(1, link, NULL, NULL), EXIT_DONE);
	ck_assert_int_eq(folder_version(), 1);
	ck_assert_uint_ne(inode_of("out"), folder);
	ck_assert_uint_ne(inode_of("out/changed"), changed);
	ck_assert_uint_eq(inode_of("out/same"), same);
	ck_assert_uint_eq(folder_entries(folder_top, true), link ? 2 : 1);
	/* and back, which is the other slot of a link */
	ck_assert_int_eq(folder_run(0, link, NULL, NULL), EXIT_DONE);
	ck_assert_int_eq(folder_version(), 0);
}
END_TEST

START_TEST(test_no_change)
{
	struct stat before, after, top, top_after;

	ck_assert_int_eq(folder_run(0, false, NULL, folder_then), EXIT_DONE);
	ck_assert_int_eq(unlink(folder_log), 0);
	ck_assert_int_eq(stat(folder_out, &before), 0);
	ck_assert_int_eq(stat(folder_top, &top), 0);
	ck_assert_int_eq(folder_run(0, false, "false {}", folder_then), EXIT_DONE);
	ck_assert_int_eq(stat(folder_out, &after), 0);
	ck_assert_int_eq(stat(folder_top, &top_after), 0);
	ck_assert_uint_eq(before.st_ino, after.st_ino);
	ck_assert_int_eq(before.st_ctim.tv_sec, after.st_ctim.tv_sec);
	ck_assert_int_eq(before.st_ctim.tv_nsec, after.st_ctim.tv_nsec);
	ck_assert_int_eq(top.st_mtim.tv_nsec, top_after.st_mtim.tv_nsec);
	ck_assert_int_ne(access(folder_log, F_OK), 0);
}
END_TEST

/* Modes do not depend on the umask, and the new folder has the mode of the old one. */
START_TEST(test_modes)
{
	static const mode_t masks[] = { 0, 027, 077 };
	struct stat st;

	umask(masks[_i]);
	ck_assert_int_eq(folder_run(0, false, NULL, NULL), EXIT_DONE);
	ck_assert_int_eq(folder_version(), 0);
	ck_assert_int_eq(stat(folder_out, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0755);
	ck_assert_int_eq(chmod(folder_out, 0750), 0);
	ck_assert_int_eq(folder_run(1, false, NULL, NULL), EXIT_DONE);
	ck_assert_int_eq(stat(folder_out, &st), 0);
	ck_assert_uint_eq(st.st_mode & 07777, 0750);
	umask(022);
}
END_TEST

/* As root, that of a group which the run itself could not give without its privileges. */
START_TEST(test_owner)
{
	struct stat st;

	if (geteuid() != 0)
		return;
	ck_assert_int_eq(folder_run(0, false, NULL, NULL), EXIT_DONE);
	ck_assert_int_eq(chown(folder_out, 0, 4242), 0);
	ck_assert_int_eq(folder_run(1, false, NULL, NULL), EXIT_DONE);
	ck_assert_int_eq(folder_version(), 1);
	ck_assert_int_eq(stat(folder_out, &st), 0);
	ck_assert_uint_eq(st.st_gid, 4242);
}
END_TEST

static void refused(int version)
{
	ck_assert_int_eq(folder_run(1, false, NULL, folder_then), EXIT_KERNEL);
	if (version >= 0)
		ck_assert_int_eq(folder_version(), version);
	ck_assert_int_ne(access(folder_log, F_OK), 0);
}

/* What others made is left alone. */
START_TEST(test_strange)
{
	char path[200];

	ck_assert_int_eq(mkdir(folder_out, 0755), 0);
	make_file("out/same");
	refused(-2);
	in_top(path, "out/same");
	ck_assert_int_eq(unlink(path), 0);
	/* an empty folder is nobody's */
	ck_assert_int_eq(folder_run(0, false, NULL, NULL), EXIT_DONE);
	make_file("out/zone.jnl");
	refused(-2);
	in_top(path, "out/zone.jnl");
	ck_assert_int_eq(unlink(path), 0);
	in_top(path, "out/same");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(symlink("/etc/passwd", path), 0);
	refused(-2);
	ck_assert_int_eq(unlink(path), 0);
	/* a file that is missing is written again */
	ck_assert_int_eq(folder_run(1, false, NULL, NULL), EXIT_DONE);
	ck_assert_int_eq(folder_version(), 1);
}
END_TEST

/* A folder or a link of others is not followed and not replaced. */
START_TEST(test_in_the_way)
{
	char path[200], text[80];
	ssize_t n;

	in_top(path, "real");
	ck_assert_int_eq(mkdir(path, 0755), 0);
	ck_assert_int_eq(symlink("real", folder_out), 0);
	refused(-2);
	ck_assert_int_eq(unlink(folder_out), 0);
	make_file("out");
	refused(-2);
	ck_assert_int_eq(unlink(folder_out), 0);

	in_top(path, ".out.svcrules");
	ck_assert_int_eq(symlink("real", path), 0);
	refused(-1);
	n = readlink(path, text, sizeof(text));
	ck_assert_int_eq(n, 4);
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(mkdir(path, 0777), 0);
	ck_assert_int_eq(chmod(path, 0777), 0);
	refused(-1);
	ck_assert_int_eq(chmod(path, 0700), 0);
	make_file(".out.svcrules/strange");
	ck_assert_int_eq(folder_run(1, false, NULL, NULL), EXIT_DONE);
	in_top(path, ".out.svcrules/strange");
	ck_assert_int_eq(access(path, F_OK), 0);
}
END_TEST

/* A run that was killed left the old folder, and somebody put a file into it. */
START_TEST(test_left_over)
{
	char path[200], command[300];

	ck_assert_int_eq(folder_run(0, false, NULL, NULL), EXIT_DONE);
	in_top(path, ".out.svcrules");
	ck_assert_int_eq(mkdir(path, 0700), 0);
	in_top(path, ".out.svcrules/new");
	ck_assert_int_eq(mkdir(path, 0700), 0);
	/* before an exchange all is ours */
	make_file(".out.svcrules/new/mine");
	ck_assert_int_eq(folder_run(0, false, NULL, NULL), EXIT_DONE);
	ck_assert_uint_eq(folder_entries(folder_top, true), 1);
	/* after it the folder may have files of others */
	snprintf(command, sizeof(command), "touch %s/mine {}/more; mkdir -p {}/b/c", folder_out);
	ck_assert_int_eq(folder_run(1, false, command, folder_then), EXIT_KERNEL);
	ck_assert_int_eq(folder_version(), 1);
	ck_assert_int_eq(unlink(folder_log), 0);
	refused(1);
	in_top(path, ".out.svcrules/new/mine");
	ck_assert_int_eq(unlink(path), 0);
	ck_assert_int_eq(folder_run(0, false, NULL, NULL), EXIT_DONE);
	ck_assert_int_eq(folder_version(), 0);
	ck_assert_int_eq(folder_run(1, false, NULL, NULL), EXIT_DONE);
	ck_assert_int_eq(folder_version(), 1);
	ck_assert_uint_eq(folder_entries(folder_top, true), 1);
}
END_TEST

START_TEST(test_commands)
{
	char validate[300];

	ck_assert_int_eq(folder_run(0, false, NULL, NULL), EXIT_DONE);
	ck_assert_int_eq(folder_run(1, false, "false {}", folder_then), EXIT_KERNEL);
	ck_assert_int_eq(folder_version(), 0);
	ck_assert_int_ne(access(folder_log, F_OK), 0);
	ck_assert_uint_eq(folder_entries(folder_top, true), 1);
	ck_assert_int_eq(folder_run(1, false, "kill -9 $$; : {}", NULL), EXIT_KERNEL);
	ck_assert_int_eq(folder_version(), 0);
	/* it sees the new files, and the old ones are still in place */
	snprintf(validate, sizeof(validate), "grep -q two '{}/changed' && grep -q one %s/changed",
		 folder_out);
	ck_assert_int_eq(folder_run(1, false, validate, "exit 3"), EXIT_KERNEL);
	ck_assert_int_eq(folder_version(), 1);
	/* a command of --then that failed is run again, and not once more when it succeeded */
	ck_assert_int_eq(folder_run(1, false, NULL, folder_then), EXIT_DONE);
	ck_assert_int_eq(unlink(folder_log), 0);
	ck_assert_int_eq(folder_run(1, false, NULL, folder_then), EXIT_DONE);
	ck_assert_int_ne(access(folder_log, F_OK), 0);
}
END_TEST

/* A folder that was made where folders can be exchanged stays, and is not lost. */
START_TEST(test_moved)
{
	ck_assert_int_eq(folder_run(0, false, NULL, NULL), EXIT_DONE);
	ck_assert_int_eq(folder_run(1, true, NULL, folder_then), EXIT_KERNEL);
	ck_assert_int_eq(folder_version(), 0);
	ck_assert_uint_eq(folder_entries(folder_top, true), 1);
	ck_assert_int_ne(access(folder_log, F_OK), 0);
}
END_TEST

/* Many runs at a time: one after the other, and the last one is whole. */
START_TEST(test_together)
{
	pid_t pids[8];

	for (int i = 0; i < 8; i++) {
		pids[i] = fork();
		ck_assert_int_ge(pids[i], 0);
		if (pids[i] == 0) {
			for (int n = 0; n < 10; n++)
				if (folder_run((i + n) % 2, _i, NULL, NULL))
					_exit(1);
			_exit(0);
		}
	}
	for (int i = 0; i < 8; i++)
		ck_assert_int_eq(folder_wait(pids[i]), 0);
	ck_assert_int_ge(folder_version(), 0);
	ck_assert_uint_eq(folder_entries(folder_top, true), _i ? 2 : 1);
}
END_TEST

START_TEST(test_manifest)
{
	static const char *const good[] = { "a", "a b", "z.zone" };
	static const char *const bad[] = { "x",
					   "svcrules 2 dns\na\n",
					   "svcrules 1 dns\na/b\n",
					   "svcrules 1 dns\n..\n",
					   "svcrules 1 dns\nb\na\n",
					   "svcrules 1 dns\na\na\n" };
	char path[200], *text = manifest_text("dns", good, 3);
	struct manifest m;
	int dir, fd;

	ck_assert_str_eq(text, "svcrules 1 dns\na\na b\nz.zone\n");
	dir = open(folder_top, O_RDONLY | O_DIRECTORY);
	in_top(path, MANIFEST_NAME);
	ck_assert_int_eq(manifest_read(dir, &m), 0);
	ck_assert_ptr_null(m.target);
	for (size_t len = 0; len <= strlen(text); len++) {
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
		ck_assert_int_eq(write(fd, text, len), (ssize_t)len);
		close(fd);
		/* cut off anywhere, it is a list of fewer files */
		ck_assert_int_eq(manifest_read(dir, &m), 0);
		ck_assert_uint_le(m.n, 3);
		ck_assert(manifest_has(&m, "a b") == (len >= 21));
		ck_assert(!manifest_has(&m, "b"));
		manifest_free(&m);
	}
	for (size_t i = 0; i < sizeof(bad) / sizeof(*bad); i++) {
		fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0644);
		ck_assert_int_eq(write(fd, bad[i], strlen(bad[i])), (ssize_t)strlen(bad[i]));
		close(fd);
		ck_assert_msg(manifest_read(dir, &m) == -EBADMSG, "%s", bad[i]);
	}
	close(dir);
	free(text);
}
END_TEST

START_TEST(test_words)
{
	char *text = runner_command("x {}/a '{}' {", "/p");

	ck_assert_str_eq(text, "x /p/a '/p' {");
	free(text);
	ck_assert(runner_path_ok("/etc/nsd/zones-1_2.d/.x@y"));
	ck_assert(!runner_path_ok("/a b"));
	ck_assert(!runner_path_ok("/a$b"));
	ck_assert(!runner_path_ok("/a'b"));
	ck_assert(!runner_path_ok("/a\nb"));
	ck_assert(!runner_path_ok("/\xc3\xa4"));
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("output");
	TCase *tc = tcase_create("output");
	SRunner *runner = srunner_create(suite);
	int bad;

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 30);
	tcase_add_checked_fixture(tc, folder_setup, folder_teardown);
	tcase_add_loop_test(tc, test_change, 0, 2);
	tcase_add_test(tc, test_no_change);
	tcase_add_loop_test(tc, test_modes, 0, 3);
	tcase_add_test(tc, test_owner);
	tcase_add_test(tc, test_strange);
	tcase_add_test(tc, test_in_the_way);
	tcase_add_test(tc, test_left_over);
	tcase_add_test(tc, test_commands);
	tcase_add_test(tc, test_moved);
	tcase_add_loop_test(tc, test_together, 0, 2);
	tcase_add_test(tc, test_manifest);
	tcase_add_test(tc, test_words);
	srunner_run_all(runner, CK_ENV);
	bad = srunner_ntests_failed(runner);
	srunner_free(runner);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
