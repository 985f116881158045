/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The lines in which two texts differ. */
#ifndef SVCR_LINES_H
#define SVCR_LINES_H

#include "out.h"

/* A piece of text, which may have any bytes. */
struct svcr_span {
	const char *p;
	size_t n;
};

/*
 * Prints the lines that only `a` has with "-" before them, and those that only `b` has with "+", in
 * the order of the texts. Lines that occur once in each keep their order as far as possible; so the
 * time is that of sorting, whatever the texts are. On -ENOMEM, o->err is set.
 */
void svcr_lines_diff(struct svcr_out *o, struct svcr_span a, struct svcr_span b);

#endif
