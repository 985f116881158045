/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A question is a line: where it comes from, where it goes, and maybe the protocol. */
#include "questions.h"
#include "say.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define NDOTS_DEFAULT 5      /* as the kubelet writes it into each pod's resolv.conf */
#define NDOTS_MAX 15         /* resolv.conf(5): more count as 15 */
#define TEXT_MAX (16u << 20) /* bytes of a file of questions */
#define BLANKS " \t\r"

static uint8_t question_number(const char *name)
{
	return strcmp(name, "udp") == 0  ? IPPROTO_UDP :
	       strcmp(name, "sctp") == 0 ? IPPROTO_SCTP :
					   IPPROTO_TCP;
}

const char *question_protocol(const struct svcrules_question *q)
{
	return q->protocol == IPPROTO_UDP ? "udp" : q->protocol == IPPROTO_SCTP ? "sctp" : "tcp";
}

static int take_ndots(const char *text, unsigned *ret)
{
	unsigned long n = NDOTS_DEFAULT;

	if (text && !argument_number(text, NDOTS_MAX, &n)) {
		say("--ndots: '%s' is not valid, expected a number from 0 to %d", text, NDOTS_MAX);
		return EXIT_USAGE;
	}
	*ret = (unsigned)n;
	return EXIT_DONE;
}

static int add_question(struct questions *q, const struct svcrules_question *one)
{
	struct svcrules_question *v = q->v;

	/* grows when the number is a power of two */
	if (!(q->n & (q->n - 1))) {
		v = reallocarray(v, q->n ? q->n * 2 : 1, sizeof(*v));
		if (!v)
			return say_enomem();
	}
	q->v = v;
	v[q->n++] = *one;
	return EXIT_DONE;
}

/* ---- The command line --------------------------------------------------- */

static int take_one(struct questions *q, const struct arguments *a, unsigned ndots)
{
	const char *protocol = a->value[OPT_PROTOCOL];

	if (!a->given[OPT_SOURCE] || !a->given[OPT_TO]) {
		say("%s is missing; see 'svcrules help explain'",
		    a->given[OPT_SOURCE] ? "--to PLACE" : "--from PLACE");
		return EXIT_USAGE;
	}
	return add_question(q, &(struct svcrules_question){
				       .from = a->value[OPT_SOURCE],
				       .to = a->value[OPT_TO],
				       .ndots = ndots,
				       .protocol = question_number(protocol ? protocol : "tcp") });
}

/* True if both are to be read from the standard input. */
static bool both_standard_input(const struct arguments *a)
{
	for (size_t i = 0; i < a->nfiles; i++)
		if (strcmp(a->files[i], "-") == 0 && strcmp(a->value[OPT_QUESTIONS], "-") == 0)
			return true;
	return false;
}

static int open_questions(const struct arguments *a, struct files *ret)
{
	const char *path = a->value[OPT_QUESTIONS];
	struct stat st;
	int code;

	for (int id = OPT_SOURCE; id <= OPT_PROTOCOL; id++)
		if (a->given[id]) {
			say("--questions and --%s exclude each other; see 'svcrules help explain'",
			    option_name(id));
			return EXIT_USAGE;
		}
	if (both_standard_input(a)) {
		say("-f and --questions cannot both be the standard input");
		return EXIT_USAGE;
	}
	if (stat(path, &st) == 0 && S_ISDIR(st.st_mode)) {
		say("--questions: %s is a directory, expected a file", path);
		return EXIT_USAGE;
	}
	code = files_open(ret, &path, 1);
	return code ? code : ret->bad ? EXIT_INPUT : EXIT_DONE;
}

int questions_take(struct questions *q, const struct arguments *a, struct files *ret)
{
	unsigned ndots;
	int code = take_ndots(a->value[OPT_NDOTS], &ndots);

	*ret = (struct files){ .n = 0 };
	if (code)
		return code;
	return a->given[OPT_QUESTIONS] ? open_questions(a, ret) : take_one(q, a, ndots);
}

/* ---- A file ------------------------------------------------------------- */

/* Reads all of it into q->text, terminated. */
static int questions_text(void *arg, const char *source, int fd)
{
	struct questions *q = arg;
	size_t n = 0, size = 0;
	long got;

	do {
		if (n + 1 >= size) {
			char *p = realloc(q->text, size = size ? size * 2 : 4096);

			if (!p)
				return say_enomem();
			q->text = p;
		}
		got = files_fill(&fd, q->text + n, size - n - 1);
		n += got > 0 ? (size_t)got : 0;
	} while (got > 0 && n <= TEXT_MAX);
	q->text[n] = '\0';
	if (got < 0)
		say("%s: cannot read: %s", source, strerror((int)-got));
	else if (n > TEXT_MAX || strlen(q->text) < n)
		say("%s: expected lines of text, at most %u MiB", source, TEXT_MAX >> 20);
	else
		return EXIT_DONE;
	return EXIT_INPUT;
}

static bool question_is_protocol(const char *word)
{
	return strcmp(word, "tcp") == 0 || strcmp(word, "udp") == 0 || strcmp(word, "sctp") == 0;
}

static int take_line(struct questions *q, const char *source, char *line, unsigned number,
		     unsigned ndots)
{
	char *save = NULL, *from = strtok_r(line, BLANKS, &save);
	char *to = from ? strtok_r(NULL, BLANKS, &save) : NULL;
	char *protocol = to ? strtok_r(NULL, BLANKS, &save) : NULL;
	const char *more = protocol ? strtok_r(NULL, BLANKS, &save) : NULL;
	struct svcrules_question one = { .from = from, .to = to, .ndots = ndots };

	if (!from || *from == '#')
		return EXIT_DONE;
	if (!to || more) {
		say("%s:%u: expected FROM TO [tcp|udp|sctp], found %s'%.200s'", source, number,
		    to ? "also " : "only ", to ? more : from);
		return EXIT_INPUT;
	}
	if (protocol && !question_is_protocol(protocol)) {
		say("%s:%u: '%.200s' is not known, expected one of: tcp udp sctp", source, number,
		    protocol);
		return EXIT_INPUT;
	}
	one.protocol = question_number(protocol ? protocol : "tcp");
	q->lines[q->n] = number;
	return add_question(q, &one);
}

int questions_read(struct questions *q, const struct arguments *a, struct files *files)
{
	unsigned ndots, number = 0, lines = 1;
	char *line, *rest;
	int code;

	if (!a->given[OPT_QUESTIONS])
		return EXIT_DONE;
	code = take_ndots(a->value[OPT_NDOTS], &ndots);
	if (!code)
		code = files_each(files, questions_text, q);
	for (const char *p = code ? NULL : q->text; p && (p = strchr(p, '\n')); p++)
		lines++;
	if (!code && !(q->lines = calloc(lines, sizeof(*q->lines))))
		code = say_enomem();
	rest = q->text;
	while (!code && (line = strsep(&rest, "\n")))
		code = take_line(q, files->v[0].source, line, ++number, ndots);
	if (!code && !q->n) {
		say("%s: there is no question in it", files->v[0].source);
		code = EXIT_INPUT;
	}
	return code;
}

void questions_release(struct questions *q)
{
	free(q->v);
	free(q->lines);
	free(q->text);
	*q = (struct questions){ .n = 0 };
}
