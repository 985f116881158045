/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/state_dir.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

bool state_is_private(const struct stat *st, mode_t type)
{
	return (st->st_mode & S_IFMT) == type && st->st_uid == geteuid() &&
	       !(st->st_mode & (S_IWGRP | S_IWOTH));
}

int state_dir_open(const char *dir, bool make)
{
	struct stat st;
	int fd;

	if (make && mkdir(dir, 0700) < 0 && errno != EEXIST)
		return -errno;
	fd = open(dir, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	if (fstat(fd, &st) == 0 && state_is_private(&st, S_IFDIR))
		return fd;
	close(fd);
	return -EPERM;
}

int state_namespace(unsigned long long *ret)
{
	struct stat st;

	if (stat("/proc/thread-self/ns/net", &st) < 0)
		return -ENOENT;
	*ret = st.st_ino;
	return 0;
}

/* ---- Namespaces that are gone ------------------------------------------- */

struct namespaces {
	unsigned long long *v;
	size_t n;
};

static bool namespaces_have(const struct namespaces *s, unsigned long long ino)
{
	size_t i = 0;

	while (i < s->n && s->v[i] != ino)
		i++;
	return i < s->n;
}

static bool namespaces_add(struct namespaces *s, unsigned long long ino)
{
	unsigned long long *v;

	if (namespaces_have(s, ino))
		return true;
	v = reallocarray(s->v, s->n + 1, sizeof(*v));
	if (!v)
		return false;
	s->v = v;
	v[s->n++] = ino;
	return true;
}

/* Adds N of "net:[N]", if the text starts with that; false without memory. */
static bool namespaces_add_text(struct namespaces *s, const char *text)
{
	unsigned long long ino;

	return sscanf(text, "net:[%llu]", &ino) != 1 || namespaces_add(s, ino);
}

/*
 * Those of the processes; false if one may not be asked. Process 1 of a container may be out of
 * reach even for root; others are in its namespace, too.
 */
static bool namespaces_of_processes(struct namespaces *s)
{
	DIR *d = opendir("/proc");
	bool fine = d && access("/proc/1", F_OK) == 0; /* else processes are hidden */
	struct dirent *e;

	while (fine && (e = readdir(d))) {
		char path[64], text[64];
		ssize_t n;

		if (*e->d_name < '0' || *e->d_name > '9')
			continue;
		snprintf(path, sizeof(path), "/proc/%.20s/ns/net", e->d_name);
		n = readlink(path, text, sizeof(text) - 1);
		text[n > 0 ? n : 0] = '\0';
		if (n >= 0)
			fine = namespaces_add_text(s, text);
		else /* ENOENT and ESRCH: it ended meanwhile */
			fine = errno == ENOENT || errno == ESRCH || strcmp(e->d_name, "1") == 0;
	}
	if (d)
		closedir(d);
	return fine;
}

/* Those that are mounted, as ip-netns(8) keeps them: the fourth word of a line. */
static bool namespaces_of_mounts(struct namespaces *s)
{
	FILE *f = fopen("/proc/self/mountinfo", "re");
	bool fine = f;
	char *line = NULL;
	size_t size = 0;

	while (fine && getline(&line, &size, f) > 0) {
		const char *word = strstr(line, " net:[");

		fine = !word || namespaces_add_text(s, word + 1);
	}
	free(line);
	if (f)
		fclose(f);
	return fine;
}

/*
 * The namespace whose number a name of ours ends with, also while it is written (".NAME.new");
 * false: it is no such name.
 */
static bool file_namespace(const char *name, unsigned long long *ret)
{
	bool new = *name == '.';
	const char *dash = strrchr(name, '-');
	char *end;

	name += new;
	if (!dash || (strncmp(name, "nftables-", 9) != 0 && strncmp(name, "lock-", 5) != 0) ||
	    dash[1] < '0' || dash[1] > '9')
		return false;
	errno = 0;
	*ret = strtoull(dash + 1, &end, 10);
	return !errno && strcmp(end, new ? ".new" : "") == 0;
}

/* True if the directory has a file of another namespace: the rule is that it has none. */
static bool dir_has_others(DIR *d, unsigned long long ours)
{
	unsigned long long ino;
	struct dirent *e;

	while ((e = readdir(d)))
		if (file_namespace(e->d_name, &ino) && ino != ours)
			return true;
	return false;
}

/* A lock that somebody holds shows that the namespace is there. */
static void remove_unlocked(int dir, const char *name)
{
	int fd = openat(dir, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);

	if (fd < 0)
		return;
	if (flock(fd, LOCK_EX | LOCK_NB) == 0)
		(void)unlinkat(dir, name, 0);
	close(fd);
}

static void dir_remove_gone(DIR *d, const struct namespaces *there)
{
	unsigned long long ino;
	struct dirent *e;

	rewinddir(d);
	while ((e = readdir(d)))
		if (file_namespace(e->d_name, &ino) && !namespaces_have(there, ino))
			remove_unlocked(dirfd(d), e->d_name);
}

void state_dir_tidy(const char *dir)
{
	int fd = state_dir_open(dir, false);
	struct namespaces there = { .n = 0 };
	unsigned long long ours;
	DIR *d = fd < 0 ? NULL : fdopendir(fd);

	if (fd >= 0 && !d)
		close(fd);
	/* namespaces that are made meanwhile have no file yet, or a number that comes again */
	if (d && state_namespace(&ours) == 0 && dir_has_others(d, ours) &&
	    namespaces_add(&there, ours) && namespaces_of_processes(&there) &&
	    namespaces_of_mounts(&there))
		dir_remove_gone(d, &there);
	free(there.v);
	if (d)
		closedir(d);
}
