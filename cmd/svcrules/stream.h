/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts that are written into memory, by open_memstream(3). */
#ifndef SVCRULES_STREAM_H
#define SVCRULES_STREAM_H

#include <stdio.h>

/*
 * Closes a stream whose text is *text. Returns 0 with all that was written in it, or -ENOMEM with
 * *text NULL: fclose() reports success even if it has no memory for the text (glibc 2.36).
 */
int stream_end(FILE *f, char **text);
/* The same for a stream that stays open: 0, or -ENOMEM; the text stays the stream's. */
int stream_flush(FILE *f, char *const *text);
/* Appends to a FILE; a svcrules_write_fn. 0 or -ENOMEM. */
int stream_append(void *f, const char *buf, size_t len);

#endif
