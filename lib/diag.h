/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is said about the input: a list that its caller owns. */
#ifndef SVCR_DIAG_H
#define SVCR_DIAG_H

#include <stddef.h>
#include "svcrules.h"

/*
 * Adds a diagnostic. `diag` gives all but the text; its strings are copied.
 * When memory is short the list remembers that (svcrules_diags_failed).
 */
void svcr_diag(struct svcrules_diags *d, const struct svcrules_diag *diag, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Names the object in all diagnostics from index `first` on that have none. */
void svcr_diags_name(struct svcrules_diags *d, size_t first, const char *object);
/* Takes back all diagnostics from index `n` on. */
void svcr_diags_cut(struct svcrules_diags *d, size_t n);

#endif
