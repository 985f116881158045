/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/make.h"
#include "exit.h"
#include "kernel/nft.h"

static int first_of(int code, int next)
{
	return code ? code : next;
}

int make_compare(struct transition *t)
{
	if (!t->have || t->changes)
		return EXIT_DONE;
	return svcrules_diff(t->have, t->want, &t->changes) ? session_no_memory(t->session) :
							      EXIT_DONE;
}

static size_t count_parts(const struct svcrules_ruleset *rs)
{
	struct svcrules_part p;
	size_t n = 0;

	while (svcrules_ruleset_part(rs, n, &p))
		n++;
	return n;
}

/* Makes the parts from number `first` on: additions in order, removals in reverse order. */
static int make_parts(struct transition *t, size_t first)
{
	size_t n = count_parts(t->want), done = first;
	int code = EXIT_DONE;
	bool stop = false;

	for (; done < n && !stop; done++) {
		const struct driver *d = driver_of(t->want, done);

		code = first_of(code, d->make(t, done, SVCRULES_ADD, &stop));
		if (d->noun)
			t->other_noun = d->noun;
	}
	while (done-- > first && !stop)
		code = first_of(code,
				driver_of(t->want, done)->make(t, done, SVCRULES_REMOVE, &stop));
	return code;
}

int make_rest(struct transition *t)
{
	int code = make_compare(t);

	return code ? code : make_parts(t, 1);
}

int make_all(struct transition *t)
{
	int code = make_compare(t), cleaned;
	bool stop = false;

	if (!code && !t->nft)
		code = nft_start(t);
	if (!code)
		code = driver_of(t->want, 0)->make(t, 0, SVCRULES_ADD, &stop);
	if (code || stop)
		return code;
	code = make_parts(t, 1); /* a failure does not keep the rest from being done */
	cleaned = nft_clean(t);
	return first_of(code, cleaned);
}

int make_check(struct transition *t)
{
	int code = t->nft ? EXIT_DONE : nft_start(t);

	for (size_t i = 0; i < count_parts(t->want) && !code; i++)
		if (driver_of(t->want, i)->check)
			code = driver_of(t->want, i)->check(t);
	return code;
}

void make_release(struct transition *t)
{
	nft_release(t);
	svcrules_changes_free(t->changes);
	t->changes = NULL;
}
