/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report.h"
#include "command.h"
#include "kernel/session.h"
#include "progress.h"
#include "say.h"
#include "state/lock.h"
#include "state/state_dir.h"
#include "trust.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

void findings_print(struct session *s, bool quiet)
{
	for (size_t i = 0; i < s->nfindings; i++) {
		if (!quiet || !s->findings[i].notice)
			say("%s", s->findings[i].text ? s->findings[i].text : "out of memory");
		free(s->findings[i].text);
	}
	s->nfindings = 0;
}

/* Says whose the directory is, that only the caller may write. */
static void lock_say_owner(const char *end)
{
	char *problem = NULL;
	struct stat st;

	if (lstat(STATE_DIR, &st) < 0 || trust_status(STATE_DIR, &st, &problem))
		problem = NULL;
	if (problem)
		say("%s; it has the lock and what the last run left%s", problem, end);
	else
		say("%s is not this user's own directory; it has the lock and what the last run "
		    "left%s",
		    STATE_DIR, end);
	free(problem);
}

static int lock_failed(int err, const struct lock *l)
{
	if (err == -ENOMEM)
		return say_enomem();
	if (err == -EPERM) {
		lock_say_owner(": remove it, or go on with --insecure-input");
		return EXIT_KERNEL;
	}
	if (err != -EBUSY) {
		say("cannot take the lock: %s", svcrules_errno_text(err));
		return EXIT_KERNEL;
	}
	if (l->holder)
		say("another svcrules (pid %d) is at work in this network namespace", l->holder);
	else
		say("another svcrules is at work in this network namespace");
	return EXIT_BUSY;
}

int session_lock(const struct arguments *a, bool insecure, int *ret_fd)
{
	struct lock l = { .fd = -1 };
	unsigned ms = 0;
	int code = arguments_wait(a, &ms), err;

	if (code)
		return code;
	progress_begin(progress_waiting, 0);
	err = lock_take(STATE_DIR, ms, &l);
	progress_end();
	if (err == -EPERM && insecure) {
		lock_say_owner(": the run goes on without it");
		err = lock_take(NULL, ms, &l);
	}
	if (err)
		return lock_failed(err, &l);
	if (l.stranger)
		say("warning: another user's process (pid %d) has bound the name of the lock: the "
		    "run goes on without a lock",
		    l.holder);
	*ret_fd = l.fd;
	return EXIT_DONE;
}
