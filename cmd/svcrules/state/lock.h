/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lock that lets one process at a time change a network namespace.
 *
 * It is the abstract socket name "@svcrules/lock": abstract names belong to the
 * network namespace, need no file, and vanish with the process that bound them,
 * however it ends. The lock is advisory: any process of the namespace can take
 * it, so the holder's pid is good for a message and proves nothing.
 */
#ifndef SVCRULES_LOCK_H
#define SVCRULES_LOCK_H

/*
 * Takes the lock, waiting up to `wait_ms` milliseconds (0: one try).
 * On success the lock is held until *ret_fd is closed (close-on-exec; a child
 * forked without exec holds it too).
 * Returns 0; -EBUSY with *holder_pid set to the process that holds the lock (0
 * if that process is in another pid namespace or was just ending); or the error
 * of socket().
 */
int lock_take(int *ret_fd, unsigned wait_ms, int *holder_pid);

#endif
