/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One writer per network namespace.
 *
 * The lock is the abstract socket name "@svcrules/lock": such names belong to
 * the network namespace, need no file, and vanish with the process that bound
 * them, however it ends. Advisory: any process of the namespace may take it,
 * so a holder's pid is for telling the user, not for trust.
 */
#ifndef SVCRULES_LOCK_H
#define SVCRULES_LOCK_H

/*
 * Takes the lock, waiting up to `wait_ms` milliseconds (0: one try).
 * On success *ret_fd holds it until closed (close-on-exec; a child forked
 * without exec keeps it too).
 * Returns 0; -EBUSY with *holder_pid set to the process holding it (0 if it
 * lives in another pid namespace or was just leaving); or what socket() said.
 */
int lock_take(int *ret_fd, unsigned wait_ms, int *holder_pid);

#endif
