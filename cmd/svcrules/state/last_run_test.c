/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the last run left is taken back whole, or not at all. */
#include "state.h"

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
	"{\"kind\":\"Service\",\"metadata\":{\"name\":\"a\",\"namespace\":\"b\"},\"spec\":{\"clusterIP\":\"10.96.0.1\","
	"\"clusterIPs\":[\"10.96.0.1\"],\"ports\":[{\"name\":\"p\",\"port\":80}]}}";

static long fill_once(void *arg, char *buf, size_t size)
{
	const char **text = arg;
	size_t n = strlen(*text);

	ck_assert_uint_le(n, size);
	memcpy(buf, *text, n);
	*text += n;
	return (long)n;
}

static struct svcrules_nft *rules(void)
{
	struct svcrules_model *m = svcrules_model_new();
	struct svcrules_options *o = svcrules_options_new();
	struct svcrules_diags *d = svcrules_diags_new();
	const char *text = one_service;
	struct svcrules_nft *n = NULL;

	ck_assert_int_eq(svcrules_model_read(m, "test", fill_once, &text, d), 0);
	ck_assert_int_eq(svcrules_nft_build(m, o, d, &n), 0);
	svcrules_diags_free(d);
	svcrules_options_free(o);
	svcrules_model_free(m);
	return n;
}

static char told[] = "one\ntwo\n", addresses[] = "10.0.0.1";

static int write_state(uint32_t genid)
{
	struct state s = { .bytes = 77, .genid = genid, .ipv4 = true, .told = told, .addresses = addresses };
	struct svcrules_nft *n = rules();
	int err;

	for (unsigned char i = 0; i < SIPHASH_SIZE; i++) {
		s.key[i] = i;
		s.digest[i] = (uint8_t)(100 + i);
	}
	svcrules_nft_stats(n, &s.stats);
	err = state_write(sub, TABLE, &s, n);
	svcrules_nft_free(n);
	return err;
}

/* 0 if all of it is believed. */
static int read_state(void)
{
	struct svcrules_nft *n = NULL;
	struct state s;
	int err = state_read(sub, TABLE, &s);

	if (err)
		return err;
	err = state_read_rules(sub, TABLE, &s, &n);
	svcrules_nft_free(n);
	state_release(&s);
	return err;
}

/* The one file in the directory. */
static const char *path(void)
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

static void setup(void)
{
	ck_assert_ptr_nonnull(mkdtemp(dir));
	snprintf(sub, sizeof(sub), "%s/state", dir);
}

static void teardown(void)
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

START_TEST(test_round)
{
	struct svcrules_nft *was = rules(), *back = NULL;
	struct svcrules_changes *c;
	struct state s;
	struct stat st;

	ck_assert_int_eq(read_state(), -ENOENT);
	ck_assert_int_eq(write_state(5), 0);
	ck_assert_int_eq(write_state(6), 0);
	ck_assert_int_eq(stat(path(), &st), 0);
	ck_assert_int_eq(st.st_mode & 0777, 0600);
	ck_assert_int_eq(state_read(sub, TABLE, &s), 0);
	ck_assert_uint_eq(s.genid, 6);
	ck_assert_uint_eq(s.bytes, 77);
	ck_assert(s.ipv4 && !s.ipv6);
	ck_assert_uint_eq(s.stats.services, 1);
	ck_assert_str_eq(s.told, told);
	ck_assert_str_eq(s.addresses, addresses);
	ck_assert_uint_eq(s.key[3], 3);
	ck_assert_uint_eq(s.digest[3], 103);
	ck_assert_int_eq(state_read_rules(sub, TABLE, &s, &back), 0);
	ck_assert_int_eq(svcrules_nft_diff(back, was, &c), 0);
	ck_assert(svcrules_changes_empty(c));
	svcrules_changes_free(c);
	svcrules_nft_free(back);
	svcrules_nft_free(was);
	ck_assert_int_eq(write_state(7), 0); /* another one meanwhile: its rules are not those of s */
	ck_assert_int_eq(state_read_rules(sub, TABLE, &s, &back), -ENOENT);
	state_release(&s);
	ck_assert_int_eq(state_read(sub, "other", &s), -ENOENT);
	state_forget(sub, TABLE);
	ck_assert_int_eq(read_state(), -ENOENT);
}
END_TEST

