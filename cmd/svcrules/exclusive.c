/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "exclusive.h"
#include "command.h"
#include "kernel.h"
#include "say.h"
#include "state/lock.h"

#include <errno.h>

int exclusive_lock(const struct arguments *a, int *ret_fd)
{
	unsigned ms = 0;
	int holder = 0, code = options_wait(a, &ms), err;

	if (code)
		return code;
	err = lock_take(ret_fd, ms, &holder);
	if (err == -EBUSY) {
		if (holder)
			say("another svcrules (pid %d) is at work in this network namespace",
			    holder);
		else
			say("another svcrules is at work in this network namespace");
		return EXIT_BUSY;
	}
	return err ? kernel_failed("take the lock", err) : EXIT_DONE;
}
