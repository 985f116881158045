/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Input, output and errors of the YAML converter; state.h has an overview. */
#include "state.h"
#include "hash.h"
#include "wipe.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define OUT_ENOUGH ((size_t)32 << 10) /* bytes of JSON that are made at a time */

/* ---- Errors ------------------------------------------------------------ */

static void yaml_fail_at(struct svcr_yaml *y, uint64_t line, uint64_t column)
{
	y->failed = true;
	y->error = -EINVAL;
	y->line = line + y->state->base;
	y->column = column + 1;
}

void svcr_yaml_fail(struct svcr_yaml *y, const yaml_mark_t *mark, const char *fmt, ...)
{
	va_list ap;

	if (y->failed)
		return;
	yaml_fail_at(y, mark->line, mark->column);
	va_start(ap, fmt);
	vsnprintf(y->message, sizeof(y->message), fmt, ap);
	va_end(ap);
}

void svcr_yaml_no_memory(struct svcr_yaml *y)
{
	static const char text[] = "out of memory";

	if (y->failed)
		return;
	y->failed = true;
	y->error = -ENOMEM;
	memcpy(y->message, text, sizeof(text));
}

/*
 * An error in the bytes. libyaml does not say in which line: that is where its scanner is, and
 * then the text which it decoded and has not scanned.
 */
static void bytes_error(struct svcr_yaml *y)
{
	const yaml_parser_t *p = &y->state->parser;
	uint64_t line = p->mark.line, column = p->mark.column;

	for (const unsigned char *c = p->buffer.pointer; c < p->buffer.last; c++) {
		column += (*c & 0xc0) != 0x80;
		if (*c == '\n') {
			line++;
			column = 0;
		}
	}
	yaml_fail_at(y, line, column);
	if (p->problem_value > 0 && strncmp(p->problem, "control", 7) == 0)
		snprintf(y->message, sizeof(y->message), "control character 0x%02x",
			 (unsigned int)p->problem_value);
	else
		snprintf(y->message, sizeof(y->message), "invalid UTF-8 (%s)", p->problem);
}

/* "did not find expected key while parsing a block mapping that starts in line 3" */
static void syntax_error(struct svcr_yaml *y)
{
	const yaml_parser_t *p = &y->state->parser;
	bool tab = p->buffer.pointer && p->buffer.pointer < p->buffer.last &&
		   *p->buffer.pointer == '\t' && p->error == YAML_SCANNER_ERROR;
	size_t n;

	yaml_fail_at(y, p->problem_mark.line, p->problem_mark.column);
	n = (size_t)snprintf(y->message, sizeof(y->message), "%s%s%s", p->problem,
			     p->context ? " " : "", p->context ? p->context : "");
	if (p->context && p->context_mark.line != p->problem_mark.line && n < sizeof(y->message))
		n += (size_t)snprintf(y->message + n, sizeof(y->message) - n,
				      " that starts in line %" PRIu64,
				      p->context_mark.line + y->state->base);
	if (tab && n < sizeof(y->message))
		snprintf(y->message + n, sizeof(y->message) - n,
			 " (a tab: YAML indents with blanks)");
}

static void parser_error(struct svcr_yaml *y)
{
	if (y->failed)
		return;
	switch (y->state->parser.error) {
	case YAML_MEMORY_ERROR: svcr_yaml_no_memory(y); break;
	case YAML_READER_ERROR: bytes_error(y); break;
	default: syntax_error(y);
	}
}

/* ---- Input ------------------------------------------------------------- */

/* Reads some input; 0 at the end. Errors are set. */
static size_t yaml_take(struct svcr_yaml *y, unsigned char *buf, size_t size)
{
	struct svcr_yaml_state *st = y->state;
	long n = 0;

	if (st->first.len) {
		n = (long)(st->first.len < size ? st->first.len : size);
		memcpy(buf, st->first.p, (size_t)n);
		st->first.p += n;
		st->first.len -= (size_t)n;
	} else if (!st->eof) {
		n = st->fill(st->arg, (char *)buf, size);
		st->eof = n <= 0;
	}
	if (n < 0) {
		y->failed = y->unread = true;
		y->error = (int)n;
		return 0;
	}
	st->taken += (uint64_t)n;
	return (size_t)n;
}

