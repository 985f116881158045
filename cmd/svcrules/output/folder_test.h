/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A folder "out" in a directory of the test's own, which is written in two versions: files that
 * stay, change, come and go, a secret, and files of the server's user. If root runs the test, that
 * is nobody, unless nothing can be given to that user here.
 */
#ifndef SVCRULES_FOLDER_TEST_H
#define SVCRULES_FOLDER_TEST_H

#include "output/output.h"
#include "exit.h"
#include "privilege.h"

#include <check.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pwd.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#define FOLDER_TEST_FILES 6
#define FOLDER_TEST_LONG 20000 /* bytes of a file that is compared and written in pieces */

static char folder_top[64], folder_out[80], folder_then[200], folder_log[80];
static char folder_long[FOLDER_TEST_LONG + 1];
static bool folder_gives;   /* the server's user is not the caller */
static uid_t folder_worker; /* it */

struct folder_file {
	const char *name;
	unsigned mode;
	const char *text;
};

static const struct folder_file folder_versions[2][FOLDER_TEST_FILES] = {
	{ { "changed", 0644, "one\n" },
	  { "gone", 0644, "g\n" },
	  { "key.pem", 0600, "secret 1\n" },
	  { "same", 0644, folder_long },
	  { "users.changed", 0600, "a:1\n" },
	  { "users.same", 0600, folder_long } },
	{ { "added", 0644, "" },
	  { "changed", 0644, "two\n" },
	  { "key.pem", 0600, "secret 2\n" },
	  { "same", 0644, folder_long },
	  { "users.changed", 0600, "a:2\n" },
	  { "users.same", 0600, folder_long } },
};

static bool folder_is_workers(const char *name)
{
	return strncmp(name, "users", 5) == 0;
}

static void folder_find_worker(void)
{
	const struct passwd *nobody = geteuid() == 0 ? getpwnam("nobody") : NULL;
	struct stat st;

	folder_gives = nobody && chown(folder_top, nobody->pw_uid, -1) == 0;
	if (folder_gives)
		ck_assert_int_eq(chown(folder_top, geteuid(), -1), 0);
	folder_worker = folder_gives ? nobody->pw_uid : geteuid();
	ck_assert(stat(folder_top, &st) == 0 && st.st_uid == geteuid());
}

static void folder_setup(void)
{
	struct stat st;

	/* in memory, where fsync(2) is quick */
	snprintf(folder_top, sizeof(folder_top), "%s/svcrules-out-XXXXXX",
		 stat("/dev/shm", &st) == 0 ? "/dev/shm" : "/tmp");
	ck_assert_ptr_nonnull(mkdtemp(folder_top));
	snprintf(folder_out, sizeof(folder_out), "%s/out", folder_top);
	snprintf(folder_log, sizeof(folder_log), "%s.log", folder_top);
	snprintf(folder_then, sizeof(folder_then), "echo then >>%s", folder_log);
	memset(folder_long, 'x', FOLDER_TEST_LONG);
	folder_find_worker();
}

static void folder_remove(int at, const char *name)
{
	int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW);
	struct dirent *e;
	DIR *d;

	if (fd < 0) {
		(void)unlinkat(at, name, 0);
		return;
	}
	d = fdopendir(fd);
	ck_assert_ptr_nonnull(d);
	while ((e = readdir(d)))
		if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
			folder_remove(fd, e->d_name);
	closedir(d);
	ck_assert_int_eq(unlinkat(at, name, AT_REMOVEDIR), 0);
}

static void folder_teardown(void)
{
	folder_remove(AT_FDCWD, folder_top);
	(void)unlink(folder_log);
}

/* From here on RENAME_EXCHANGE fails as it does on a file system that has none. */
static void folder_without_exchange(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_renameat2, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[4])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, RENAME_EXCHANGE, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EINVAL),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	struct sock_fprog program = { sizeof(code) / sizeof(*code), code };

	if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0 ||
	    prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) < 0)
		_exit(99);
}

