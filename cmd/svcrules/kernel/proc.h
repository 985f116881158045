/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Small files of the kernel, as in /proc. */
#ifndef SVCRULES_KERNEL_PROC_H
#define SVCRULES_KERNEL_PROC_H

#include <stddef.h>
#include <sys/types.h>

/*
 * Reads a whole file into `buf`, terminated. Returns its length, -EOVERFLOW if
 * it does not fit, or the error of open() or read().
 */
ssize_t proc_read(const char *path, char *buf, size_t size);

#endif
