/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A pull parser for JSON (RFC 8259) over a stream of bytes, without a tree.
 *
 * The caller asks for the type of the next value, and takes it, enters it or
 * skips it. Errors are sticky: after the first one `failed` is set and every
 * call returns false (or SVCR_JSON_ERROR), so a caller may check once, at the
 * end of an object.
 *
 *     svcr_json_init(&j, fill, arg);
 *     while (svcr_json_more_documents(&j)) {
 *             if (svcr_json_peek(&j) == SVCR_JSON_OBJECT && svcr_json_enter(&j))
 *                     while (svcr_json_next_key(&j, &key))
 *                             svcr_json_skip(&j);
 *             else
 *                     svcr_json_skip(&j);
 *     }
 *     if (j.failed) ...
 *     svcr_json_release(&j);
 *
 * Memory: one window over the input, which grows only as far as one token (or
 * the text since the oldest mark) needs. These are errors, in skipped values
 * too: strings that are not UTF-8, duplicate keys in one object (compared after
 * unescaping), and nesting deeper than SVCR_JSON_MAX_DEPTH. "\u0000" is none,
 * because API servers store it: a string may contain NUL characters.
 */
#ifndef SVCR_JSON_H
#define SVCR_JSON_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include "str.h"

#define SVCR_JSON_MAX_DEPTH 128
#define SVCR_JSON_MAX_WINDOW (256u << 20) /* one object with a mark, bytes */

#define SVCR_JSON_LINE_MAX ((1u << 29) - 1)

enum svcr_json_type {
	SVCR_JSON_ERROR,
	SVCR_JSON_NULL,
	SVCR_JSON_BOOL,
	SVCR_JSON_NUMBER,
	SVCR_JSON_STRING,
	SVCR_JSON_ARRAY,
	SVCR_JSON_OBJECT,
	SVCR_JSON__COUNT
};

/*
 * Reads up to `size` bytes into `buf`. Returns the number read, 0 at the end, or
 * a negative errno.
 */
typedef long (*svcr_json_fill_fn)(void *arg, char *buf, size_t size);

struct svcr_json {
	bool failed;
	bool unread;       /* `fill` failed: there is no error in the text, and no place of it */
	int error;         /* -EINVAL: no JSON; -ENOMEM; -EFBIG: window exceeded; or fill's */
	char message[256]; /* names what was found and what was expected */
	uint64_t line;     /* of the error, from 1; set when failed */
	uint64_t column;   /* in bytes, from 1 */
	bool separated;    /* a line "---" stood before the document that starts */
	/*
	 * Set after svcr_json_init() for text that was made from another form: a carriage
	 * return between two tokens moves back by a column, so that errors have their
	 * places in that form.
	 */
	bool returns;
	bool wipe; /* set after svcr_json_init(): memory is overwritten before it is freed */
	struct svcr_json_state *state; /* private */
};

/* Starts a parser. Returns 0 or -ENOMEM. `fill` is called with `arg` until it returns 0. */
int svcr_json_init(struct svcr_json *j, svcr_json_fill_fn fill, void *arg);
void svcr_json_release(struct svcr_json *j); /* accepts a zeroed struct */

/*
 * Between documents: returns true if another document starts; false at the end of
 * input or on error. Documents need nothing between them; white space, lines of
 * "---", byte-order marks and record separators (RFC 7464) are skipped.
 */
bool svcr_json_more_documents(struct svcr_json *j);
/*
 * At the start of a document: false if it is not JSON, or no object and no array,
 * as far as its first token after all opening brackets says. So it is false for
 * "{a: b}", which is YAML.
 */
bool svcr_json_is_likely(struct svcr_json *j);
/*
 * At the start of a document: returns what is in memory of the input from there on
 * (valid until the next call), and the line where that starts. The rest of the
 * input is still with `fill`.
 */
struct svcr_str svcr_json_rest(const struct svcr_json *j, uint64_t *ret_line);
/* At the start of a document: returns up to n bytes of the input from there on; valid as above. */
struct svcr_str svcr_json_ahead(struct svcr_json *j, size_t n);
/* Fails at the place of the next value, with a message of the caller. */
void svcr_json_refuse(struct svcr_json *j, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/* Returns the type of the next value; SVCR_JSON_ERROR on error. Consumes white space only. */
enum svcr_json_type svcr_json_peek(struct svcr_json *j);

/* Enters the next value, an array or object, which is left when next_key or
 * next_item returns false. */
bool svcr_json_enter(struct svcr_json *j);
/* In an object: sets *key to the key of the next member (unescaped; valid until
 * the next call on `j`), whose value must then be taken. Returns false at the
 * end of the object or on error. */
bool svcr_json_next_key(struct svcr_json *j, struct svcr_str *key);
/* In an array: returns true if another item follows, which must then be taken. */
bool svcr_json_next_item(struct svcr_json *j);

/* Take one value, which must have the type (asserted): peek first. Strings are
 * unescaped and valid until the next call on `j`. */
bool svcr_json_string(struct svcr_json *j, struct svcr_str *s);
bool svcr_json_bool(struct svcr_json *j, bool *b);
/* Takes a number as its text, e.g. "70000" or "1.5e3"; valid until the next call. */
bool svcr_json_number(struct svcr_json *j, struct svcr_str *text);
/* Skips the next value of any type, and checks its syntax. */
bool svcr_json_skip(struct svcr_json *j);

/* Marks the place before the next value; the text from there on is kept. Marks
 * nest: at most 4 exist at a time, and the newest is ended first. Returns an
 * index >= 0, or -1 on error. */
int svcr_json_mark(struct svcr_json *j);
/* Returns to a mark: to its place and its open containers. The mark stays. */
void svcr_json_rewind(struct svcr_json *j, int mark);
/* Ends a mark. The parser stays where it is. */
void svcr_json_unmark(struct svcr_json *j, int mark);

/*
 * The line of the next value, or of its first key in text that was made from another form; at most
 * SVCR_JSON_LINE_MAX, 0 after an error. To ask for each object takes a time that grows with the
 * text, not with the number of objects in a window.
 */
uint32_t svcr_json_line(struct svcr_json *j);

#endif
