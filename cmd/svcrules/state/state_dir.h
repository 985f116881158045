/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The directory of the lock and of what runs leave: private, and tidied. */
#ifndef SVCRULES_STATE_DIR_H
#define SVCRULES_STATE_DIR_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/stat.h>

#define STATE_DIR "/run/svcrules"

/*
 * True for a file or directory (`type` is S_IFREG or S_IFDIR) of the caller's that nobody else may
 * write.
 */
bool state_is_private(const struct stat *st, mode_t type);
/*
 * Opens the directory, which `make` makes. Returns a descriptor, -EPERM if others may write
 * there, or another negative errno.
 */
int state_dir_open(const char *dir, bool make);
/* The inode number of this network namespace, with which names of files end; -ENOENT: unknown. */
int state_namespace(unsigned long long *ret);
/*
 * Removes the files of network namespaces that are gone: no process that can be seen is in them,
 * and none is mounted. Does nothing if some process may not be asked. Needs CAP_SYS_PTRACE or
 * only the caller's own processes. A file that it removes by mistake costs its owner time only.
 */
void state_dir_tidy(const char *dir);

#endif
