/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Formatted output through a function of the caller, and texts that grow in memory. */
#ifndef SVCR_OUT_H
#define SVCR_OUT_H

#include "svcrules.h"

/* Set `write` and `arg`, and zero the rest. */
struct svcr_out {
	svcrules_write_fn write;
	void *arg;
	/* the first failure: what `write` returned, or -ENOMEM; nothing is written after it */
	int err;
	size_t len;
	char buf[8192];
};

/* Appends formatted text of any length. */
void svcr_out(struct svcr_out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
/* Appends a string of any length. */
void svcr_out_str(struct svcr_out *o, const char *s);
/* Appends `len` bytes. */
void svcr_out_bytes(struct svcr_out *o, const char *s, size_t len);
/* Writes what is still in the buffer. Returns 0 or the first error. */
int svcr_out_end(struct svcr_out *o);

/* ---- Text in memory ------------------------------------------------------- */

/* Malloc'ed and terminated; NULL as long as it is empty. */
struct svcr_buffer {
	char *p;
	size_t len;
	bool wipe; /* it holds a secret: memory is overwritten before it is freed */
};

/* Appends; a svcrules_write_fn whose argument is the buffer. 0 or -ENOMEM. */
int svcr_buffer_append(void *arg, const char *buf, size_t len);
/* Frees the text, and makes the buffer an empty one. */
void svcr_buffer_release(struct svcr_buffer *b);

#endif
