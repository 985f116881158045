/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Escapes, UTF-8 and errors in strings: all bytes that do not stand for themselves. */
#include "state.h"
#include "wipe.h"

#include <errno.h>
#include <stdlib.h>

/* Fails with `what` at p, or with the end of the input if `stop` is there. */
static SVCR_COLD const uchar *bad_string(struct svcr_json *j, const uchar *p, const uchar *stop,
					 const char *what)
{
	if (stop == j->state->end)
		return svcr_json_fail(j, stop, -EINVAL, "unexpected end of input in a string");
	return svcr_json_fail(j, p, -EINVAL, "%s", what);
}

/*
 * Returns the length of the UTF-8 sequence of two to four bytes at p; 0 if it is
 * invalid (RFC 3629).
 */
static size_t utf8_length(const uchar *p)
{
	if (p[0] < 0xc2 || p[0] > 0xf4 || !svcr_json_is_tail(p[1]))
		return 0;
	if (p[0] < 0xe0)
		return 2;
	if ((p[0] == 0xe0 && p[1] < 0xa0) || (p[0] == 0xed && p[1] > 0x9f) ||
	    !svcr_json_is_tail(p[2]))
		return 0;
	if (p[0] < 0xf0)
		return 3;
	if ((p[0] == 0xf0 && p[1] < 0x90) || (p[0] == 0xf4 && p[1] > 0x8f) ||
	    !svcr_json_is_tail(p[3]))
		return 0;
	return 4;
}

static const uchar *scan_utf8(struct svcr_json *j, const uchar *p)
{
	while (*p >= 0x80) {
		size_t n;

		p = svcr_json_ensure(j, p, *p >= 0xf0 ? 4 : *p >= 0xe0 ? 3 : 2);
		n = utf8_length(p);
		if (!n)
			return svcr_json_fail(j, p, -EINVAL, "invalid UTF-8 in a string");
		p += n;
	}
	return p;
}

static int hex_digit(uchar c)
{
	if (svcr_json_class[c] & C_DIGIT)
		return c - '0';
	c |= 0x20;
	return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Returns the value of four hexadecimal digits; else -1, and sets *stop to the first other byte. */
static long hex4(const uchar *p, const uchar **stop)
{
	long value = 0;

	for (*stop = p; *stop < p + 4; ++*stop) {
		int digit = hex_digit(**stop);

		if (digit < 0)
			return -1;
		value = value * 16 + digit;
	}
	return value;
}

static const uchar *scan_unicode(struct svcr_json *j, const uchar *p)
{
	const uchar *stop;
	long c;

	p = svcr_json_ensure(j, p, 6);
	c = hex4(p + 2, &stop);
	if (c < 0)
		return bad_string(j, p, stop, "\\u needs four hexadecimal digits");
	if (c < 0xd800 || c > 0xdfff)
		return p + 6;
	if (c > 0xdbff)
		return svcr_json_fail(j, p, -EINVAL, "unpaired surrogate \\u%04lx in a string", c);
	p = svcr_json_ensure(j, p, 12);
	stop = p + 6;
	if (*stop == '\\' && *++stop == 'u') {
		long low = hex4(p + 8, &stop);

		if (low >= 0xdc00 && low <= 0xdfff)
			return p + 12;
		if (low >= 0)
			/* the escape is complete: the end of the window behind it is no error */
			stop = p;
	}
	return bad_string(j, p, stop, "unpaired surrogate in a string");
}

static const uchar *scan_escape(struct svcr_json *j, const uchar *p)
{
	p = svcr_json_ensure(j, p, 2);
	switch (p[1]) {
	case '"':
	case '\\':
	case '/':
	case 'b':
	case 'f':
	case 'n':
	case 'r':
	case 't': return p + 2;
	case 'u': return scan_unicode(j, p);
	default: return bad_string(j, p, p + 1, "unknown escape in a string");
	}
}

/*
 * Handles a control character in a string or the end of the window. Returns the
 * place to go on, or NULL.
 */
static SVCR_COLD const uchar *string_edge(struct svcr_json *j, const uchar *p)
{
	p = svcr_json_settle(j, p);
	if (p == j->state->end)
		return bad_string(j, p, p, "");
	if (*p < ' ')
		return svcr_json_fail(j, p, -EINVAL, "control character 0x%02x in a string", *p);
	return p;
}

const uchar *svcr_json_special(struct svcr_json *j, const uchar *p)
{
	if (*p == '\\') {
		j->state->escaped = true;
		return scan_escape(j, p);
	}
	return *p >= 0x80 ? scan_utf8(j, p) : string_edge(j, p);
}

static char *put_utf8(char *q, unsigned long c)
{
	if (c < 0x80) {
		*q++ = (char)c;
		return q;
	}
	if (c < 0x800) {
		*q++ = (char)(0xc0 | c >> 6);
	} else {
		if (c < 0x10000) {
			*q++ = (char)(0xe0 | c >> 12);
		} else {
			*q++ = (char)(0xf0 | c >> 18);
			*q++ = (char)(0x80 | (c >> 12 & 0x3f));
		}
		*q++ = (char)(0x80 | (c >> 6 & 0x3f));
	}
	*q++ = (char)(0x80 | (c & 0x3f));
	return q;
}

/* Writes the character of the escape at *p, which was checked, and moves *p behind the escape. */
static char *put_escape(char *q, const uchar **p)
{
	static const char from[] = "\"\\/bfnrt", to[] = "\"\\/\b\f\n\r\t";
	const uchar *e = *p, *stop;
	long c;

	if (e[1] != 'u') {
		*p += 2;
		*q++ = to[strchr(from, e[1]) - from];
		return q;
	}
	*p += 6;
	c = hex4(e + 2, &stop);
	if (c >= 0xd800 && c <= 0xdbff) {
		*p += 6;
		c = 0x10000 + ((c - 0xd800) << 10) + (hex4(e + 8, &stop) - 0xdc00);
	}
	return put_utf8(q, (unsigned long)c);
}

bool svcr_json_unescape(struct svcr_json *j, const uchar *p, const uchar *end, struct svcr_str *s)
{
	struct svcr_json_state *st = j->state;
	/* no escape is shorter than its character */
	size_t need = (size_t)(end - p) + SVCR_JSON_SLACK;
	char *q;

	if (need > st->side_cap) {
		char *side = svcr_wipe_grow(st->side, st->side_cap, need * 2, j->wipe);

		if (!side)
			return svcr_json_no_memory(j, p);
		st->side = side;
		st->side_cap = need * 2;
	}
	for (q = st->side; p < end;) {
		const uchar *stop = memchr(p, '\\', (size_t)(end - p));
		size_t n = (size_t)((stop ? stop : end) - p);

		memcpy(q, p, n);
		q += n;
		p += n;
		if (stop)
			q = put_escape(q, &p);
	}
	memset(q, 0, 8); /* svcr_order() reads these bytes, though they do not count */
	*s = (struct svcr_str){ st->side, (size_t)(q - st->side) };
	return true;
}