/* The number of bytes at the end that may be the start of a byte-order mark in a new line. */
static size_t partial_mark(const unsigned char *buf, size_t n, bool line_start)
{
	for (size_t len = n < 2 ? n : 2; len; len--)
		if (memcmp(buf + n - len, "\xef\xbb", len) == 0 &&
		    (n == len ? line_start : buf[n - len - 1] == '\n'))
			return len;
	return 0;
}

/* Removes byte-order marks at the starts of lines, where files were joined. */
static size_t remove_marks(unsigned char *buf, size_t n, bool line_start)
{
	unsigned char *p = buf, *found;

	while ((found = memmem(p, n - (size_t)(p - buf), "\xef\xbb\xbf", 3))) {
		p = found;
		if (p == buf ? line_start : p[-1] == '\n') {
			memmove(p, p + 3, n - (size_t)(p - buf) - 3);
			n -= 3;
		} else {
			p += 3;
		}
	}
	return n;
}

/*
 * The read handler of libyaml. It fills all of the buffer, so that an error in the bytes, which
 * libyaml meets ahead of its scanner, comes after the same events however the input is cut.
 */
static int yaml_read(void *arg, unsigned char *buf, size_t size, size_t *ret_n)
{
	struct svcr_yaml *y = arg;
	struct svcr_yaml_state *st = y->state;
	size_t n = st->n_held, more;

	memcpy(buf, st->held, n);
	do {
		more = yaml_take(y, buf + n, size - n);
		n += more;
		if (!more || n == size)
			n = remove_marks(buf, n, st->line_start);
	} while (more && n < size);
	st->n_held = more ? partial_mark(buf, n, st->line_start) : 0;
	n -= st->n_held;
	memcpy(st->held, buf + n, st->n_held);
	if (n)
		st->line_start = buf[n - 1] == '\n';
	*ret_n = n;
	return !y->failed;
}

/* ---- Output ------------------------------------------------------------ */

static void buffer_add(struct svcr_yaml *y, struct svcr_yaml_buffer *b, const char *p, size_t len)
{
	if (b->cap - b->len < len) {
		size_t cap = (b->len + len) * 2 + 1024;
		char *grown = svcr_wipe_grow(b->p, b->cap, cap, y->wipe);

		if (!grown) {
			svcr_yaml_no_memory(y);
			return;
		}
		b->p = grown;
		b->cap = cap;
	}
	memcpy(b->p + b->len, p, len);
	b->len += len;
}

void svcr_yaml_put(struct svcr_yaml *y, const char *p, size_t len)
{
	struct svcr_yaml_state *st = y->state;

	if (!st->diverting) {
		buffer_add(y, &st->out, p, len);
		st->column += len;
	}
	if (!st->keeping)
		return;
	if (st->kept.len + len > SVCR_YAML_MAX_ANCHORED)
		svcr_yaml_fail(y, &st->parser.mark,
			       "the values of anchors have more than %u MiB in one document",
			       SVCR_YAML_MAX_ANCHORED >> 20);
	else
		buffer_add(y, &st->kept, p, len);
}

void svcr_yaml_put_string(struct svcr_yaml *y, struct svcr_str s)
{
	const char *p = s.p, *end = s.p + s.len;

	svcr_yaml_put(y, "\"", 1);
	while (p < end) {
		const char *start = p;
		char escape[8];

		while (p < end && (unsigned char)*p >= ' ' && *p != '"' && *p != '\\')
			p++;
		if (p > start)
			svcr_yaml_put(y, start, (size_t)(p - start));
		if (p == end)
			break;
		if (*p == '"' || *p == '\\')
			snprintf(escape, sizeof(escape), "\\%c", *p);
		else
			snprintf(escape, sizeof(escape), "\\u%04x", *p);
		svcr_yaml_put(y, escape, strlen(escape));
		p++;
	}
	svcr_yaml_put(y, "\"", 1);
}

/* Appends n times the byte c, which is white space in JSON. */
static void put_space(struct svcr_yaml *y, char c, uint64_t n)
{
	char part[64];

	memset(part, c, sizeof(part));
	for (; n && !y->failed; n -= n < sizeof(part) ? n : sizeof(part))
		buffer_add(y, &y->state->out, part, n < sizeof(part) ? (size_t)n : sizeof(part));
}

