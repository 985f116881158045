/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "say.h"
#include "command.h"

#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <unistd.h>

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

/* What a terminal obeys rather than shows: controls, and marks that reorder the line. */
static bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || (c >= 0x200e && c <= 0x200f) ||
	       (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

static char say_letter(uint32_t c)
{
	return c == '\n' ? 'n' : c == '\t' ? 't' : 'r';
}

char *say_escape(const char *text)
{
	size_t len = strlen(text), at = 0;
	char *out = malloc(len * 4 + 1); /* one byte becomes at most "\x1b" */

	if (!out)
		return NULL;
	for (const unsigned char *s = (const unsigned char *)text; *s;) {
		uint32_t c = *s;
		size_t n = utf8_decode(s, &c);

		if (n && !is_control(c)) {
			memcpy(out + at, s, n);
			at += n;
		} else if (c == '\n' || c == '\t' || c == '\r') {
			at += (size_t)snprintf(out + at, 5, "\\%c", say_letter(c));
		} else {
			at += (size_t)snprintf(out + at, 7, n > 1 ? "\\u%04x" : "\\x%02x",
					       (unsigned)c);
		}
		s += n ? n : 1;
	}
	out[at] = '\0';
	return out;
}

void say(const char *format, ...)
{
	char *text = NULL, *escaped;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		text = NULL;
	va_end(ap);
	escaped = text ? say_escape(text) : NULL;
	fprintf(stderr, "svcrules: %s\n", escaped ? escaped : "out of memory");
	free(escaped);
	free(text);
}

int say_enomem(void)
{
	say("out of memory");
	return EXIT_KERNEL;
}

int out_write(void *arg, const char *buf, size_t len)
{
	(void)arg;
	errno = 0;
	return fwrite(buf, 1, len, stdout) == len ? 0 : errno ? -errno : -EIO;
}

bool out_colour(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && *no) && !(term && strcmp(term, "dumb") == 0);
}

int out_end(int code)
{
	bool failed = ferror(stdout);

	errno = 0;
	if (fflush(stdout) == 0 && !failed)
		return code;
	say("cannot write to standard output%s%s", errno ? ": " : "", errno ? strerror(errno) : "");
	return EXIT_KERNEL;
}
