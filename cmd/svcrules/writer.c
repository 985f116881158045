/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "writer.h"
#include "command.h"
#include "kernel.h"
#include "lock.h"
#include "say.h"

#include <errno.h>

#define WAIT_DEFAULT 10    /* seconds */
#define WAIT_MAX 1000000ul /* seconds; fits unsigned milliseconds */

int writer_wait(const struct arguments *a, unsigned *ret_ms)
{
	const char *value = a->value[OPT_WAIT];
	unsigned long seconds = WAIT_DEFAULT;
	char *end;

	if (value) {
		errno = 0;
		seconds = strtoul(value, &end, 10);
		if (*value < '0' || *value > '9' || *end || errno || seconds > WAIT_MAX) {
			say("--wait: '%s' is not valid, expected seconds from 0 to %lu", value, WAIT_MAX);
			return EXIT_USAGE;
		}
	}
	*ret_ms = (unsigned)seconds * 1000;
	return EXIT_DONE;
}

int writer_lock(const struct arguments *a, int *ret_fd)
{
	unsigned ms = 0;
	int holder = 0, code = writer_wait(a, &ms), err;

	if (code)
		return code;
	err = lock_take(ret_fd, ms, &holder);
	if (err == -EBUSY) {
		if (holder)
			say("another svcrules (pid %d) is at work in this network namespace", holder);
		else
			say("another svcrules is at work in this network namespace");
		return EXIT_BUSY;
	}
	return err ? kernel_failed("take the lock", err) : EXIT_DONE;
}
