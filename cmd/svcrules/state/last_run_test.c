/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the last run left is taken back whole, or not at all. */
#include "state/last_run.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <sched.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define TABLE "t"

static char dir[] = "/tmp/svcrules-state-XXXXXX", sub[64];

static const char one_service[] =
	"{\"kind\":\"Service\",\"metadata\":{\"name\":\"a\",\"namespace\":\"b\"},\"spec\":{"
	"\"clusterIP\":\"10.96.0.1\",\"clusterIPs\":[\"10.96.0.1\"],"
	"\"ports\":[{\"name\":\"p\",\"port\":80}]}}";

static long last_run_test_fill(void *arg, char *buf, size_t size)
{
	const char **text = arg;
	size_t n = strlen(*text);

	ck_assert_uint_le(n, size);
	memcpy(buf, *text, n);
	*text += n;
	return (long)n;
}

static struct svcrules_ruleset *last_run_test_rules(void)
{
	struct svcrules_model *m = svcrules_model_new(NULL, NULL);
	struct svcrules_options *o = svcrules_options_new();
	struct svcrules_diags *d = svcrules_diags_new();
	const char *text = one_service;
	struct svcrules_ruleset *rs = NULL;

	ck_assert_int_eq(svcrules_options_set(o, "table", TABLE, d), 0);
	ck_assert_int_eq(svcrules_model_read(m, "test", last_run_test_fill, &text, d), 0);
	ck_assert_int_eq(svcrules_build(m, o, NULL, d, &rs), 0);
	svcrules_diags_free(d);
	svcrules_options_free(o);
	svcrules_model_free(m);
	return rs;
}

static char messages[] = "one\ntwo\n", addresses[] = "10.0.0.1", inputs[] = "7 0 /x\n";

static int last_run_test_write(uint32_t generation)
{
	struct last_run s = { .bytes = 77,
			      .messages = messages,
			      .addresses = addresses,
			      .inputs = inputs,
			      .version = "1.2.3",
			      .changed = 12345 };
	struct svcrules_ruleset *rs = last_run_test_rules();
	int err;

	for (unsigned char i = 0; i < SIPHASH_SIZE; i++) {
		s.key[i] = i;
		s.digest[i] = (uint8_t)(100 + i);
	}
	svcrules_ruleset_stats(rs, &s.stats);
	s.stats.generation = generation;
	s.stats.ipv6 = false;
	err = last_run_write(sub, &s, rs);
	svcrules_ruleset_free(rs);
	return err;
}

/* 0 if all of it is believed. */
static int last_run_test_read(void)
{
	struct svcrules_ruleset *like = last_run_test_rules(), *rs = NULL;
	struct last_run s;
	int err = last_run_read(sub, TABLE, &s);

	if (!err) {
		err = last_run_read_rules(sub, like, &s, &rs);
		last_run_release(&s);
	}
	svcrules_ruleset_free(rs);
	svcrules_ruleset_free(like);
	return err;
}

/* The one file in the directory. */
static const char *last_run_test_path(void)
{
	static char p[400];
	struct dirent *e;
	DIR *d = opendir(sub);
	int n = 0;

	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0) {
			snprintf(p, sizeof(p), "%s/%s", sub, e->d_name);
			n++;
		}
	closedir(d);
	ck_assert_int_eq(n, 1);
	return p;
}

static void last_run_test_setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(sub, sizeof(sub), "%s/state", dir);
}

static void last_run_test_teardown(void)
{
	static const char *const left[] = { "state", "elsewhere" };
	char command[200];

	for (size_t i = 0; i < 2; i++) {
		snprintf(command, sizeof(command), "rm -rf %s/%s", dir, left[i]);
		ck_assert_int_eq(system(command), 0);
	}
	ck_assert_int_eq(rmdir(dir), 0);
	memcpy(strstr(dir, "state-") + 6, "XXXXXX", 6);
}

