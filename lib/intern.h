/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Interned strings: equal texts are stored once, so that == compares them. */
#ifndef SVCR_INTERN_H
#define SVCR_INTERN_H

#include "arena.h"
#include "str.h"
#include "table.h"

/* Zeroed when empty. */
struct svcr_strings {
	struct svcr_table table;
	uint64_t seed;
};

/*
 * Returns the terminated copy of `s`, made in `a` when the text is new; NULL
 * when memory is short. All strings of one table live in the same arena.
 */
const char *svcr_intern(struct svcr_strings *t, struct svcr_arena *a, struct svcr_str s);
/* Frees the table; the strings go with their arena. */
void svcr_strings_release(struct svcr_strings *t);

#endif
