/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Formatted output through a callback; the first failure is sticky. */
#ifndef SVCR_OUT_H
#define SVCR_OUT_H

#include "svcrules.h"

struct svcr_out {
	svcrules_write_fn write;
	void *arg;
	int err;
	size_t len;
	char buf[8192];
};

void svcr_out(struct svcr_out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
void svcr_out_str(struct svcr_out *o, const char *s);
/* Writes what is left; returns the first error, or 0. */
int svcr_out_end(struct svcr_out *o);

#endif
