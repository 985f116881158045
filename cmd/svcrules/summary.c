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

bool summary_changed(const struct summary *s)
{
	return s->messages || s->flows;
}

/* ---- Text --------------------------------------------------------------- */

static const char *plural(size_t n)
{
	return n == 1 ? "" : "s";
}

/* " (left out: 2 headless, 1 pending)", or nothing. */
static void summary_left_out(const struct svcrules_stats *s)
{
	const struct {
		size_t n;
		const char *word;
	} v[] = {
		{ s->headless, "headless" },
		{ s->external_names, "ExternalName" },
		{ s->pending, "pending" },
		{ s->others, "of another proxy" },
		{ s->nowhere, "without an address and port of their own" },
	};
	const char *before = " (left out: ";

	for (size_t i = 0; i < sizeof(v) / sizeof(v[0]); i++) {
		if (!v[i].n)
			continue;
		printf("%s%zu %s", before, v[i].n, v[i].word);
		before = ", ";
	}
	printf("%s: ", *before == ',' ? ")" : "");
}

static void summary_changes(const struct summary *s)
{
	printf("%zu element%s added, %zu removed", s->changed->elements_added,
	       plural(s->changed->elements_added), s->changed->elements_removed);
	if (s->other)
		printf(", %zu change%s of %s", s->other, plural(s->other), s->other_noun);
	printf(" (%zu change%s %s)", s->messages, plural(s->messages), s->done);
}

static void summary_text(const struct summary *s)
{
	const struct svcrules_stats *t = s->served;

	printf("%zu service%s (%zu port%s), %zu endpoint%s", t->services, plural(t->services),
	       t->ports, plural(t->ports), t->endpoints, plural(t->endpoints));
	summary_left_out(t);
	if (t->policies)
		printf("%zu pod%s isolated by %zu network polic%s, ", t->isolated_pods,
		       plural(t->isolated_pods), t->policies, t->policies == 1 ? "y" : "ies");
	if (s->messages)
		summary_changes(s);
	else
		printf("no changes");
	if (s->repaired)
		printf(", repaired");
	if (s->flows)
		printf(", %zu stale UDP flow%s deleted", s->flows, plural(s->flows));
	printf(" in %.3f s\n", summary_clock() - s->start);
}

/* ---- JSON --------------------------------------------------------------- */

static void summary_json(const struct summary *s)
{
	const struct svcrules_stats *t = s->served;

	printf("{\"version\": 1, \"changed\": %s, \"checked_only\": %s, \"repaired\": %s, ",
	       summary_changed(s) && !s->checked_only ? "true" : "false",
	       s->checked_only ? "true" : "false", s->repaired ? "true" : "false");
	printf("\"services\": %zu, \"ports\": %zu, \"endpoints\": %zu, ", t->services, t->ports,
	       t->endpoints);
	printf("\"left_out\": {\"headless\": %zu, \"external_name\": %zu, \"pending\": %zu, "
	       "\"other_proxy\": %zu, \"no_address_or_port\": %zu}, ",
	       t->headless, t->external_names, t->pending, t->others, t->nowhere);
	printf("\"isolated_pods\": %zu, \"policies\": %zu, ", t->isolated_pods, t->policies);
	printf("\"elements_added\": %zu, \"elements_removed\": %zu, \"changes\": %zu, "
	       "\"other_changes\": %zu, \"flows_deleted\": %zu, \"seconds\": %.3f}\n",
	       s->changed->elements_added, s->changed->elements_removed, s->messages, s->other,
	       s->flows, summary_clock() - s->start);
}

void summary_print(const struct summary *s)
{
	if (s->json)
		summary_json(s);
	else
		summary_text(s);
}
