/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "state/lock.h"

#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <time.h>
#include <unistd.h>

#define PAUSE_MS 10 /* between tries while the name is bound but not, or no longer, listening */

static const char lock_name[] = "svcrules/lock";

static socklen_t lock_address(struct sockaddr_un *sun)
{
	*sun = (struct sockaddr_un){ .sun_family = AF_UNIX };
	/* The leading zero byte makes it abstract; no terminator. */
	memcpy(sun->sun_path + 1, lock_name, sizeof(lock_name) - 1);
	return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + sizeof(lock_name));
}

static int64_t lock_clock_ms(void)
{
	struct timespec ts = { 0 };

	(void)clock_gettime(CLOCK_MONOTONIC, &ts);
	return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* Returns 0 with the lock, -EADDRINUSE, or another error. */
static int lock_try(int *ret_fd)
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
 * Connects to the holder, which never accepts: the connection ends when the
 * holder does. Returns the connection, or a negative errno; *pid is the holder's.
 */
static int lock_holder_connect(int *pid)
{
	struct sockaddr_un sun;
	socklen_t len = lock_address(&sun), clen = sizeof(struct ucred);
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0), r;
	struct ucred cred = { 0 };

	if (fd < 0)
		return -errno;
	if (connect(fd, (struct sockaddr *)&sun, len) == 0) {
		if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &cred, &clen) == 0)
			*pid = cred.pid;
		return fd;
	}
	r = -errno; /* ECONNREFUSED: not listening yet, or gone; EAGAIN: a long queue */
	(void)close(fd);
	return r;
}

/* Sleeps until the holder ends (fd >= 0) or for PAUSE_MS, in both cases at most `left` ms. */
static void lock_holder_wait(int fd, int64_t left)
{
	struct pollfd p = { .fd = fd };

	if (fd < 0 && left > PAUSE_MS)
		left = PAUSE_MS;
	(void)poll(&p, fd < 0 ? 0 : 1, left > INT_MAX ? INT_MAX : (int)left);
}

int lock_take(int *ret_fd, unsigned wait_ms, int *holder_pid)
{
	int64_t deadline = lock_clock_ms() + wait_ms;

	for (;;) {
		int r = lock_try(ret_fd), pid = 0, fd;
		int64_t left = deadline - lock_clock_ms();

		if (r != -EADDRINUSE)
			return r;
		fd = lock_holder_connect(&pid);
		if (fd < 0 && fd != -ECONNREFUSED && fd != -EAGAIN)
			return fd;
		if (left > 0)
			lock_holder_wait(fd, left);
		if (fd >= 0)
			(void)close(fd);
		if (left <= 0) {
			*holder_pid = pid;
			return -EBUSY;
		}
	}
}
