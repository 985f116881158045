/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Who could have written a file. */
#include "trust.h"

#include <check.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#define OTHER 12345 /* a user who is neither root nor the caller */

static char top[] = "/tmp/svcrules-trust-XXXXXX", sub[64], file[96], ln[96];

static void trust_setup(void)
{
	int fd;

	unsetenv("SUDO_UID");
	ck_assert_ptr_nonnull(mkdtemp(top));
	snprintf(sub, sizeof(sub), "%s/sub", top);
	snprintf(file, sizeof(file), "%s/in.json", sub);
	snprintf(ln, sizeof(ln), "%s/link", top);
	ck_assert_int_eq(mkdir(sub, 0700), 0);
	fd = open(file, O_WRONLY | O_CREAT, 0600);
	ck_assert_int_ge(fd, 0);
	close(fd);
}

static void trust_teardown(void)
{
	(void)unlink(ln);
	(void)unlink(file);
	(void)rmdir(sub);
	(void)rmdir(top);
}

/* What is wrong with the file of that name, or "": fine. */
static const char *trust_problem_of(const char *path)
{
	static char text[300];
	char *problem = NULL;
	int fd = open(path, O_RDONLY | O_NONBLOCK);

	ck_assert_int_ge(fd, 0);
	ck_assert_int_eq(trust_file(path, fd, &problem), 0);
	snprintf(text, sizeof(text), "%s", problem ? problem : "");
	free(problem);
	close(fd);
	return text;
}

static void trust_expect(const char *path, const char *part)
{
	const char *problem = trust_problem_of(path);

	if (*part)
		ck_assert_msg(strstr(problem, part), "'%s' is not in '%s'", part, problem);
	else
		ck_assert_str_eq(problem, "");
}

START_TEST(test_trust_modes)
{
	trust_expect(file, "");
	ck_assert_int_eq(chmod(file, 0644), 0);
	trust_expect(file, "");
	ck_assert_int_eq(chmod(file, 0664), 0);
	trust_expect(file, "it may be written by its group (mode 0664)");
	ck_assert_int_eq(chmod(file, 0602), 0);
	trust_expect(file, "it may be written by everybody (mode 0602)");
}
END_TEST

START_TEST(test_trust_directories)
{
	ck_assert_int_eq(chmod(sub, 0777), 0);
	trust_expect(file, "/sub may be written by everybody (mode 0777)");
	ck_assert_int_eq(chmod(sub, 01777), 0);
	trust_expect(file, "");
	ck_assert_int_eq(chmod(sub, 0700), 0);
	ck_assert_int_eq(chmod(top, 0720), 0);
	trust_expect(file, "may be written by its group (mode 0720)");
}
END_TEST

/* A link counts with the directory that it is in and with the one that it leads to. */
START_TEST(test_trust_links)
{
	ck_assert_int_eq(symlink(file, ln), 0);
	trust_expect(ln, "");
	ck_assert_int_eq(chmod(top, 0777), 0);
	trust_expect(ln, "may be written by everybody");
	ck_assert_int_eq(chmod(top, 0700), 0);
	ck_assert_int_eq(chmod(sub, 0777), 0);
	trust_expect(ln, "/sub may be written by everybody");
}
END_TEST

START_TEST(test_trust_relative_names)
{
	ck_assert_int_eq(chdir(sub), 0);
	trust_expect("in.json", "");
	ck_assert_int_eq(chmod(sub, 0777), 0);
	trust_expect("in.json", "/sub may be written");
	ck_assert_int_eq(chdir("/"), 0);
}
END_TEST

START_TEST(test_trust_owners)
{
	if (chown(file, OTHER, 0) < 0) /* only root gives files away */
		return;
	trust_expect(file, "it belongs to user 12345");
	setenv("SUDO_UID", "12345", 1);
	trust_expect(file, "");
	setenv("SUDO_UID", "12345x", 1);
	trust_expect(file, "it belongs to user 12345");
	unsetenv("SUDO_UID");
	ck_assert_int_eq(chown(file, 65534, 0), 0);
	trust_expect(file, "it belongs to user 65534 (nobody)");
	ck_assert_int_eq(chown(file, 0, 0), 0);
	ck_assert_int_eq(chown(sub, OTHER, 0), 0);
	trust_expect(file, "/sub belongs to user 12345");
}
END_TEST

START_TEST(test_trust_fifos_and_pipes)
{
	char *problem = NULL;
	int p[2];

	ck_assert_int_eq(unlink(file), 0);
	ck_assert_int_eq(mkfifo(file, 0600), 0);
	trust_expect(file, "");
	ck_assert_int_eq(chmod(file, 0666), 0);
	trust_expect(file, "it may be written by everybody");
	ck_assert_int_eq(pipe(p), 0);
	ck_assert_int_eq(trust_file(NULL, p[0], &problem), 0);
	ck_assert_ptr_null(problem);
	trust_expect("/dev/null", "");
	close(p[0]);
	close(p[1]);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("trust");
	TCase *tc = tcase_create("files");
	SRunner *sr = srunner_create(s);
	int failed;

	tcase_add_checked_fixture(tc, trust_setup, trust_teardown);
	tcase_add_test(tc, test_trust_modes);
	tcase_add_test(tc, test_trust_directories);
	tcase_add_test(tc, test_trust_links);
	tcase_add_test(tc, test_trust_relative_names);
	tcase_add_test(tc, test_trust_owners);
	tcase_add_test(tc, test_trust_fifos_and_pipes);
	suite_add_tcase(s, tc);
	srunner_run_all(sr, CK_ENV);
	failed = srunner_ntests_failed(sr);
	srunner_free(sr);
	return failed ? 1 : 0;
}
