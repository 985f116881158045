/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "escape.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Decodes one UTF-8 character; returns its length, or 0 if there is none. */
static size_t utf8_decode(const unsigned char *s, uint32_t *ret)
{
	size_t n = *s >= 0xf0 ? 4 : *s >= 0xe0 ? 3 : *s >= 0xc2 ? 2 : *s < 0x80 ? 1 : 0;
	uint32_t c = n == 1 ? *s : n ? *s & (0x7fu >> n) : 0;

	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (s[i] & 0x3f);
	}
	if (n)
		*ret = c;
	return n;
}

/*
 * What a terminal obeys rather than shows, and what it does not show at all: controls, marks that
 * reorder the line, and characters without a shape, which make two different names look the same.
 */
/* clang-format off */
static const struct { uint32_t first, last; } unseen[] = { /* sorted */
	{ 0x0000, 0x001f }, { 0x007f, 0x009f }, /* controls */
	{ 0x00ad, 0x00ad }, /* soft hyphen */
	{ 0x034f, 0x034f }, /* grapheme joiner */
	{ 0x061c, 0x061c }, /* Arabic letter mark */
	{ 0x115f, 0x1160 }, { 0x17b4, 0x17b5 }, /* fillers, inherent vowels */
	{ 0x180b, 0x180f }, /* Mongolian selectors and vowel separator */
	{ 0x200b, 0x200f }, /* zero width, marks of direction */
	{ 0x2028, 0x202e }, /* separators of lines, embedding and override */
	{ 0x2060, 0x206f }, /* joiner, invisible operators, isolates */
	{ 0x2800, 0x2800 }, /* blank pattern */
	{ 0x3164, 0x3164 }, /* filler */
	{ 0xd800, 0xdfff }, /* surrogates */
	{ 0xfe00, 0xfe0f }, /* variation selectors */
	{ 0xfeff, 0xfeff }, /* byte-order mark */
	{ 0xffa0, 0xffa0 }, /* filler */
	{ 0xfff0, 0xfffb }, /* annotations */
	{ 0x13430, 0x1343f }, { 0x1bca0, 0x1bca3 }, { 0x1d173, 0x1d17a }, /* formats of scripts */
	{ 0xe0000, 0xe0fff }, /* tags, more selectors */
	{ 0x110000, UINT32_MAX }, /* beyond Unicode */
};
/* clang-format on */

static bool is_unseen(uint32_t c)
{
	size_t i = 0;

	while (i < sizeof(unseen) / sizeof(unseen[0]) && c > unseen[i].last)
		i++;
	return i < sizeof(unseen) / sizeof(unseen[0]) && c >= unseen[i].first;
}

static char escape_letter(uint32_t c)
{
	return c == '\n' ? 'n' : c == '\t' ? 't' : 'r';
}

/* Writes at most 10 bytes for a character of `n` bytes (0 or 1: a single byte). */
static size_t escape_number(char *out, size_t n, uint32_t c)
{
	int len = n < 2      ? snprintf(out, 11, "\\x%02x", (unsigned)c) :
		  c > 0xffff ? snprintf(out, 11, "\\U%08x", (unsigned)c) :
			       snprintf(out, 11, "\\u%04x", (unsigned)c);

	return (size_t)len;
}

char *escape_text(const char *text)
{
	size_t len = strlen(text), at = 0;
	char *out = malloc(len * 4 + 11); /* one byte becomes at most "\x1b" */

	if (!out)
		return NULL;
	for (const unsigned char *s = (const unsigned char *)text; *s;) {
		uint32_t c = *s;
		size_t n = utf8_decode(s, &c);

		if (n && !is_unseen(c)) {
			memcpy(out + at, s, n);
			at += n;
		} else if (c == '\n' || c == '\t' || c == '\r') {
			at += (size_t)snprintf(out + at, 5, "\\%c", escape_letter(c));
		} else {
			at += escape_number(out + at, n, c);
		}
		s += n ? n : 1;
	}
	out[at] = '\0';
	return out;
}
