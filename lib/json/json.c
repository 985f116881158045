/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The functions of json.h, and the steps between values; state.h has an overview of the parser. */
#include "state.h"
#include "hash.h"
#include "wipe.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>

static const uint8_t value_type[256] = {
	['n'] = SVCR_JSON_NULL,   ['t'] = SVCR_JSON_BOOL,           ['f'] = SVCR_JSON_BOOL,
	['-'] = SVCR_JSON_NUMBER, ['0' ... '9'] = SVCR_JSON_NUMBER, ['"'] = SVCR_JSON_STRING,
	['['] = SVCR_JSON_ARRAY,  ['{'] = SVCR_JSON_OBJECT,
};

/* ---- numbers and words ---- */

static const uchar *scan_digits(struct svcr_json *j, const uchar *p)
{
	if (!(svcr_json_class[*p] & C_DIGIT))
		return svcr_json_expected(j, p, "a digit in a number");
	do
		p = svcr_json_settle(j, p + 1);
	while (svcr_json_class[*p] & C_DIGIT);
	return p;
}

static const uchar *scan_number(struct svcr_json *j, const uchar *p)
{
	j->state->tok = (size_t)(p - j->state->buf);
	if (*p == '-')
		p = svcr_json_settle(j, p + 1);
	p = *p == '0' ? svcr_json_settle(j, p + 1) : scan_digits(j, p);
	if (p && *p == '.')
		p = scan_digits(j, svcr_json_settle(j, p + 1));
	if (p && (*p == 'e' || *p == 'E')) {
		p = svcr_json_settle(j, p + 1);
		if (*p == '+' || *p == '-')
			p = svcr_json_settle(j, p + 1);
		p = scan_digits(j, p);
	}
	if (p && svcr_json_class[*p] & C_WORD)
		return svcr_json_expected(j, p, "the end of a number");
	return p;
}

static const uchar *scan_word(struct svcr_json *j, const uchar *p)
{
	const char *word = *p == 'n' ? "null" : *p == 't' ? "true" : "false";
	const char *w = word;

	while (*w && *p == (uchar)*w) {
		p = svcr_json_settle(j, p + 1);
		w++;
	}
	if (!*w && !(svcr_json_class[*p] & C_WORD))
		return p;
	return svcr_json_expected(j, p,
				  *word == 'n' ? "the word 'null'" :
				  *word == 't' ? "the word 'true'" :
						 "the word 'false'");
}

/* ---- steps: each takes a place in the window and returns the place behind; NULL: error ---- */

static const uchar *open_container(struct svcr_json *j, const uchar *p)
{
	struct svcr_json_state *st = j->state;

	if (st->depth == SVCR_JSON_MAX_DEPTH)
		return svcr_json_fail(j, p, -EINVAL, "nested deeper than %d", SVCR_JSON_MAX_DEPTH);
	st->frames[st->depth++] = (struct svcr_json_frame){ .object = *p == '{',
							    .first = (uint32_t)st->keys.n };
	st->place = ENTERED;
	return p + 1;
}

static const uchar *close_container(struct svcr_json *j, const uchar *p)
{
	struct svcr_json_state *st = j->state;
	const struct svcr_json_frame *f = &st->frames[--st->depth];

	if (f->object)
		svcr_json_cut_keys(st, f->first);
	st->place = AFTER_VALUE;
	return p + 1;
}

/*
 * Moves to the value of the next member and sets *key, or moves out of the
 * object; st->place is then BEFORE_VALUE or AFTER_VALUE.
 */
static inline const uchar *step_object(struct svcr_json *j, const uchar *p, struct svcr_str *key)
{
	struct svcr_json_state *st = j->state;

	p = svcr_json_skip_space(j, p);
	if (*p == '}')
		return close_container(j, p);
	if (st->place == AFTER_VALUE) {
		if (*p != ',')
			return svcr_json_expected(j, p, "',' or '}' after a member");
		p = svcr_json_skip_space(j, p + 1);
	}
	if (*p != '"')
		return svcr_json_expected(
			j, p, st->place == ENTERED ? "a key or '}'" : "a key after ','");
	p = svcr_json_scan_string(j, p);
	if (!p)
		return NULL;
	{
		const uchar *start = st->buf + st->tok;

		if (!svcr_json_string_text(j, p, key) || !svcr_json_add_key(j, start, key))
			return NULL;
	}
	p = svcr_json_skip_space(j, p);
	if (*p != ':')
		return svcr_json_expected(j, p, "':' after a key");
	st->place = BEFORE_VALUE;
	return p + 1;
}

