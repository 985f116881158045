/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/make.h"
#include "exit.h"
#include "kernel/driver.h"
#include "progress.h"

static int first_of(int code, int next)
{
	return code ? code : next;
}

int make_compare(struct transition *t)
{
	int err;

	if (!t->have || t->changes)
		return EXIT_DONE;
	progress_begin(progress_comparing, 0);
	err = svcrules_diff(t->have, t->want, &t->changes);
	progress_end();
	return err ? session_no_memory(t->session) : EXIT_DONE;
}

static int make_start(struct transition *t)
{
	int code = EXIT_DONE;

	for (size_t i = 0; i < driver_parts(t->want) && !code; i++)
		if (driver_of(t->want, i)->start)
			code = driver_of(t->want, i)->start(t);
	return code;
}

/*
 * Makes the parts from number `first` on: additions in order, removals in reverse order. A
 * failure does not keep the rest from being made, unless a driver sets *stop.
 */
static int make_parts(struct transition *t, size_t first, bool *stop)
{
	size_t n = driver_parts(t->want), done = first;
	int code = EXIT_DONE;

	for (; done < n && !*stop; done++) {
		const struct driver *d = driver_of(t->want, done);

		code = first_of(code, d->make(t, done, SVCRULES_ADD, stop));
		if (d->noun)
			t->other_noun = d->noun;
	}
	while (done-- > first && !*stop)
		code = first_of(code,
				driver_of(t->want, done)->make(t, done, SVCRULES_REMOVE, stop));
	return code;
}

int make_rest(struct transition *t)
{
	int code = make_compare(t);
	bool stop = false;

	return code ? code : make_parts(t, 1, &stop);
}

int make_all(struct transition *t)
{
	int code = make_compare(t);
	bool stop = false;

	if (!code)
		code = make_start(t);
	if (code)
		return code;
	code = make_parts(t, 0, &stop);
	for (size_t i = 0; i < driver_parts(t->want) && !stop; i++)
		if (driver_of(t->want, i)->finish)
			code = first_of(code, driver_of(t->want, i)->finish(t));
	return code;
}

int make_check(struct transition *t)
{
	int code = make_start(t);

	for (size_t i = 0; i < driver_parts(t->want) && !code; i++)
		if (driver_of(t->want, i)->check)
			code = driver_of(t->want, i)->check(t);
	return code;
}

void make_release(struct transition *t)
{
	for (size_t i = 0; t->want && i < driver_parts(t->want); i++)
		if (driver_of(t->want, i)->release)
			driver_of(t->want, i)->release(t);
	svcrules_changes_free(t->changes);
	t->changes = NULL;
}
