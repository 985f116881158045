/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Prints findings of drivers, and takes the lock with messages. */
#ifndef SVCRULES_REPORT_H
#define SVCRULES_REPORT_H

#include <stdbool.h>

struct arguments;
struct session;

/* Prints the findings of a session, and removes them. `quiet` leaves out notices. */
void findings_print(struct session *s, bool quiet);
/*
 * Takes the lock of this network namespace (state/lock.h) and waits for it as
 * long as --wait allows; closing *ret_fd releases it (-1: there is none to
 * release). `insecure` goes on if other users may write in the directory of the
 * lock. Returns an exit code, having printed what is wrong.
 */
int session_lock(const struct arguments *a, bool insecure, int *ret_fd);

#endif
