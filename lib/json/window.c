/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The window over the input; lines, columns and errors. */
#include "state.h"
#include "wipe.h"

#include <assert.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define WINDOW_START ((size_t)64 << 10)

const uint8_t svcr_json_class[256] = {
	['\t'] = C_SPACE,
	['\n'] = C_SPACE,
	['\r'] = C_SPACE,
	[' '] = C_SPACE | C_PLAIN,
	['!'] = C_PLAIN,
	['#' ... '*'] = C_PLAIN,
	['+'] = C_PLAIN | C_WORD,
	[','] = C_PLAIN,
	['-' ... '.'] = C_PLAIN | C_WORD,
	['/'] = C_PLAIN,
	['0' ... '9'] = C_PLAIN | C_WORD | C_DIGIT,
	[':' ... '@'] = C_PLAIN,
	['A' ... 'Z'] = C_PLAIN | C_WORD,
	['['] = C_PLAIN,
	[']' ... '^'] = C_PLAIN,
	['_'] = C_PLAIN | C_WORD,
	['`'] = C_PLAIN,
	['a' ... 'z'] = C_PLAIN | C_WORD,
	['{' ... 0x7f] = C_PLAIN,
};

/* ---- places and errors ---- */

/* Takes line and column of the window and sets them to the line and column of its byte `len`. */
static void advance_place(const struct svcr_json *j, size_t len, uint64_t *line, uint64_t *column)
{
	const uchar *buf = j->state->buf, *end = buf + len;
	size_t n = svcr_count_newlines(buf, len);

	*line += n;
	if (n) {
		buf = (const uchar *)memrchr(buf, '\n', len) + 1;
		*column = 1;
	}
	*column += (uint64_t)(end - buf);
	while (j->returns && (buf = memchr(buf, '\r', (size_t)(end - buf)))) {
		*column -= 2;
		buf++;
	}
}

void svcr_json_vfail(struct svcr_json *j, const uchar *p, int error, const char *fmt, va_list ap)
{
	struct svcr_json_state *st = j->state;

	if (j->failed)
		return;
	j->failed = true;
	j->error = error;
	j->line = st->line;
	j->column = st->column;
	advance_place(j, (size_t)(p - st->buf), &j->line, &j->column);
	vsnprintf(j->message, sizeof(j->message), fmt, ap);
}

const uchar *svcr_json_fail(struct svcr_json *j, const uchar *p, int error, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	svcr_json_vfail(j, p, error, fmt, ap);
	va_end(ap);
	return NULL;
}

const uchar *svcr_json_no_memory(struct svcr_json *j, const uchar *p)
{
	return svcr_json_fail(j, p, -ENOMEM, "out of memory");
}

const uchar *svcr_json_expected(struct svcr_json *j, const uchar *p, const char *what)
{
	if (p == j->state->end)
		return svcr_json_fail(j, p, -EINVAL, "unexpected end of input, expected %s", what);
	if (*p > ' ' && *p < 0x7f)
		return svcr_json_fail(j, p, -EINVAL, "expected %s, found '%c'", what, *p);
	return svcr_json_fail(j, p, -EINVAL, "expected %s, found byte 0x%02x", what, *p);
}

/* ---- the window ---- */

static bool grow_window(struct svcr_json_state *st, size_t cap, bool wipe)
{
	size_t len = (size_t)(st->end - st->buf);
	uchar *buf = svcr_wipe_grow(st->buf, st->cap + SVCR_JSON_SLACK, cap + SVCR_JSON_SLACK,
				    wipe);

	if (!buf)
		return false;
	st->buf = buf;
	st->end = buf + len;
	st->cap = cap;
	return true;
}

static void discard(struct svcr_json *j, size_t n)
{
	struct svcr_json_state *st = j->state;
	size_t len = (size_t)(st->end - st->buf);

	advance_place(j, n, &st->line, &st->column);
	st->asked_line = st->asked < n ? st->line : st->asked_line;
	st->asked = st->asked < n ? 0 : st->asked - n;
	memmove(st->buf, st->buf + n, len - n);
	st->end -= n;
	if (st->tok != SVCR_JSON_NOWHERE)
		st->tok -= n;
	for (unsigned int i = 0; i < st->n_marks; i++)
		st->marks[i].pos -= n;
}

const uchar *svcr_json_drop(struct svcr_json *j, const uchar *p, size_t less)
{
	struct svcr_json_state *st = j->state;

	discard(j, (size_t)(p - st->buf));
	memset(st->end, 0, SVCR_JSON_SLACK);
	st->column -= less;
	return st->buf;
}

int svcr_json_window_init(struct svcr_json_state *st)
{
	if (!grow_window(st, WINDOW_START, false))
		return -ENOMEM;
	memset(st->end, 0, SVCR_JSON_SLACK);
	return 0;
}

/*
 * Makes room for at least one byte: discards text that no token and no mark
 * needs, or enlarges the window. Returns the place that p has then.
 */
static const uchar *make_room(struct svcr_json *j, const uchar *p)
{
	struct svcr_json_state *st = j->state;
	size_t off = (size_t)(p - st->buf), len = (size_t)(st->end - st->buf);
	size_t keep = st->tok < off ? st->tok : off;
	bool most = st->cap == SVCR_JSON_MAX_WINDOW;

	if (st->n_marks && st->marks[0].pos < keep)
		keep = st->marks[0].pos;
	/* moving less than half each time would take quadratic time for a long token */
	if (keep == len || (len == st->cap && keep && (most || keep >= st->cap / 2))) {
		discard(j, keep);
		off -= keep;
		len -= keep;
	}
	if (len == st->cap && most)
		svcr_json_fail(j, st->buf + off, -EFBIG, "more than %u MiB of text have to be kept",
			       SVCR_JSON_MAX_WINDOW >> 20);
	else if (len == st->cap && !grow_window(st, st->cap * 2, j->wipe))
		svcr_json_no_memory(j, st->buf + off);
	return st->buf + off;
}

const uchar *svcr_json_refill(struct svcr_json *j, const uchar *p)
{
	struct svcr_json_state *st = j->state;
	size_t room;
	long n;

	if (st->eof || j->failed)
		return p;
	p = make_room(j, p);
	if (j->failed)
		return p;
	room = st->cap - (size_t)(st->end - st->buf);
	n = st->fill(st->arg, (char *)st->end, room);
	if (n < 0) {
		int saved = errno;

		*st->end = 0;
		errno = (int)-n;
		j->unread = !j->failed;
		svcr_json_fail(j, st->end, (int)n, "cannot read: %m");
		errno = saved;
	} else {
		assert((size_t)n <= room);
		st->end += n;
		st->eof = n == 0;
	}
	memset(st->end, 0, SVCR_JSON_SLACK);
	return p;
}
