/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "say.h"
#include "command.h"
#include "progress.h"
#include "stream.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/stat.h>
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

static char say_letter(uint32_t c)
{
	return c == '\n' ? 'n' : c == '\t' ? 't' : 'r';
}

/* Writes at most 10 bytes for a character of `n` bytes (0 or 1: a single byte). */
static size_t say_number(char *out, size_t n, uint32_t c)
{
	int len = n < 2      ? snprintf(out, 11, "\\x%02x", (unsigned)c) :
		  c > 0xffff ? snprintf(out, 11, "\\U%08x", (unsigned)c) :
			       snprintf(out, 11, "\\u%04x", (unsigned)c);

	return (size_t)len;
}

char *say_escape(const char *text)
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
			at += (size_t)snprintf(out + at, 5, "\\%c", say_letter(c));
		} else {
			at += say_number(out + at, n, c);
		}
		s += n ? n : 1;
	}
	out[at] = '\0';
	return out;
}

/* True if standard error is the journal's: then each line may start with a priority. */
static bool say_to_journal(void)
{
	static int known = -1;
	const char *stream = getenv("JOURNAL_STREAM");
	unsigned long long device, inode;
	struct stat st;

	if (known < 0)
		known = stream && sscanf(stream, "%llu:%llu", &device, &inode) == 2 &&
			fstat(STDERR_FILENO, &st) == 0 && st.st_dev == device && st.st_ino == inode;
	return known;
}

/* The priority of a message as sd-daemon(3) has it: "<3>" is an error. */
static const char *say_priority(const char *text)
{
	if (!say_to_journal())
		return "";
	if (strncmp(text, "warning: ", 9) == 0)
		return "<4>";
	return strncmp(text, "notice: ", 8) == 0 ? "<5>" : "<3>";
}

void say(const char *format, ...)
{
	char *text = NULL, *escaped;
	bool hidden;
	va_list ap;

	va_start(ap, format);
	if (vasprintf(&text, format, ap) < 0)
		text = NULL;
	va_end(ap);
	escaped = text ? say_escape(text) : NULL;
	hidden = progress_hide();
	fprintf(stderr, "%ssvcrules: %s\n", say_priority(text ? text : ""),
		escaped ? escaped : "out of memory");
	progress_show(hidden);
	free(escaped);
	free(text);
}

int say_enomem(void)
{
	say("out of memory");
	return EXIT_KERNEL;
}

static int out_error; /* the errno of the first write that failed */

int out_write(void *arg, const char *buf, size_t len)
{
	(void)arg;
	errno = 0;
	if (fwrite(buf, 1, len, stdout) == len)
		return 0;
	if (!out_error)
		out_error = errno ? errno : EIO;
	return -out_error;
}

int out_lines_start(struct out_lines *l)
{
	l->text = NULL;
	l->f = open_memstream(&l->text, &l->size);
	return l->f ? 0 : -ENOMEM;
}

int out_lines_write(void *arg, const char *buf, size_t len)
{
	struct out_lines *l = arg;

	return stream_append(l->f, buf, len);
}

/* Takes the line over, which may be NULL. */
static int print_line(char *line)
{
	char *escaped = line ? say_escape(line) : NULL;
	int err = escaped ? out_write(NULL, escaped, strlen(escaped)) : -ENOMEM;

	free(line);
	free(escaped);
	return err ? err : out_write(NULL, "\n", 1);
}

int out_lines_end(struct out_lines *l, int err)
{
	if (stream_end(l->f, &l->text))
		return -ENOMEM;
	for (const char *at = l->text; *at && !err;) {
		size_t len = strcspn(at, "\n");

		err = print_line(strndup(at, len));
		at += len + (at[len] == '\n');
	}
	free(l->text);
	return err;
}

bool out_colour(void)
{
	const char *no = getenv("NO_COLOR"), *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && !(no && *no) && !(term && strcmp(term, "dumb") == 0);
}

/* Nobody reads the output any more: ends as all filters do. */
static void out_end_silently(void)
{
	sigset_t set;

	signal(SIGPIPE, SIG_DFL);
	sigemptyset(&set);
	sigaddset(&set, SIGPIPE);
	sigprocmask(SIG_UNBLOCK, &set, NULL);
	raise(SIGPIPE);
}

int out_end(int code)
{
	bool failed = ferror(stdout);

	errno = 0;
	if (fflush(stdout) == 0 && !failed)
		return code;
	if (!out_error)
		out_error = errno ? errno : EIO;
	if (out_error == EPIPE)
		out_end_silently();
	say("cannot write to standard output: %s", strerror(out_error));
	return EXIT_KERNEL;
}
