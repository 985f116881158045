/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A table for people, as kubectl prints it: columns as wide as their widest cell, and JSON. */
#ifndef SVCRULES_LIST_COLUMNS_H
#define SVCRULES_LIST_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define COLUMNS_MAX 16

/* Cells are added from left to right, row after row; the first row is the header. */
struct columns {
	size_t n;     /* columns of the first row */
	size_t cells; /* so far */
	char **v;     /* the cells, malloc'ed */
	size_t cap;
	bool failed; /* memory was short */
};

/* Starts with the header, of cells with '|' between. */
void columns_start(struct columns *c, const char *header);
/* Adds a cell; "" is printed as <none>. Control characters are escaped. */
void columns_add(struct columns *c, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Rows below the header. */
size_t columns_rows(const struct columns *c);
/* Prints all rows to standard output. */
void columns_print(const struct columns *c);
void columns_release(struct columns *c);

/* Prints a JSON string to standard output: the text, or null for NULL. */
void json_put(const char *text);

/*
 * How long ago a time was, as kubectl prints it: "3d4h". Both are nanoseconds since 1970;
 * `then` 0: "<unknown>".
 */
#define AGE_TEXT 32
const char *age_text(int64_t now, int64_t then, char buf[static AGE_TEXT]);
/* The time of now, or that of the environment's SOURCE_DATE_EPOCH, in nanoseconds since 1970. */
int64_t age_now(void);

#endif
