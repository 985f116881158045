/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A process that runs the commands of --validate and --then. It is made before the program gives up
 * its privileges, as these commands need those of the caller: to reload a server, or to ask the
 * kernel. It can be asked for nothing but these commands, to give the new folder the owner and mode
 * of the old, and for files that a server's worker processes read: to make one theirs, and to open
 * one of theirs, which root without its privileges cannot do.
 */
#ifndef SVCRULES_RUNNER_H
#define SVCRULES_RUNNER_H

#include <stdbool.h>
#include <sys/stat.h>
#include <sys/types.h>

/* The folders that "{}" may stand for; see place.h. The last one is DIR itself. */
enum runner_slot { RUNNER_NEW, RUNNER_A, RUNNER_B, RUNNER_SLOTS, RUNNER_DIR = RUNNER_SLOTS };

struct runner {
	int fd; /* -1: there is no such process */
	pid_t pid;
};

struct runner_task {
	const char *validate; /* NULL: none */
	const char *then;     /* NULL: none */
	int parent;           /* folder in which the work folder is */
	const char *work;     /* its name */
	const char *parent_path;
	const char *name; /* of DIR */
	bool worker;      /* there is a user of worker processes, this one */
	uid_t worker_uid;
	bool give;  /* files of the new folder may be made that user's */
	bool chown; /* the new folder gets this owner and mode */
	mode_t mode;
	uid_t uid;
	gid_t gid;
};

/* True if a shell takes the path as one word, between quotes and outside. */
bool runner_path_ok(const char *path);
/* `command` with each "{}" replaced; malloc'ed, NULL: out of memory. */
char *runner_command(const char *command, const char *path);

/* Starts the process if there is a task for it. 0 or a negative errno. */
int runner_start(struct runner *r, const struct runner_task *t);
/*
 * Ask for one of the tasks, and wait. They return what wait(2) says of the command, the negative
 * errno of chown(2), or another negative errno.
 */
int runner_validate(struct runner *r, enum runner_slot slot);
int runner_then(struct runner *r);
int runner_chown(struct runner *r, enum runner_slot slot);
/*
 * Makes a file of a folder in the work folder the worker processes'. `st` is of the file that was
 * opened by that name: it must still be there, a secret of the caller and with no other name.
 */
int runner_give(struct runner *r, enum runner_slot slot, const char *name, const struct stat *st);
/*
 * Opens a file of the worker processes for reading, which must be a secret. Returns a file
 * descriptor or a negative errno.
 */
int runner_open(struct runner *r, enum runner_slot slot, const char *name, const struct stat *st);
void runner_end(struct runner *r);

/* The name of a slot. */
const char *runner_slot_name(enum runner_slot slot);

#endif
