/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "say.h"
#include "command.h"
#include "escape.h"
#include "progress.h"
#include "stream.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <sys/stat.h>
#include <unistd.h>

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
	escaped = text ? escape_text(text) : NULL;
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
	char *escaped = line ? escape_text(line) : NULL;
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
