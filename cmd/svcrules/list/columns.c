/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "list/columns.h"
#include "escape.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

#define GAP 3 /* spaces between columns */

static void columns_take(struct columns *c, char *text)
{
	if (text && c->cells == c->cap) {
		size_t cap = c->cap ? c->cap * 2 : 64;
		char **v = reallocarray(c->v, cap, sizeof(*v));

		if (!v) {
			free(text);
			text = NULL;
		} else {
			c->v = v;
			c->cap = cap;
		}
	}
	if (text)
		c->v[c->cells++] = text;
	else
		c->failed = true;
}

void columns_start(struct columns *c, const char *header)
{
	*c = (struct columns){ .n = 0 };
	for (;; header++) {
		size_t len = strcspn(header, "|");

		columns_take(c, strndup(header, len));
		c->n++;
		header += len;
		if (!*header)
			return;
	}
}

void columns_add(struct columns *c, const char *format, ...)
{
	char *text, *escaped;
	va_list ap;

	if (c->failed)
		return;
	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		text = NULL;
	va_end(ap);
	escaped = text ? escape_text(*text ? text : "<none>") : NULL;
	free(text);
	columns_take(c, escaped);
}

size_t columns_rows(const struct columns *c)
{
	return c->failed || !c->n ? 0 : c->cells / c->n - 1;
}

/* Characters of UTF-8; each is taken to be as wide as a letter. */
static size_t columns_length(const char *text)
{
	size_t n = 0;

	for (; *text; text++)
		n += ((unsigned char)*text & 0xc0) != 0x80;
	return n;
}

void columns_print(const struct columns *c)
{
	size_t width[COLUMNS_MAX] = { 0 };

	for (size_t i = 0; i < c->cells; i++) {
		size_t len = columns_length(c->v[i]);

		if (width[i % c->n] < len)
			width[i % c->n] = len;
	}
	for (size_t i = 0; i < c->cells; i++) {
		bool last = i % c->n == c->n - 1;
		size_t len = columns_length(c->v[i]);

		printf("%s%*s%s", c->v[i], last ? 0 : (int)(width[i % c->n] - len + GAP), "",
		       last ? "\n" : "");
	}
}

void columns_release(struct columns *c)
{
	for (size_t i = 0; i < c->cells; i++)
		free(c->v[i]);
	free(c->v);
	*c = (struct columns){ .n = 0 };
}

void json_put(const char *text)
{
	if (!text) {
		fputs("null", stdout);
		return;
	}
	putchar('"');
	for (; *text; text++) {
		unsigned char ch = (unsigned char)*text;

		if (ch == '"' || ch == '\\')
			printf("\\%c", ch);
		else if (ch < ' ' || ch == 0x7f)
			printf("\\u%04x", ch);
		else
			putchar(ch);
	}
	putchar('"');
}