/* Moves to the next item, or out of the array; st->place says which. */
static inline const uchar *step_array(struct svcr_json *j, const uchar *p)
{
	struct svcr_json_state *st = j->state;

	p = svcr_json_skip_space(j, p);
	if (*p == ']')
		return close_container(j, p);
	if (st->place == AFTER_VALUE) {
		if (*p != ',')
			return svcr_json_expected(j, p, "',' or ']' after an item");
		p++;
	}
	st->place = BEFORE_VALUE;
	return p;
}

static const uchar *scan_scalar(struct svcr_json *j, const uchar *p)
{
	switch (value_type[*p]) {
	case SVCR_JSON_STRING: p = svcr_json_scan_string(j, p); break;
	case SVCR_JSON_NUMBER: p = scan_number(j, p); break;
	case SVCR_JSON_NULL:
	case SVCR_JSON_BOOL: p = scan_word(j, p); break;
	default: return svcr_json_expected(j, p, "a value");
	}
	j->state->place = AFTER_VALUE;
	return p;
}

/* Returns the start of the next value; NULL if no value can start there. */
static inline const uchar *value_start(struct svcr_json *j)
{
	struct svcr_json_state *st = j->state;
	const uchar *p;

	if (j->failed)
		return NULL;
	assert(st->place == BEFORE_VALUE);
	p = svcr_json_skip_space(j, st->buf + st->pos);
	st->pos = (size_t)(p - st->buf);
	return value_type[*p] ? p : svcr_json_expected(j, p, "a value");
}

/* Returns the place behind all that may stand between two documents. */
static const uchar *skip_separators(struct svcr_json *j, const uchar *p)
{
	j->separated = false;
	for (;;) {
		p = svcr_json_ensure(j, svcr_json_skip_space(j, p), 4);
		if (memcmp(p, "\xef\xbb\xbf", 3) == 0) {
			/* the byte-order mark has no column */
			p = svcr_json_drop(j, p + 3, 3);
		} else if (memcmp(p, "---", 3) == 0 && p[3] <= ' ') {
			j->separated = true;
			p += 3;
		} else if (*p == 0x1e) {
			p++;
		} else {
			return p;
		}
	}
}

/* Ends a call at p: the next one starts there. False after an error (p NULL). */
static inline bool json_commit(struct svcr_json *j, const uchar *p)
{
	if (!p || j->failed)
		return false;
	j->state->pos = (size_t)(p - j->state->buf);
	j->state->tok = SVCR_JSON_NOWHERE;
	return true;
}

/* ---- the interface ---- */

int svcr_json_init(struct svcr_json *j, svcr_json_fill_fn fill, void *arg)
{
	struct svcr_json_state *st;

	memset(j, 0, sizeof(*j));
	st = calloc(1, sizeof(*st));
	j->state = st;
	if (!st || svcr_json_window_init(st)) {
		svcr_json_release(j);
		j->failed = true;
		j->error = -ENOMEM;
		return -ENOMEM;
	}
	st->fill = fill;
	st->arg = arg;
	st->tok = SVCR_JSON_NOWHERE;
	st->line = st->column = st->asked_line = 1;
	st->keys.seed = svcr_hash_seed();
	return 0;
}

void svcr_json_release(struct svcr_json *j)
{
	struct svcr_json_state *st = j->state;

	if (!st)
		return;
	svcr_wipe_free(st->buf, st->cap + SVCR_JSON_SLACK, j->wipe);
	svcr_wipe_free(st->side, st->side_cap, j->wipe);
	free(st->keys.key);
	svcr_wipe_free(st->keys.text, st->keys.text_cap, j->wipe);
	free(st->keys.slots);
	free(st);
	j->state = NULL;
}

