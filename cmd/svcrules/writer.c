/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "writer.h"
#include "command.h"
#include "kernel.h"
#include "lock.h"
#include "say.h"

#include <errno.h>

#define WAIT_DEFAULT 10    /* seconds */
#define DRAIN_DEFAULT 900  /* seconds */
#define DRAIN_MAX 604800ul /* a week */
#define WAIT_MAX 1000000ul /* seconds; fits unsigned milliseconds */

/* An option's value in seconds. Returns an exit code. */
static int seconds_of(const struct arguments *a, enum option_id id, unsigned long fallback, unsigned long max,
		      unsigned *ret)
{
	const char *value = a->value[id];
	unsigned long seconds = fallback;
	char *end, typed[40];

	if (value) {
		errno = 0;
		seconds = strtoul(value, &end, 10);
		if (*value < '0' || *value > '9' || *end || errno || seconds > max) {
			say("%s: '%s' is not valid, expected seconds from 0 to %lu", option_typed(&option_specs[id], typed),
			    value, max);
			return EXIT_USAGE;
		}
	}
	*ret = (unsigned)seconds;
	return EXIT_DONE;
}

int writer_wait(const struct arguments *a, unsigned *ret_ms)
{
	unsigned seconds;
	int code = seconds_of(a, OPT_WAIT, WAIT_DEFAULT, WAIT_MAX, &seconds);

	if (!code)
		*ret_ms = seconds * 1000;
	return code;
}

int writer_drain(const struct arguments *a, unsigned *ret_seconds)
{
	return seconds_of(a, OPT_DRAIN_TIMEOUT, DRAIN_DEFAULT, DRAIN_MAX, ret_seconds);
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
