/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The line that says what `apply` did. */
#ifndef SVCRULES_SUMMARY_H
#define SVCRULES_SUMMARY_H

#include "svcrules.h"

struct summary {
	double start; /* summary_clock() when the run started */
	const struct svcrules_stats *served;
	const struct svcrules_changes_stats *changed; /* elements of the tables */
	size_t messages;                              /* netlink messages that made the changes */
	size_t other;           /* messages among them that changed no tables */
	const char *other_noun; /* what the other messages changed */
	size_t flows;           /* stale UDP flows deleted */
	const char *done;       /* what became of the messages: "sent" */
	bool checked_only;      /* the kernel was asked, and nothing was made */
	bool repaired;          /* the input was that of the last run, and the kernel's rules not */
	bool json;
};

/* Seconds of a clock that nobody sets (CLOCK_MONOTONIC). */
double summary_clock(void);
/* True if the run changed something. */
bool summary_changed(const struct summary *s);
/* Prints the line to standard output. */
void summary_print(const struct summary *s);

#endif
