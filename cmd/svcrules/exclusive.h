/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lock of a command that changes the kernel, with the message of a run that does not get it. */
#ifndef SVCRULES_EXCLUSIVE_H
#define SVCRULES_EXCLUSIVE_H

struct arguments;

/*
 * Takes the lock of this network namespace (state/lock.h) and waits for it as
 * long as --wait allows; closing *ret_fd releases it. Returns an exit code,
 * having printed what is wrong.
 */
int exclusive_lock(const struct arguments *a, int *ret_fd);

#endif
