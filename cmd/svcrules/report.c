/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report.h"
#include "command.h"
#include "kernel/session.h"
#include "say.h"
#include "state/lock.h"

#include <errno.h>
#include <stdlib.h>

void findings_print(struct session *s, bool quiet)
{
	for (size_t i = 0; i < s->nfindings; i++) {
		if (!quiet || !s->findings[i].notice)
			say("%s", s->findings[i].text ? s->findings[i].text : "out of memory");
		free(s->findings[i].text);
	}
	s->nfindings = 0;
}

int session_lock(const struct arguments *a, int *ret_fd)
{
	unsigned ms = 0;
	int holder = 0, code = arguments_wait(a, &ms), err;

	if (code)
		return code;
	err = lock_take(ret_fd, ms, &holder);
	if (!err)
		return EXIT_DONE;
	if (err == -ENOMEM)
		return say_enomem();
	if (err != -EBUSY) {
		say("cannot take the lock: %s", svcrules_errno_text(err));
		return EXIT_KERNEL;
	}
	if (holder)
		say("another svcrules (pid %d) is at work in this network namespace", holder);
	else
		say("another svcrules is at work in this network namespace");
	return EXIT_BUSY;
}