/* One bit anywhere, or one byte less or more, and the file is not believed. */
START_TEST(test_damaged)
{
	struct stat st;
	int fd;

	ck_assert_int_eq(write_state(5), 0);
	fd = open(path(), O_RDWR | O_CLOEXEC);
	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(fstat(fd, &st), 0);
	for (off_t i = 0; i < st.st_size; i++) {
		char was, is;

		ck_assert_int_eq(pread(fd, &was, 1, i), 1);
		is = (char)(was ^ (1 << i % 8));
		ck_assert_int_eq(pwrite(fd, &is, 1, i), 1);
		ck_assert_int_eq(read_state(), -ENOENT);
		ck_assert_int_eq(pwrite(fd, &was, 1, i), 1);
	}
	ck_assert_int_eq(read_state(), 0);
	ck_assert_int_eq(pwrite(fd, "x", 1, st.st_size), 1);
	ck_assert_int_eq(read_state(), -ENOENT);
	for (off_t size = 0; size < st.st_size; size += 7) {
		ck_assert_int_eq(ftruncate(fd, st.st_size - 1 - size), 0);
		ck_assert_int_eq(read_state(), -ENOENT);
	}
	close(fd);
}
END_TEST

/* What others own or may write is not believed, nor what is not a plain file. */
START_TEST(test_others)
{
	char elsewhere[80], name[400];

	ck_assert_int_eq(write_state(5), 0);
	ck_assert_int_eq(chmod(path(), 0620), 0);
	ck_assert_int_eq(read_state(), -ENOENT);
	ck_assert_int_eq(chmod(path(), 0600), 0);
	ck_assert_int_eq(chmod(sub, 0770), 0);
	ck_assert_int_eq(read_state(), -ENOENT);
	ck_assert_int_eq(write_state(6), -EPERM);
	ck_assert_int_eq(chmod(sub, 0700), 0);
	ck_assert_int_eq(read_state(), 0);
	snprintf(elsewhere, sizeof(elsewhere), "%s/elsewhere", dir);
	if (geteuid() == 0) {
		ck_assert_int_eq(chown(path(), 1, 1), 0);
		ck_assert_int_eq(read_state(), -ENOENT);
		ck_assert_int_eq(chown(path(), 0, 0), 0);
		ck_assert_int_eq(chown(sub, 1, 1), 0);
		ck_assert_int_eq(read_state(), -ENOENT);
		ck_assert_int_eq(chown(sub, 0, 0), 0);
	}
	snprintf(name, sizeof(name), "%s", path());
	ck_assert_int_eq(rename(name, elsewhere), 0);
	ck_assert_int_eq(symlink(elsewhere, name), 0);
	ck_assert_int_eq(read_state(), -ENOENT);
	ck_assert_int_eq(unlink(name), 0);
	ck_assert_int_eq(rmdir(sub), 0);
	ck_assert_int_eq(symlink(dir, sub), 0);
	ck_assert_int_eq(write_state(6), -ENOTDIR);
	ck_assert_int_eq(unlink(sub), 0);
}
END_TEST

/* In another network namespace the same file says nothing, whatever its name. */
START_TEST(test_elsewhere)
{
	char was[400];
	int status = 0;
	pid_t pid;

	ck_assert_int_eq(write_state(5), 0);
	snprintf(was, sizeof(was), "%s", path());
	pid = fork();
	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		char name[500];
		struct stat st;

		if (unshare(CLONE_NEWNET) < 0 || stat("/proc/self/ns/net", &st) < 0)
			_exit(77);
		snprintf(name, sizeof(name), "%s/nftables-" TABLE "-%llu", sub, (unsigned long long)st.st_ino);
		if (rename(was, name) < 0)
			_exit(1);
		_exit(read_state() == -ENOENT ? 0 : 2);
	}
	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert(WIFEXITED(status));
	if (WEXITSTATUS(status) != 77) /* else no namespace may be made here */
		ck_assert_int_eq(WEXITSTATUS(status), 0);
}
END_TEST

/* Where the directory cannot be made there is no state, and that is told. */
START_TEST(test_no_place)
{
	snprintf(sub, sizeof(sub), "%s/missing/state", dir);
	ck_assert_int_eq(write_state(5), -ENOENT);
	ck_assert_int_eq(read_state(), -ENOENT);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("state");
	TCase *tc = tcase_create("state");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_checked_fixture(tc, setup, teardown);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, test_round);
	tcase_add_test(tc, test_damaged);
	tcase_add_test(tc, test_others);
	tcase_add_test(tc, test_elsewhere);
	tcase_add_test(tc, test_no_place);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
