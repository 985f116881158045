/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What takes longer than a second says so: one line on standard error, which is drawn again while
 * the work goes on and is gone when it is done. Only on a terminal.
 */
#ifndef SVCRULES_PROGRESS_H
#define SVCRULES_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>

/*
 * Allows the line, if standard error is a terminal that can draw a line again. Without this call
 * all other functions do nothing. A timer draws it, by SIGALRM: system calls may return EINTR.
 */
void progress_allow(void);

/*
 * From here on the line says `what`: "reading services.json". `total` is how many units of work
 * that is, 0 if nobody knows. Ends what began before; nothing is nested.
 */
void progress_begin(const char *what, size_t total);
/* `n` more units of work are done. */
void progress_add(size_t n);
/* Ends what began, if anything did; the line goes. */
void progress_end(void);

/* What is done in several places. */
extern const char progress_comparing[], progress_changing[], progress_waiting[];

/*
 * Takes the line away, so that something else can be printed, until progress_show() gets what was
 * returned.
 */
bool progress_hide(void);
void progress_show(bool hidden);

#endif
