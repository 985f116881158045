/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "summary.h"

#include <stdio.h>
#include <time.h>

double summary_clock(void)
{
	struct timespec ts = { 0 };

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (double)ts.tv_sec + (double)ts.tv_nsec / 1e9;
}

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

static void summary_changes(const struct summary *s)
{
	printf("%zu element%s added, %zu removed", s->changed->elements_added,
	       plural(s->changed->elements_added), s->changed->elements_removed);
	if (s->other)
		printf(", %zu change%s of %s", s->other, plural(s->other), s->other_noun);
	printf(" (%zu change%s %s)", s->messages, plural(s->messages), s->done);
}

void summary_print(const struct summary *s)
{
	printf("%zu service%s, %zu endpoint%s: ", s->served->services, plural(s->served->services),
	       s->served->endpoints, plural(s->served->endpoints));
	if (s->messages)
		summary_changes(s);
	else
		printf("no changes");
	if (s->flows)
		printf(", %zu stale UDP flow%s deleted", s->flows, plural(s->flows));
	printf(" in %.3f s\n", summary_clock() - s->start);
}
