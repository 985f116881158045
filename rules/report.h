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

struct svcr_report_line {
	uint8_t key[SVCR_REPORT_KEY]; /* lines are sorted by it */
	bool in_from, in_to;
	const char *name;                 /* namespace/name:port, or NULL if nothing names it */
	char *cut;                        /* the name, if it is part of a comment; malloc'ed */
	char *place;                      /* "10.96.0.1:80/tcp"; with details only, malloc'ed */
	struct svcr_texts added, removed; /* what only this side has, sorted */
};

struct svcr_report {
	struct svcr_report_line *v;
	size_t n, cap;
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
/*
 * Prints a line each: "~ production/web:http 10.96.0.10:80/tcp  + 10.244.1.13:8080"; `between`
 * comes between name and place; `colour`: ANSI.
 */
void svcr_report_print(const struct svcr_report *r, const char *between, bool colour,
		       struct svcr_out *o);
/*
 * Returns the lines as a JSON array; `noun` and `place` are the members with the name and the
 * place. NULL: out of memory.
 */
json_t *svcr_report_json(const struct svcr_report *r, const char *noun, const char *place);

#endif
