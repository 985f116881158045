/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lock of the work folder, and the marks in it. */
#include "output/place.h"
#include "exit.h"
#include "progress.h"
#include "say.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdint.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_MS 10
#define WORK_MODE 0711 /* a validator of another user may enter; only the owner may list or lock */

static int64_t place_clock_ms(void)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static bool work_is_at(const struct place *p, int fd)
{
	struct stat at, open;

	return fstatat(p->parent, p->work_name, &at, AT_SYMLINK_NOFOLLOW) == 0 &&
	       fstat(fd, &open) == 0 && at.st_dev == open.st_dev && at.st_ino == open.st_ino;
}

/* The folder must be the caller's alone: in /tmp anybody may have made one of that name. */
static int work_check(int fd)
{
	struct stat st;

	if (fstat(fd, &st) < 0)
		return -errno;
	if (st.st_uid != geteuid() || (st.st_mode & (S_IWGRP | S_IWOTH)))
		return -EPERM;
	return (st.st_mode & 07777) != WORK_MODE && fchmod(fd, WORK_MODE) < 0 ? -errno : 0;
}

/* One try. 0 with p->work, -EWOULDBLOCK, -EAGAIN (it was removed meanwhile), or another error. */
static int work_try(struct place *p)
{
	int fd, err;

	if (mkdirat(p->parent, p->work_name, WORK_MODE) < 0 && errno != EEXIST)
		return -errno;
	fd = openat(p->parent, p->work_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT                    ? -EINTR :
		       errno == ENOTDIR || errno == ELOOP ? -EPERM :
							    -errno;
	err = work_check(fd);
	if (!err && flock(fd, LOCK_EX | LOCK_NB) < 0)
		err = -errno;
	if (!err && !work_is_at(p, fd))
		err = -EINTR;
	if (err)
		close(fd);
	else
		p->work = fd;
	return err;
}

/* Tries until the lock is taken; returns what the last try did. */
static int work_wait(struct place *p, unsigned wait_ms)
{
	int64_t deadline = place_clock_ms() + wait_ms;
	int err;

	while ((err = work_try(p)) == -EINTR || err == -EWOULDBLOCK) {
		if (err == -EINTR)
			continue;
		if (place_clock_ms() >= deadline)
			break;
		(void)poll(NULL, 0, PAUSE_MS);
	}
	return err;
}

int place_lock(struct place *p, unsigned wait_ms)
{
	int err;

	progress_begin(progress_waiting, 0);
	err = work_wait(p, wait_ms);
	progress_end();
	if (err == -EWOULDBLOCK) {
		say("%s: another svcrules writes it; --wait says how long to wait", p->shown);
		return EXIT_BUSY;
	}
	if (!err)
		return EXIT_DONE;
	if (err == -EACCES && geteuid() == 0) {
		say("%s: root without its privileges, which the run has given up, may not write in "
		    "%s: run svcrules as the owner of that folder",
		    p->shown, p->parent_path);
		return EXIT_KERNEL;
	}
	if (err != -EPERM)
		return place_failed(p, "make the folder in which the new one is written", err);
	say("%s: %s/%s is in the way: it is no folder that this user alone may write", p->shown,
	    p->parent_path, p->work_name);
	return EXIT_KERNEL;
}

void place_unlock(struct place *p)
{
	if (p->work < 0)
		return;
	(void)unlinkat(p->parent, p->work_name, AT_REMOVEDIR);
	close(p->work);
	p->work = -1;
}

/* ---- Marks ----------------------------------------------------------------- */

bool place_is_marked(const struct place *p, const char *mark)
{
	int work = openat(p->parent, p->work_name, O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
	bool marked = work >= 0 && faccessat(work, mark, F_OK, AT_SYMLINK_NOFOLLOW) == 0;

	if (work >= 0)
		close(work);
	return marked;
}

int place_set_mark(struct place *p, const char *mark)
{
	int fd = openat(p->work, mark, O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC, 0600);

	if (fd < 0)
		return place_failed(p, "make a file beside the new folder", -errno);
	close(fd);
	return EXIT_DONE;
}

void place_clear_mark(struct place *p, const char *mark)
{
	(void)unlinkat(p->work, mark, 0);
}