void svcr_yaml_place(struct svcr_yaml *y, const yaml_mark_t *mark)
{
	struct svcr_yaml_state *st = y->state;

	if (st->diverting)
		return;
	if (mark->line > st->line) {
		put_space(y, '\n', mark->line - st->line);
		st->line = mark->line;
		st->column = 0;
	}
	if (st->column < mark->column)
		put_space(y, ' ', mark->column - st->column);
	else
		put_space(y, '\r', st->column - mark->column);
	st->column = mark->column;
}

/* ---- Events ------------------------------------------------------------ */

static void take_event(struct svcr_yaml *y, const yaml_event_t *e)
{
	switch (e->type) {
	case YAML_STREAM_END_EVENT: y->state->ended = true; break;
	case YAML_DOCUMENT_END_EVENT:
		svcr_yaml_forget(y);
		svcr_yaml_put(y, " ", 1);
		break;
	case YAML_ALIAS_EVENT:
	case YAML_SCALAR_EVENT:
	case YAML_SEQUENCE_START_EVENT:
	case YAML_SEQUENCE_END_EVENT:
	case YAML_MAPPING_START_EVENT:
	case YAML_MAPPING_END_EVENT: svcr_yaml_node(y, e); break;
	default: break;
	}
}

long svcr_yaml_fill(void *arg, char *buf, size_t size)
{
	struct svcr_yaml *y = arg;
	struct svcr_yaml_state *st = y->state;
	size_t n;

	if (st->given == st->out.len)
		st->given = st->out.len = 0;
	while (st->out.len < OUT_ENOUGH && !st->ended && !y->failed) {
		yaml_event_t e;

		if (!yaml_parser_parse(&st->parser, &e)) {
			parser_error(y);
			break;
		}
		take_event(y, &e);
		if (y->wipe && e.type == YAML_SCALAR_EVENT)
			explicit_bzero(e.data.scalar.value, e.data.scalar.length);
		yaml_event_delete(&e);
	}
	n = st->out.len - st->given;
	if (!n || (y->failed && y->error == -ENOMEM)) /* the text may have gaps then */
		return y->failed ? y->error : 0;
	n = n < size ? n : size;
	memcpy(buf, st->out.p + st->given, n);
	st->given += n;
	return (long)n;
}

/* ---- From start to end ------------------------------------------------- */

int svcr_yaml_init(struct svcr_yaml *y, struct svcr_str first, uint64_t line,
		   svcr_yaml_fill_fn fill, void *arg)
{
	struct svcr_yaml_state *st;

	memset(y, 0, sizeof(*y));
	st = calloc(1, sizeof(*st));
	y->state = st;
	if (!st || !yaml_parser_initialize(&st->parser)) {
		svcr_yaml_release(y);
		return -ENOMEM;
	}
	st->has_parser = true;
	st->first = first;
	st->base = line;
	st->fill = fill;
	st->arg = arg;
	st->line_start = true;
	st->seed = svcr_hash_seed();
	yaml_parser_set_encoding(&st->parser, YAML_UTF8_ENCODING);
	yaml_parser_set_input(&st->parser, yaml_read, y);
	return 0;
}

/*
 * Overwrites what the parser still has of the text. What libyaml has moved or freed before, it
 * frees with yaml_free(), which the program replaces: see cmd/svcrules/secrecy.c.
 */
static void parser_wipe(yaml_parser_t *p)
{
	if (p->raw_buffer.start)
		explicit_bzero(p->raw_buffer.start,
			       (size_t)(p->raw_buffer.end - p->raw_buffer.start));
	if (p->buffer.start)
		explicit_bzero(p->buffer.start, (size_t)(p->buffer.end - p->buffer.start));
	for (yaml_token_t *t = p->tokens.head; t && t != p->tokens.tail; t++)
		if (t->type == YAML_SCALAR_TOKEN)
			explicit_bzero(t->data.scalar.value, t->data.scalar.length);
}

void svcr_yaml_release(struct svcr_yaml *y)
{
	struct svcr_yaml_state *st = y->state;

	if (!st)
		return;
	if (st->has_parser && y->wipe)
		parser_wipe(&st->parser);
	if (st->has_parser)
		yaml_parser_delete(&st->parser);
	svcr_yaml_anchors_release(st);
	svcr_wipe_free(st->out.p, st->out.cap, y->wipe);
	svcr_wipe_free(st->kept.p, st->kept.cap, y->wipe);
	free(st->hashes.v);
	free(st->merges.v);
	free(st);
	y->state = NULL;
}
