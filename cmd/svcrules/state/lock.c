/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/lock.h"
#include "state/state_dir.h"
#include "trust.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <poll.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_MS 10    /* between tries */
#define REFUSED_MAX 10 /* tries to reach a holder */

static int64_t lock_clock_ms(void)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Sleeps at most `left` ms: until the holder ends (fd >= 0), or for a pause. */
static void lock_wait(int fd, int64_t left)
{
	struct pollfd p = { .fd = fd };

	if (fd < 0 && left > PAUSE_MS)
		left = PAUSE_MS;
	(void)poll(&p, fd < 0 ? 0 : 1, left > INT_MAX ? INT_MAX : (int)left);
}

/* ---- By a file ---------------------------------------------------------- */

/* Process numbers mean something only to those who see the same processes. */
static unsigned long long lock_pid_namespace(void)
{
	struct stat st;

	return stat("/proc/self/ns/pid", &st) == 0 ? st.st_ino : 0;
}

static void holder_write(int fd)
{
	char text[64];
	int n = snprintf(text, sizeof(text), "%d %llu\n", (int)getpid(), lock_pid_namespace());

	/* only for the message to others: what is not written whole is not understood */
	if (ftruncate(fd, 0) < 0 || pwrite(fd, text, (size_t)n, 0) != n)
		errno = 0;
}

static int holder_read(int fd)
{
	char text[64];
	ssize_t n = pread(fd, text, sizeof(text) - 1, 0);
	unsigned long long ns;
	int pid;

	if (n <= 0)
		return 0;
	text[n] = '\0';
	return sscanf(text, "%d %llu", &pid, &ns) == 2 && ns == lock_pid_namespace() ? pid : 0;
}

static bool file_is_at(int dir, const char *name, int fd)
{
	struct stat at, open;

	return fstatat(dir, name, &at, AT_SYMLINK_NOFOLLOW) == 0 && fstat(fd, &open) == 0 &&
	       at.st_dev == open.st_dev && at.st_ino == open.st_ino;
}

/* One try. 0 with ret->fd, -EBUSY, or another error. */
static int file_try(int dir, const char *name, struct lock *ret)
{
	int fd = openat(dir, name, O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	int err;

	if (fd < 0)
		return -errno;
	err = flock(fd, LOCK_EX | LOCK_NB) < 0 ? -errno : 0;
	if (err == -EWOULDBLOCK) {
		ret->holder = holder_read(fd);
		err = -EBUSY;
	}
	/* it may have been removed between the two calls: then another one is the lock */
	if (!err && !file_is_at(dir, name, fd))
		err = -EAGAIN;
	if (err) {
		close(fd);
		return err;
	}
	holder_write(fd);
	ret->fd = fd;
	return 0;
}

static int lock_by_file(int dir, int64_t deadline, struct lock *ret)
{
	unsigned long long ino;
	char name[40];
	int err = state_namespace(&ino);

	if (err)
		return err;
	snprintf(name, sizeof(name), "lock-%llu", ino);
	for (;;) {
		int64_t left = deadline - lock_clock_ms();

		err = file_try(dir, name, ret);
		if (err == -EAGAIN)
			continue;
		if (err != -EBUSY || left <= 0)
			return err;
		lock_wait(-1, left);
	}
}

/* ---- By a name ---------------------------------------------------------- */

static const char lock_name[] = "svcrules/lock";

static socklen_t lock_address(struct sockaddr_un *sun)
{
	*sun = (struct sockaddr_un){ .sun_family = AF_UNIX };
	/* The leading zero byte makes it abstract; no terminator. */
	memcpy(sun->sun_path + 1, lock_name, sizeof(lock_name) - 1);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof(lock_name));
}

/* Returns 0 with the lock, -EADDRINUSE, or another error. */
static int name_try(int *ret_fd)
{
	struct sockaddr_un sun;
	socklen_t len = lock_address(&sun);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0), r;

	if (fd < 0)
		return -errno;
	if (bind(fd, (struct sockaddr *)&sun, len) == 0 && listen(fd, SOMAXCONN) == 0) {
		*ret_fd = fd;
		return 0;
	}
	r = -errno;
	(void)close(fd);
	return r;
}

/*
 * Connects to the holder, which never accepts: the connection ends when the holder does. Returns
 * the connection, or a negative errno.
 */
static int name_holder_connect(struct ucred *cred)
{
	struct sockaddr_un sun;
	socklen_t len = lock_address(&sun), clen = sizeof(*cred);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), r;

	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&sun, len) == 0) {
		if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, cred, &clen) < 0)
			*cred = (struct ucred){ .uid = geteuid() };
		return fd;
	}
	r = -errno; /* ECONNREFUSED: not listening yet, or gone; EAGAIN: a long queue */
	(void)close(fd);
	return r;
}

/* True if that one holds the lock; a name that another user has bound is none. */
static bool name_holder_counts(const struct ucred *cred)
{
	return cred->uid == 0 || cred->uid == geteuid();
}

/*
 * Waits for the holder's end. Returns -EAGAIN: try again; 0: a stranger has the name; -EBUSY. A
 * holder who never listens or whose queue is full is none of ours: we listen at once.
 */
static int name_wait(int64_t deadline, unsigned *refused, struct lock *ret)
{
	struct ucred cred = { .uid = geteuid() };
	int fd = name_holder_connect(&cred);
	int64_t left = deadline - lock_clock_ms();

	ret->holder = cred.pid;
	ret->stranger = fd < 0 ? ++*refused >= REFUSED_MAX && left <= 0 :
				 !name_holder_counts(&cred);
	if (fd < 0 && !ret->stranger)
		lock_wait(-1, PAUSE_MS);
	else if (left > 0 && !ret->stranger)
		lock_wait(fd, left);
	if (fd >= 0)
		(void)close(fd);
	if (ret->stranger)
		return 0;
	return fd >= 0 && left <= 0 ? -EBUSY : -EAGAIN;
}

static int lock_by_name(int64_t deadline, struct lock *ret)
{
	unsigned refused = 0;
	int err = -EAGAIN;

	ret->by_name = true;
	while (err == -EAGAIN) {
		err = name_try(&ret->fd);
		if (err == -EADDRINUSE)
			err = name_wait(deadline, &refused, ret);
	}
	return err;
}

/* ---- Both --------------------------------------------------------------- */

/* True for errors that say that the directory is not for this caller. */
static bool not_for_us(int err)
{
	return err == -EACCES || err == -EROFS || err == -ENOENT ||
	       (err == -EPERM && geteuid() != 0);
}

/* True for a directory whose owner could let himself in, and keep the caller out. */
static bool is_a_strangers(const char *dir)
{
	char *problem = NULL;
	struct stat st;
	bool yes;

	yes = lstat(dir, &st) == 0 && !trust_status(dir, &st, &problem) && problem;
	free(problem);
	return yes;
}

int lock_take(const char *dir, unsigned wait_ms, struct lock *ret)
{
	int64_t deadline = lock_clock_ms() + wait_ms;
	int fd = dir ? state_dir_open(dir, true) : -ENOENT, err = fd;

	*ret = (struct lock){ .fd = -1 };
	if (fd >= 0) {
		err = lock_by_file(fd, deadline, ret);
		close(fd);
	} else if (fd == -EACCES && is_a_strangers(dir)) {
		return -EPERM;
	}
	return not_for_us(err) ? lock_by_name(deadline, ret) : err;
}
