/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much two names differ. */
#ifndef SVCR_NEAR_H
#define SVCR_NEAR_H

#include <stddef.h>

#define SVCR_FAR ((size_t)-1)

/*
 * The number of characters to insert, delete or replace, and of neighbours to swap, that lead from
 * one to the other; SVCR_FAR if these are more than half of the longer one, or a name is longer
 * than 63 characters.
 */
size_t svcr_near(const char *a, const char *b);

#endif
