/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The line that says what `apply` did. */
#ifndef SVCRULES_SUMMARY_H
#define SVCRULES_SUMMARY_H

#include "svcrules.h"

struct summary {
	double start; /* summary_clock() then */
	const struct svcrules_stats *served;
	const struct svcrules_changes_stats *changed; /* elements of the tables */
	size_t messages; /* that made the changes, all together */
	size_t other;    /* those among them that changed no tables */
	const char *other_noun; /* what they changed */
	size_t flows;    /* stale UDP flows deleted */
	const char *done; /* what became of the messages: "sent" */
};

/* Seconds of a clock that nobody sets. */
double summary_clock(void);
/* To standard output. */
void summary_print(const struct summary *s);

#endif
