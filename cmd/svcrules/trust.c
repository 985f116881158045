/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trust.h"
#include "kernel/proc.h"

#include <errno.h>
#include <limits.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define PIPEFS 0x50495045 /* f_type of pipes without a name (linux/magic.h) */
#define WRITABLE_BY_OTHERS (S_IWGRP | S_IWOTH)

/* Reads a user's number; false if the text is none. */
static bool trust_number(const char *text, uid_t *ret)
{
	unsigned long n;
	char *end;

	if (!text || *text < '0' || *text > '9')
		return false;
	errno = 0;
	n = strtoul(text, &end, 10);
	*ret = (uid_t)n;
	return !errno && *end <= '\n' && n == *ret;
}

/*
 * The number that stands for users whom this user namespace does not have, the machine's root
 * among them; false in the first namespace, which has all users.
 */
static bool trust_unmapped(uid_t *ret)
{
	char map[128], text[32];
	unsigned inside, outside, count;

	if (proc_read("/proc/self/uid_map", map, sizeof(map)) < 0 ||
	    sscanf(map, "%u %u %u", &inside, &outside, &count) != 3 || count == UINT_MAX ||
	    proc_read("/proc/sys/kernel/overflowuid", text, sizeof(text)) < 0)
		return false;
	return trust_number(text, ret);
}

static bool trust_user(uid_t uid)
{
	uid_t other;

	if (uid == 0 || uid == geteuid())
		return true;
	/* only root's own environment is believed, and sudo sets that */
	if (getuid() == 0 && trust_number(getenv("SUDO_UID"), &other) && uid == other)
		return true;
	return trust_unmapped(&other) && uid == other;
}

/* " (name)" of /etc/passwd, or "". Other sources of names may make a run wait. */
static void trust_name(uid_t uid, char *buf, size_t size)
{
	FILE *f = fopen("/etc/passwd", "re");
	const struct passwd *p;

	*buf = '\0';
	while (f && (p = fgetpwent(f)))
		if (p->pw_uid == uid) {
			snprintf(buf, size, " (%s)", p->pw_name);
			break;
		}
	if (f)
		fclose(f);
}

int trust_status(const char *what, const struct stat *st, char **ret_problem)
{
	char name[64];
	int n = 0;

	*ret_problem = NULL;
	if (!trust_user(st->st_uid)) {
		trust_name(st->st_uid, name, sizeof(name));
		n = asprintf(ret_problem, "%s belongs to user %u%s", what, (unsigned)st->st_uid,
			     name);
	} else if ((st->st_mode & WRITABLE_BY_OTHERS) &&
		   !(S_ISDIR(st->st_mode) && (st->st_mode & S_ISVTX))) {
		n = asprintf(ret_problem, "%s may be written by %s (mode %04o)", what,
			     st->st_mode & S_IWOTH ? "everybody" : "its group",
			     (unsigned)(st->st_mode & 07777));
	}
	if (n < 0)
		*ret_problem = NULL;
	return n < 0 ? -ENOMEM : 0;
}

/* The directories above `path`, which starts with a slash and is changed. */
static int trust_above(char *path, char **ret_problem)
{
	struct stat st;
	char *slash;
	int err = 0;

	while (!err && !*ret_problem && *path && (slash = strrchr(path, '/'))) {
		*slash = '\0';
		if (stat(slash == path ? "/" : path, &st) == 0)
			err = trust_status(slash == path ? "/" : path, &st, ret_problem);
	}
	return err;
}

/* The directories above the open file, by the name that the kernel has for it. */
static int trust_above_open(int fd, char **ret_problem)
{
	char link[40], path[PATH_MAX];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
	n = readlink(link, path, sizeof(path) - 1);
	if (n <= 0 || *path != '/')
		return 0;
	path[n] = '\0';
	return trust_above(path, ret_problem);
}

/* The directories in which the name itself is: what it stands for could be changed there. */
static int trust_above_name(const char *path, char **ret_problem)
{
	char *copy = strdup(path), *slash, *real;
	int err = 0;

	if (!copy)
		return -ENOMEM;
	slash = strrchr(copy, '/');
	if (slash)
		slash[1] = '\0';
	real = realpath(slash ? copy : ".", NULL);
	free(copy);
	/* a last component, so that the directory itself is asked about, too */
	if (real && asprintf(&copy, "%s/.", real) < 0)
		err = -ENOMEM;
	else if (real)
		err = trust_above(copy, ret_problem);
	if (real && !err)
		free(copy);
	free(real);
	return err;
}

int trust_file(const char *path, int fd, char **ret_problem)
{
	struct statfs fs;
	struct stat st;
	int err;

	*ret_problem = NULL;
	if (fstat(fd, &st) < 0 || S_ISCHR(st.st_mode) || S_ISSOCK(st.st_mode))
		return 0;
	if (S_ISFIFO(st.st_mode) && fstatfs(fd, &fs) == 0 && fs.f_type == PIPEFS)
		return 0;
	err = trust_status("it", &st, ret_problem);
	if (!err && !*ret_problem)
		err = trust_above_open(fd, ret_problem);
	if (!err && !*ret_problem && path)
		err = trust_above_name(path, ret_problem);
	return err;
}