START_TEST(test_last_run_round)
{
	struct svcrules_ruleset *was = last_run_test_rules(), *back = NULL;
	struct svcrules_changes *c;
	struct last_run s;
	struct stat st;

	ck_assert_int_eq(last_run_test_read(), -ENOENT);
	ck_assert_int_eq(last_run_test_write(5), 0);
	ck_assert_int_eq(last_run_test_write(6), 0);
	ck_assert_int_eq(stat(last_run_test_path(), &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(last_run_read(sub, TABLE, &s), 0);
	ck_assert_uint_eq(s.stats.generation, 6);
	ck_assert_uint_eq(s.bytes, 77);
	ck_assert(s.stats.ipv4 && !s.stats.ipv6);
	ck_assert_uint_eq(s.stats.services, 1);
	ck_assert_str_eq(s.messages, messages);
	ck_assert_str_eq(s.addresses, addresses);
	ck_assert_str_eq(s.inputs, inputs);
	ck_assert_str_eq(s.version, "1.2.3");
	ck_assert_int_eq(s.changed, 12345);
	ck_assert_int_gt(s.ran, 12345);
	ck_assert_uint_eq(s.key[3], 3);
	ck_assert_uint_eq(s.digest[3], 103);
	ck_assert_int_eq(last_run_read_rules(sub, was, &s, &back), 0);
	ck_assert_int_eq(svcrules_diff(back, was, &c), 0);
	ck_assert(svcrules_changes_empty(c));
	svcrules_changes_free(c);
	svcrules_ruleset_free(back);
	ck_assert_int_eq(last_run_test_write(7),
			 0); /* another run meanwhile: its rules do not belong to s */
	ck_assert_int_eq(last_run_read_rules(sub, was, &s, &back), -ENOENT);
	last_run_release(&s);
	svcrules_ruleset_free(was);
	ck_assert_int_eq(last_run_read(sub, "other", &s), -ENOENT);
	last_run_forget(sub, TABLE);
	ck_assert_int_eq(last_run_test_read(), -ENOENT);
}
END_TEST

/* A run that had nothing to change is the last run all the same. */
START_TEST(test_last_run_touch)
{
	struct timespec long_ago[2] = { { .tv_sec = 1000 }, { .tv_sec = 1000 } };
	struct last_run s;

	last_run_touch(sub, TABLE); /* there is no file, and none is made */
	ck_assert_int_eq(last_run_read(sub, TABLE, &s), -ENOENT);
	ck_assert_int_eq(last_run_test_write(5), 0);
	ck_assert_int_eq(utimensat(AT_FDCWD, last_run_test_path(), long_ago, 0), 0);
	ck_assert_int_eq(last_run_read(sub, TABLE, &s), 0);
	ck_assert_int_eq(s.ran, 1000 * 1000000000ll);
	last_run_release(&s);
	last_run_touch(sub, TABLE);
	ck_assert_int_eq(last_run_read(sub, TABLE, &s), 0);
	ck_assert_int_gt(s.ran, 2000 * 1000000000ll);
	last_run_release(&s);
}
END_TEST

/* One bit anywhere, or one byte less or more, and the file is not believed. */
START_TEST(test_last_run_damaged)
{
	struct stat st;
	int fd;

	ck_assert_int_eq(last_run_test_write(5), 0);
	fd = open(last_run_test_path(), O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	for (off_t i = 0; i < st.st_size; i++) {
		char was, is;

		ck_assert_int_eq(pread(fd, &was, 1, i), 1);
		is = (char)(was ^ (1 << i % 8));
		ck_assert_int_eq(pwrite(fd, &is, 1, i), 1);
		ck_assert_int_eq(last_run_test_read(), -ENOENT);
		ck_assert_int_eq(pwrite(fd, &was, 1, i), 1);
	}
	ck_assert_int_eq(last_run_test_read(), 0);
	ck_assert_int_eq(pwrite(fd, "x", 1, st.st_size), 1);
	ck_assert_int_eq(last_run_test_read(), -ENOENT);
	for (off_t size = 0; size < st.st_size; size += 7) {
		ck_assert_int_eq(ftruncate(fd, st.st_size - 1 - size), 0);
		ck_assert_int_eq(last_run_test_read(), -ENOENT);
	}
	close(fd);
}
END_TEST

/* What others own or may write is not believed, nor what is not a plain file. */
START_TEST(test_last_run_others)
{
	char elsewhere[80], name[400];

	ck_assert_int_eq(last_run_test_write(5), 0);
	ck_assert_int_eq(chmod(last_run_test_path(), 0620), 0);
	ck_assert_int_eq(last_run_test_read(), -ENOENT);
	ck_assert_int_eq(chmod(last_run_test_path(), 0600), 0);
	ck_assert_int_eq(chmod(sub, 0770), 0);
	ck_assert_int_eq(last_run_test_read(), -ENOENT);
	ck_assert_int_eq(last_run_test_write(6), -EPERM);
	ck_assert_int_eq(chmod(sub, 0700), 0);
	ck_assert_int_eq(last_run_test_read(), 0);
	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", dir);
	if (geteuid() == 0) {
		ck_assert_int_eq(chown(last_run_test_path(), 1, 1), 0);
		ck_assert_int_eq(last_run_test_read(), -ENOENT);
		ck_assert_int_eq(chown(last_run_test_path(), 0, 0), 0);
		ck_assert_int_eq(chown(sub, 1, 1), 0);
		ck_assert_int_eq(last_run_test_read(), -ENOENT);
		ck_assert_int_eq(chown(sub, 0, 0), 0);
	}
	snprintf(name, sizeof(name), "%s", last_run_test_path());
	ck_assert_int_eq(rename(name, elsewhere), 0);
	ck_assert_int_eq(symlink(elsewhere, name), 0);
	ck_assert_int_eq(last_run_test_read(), -ENOENT);
	ck_assert_int_eq(unlink(name), 0);
	ck_assert_int_eq(rmdir(sub), 0);
	ck_assert_int_eq(symlink(dir, sub), 0);
	ck_assert_int_eq(last_run_test_write(6), -ENOTDIR);
	ck_assert_int_eq(unlink(sub), 0);
}
END_TEST

/* In another network namespace the same file says nothing, whatever its name. */
START_TEST(test_last_run_elsewhere)
{
	char was[400];
	int status = 0;
	pid_t pid;

	ck_assert_int_eq(last_run_test_write(5), 0);
	snprintf(was, sizeof(was), "%s", last_run_test_path());
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		char name[500];
		struct stat st;

		if (unshare(CLONE_NEWNET) < 0 || stat("/proc/self/ns/net", &st) < 0)
			_exit(77);
		snprintf(name, sizeof(name), "%s/nftables-" TABLE "-%llu", sub,
			 (unsigned long long)st.st_ino);
		if (rename(was, name) < 0)
			_exit(1);
		_exit(last_run_test_read() == -ENOENT ? 0 : 2);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	if (WEXITSTATUS(status) != 77) /* else no namespace may be made here */
		ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

/* Where the directory cannot be made no file is left, and that is an error. */
START_TEST(test_last_run_no_place)
{
	snprintf(sub, sizeof(sub), "%s/missing/state", dir);
	ck_assert_int_eq(last_run_test_write(5), -ENOENT);
	ck_assert_int_eq(last_run_test_read(), -ENOENT);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("last_run");
	TCase *tc = tcase_create("last_run");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_checked_fixture(tc, last_run_test_setup, last_run_test_teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_last_run_round);
	tcase_add_test(tc, test_last_run_touch);
	tcase_add_test(tc, test_last_run_damaged);
	tcase_add_test(tc, test_last_run_others);
	tcase_add_test(tc, test_last_run_elsewhere);
	tcase_add_test(tc, test_last_run_no_place);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
