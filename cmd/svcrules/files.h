/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The files that -f names, one after the other. */
#ifndef SVCRULES_FILES_H
#define SVCRULES_FILES_H

#include <stdbool.h>
#include <stddef.h>

struct files {
	/* Takes one open file; `source` is its name. An exit code other than EXIT_DONE ends all. */
	int (*each)(void *arg, const char *source, int fd);
	void *arg;
	bool recursive; /* directories below a directory are read too */
	bool silent;    /* what cannot be opened is not printed */
	bool bad;       /* set: something could not be opened, or a directory has nothing to read */
	bool found;     /* set for `each`: the file was found in a directory, with `recursive` */
	bool any;       /* private: the directory has a file to read */
};

/*
 * Opens each path: a file, "-" (standard input), or the *.json, *.yaml and *.yml of a
 * directory by name. Returns EXIT_DONE, or what `each` returned; EXIT_KERNEL: no memory.
 */
int files_each(struct files *f, const char *const *paths, size_t n);

/* Reads up to `size` bytes of descriptor *(int *)arg; a svcrules_fill_fn. */
long files_fill(void *arg, char *buf, size_t size);

#endif
