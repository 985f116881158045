/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The bytes of one input: its beginning says whether they are text at all, and
 * UTF-16 with a byte-order mark becomes UTF-8.
 */
#ifndef SVCR_TEXT_H
#define SVCR_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "str.h"

#define SVCR_TEXT_HEAD 2048 /* bytes that are read before the form is known */

/* As svcrules_fill_fn. */
typedef long (*svcr_text_fill_fn)(void *arg, char *buf, size_t size);

struct svcr_text {
	svcr_text_fill_fn fill;
	void *arg;
	long error;     /* of `fill` */
	size_t at, len; /* of `head` */
	int wide;       /* UTF-16: 1 with low bytes first, -1 with high */
	bool eof;
	bool broken;   /* UTF-16 with half a character */
	char spare[4]; /* a character in UTF-8 */
	size_t n_spare, spare_at;
	uint64_t line, column;                  /* of that, from 1, in characters */
	unsigned char head[SVCR_TEXT_HEAD + 4]; /* what was read, and not handed on */
};

/*
 * Reads the beginning. Returns NULL if it may be JSON or YAML, else what it is and
 * what to do, where "FILE" stands for the name of the file. Errors of `fill` wait for
 * svcr_text_fill().
 */
const char *svcr_text_begin(struct svcr_text *t, svcr_text_fill_fn fill, void *arg);

/* Gives the text in UTF-8; a svcr_json_fill_fn whose argument is a struct svcr_text. */
long svcr_text_fill(void *arg, char *buf, size_t size);

/*
 * True if a text that is not JSON is a message of kubectl, or has some text before
 * JSON, as far as `ahead`, its first bytes, says.
 */
bool svcr_text_is_message(struct svcr_str ahead);
/* The first line of a text, of at most `max` bytes and whole characters. */
struct svcr_str svcr_text_line(struct svcr_str ahead, size_t max);

#endif
