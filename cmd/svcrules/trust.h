/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who could have written a file: root, the caller, and the user who called sudo(8) are trusted,
 * anybody else is not.
 */
#ifndef SVCRULES_TRUST_H
#define SVCRULES_TRUST_H

struct stat;

/*
 * 0 with *ret_problem a sentence, malloc'ed, that says who else could change the open file `fd`,
 * or NULL if nobody could; -ENOMEM. `path` is its name, or NULL for standard input. Asked about are
 * the owner and the mode of the file and of each directory above it; a directory that others may
 * write is harmless if it is sticky, as /tmp is. Pipes without a name, devices and sockets are
 * what the caller made of them, and trusted.
 */
int trust_file(const char *path, int fd, char **ret_problem);
/* The same for one file or directory of which only the status is known; `what` is its name. */
int trust_status(const char *what, const struct stat *st, char **ret_problem);

#endif
