/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a folder DIR is, and the work folder ".DIR.svcrules" beside it, in which the next one is
 * written. The work folder is locked with flock(2) while a run changes anything, and nobody else
 * may open it, so nobody else can hold the lock. It is removed at the end of a run.
 *
 * Two folders are exchanged in one system call: DIR and "new" of the work folder. On a file system
 * that cannot do that, DIR is a symbolic link to "a" or "b" in the work folder, which then stays.
 */
#ifndef SVCRULES_PLACE_H
#define SVCRULES_PLACE_H

#include "output/manifest.h"
#include "output/owner.h"
#include "output/runner.h"

/* Files in the work folder, which are marks. */
#define PLACE_DUE "then"  /* the command of --then is due */
#define PLACE_SWAP "swap" /* the other folder may be an old DIR, with files of others */

struct place {
	const char *shown; /* DIR as the user wrote it */
	char *parent_path; /* absolute */
	char *name, *work_name;
	int parent, work; /* folders; -1: not open */
	bool insecure;    /* others may replace DIR */
	bool silent;      /* nothing is printed: the caller tries again */
	struct owner owner;

	/* What DIR is now: */
	int old;      /* the folder; -1: there is none */
	bool is_link; /* a symbolic link to `used` in the work folder */
	enum runner_slot used;
	unsigned mode; /* of the folder */
	uid_t uid;
	gid_t gid;
	struct manifest have; /* the files that it lists */
};

/* All functions print what is wrong and return an exit code. */

/* Finds the folder above DIR, and who could replace DIR. place_close() in every case. */
int place_open(const char *shown, bool insecure, struct place *ret);
void place_close(struct place *p);
/*
 * Opens DIR, or opens it again, and reads its list. Refuses what is not this program's: a folder of
 * another target than `target`, or one with files that the list does not have.
 */
int place_look(struct place *p, const char *target);
/*
 * Only finds out whose DIR is. Without the lock a folder that another run removes meanwhile may
 * look like anything.
 */
void place_peek(struct place *p);
/* True if a run that did not come to its end, or one at work, has left the work folder. */
bool place_has_work(const struct place *p);
/* Makes and locks the work folder, waiting up to `wait_ms` milliseconds. */
int place_lock(struct place *p, unsigned wait_ms);
/*
 * Removes all from the work folder that DIR does not use. If what is in it was DIR, files that its
 * list does not have stay, and are an error: somebody added them after the last look.
 */
int place_clean(struct place *p);
/* Removes the work folder unless something is in it, and gives the lock free. */
void place_unlock(struct place *p);

/* Removes from a folder in the work folder, open as `dir`, what its list does not have. */
int place_tidy(const struct place *p, int dir);

/* The marks. */
bool place_is_marked(const struct place *p, const char *mark);
int place_set_mark(struct place *p, const char *mark);
void place_clear_mark(struct place *p, const char *mark);

/* "cannot WHAT: why", with DIR before it; returns EXIT_KERNEL. */
int place_failed(const struct place *p, const char *what, int err);

#endif