static const struct svcrules_target *folder_target(void)
{
	const struct svcrules_target *t;

	for (size_t i = 0; (t = svcrules_target(i)); i++)
		if (t->worker)
			return t;
	_exit(98);
}

/*
 * Writes version 0 or 1 in this process, which gives up its privileges as the program does. Returns
 * the exit code.
 */
static int folder_write(int version, const char *validate, const char *then)
{
	struct arguments a = { .directory = folder_out, .target = folder_target() };
	struct svcrules_ruleset *rs = svcrules_files_new();
	struct output o;
	int code;

	a.given[OPT_QUIET] = true;
	a.given[OPT_VALIDATE] = validate;
	a.value[OPT_VALIDATE] = validate;
	a.given[OPT_THEN] = then;
	a.value[OPT_THEN] = then;
	for (size_t i = 0; rs && i < FOLDER_TEST_FILES; i++) {
		const struct folder_file *v = &folder_versions[version][i];
		struct svcrules_file f = { .name = v->name,
					   .mode = v->mode,
					   .worker = folder_gives && folder_is_workers(v->name) };

		if (svcrules_files_add(rs, &f, v->text, strlen(v->text)))
			return EXIT_KERNEL;
	}
	code = output_open(&a, true, &o);
	privilege_drop(false);
	if (!code)
		code = output_write(&o, rs);
	output_close(&o);
	svcrules_ruleset_free(rs);
	return code;
}

static int folder_wait(pid_t pid)
{
	int status;

	ck_assert_int_eq(waitpid(pid, &status, 0), pid);
	ck_assert_msg(WIFEXITED(status), "ended by signal %d", WTERMSIG(status));
	return WEXITSTATUS(status);
}

/* The same in a process of its own; with `no_exchange`, on such a file system. */
static int folder_run(int version, bool no_exchange, const char *validate, const char *then)
{
	pid_t pid = fork();

	ck_assert_int_ge(pid, 0);
	if (pid == 0) {
		if (no_exchange)
			folder_without_exchange();
		_exit(folder_write(version, validate, then));
	}
	return folder_wait(pid);
}

static bool folder_has(const char *name, unsigned mode, const char *text)
{
	static char buf[FOLDER_TEST_LONG + 100];
	char path[200];
	struct stat st;
	ssize_t n;
	int fd;

	snprintf(path, sizeof(path), "%s/%s", folder_out, name);
	fd = open(path, O_RDONLY | O_NOFOLLOW);
	if (fd < 0)
		return false;
	ck_assert_int_eq(fstat(fd, &st), 0);
	n = read(fd, buf, sizeof(buf));
	close(fd);
	return (st.st_mode & 07777) == mode &&
	       st.st_uid == (folder_is_workers(name) ? folder_worker : geteuid()) &&
	       n == (ssize_t)strlen(text) && memcmp(buf, text, strlen(text)) == 0;
}

static size_t folder_entries(const char *path, bool hidden)
{
	DIR *d = opendir(path);
	struct dirent *e;
	size_t n = 0;

	while (d && (e = readdir(d)))
		n += strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
		     (hidden || *e->d_name != '.');
	if (d)
		closedir(d);
	return n;
}

/* 0 or 1: the whole version, and nothing else; -1: there is no folder; -2: anything else. */
static int folder_version(void)
{
	struct stat st;

	if (lstat(folder_out, &st) < 0)
		return -1;
	for (int v = 0; v < 2; v++) {
		size_t n = 0;

		for (size_t i = 0; i < FOLDER_TEST_FILES; i++) {
			const struct folder_file *f = &folder_versions[v][i];

			n += folder_has(f->name, f->mode, f->text);
		}
		if (n == FOLDER_TEST_FILES && folder_entries(folder_out, false) == n)
			return v;
	}
	return -2;
}

#endif
