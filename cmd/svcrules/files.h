/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The files that -f names. All are opened first, with the rights that the process was started
 * with, and read later, with fewer.
 */
#ifndef SVCRULES_FILES_H
#define SVCRULES_FILES_H

#include <stdbool.h>
#include <stddef.h>

struct open_file {
	char *source; /* its name, as messages have it */
	int fd;       /* -1: opened when it is its turn, because too many are open */
	bool listed;  /* found in a directory, and not named itself */
	bool plain;   /* a file with a size, which can be read twice */
};

struct files {
	bool guard;     /* what others may write is refused */
	bool recursive; /* directories below a directory are read too */
	/* set: something was refused, could not be opened, or a directory has nothing to read */
	bool bad;
	bool found; /* set for `each`: the file was found in a directory, with `recursive` */
	int limit;  /* descriptors from this one on are not kept open */
	struct open_file *v;
	size_t n;
};

/*
 * Opens each path: a file, "-" (standard input), or the *.json, *.yaml and *.yml of a directory
 * by name. `f` is all zero but for `guard` and `recursive`. What cannot be opened is printed.
 * Returns EXIT_DONE, or EXIT_KERNEL: no memory; files_close() in both cases.
 */
int files_open(struct files *f, const char *const *paths, size_t n);
void files_close(struct files *f);
/*
 * Calls `each` for every open file in order. A FIFO of a directory is passed over, with a word,
 * if nobody writes to it. Returns EXIT_DONE, or the exit code by which `each` ended it.
 */
int files_each(struct files *f, int (*each)(void *arg, const char *source, int fd), void *arg);
/* The size of all together; false if one of them cannot be read twice. */
bool files_size(const struct files *f, unsigned long long *ret);
/* True if all files could be set back to their start, after files_each(). */
bool files_rewind(const struct files *f);

/* Reads up to `size` bytes of descriptor *(int *)arg; a svcrules_fill_fn. */
long files_fill(void *arg, char *buf, size_t size);

#endif
