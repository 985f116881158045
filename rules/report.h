/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A report of a change in the words of the input: one line for each named thing (such as the
 * address and port of a service) that is served differently than before.
 */
#ifndef SVCR_REPORT_H
#define SVCR_REPORT_H

#include <jansson.h>

#include "out.h"

/* A growing list of texts, malloc'ed; `err` is sticky. */
struct svcr_texts {
	char **v;
	size_t n, cap;
	int err;
};

/* Adds a formatted text. */
void svcr_texts_add(struct svcr_texts *t, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void svcr_texts_release(struct svcr_texts *t);

#define SVCR_REPORT_KEY 32 /* bytes of a key at most */

/* How an address and port of a service is served on one side of a comparison. */
struct svcr_report_side {
	bool inside, outside; /* packets from there are sent to endpoints */
	size_t endpoints;     /* in all, */
	size_t local;         /* and those for policy Local */
};

struct svcr_report_line {
	uint8_t key[SVCR_REPORT_KEY]; /* lines are sorted by it */
	bool in_from, in_to;
	struct svcr_report_side before, after; /* with details only */
	char *was;        /* the name before, if it differs; with details only, malloc'ed */
	const char *name; /* namespace/name:port, or NULL if nothing names it */
	char *cut;        /* the name, if it is part of a comment; malloc'ed */
	char *place;      /* "10.96.0.1:80/tcp"; with details only, malloc'ed */
	struct svcr_texts added, removed; /* what only this side has, sorted */
};

/* The lines of one service. */
struct svcr_report_group {
	const char *name; /* without the port; NULL: nothing names it */
	size_t len;
	size_t first, n;     /* in `order` */
	bool in_from, in_to; /* it is served at any address, also at those that do not change */
	bool stops;          /* at some address and port, packets are sent nowhere any more */
	bool serves;         /* at some address and port, packets are sent to endpoints after */
	size_t endpoints_from, endpoints_to; /* distinct ones, at all addresses */
	size_t endpoints_added, endpoints_removed;
};

struct svcr_report {
	struct svcr_report_line *v;
	size_t n, cap;
	/* Only with `grouped`, which must be set before: */
	bool grouped;
	struct svcr_report_group *groups; /* malloc'ed, sorted by name */
	size_t ngroups;
	size_t *order; /* of the lines: by service, then by key; malloc'ed */
};

/* Adds the line of a key; adding it twice does no harm. 0 or -ENOMEM. */
int svcr_report_add(struct svcr_report *r, const uint8_t *key, size_t len);
/* Sorts the lines and leaves one for each key; must follow the last svcr_report_add(). */
void svcr_report_unique(struct svcr_report *r);
/* Sorts what both sides of a line have and removes what they have in common. */
void svcr_report_cancel(struct svcr_report_line *l);
void svcr_report_release(struct svcr_report *r);

struct svcr_report_counts {
	size_t added, removed, changed;
};

struct svcr_report_counts svcr_report_count(const struct svcr_report *r);
/* True if a text is an endpoint, "10.244.1.13:8080", or one for policy Local, "local ...". */
bool svcr_report_is_endpoint(const char *text, bool local);
/*
 * Sorts the lines into groups: by the part of the name before the colon. Each has in_from and in_to
 * of its lines, and no endpoints. 0 or -ENOMEM.
 */
int svcr_report_group(struct svcr_report *r);
/* The group of the service that the comment of an element names; NULL: no line is about it. */
struct svcr_report_group *svcr_report_find_group(const struct svcr_report *r, const char *name);
/* True if packets that are sent to endpoints before are sent nowhere after. */
bool svcr_report_stops(const struct svcr_report_line *l);
/*
 * Returns the lines as a JSON array; `noun` and `place` are the members with the name and the
 * place. NULL: out of memory.
 */
json_t *svcr_report_json(const struct svcr_report *r, const char *noun, const char *place);

#endif