bool svcr_json_more_documents(struct svcr_json *j)
{
	struct svcr_json_state *st = j->state;
	const uchar *p;

	if (j->failed)
		return false;
	assert(st->depth == 0 && st->place == AFTER_VALUE);
	p = skip_separators(j, st->buf + st->pos);
	if (!json_commit(j, p) || p == st->end)
		return false;
	st->place = BEFORE_VALUE;
	return true;
}

bool svcr_json_is_likely(struct svcr_json *j)
{
	struct svcr_json_state *st = j->state;
	const uchar *p;
	bool opened = false, object = false;

	if (j->failed)
		return false;
	st->tok = st->pos; /* keeps the document in the window */
	p = svcr_json_skip_space(j, st->buf + st->pos);
	while (!object && (*p == '[' || *p == '{')) {
		opened = true;
		object = *p == '{';
		p = svcr_json_skip_space(j, p + 1);
	}
	st->pos = st->tok;
	st->tok = SVCR_JSON_NOWHERE;
	if (!opened || p == st->end)
		return opened;
	if (object)
		return *p == '"' || *p == '}';
	return *p == ']' || *p == '"' || value_type[*p] == SVCR_JSON_NUMBER;
}

struct svcr_str svcr_json_rest(const struct svcr_json *j, uint64_t *ret_line)
{
	const struct svcr_json_state *st = j->state;

	*ret_line = st->line + svcr_count_newlines(st->buf, st->pos);
	return (struct svcr_str){ (const char *)st->buf + st->pos,
				  (size_t)(st->end - st->buf) - st->pos };
}

/* Counts lines from where that was done last, if the input was not rewound before it. */
static uint64_t count_to(struct svcr_json_state *st, size_t pos)
{
	if (st->asked > pos) {
		st->asked = 0;
		st->asked_line = st->line;
	}
	st->asked_line += svcr_count_newlines(st->buf + st->asked, pos - st->asked);
	st->asked = pos;
	return st->asked_line;
}

uint32_t svcr_json_line(struct svcr_json *j)
{
	struct svcr_json_state *st = j->state;
	const uchar *p = value_start(j);
	uint64_t line;

	if (!p)
		return 0;
	if (j->returns && *p == '{') { /* text that was made: its first key is where it stood */
		st->tok = st->pos;
		p = svcr_json_skip_space(j, p + 1);
		st->pos = st->tok;
		st->tok = SVCR_JSON_NOWHERE;
	}
	line = count_to(st, (size_t)(p - st->buf));
	return line < SVCR_JSON_LINE_MAX ? (uint32_t)line : SVCR_JSON_LINE_MAX;
}

struct svcr_str svcr_json_ahead(struct svcr_json *j, size_t n)
{
	struct svcr_json_state *st = j->state;
	const uchar *p = svcr_json_ensure(j, st->buf + st->pos, n);
	size_t len = (size_t)(st->end - p);

	st->pos = (size_t)(p - st->buf);
	return (struct svcr_str){ (const char *)p, len < n ? len : n };
}

void svcr_json_refuse(struct svcr_json *j, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	svcr_json_vfail(j, j->state->buf + j->state->pos, -EINVAL, fmt, ap);
	va_end(ap);
}

enum svcr_json_type svcr_json_peek(struct svcr_json *j)
{
	const uchar *p = value_start(j);

	return p ? (enum svcr_json_type)value_type[*p] : SVCR_JSON_ERROR;
}

bool svcr_json_enter(struct svcr_json *j)
{
	const uchar *p = value_start(j);

	if (!p)
		return false;
	assert(*p == '{' || *p == '[');
	return json_commit(j, open_container(j, p));
}

bool svcr_json_next_key(struct svcr_json *j, struct svcr_str *key)
{
	struct svcr_json_state *st = j->state;
	struct svcr_str s;

	if (j->failed)
		return false;
	assert(st->depth && st->frames[st->depth - 1].object && st->place != BEFORE_VALUE);
	if (!json_commit(j, step_object(j, st->buf + st->pos, &s)) || st->place != BEFORE_VALUE)
		return false;
	*key = s;
	return true;
}

