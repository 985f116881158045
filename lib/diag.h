/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Diagnostics about the input, in a list that the caller of the library owns. */
#ifndef SVCR_DIAG_H
#define SVCR_DIAG_H

#include <stddef.h>
#include "svcrules.h"

/*
 * Adds a diagnostic, or only counts it if there are SVCRULES_DIAGS_KEPT of its
 * kind: an input may have millions of faults. `diag` has all members but the text; its strings are
 * copied. Shortage of memory is remembered in the list (svcrules_diags_failed()).
 */
void svcr_diag(struct svcrules_diags *d, const struct svcrules_diag *diag, const char *fmt, ...)
	__attribute__((format(printf, 3, 4)));
/* From now on so many errors of each kind are kept, instead of SVCRULES_DIAGS_KEPT. */
void svcr_diags_keep_errors(struct svcrules_diags *d, size_t n);
/* Sets the object of all diagnostics from index `first` on that have none; the name is copied. */
void svcr_diags_name(struct svcrules_diags *d, size_t first, const char *object);
/* Returns the mark to which svcr_diags_cut() can go back, until the next call. */
size_t svcr_diags_mark(struct svcrules_diags *d);
/* Removes all diagnostics since the last mark, which was `mark`. */
void svcr_diags_cut(struct svcrules_diags *d, size_t mark);

#endif
