/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Diagnostics about the input, in a list that the caller of the library owns. */
#ifndef SVCR_DIAG_H
#define SVCR_DIAG_H

#include <stddef.h>
#include "svcrules.h"

/*
 * Adds a diagnostic. `diag` has all members but the text; its strings are
 * copied. Shortage of memory is remembered in the list (svcrules_diags_failed()).
 */
void svcr_diag(struct svcrules_diags *d, const struct svcrules_diag *diag, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* Sets the object of all diagnostics from index `first` on that have none; the name is copied. */
void svcr_diags_name(struct svcrules_diags *d, size_t first, const char *object);
/* Removes all diagnostics from index `n` on. */
void svcr_diags_cut(struct svcrules_diags *d, size_t n);

#endif