bool svcr_json_next_item(struct svcr_json *j)
{
	struct svcr_json_state *st = j->state;

	if (j->failed)
		return false;
	assert(st->depth && !st->frames[st->depth - 1].object && st->place != BEFORE_VALUE);
	return json_commit(j, step_array(j, st->buf + st->pos)) && st->place == BEFORE_VALUE;
}

bool svcr_json_string(struct svcr_json *j, struct svcr_str *s)
{
	const uchar *p = value_start(j);
	struct svcr_str text;

	if (!p)
		return false;
	assert(*p == '"');
	p = scan_scalar(j, p);
	if (!p || !svcr_json_string_text(j, p, &text) || !json_commit(j, p))
		return false;
	*s = text;
	return true;
}

bool svcr_json_bool(struct svcr_json *j, bool *b)
{
	const uchar *p = value_start(j);
	bool value;

	if (!p)
		return false;
	assert(*p == 't' || *p == 'f');
	value = *p == 't';
	if (!json_commit(j, scan_scalar(j, p)))
		return false;
	*b = value;
	return true;
}

bool svcr_json_number(struct svcr_json *j, struct svcr_str *text)
{
	const uchar *p = value_start(j), *start;

	if (!p)
		return false;
	assert(value_type[*p] == SVCR_JSON_NUMBER);
	p = scan_scalar(j, p);
	start = j->state->buf + j->state->tok;
	if (!json_commit(j, p))
		return false;
	*text = (struct svcr_str){ (const char *)start, (size_t)(p - start) };
	return true;
}

bool svcr_json_skip(struct svcr_json *j)
{
	struct svcr_json_state *st = j->state;
	const uchar *p = value_start(j);
	unsigned int base;
	struct svcr_str key;

	if (!p)
		return false;
	base = st->depth;
	do {
		p = svcr_json_skip_space(j, p);
		p = *p == '{' || *p == '[' ? open_container(j, p) : scan_scalar(j, p);
		st->tok = SVCR_JSON_NOWHERE;
		while (p && st->place != BEFORE_VALUE && st->depth > base)
			p = st->frames[st->depth - 1].object ? step_object(j, p, &key) :
							       step_array(j, p);
	} while (p && st->depth > base);
	return json_commit(j, p);
}

int svcr_json_mark(struct svcr_json *j)
{
	struct svcr_json_state *st = j->state;
	struct svcr_json_mark *m;

	if (j->failed)
		return -1;
	assert(st->n_marks < SVCR_JSON_MAX_MARKS);
	m = &st->marks[st->n_marks];
	m->pos = st->pos;
	m->depth = st->depth;
	m->place = st->place;
	m->n_keys = st->keys.n;
	memcpy(m->frames, st->frames, st->depth * sizeof(*m->frames));
	return (int)st->n_marks++;
}

void svcr_json_rewind(struct svcr_json *j, int mark)
{
	struct svcr_json_state *st = j->state;
	struct svcr_json_mark *m;

	if (j->failed)
		return;
	assert(mark >= 0 && (unsigned int)mark < st->n_marks);
	m = &st->marks[mark];
	/* keys of inner marks stay, but are in the table only after a return to such a mark */
	svcr_json_unlink_keys(&st->keys, m->n_keys);
	for (unsigned int i = (unsigned int)mark + 1; i < st->n_marks; i++)
		for (unsigned int d = 0; d < st->marks[i].depth; d++)
			st->marks[i].frames[d].hashed = false;
	svcr_json_cut_keys(st, m->n_keys);
	st->pos = m->pos;
	st->depth = m->depth;
	st->place = m->place;
	memcpy(st->frames, m->frames, m->depth * sizeof(*m->frames));
}

void svcr_json_unmark(struct svcr_json *j, int mark)
{
	if (j->failed)
		return;
	assert(mark >= 0 && (unsigned int)mark + 1 == j->state->n_marks);
	j->state->n_marks--;
}
