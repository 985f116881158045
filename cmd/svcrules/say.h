/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Output: messages go to standard error, the product to standard output. */
#ifndef SVCRULES_SAY_H
#define SVCRULES_SAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/*
 * One line on standard error, "svcrules: " before it. Control characters and
 * invisible ones, which may come from the input, are escaped: "\n", "\x1b",
 * "\u202e".
 */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Says that there is no memory; returns EXIT_KERNEL. */
int say_enomem(void);

/* A svcrules_write_fn to standard output; `arg` is not used. */
int out_write(void *arg, const char *buf, size_t len);
/*
 * Lines for a terminal or a log, in which nothing of the input is obeyed: they are gathered, and
 * printed as say() prints messages. After out_lines_start(), out_lines_write() is a
 * svcrules_write_fn with the struct as its argument; out_lines_end() prints the lines unless `err`
 * is set, and releases them. They return 0, -ENOMEM, the error of out_write(), or `err`.
 */
struct out_lines {
	FILE *f;
	char *text;
	size_t size;
};
int out_lines_start(struct out_lines *l);
int out_lines_write(void *arg, const char *buf, size_t len);
int out_lines_end(struct out_lines *l, int err);
/* True if colours are wanted on standard output. */
bool out_colour(void);
/*
 * Flushes standard output. Returns `code`, or EXIT_KERNEL having said so if
 * anything written got lost: a full disk must not look like success. If that is
 * because nobody reads a pipe any more, the process ends by SIGPIPE, in silence.
 */
int out_end(int code);

#endif
