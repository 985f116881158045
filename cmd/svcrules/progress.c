/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "progress.h"
#include "escape.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

#define FIRST_MS 1000 /* what is done by then is not worth a line */
#define NEXT_MS 200   /* between drawings */
#define WHAT_MAX 200  /* bytes */
#define TAIL_MAX 40   /* columns of ": 100 % (86400 s)", and of "svcrules: " */

/* The signal handler reads all of it while `active` is set. */
static struct {
	bool allowed;
	volatile sig_atomic_t active, shown;
	volatile size_t done;
	size_t total;
	struct timespec since;
	char what[WHAT_MAX];
} line;

const char progress_comparing[] = "comparing the rules";
const char progress_changing[] = "changing the kernel's rules";
const char progress_waiting[] = "waiting for another svcrules";

static const char erase[] = "\r\x1b[K";

static void line_write(const char *text, size_t len)
{
	ssize_t n = write(STDERR_FILENO, text, len); /* not worth an error */

	(void)n;
}

/* What a signal handler may do: no stdio, no locale. Returns the new end of the text. */
static size_t append(char *buf, size_t at, size_t size, const char *text)
{
	while (*text && at < size)
		buf[at++] = *text++;
	return at;
}

static size_t append_number(char *buf, size_t at, size_t size, size_t n)
{
	char digits[24] = "", *d = digits + sizeof(digits) - 1;

	do
		*--d = (char)('0' + n % 10);
	while (n /= 10);
	return append(buf, at, size, d);
}

/* Since the program began. */
static size_t line_seconds(void)
{
	struct timespec now = line.since;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (size_t)(now.tv_sec - line.since.tv_sec - (now.tv_nsec < line.since.tv_nsec));
}

static size_t line_percent(void)
{
	size_t one = line.total / 100 ? line.total / 100 : 1, n = line.done / one;

	return n < 100 ? n : 100; /* a file may have grown */
}

/* "svcrules: reading services.json: 45 % (3 s)" */
static void line_draw(int sig)
{
	char buf[WHAT_MAX + 2 * TAIL_MAX];
	size_t n = 0, size = sizeof(buf);
	int saved = errno;

	(void)sig;
	if (!line.active)
		return;
	n = append(buf, n, size, erase);
	n = append(buf, n, size, "svcrules: ");
	n = append(buf, n, size, line.what);
	if (line.total) {
		n = append(buf, n, size, ": ");
		n = append_number(buf, n, size, line_percent());
		n = append(buf, n, size, " %");
	}
	n = append(buf, n, size, " (");
	n = append_number(buf, n, size, line_seconds());
	n = append(buf, n, size, " s)");
	line.shown = 1;
	line_write(buf, n);
	errno = saved;
}

void progress_allow(void)
{
	struct sigaction act = { .sa_handler = line_draw, .sa_flags = SA_RESTART };
	const struct itimerval timer = {
		.it_value = { .tv_sec = FIRST_MS / 1000, .tv_usec = FIRST_MS % 1000 * 1000 },
		.it_interval = { .tv_usec = NEXT_MS * 1000 },
	};
	const char *term = getenv("TERM");

	if (!isatty(STDERR_FILENO) || !term || strcmp(term, "dumb") == 0)
		return;
	sigemptyset(&act.sa_mask);
	(void)clock_gettime(CLOCK_MONOTONIC, &line.since);
	line.allowed = sigaction(SIGALRM, &act, NULL) == 0 &&
		       setitimer(ITIMER_REAL, &timer, NULL) == 0;
}

/* Room for the text in one row: a line that wraps could not be erased. */
static size_t columns_for_text(void)
{
	struct winsize w = { .ws_col = 0 };
	size_t n;

	n = ioctl(STDERR_FILENO, TIOCGWINSZ, &w) == 0 && w.ws_col ? w.ws_col : 80;
	n = n > TAIL_MAX ? n - TAIL_MAX : 1;
	return n < WHAT_MAX ? n : WHAT_MAX - 1;
}

/*
 * The end of `text` that fits, from the beginning of a character on: of a path, the end tells
 * more.
 */
static void set_line(const char *what)
{
	char *text = escape_text(what);
	const char *from = text ? text : "";
	size_t len = strlen(from), room = columns_for_text();

	if (len > room)
		from += len - room;
	while ((*from & 0xc0) == 0x80)
		from++;
	line.what[append(line.what, 0, sizeof(line.what) - 1, from)] = '\0';
	free(text);
}

void progress_begin(const char *what, size_t total)
{
	if (!line.allowed)
		return;
	line.active = 0;
	set_line(what);
	line.done = 0;
	line.total = total;
	line.active = 1;
}

void progress_add(size_t n)
{
	line.done += n;
}

bool progress_hide(void)
{
	bool active = line.active;

	line.active = 0; /* first: the timer may draw at any moment */
	if (line.shown)
		line_write(erase, sizeof(erase) - 1);
	line.shown = 0;
	return active;
}

void progress_show(bool hidden)
{
	line.active = hidden;
}

void progress_end(void)
{
	(void)progress_hide();
}
