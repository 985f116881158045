/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SVCRULES_WRITER_H
#define SVCRULES_WRITER_H

struct arguments;

/* --wait in milliseconds. Returns an exit code, having said what is wrong. */
int writer_wait(const struct arguments *a, unsigned *ret_ms);
/* --drain-timeout. Returns an exit code, having said what is wrong. */
int writer_drain(const struct arguments *a, unsigned *ret_seconds);
/* Takes the lock of this network namespace, waiting as --wait says. Returns an exit code. */
int writer_lock(const struct arguments *a, int *ret_fd);

#endif
