/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lock that lets one process at a time change a network namespace.
 *
 * It is a file in a directory that nobody else may enter, locked with flock(2), one for each
 * namespace (by its inode number): the kernel gives it free when its holder ends, however that
 * happens.
 *
 * A caller who may not use that directory (no root of this machine, or a read-only /run) takes an
 * abstract socket name of the namespace instead, "@svcrules/lock". Any user can bind that name, so
 * it counts only if its holder is root or the caller: it excludes the caller's own runs, and
 * nobody else can keep the caller from working.
 */
#ifndef SVCRULES_LOCK_H
#define SVCRULES_LOCK_H

#include <stdbool.h>

struct lock {
	int fd;     /* holds it until it is closed; -1: there is none to hold */
	int holder; /* the process that has it, if known, else 0 */
	/* the directory cannot be used: locked by name; `stranger` has bound the name, if set */
	bool by_name, stranger;
};

/*
 * Takes the lock, waiting up to `wait_ms` milliseconds (0: one try), with a file in `dir`, which
 * is made if it is missing; NULL: by name. On success it is held until ret->fd is closed
 * (close-on-exec; a child forked without exec holds it too).
 * Returns 0; -EBUSY with ret->holder set; -EPERM if others may write in `dir`; or another error.
 */
int lock_take(const char *dir, unsigned wait_ms, struct lock *ret);

#endif
