/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that the worker processes of a server open by themselves, as nginx does at each request.
 * They are secrets of the mode 0600, so they belong to the workers' user if root writes the folder.
 * Another caller's files are the caller's own, as the server is.
 */
#ifndef SVCRULES_OWNER_H
#define SVCRULES_OWNER_H

#include "command.h"
#include "output/runner.h"

struct owner {
	const char *name;    /* of the workers' user; NULL: all files are the caller's */
	const char *setting; /* the option that names another one */
	bool found;          /* there is such a user: */
	uid_t uid;
	struct runner *runner;
};

struct place;

/*
 * Finds the workers' user, before privileges are given up. Prints what is wrong with one that the
 * command line names; that there is no other one matters if there are such files. Returns an exit
 * code.
 */
int owner_find(const struct arguments *a, struct owner *ret);
/* Prints that there is no such user, if `f` needs one. Returns an exit code. */
int owner_check(const struct owner *o, const struct svcrules_file *f);

/* Whose a file must be. */
uid_t owner_uid(const struct owner *o, const struct svcrules_file *f);
/* Opens a file of DIR for reading. Returns a file descriptor or a negative errno. */
int owner_open(const struct place *p, const char *name);
/* Gives a new file, open as `fd`, to whose it must be. Returns an exit code. */
int owner_give(const struct place *p, enum runner_slot slot, const struct svcrules_file *f, int fd);

#endif
