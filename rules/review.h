/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Changes as a reviewer reads them: services, then their addresses and ports, then what differs
 * there, with the reason where packets are sent nowhere.
 */
#ifndef SVCR_REVIEW_H
#define SVCR_REVIEW_H

#include "rules/report.h"

#define SVCR_REVIEW_LIMIT 100 /* services, and addresses of one service, unless a limit is given */

struct svcr_review {
	const struct svcr_report *services, *policies; /* both grouped */
	size_t internals;    /* changes of rules, sets and the like, that are only counted */
	const char *notes;   /* lines about what other programs did; "" */
	const char *remarks; /* lines about what could not be known, for Markdown; NULL: none */
	const char *node;    /* whose rules these are, for Markdown; NULL: not said */
	const char *const *formats; /* of changes, ended by NULL */
	size_t limit;               /* 0: none */
	bool colour;
};

/* What becomes of a service. */
enum svcr_fate { SVCR_STOPS, SVCR_REMOVED, SVCR_CHANGED, SVCR_ADDED, SVCR_FATE__COUNT };

enum svcr_fate svcr_review_fate(const struct svcr_report_group *g);
enum svcr_fate svcr_review_line_fate(const struct svcr_report_line *l);
/* The character before a line: '!', '-', '~', '+'. */
char svcr_review_sign(enum svcr_fate fate);
/*
 * Adds what differs at an address and port, each with a sign before it: "+ 10.244.1.13:8080",
 * "- masqueraded", "~ affinity 600s -> 10800s", "! 2 endpoints -> refused: none is ready". Of
 * endpoints (`addresses`: of addresses) more than a few are counted, unless `all`. With '!', '~'
 * and '=' (serves again) the text is complete without the sign.
 */
void svcr_review_items(const struct svcr_report_line *l, bool addresses, bool all,
		       struct svcr_texts *ret);
/* The name without the service, "" if the port has none. */
const char *svcr_review_port(const struct svcr_report_group *g, const struct svcr_report_line *l);
/*
 * "Plan: 1 service to add, 2 to change (1 stops serving), 0 to remove; 12 endpoints to add, 4 to
 * remove".
 */
void svcr_review_summary(const struct svcr_review *v, struct svcr_out *o);
/* "34 changes of rules and elements; -o nft shows them"; only if there are any. */
void svcr_review_internals(const struct svcr_review *v, struct svcr_out *o);

/* 0 or -ENOMEM; errors of writing are in `o`. */
int svcr_review_text(const struct svcr_review *v, struct svcr_out *o);

#endif
