/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The objects read so far, so that one that is in the input twice is found. */
#ifndef SVCR_SEEN_H
#define SVCR_SEEN_H

#include "arena.h"
#include "table.h"

struct svcr_kind;

/*
 * An object: its kind, namespace and name, and the input that it came from.
 * Strings are interned.
 */
struct svcr_seen {
	const struct svcr_kind *kind;
	const char *ns; /* NULL for kinds that have no namespaces */
	const char *name;
	const char *source; /* as svcrules_model_read() has it */
};

/*
 * Adds `o` to the table unless an object of the same kind, namespace and name
 * is in it. Returns the entry of the table, which is in `a`, and sets
 * *ret_added if it is new; NULL when memory is short. The caller releases `t`.
 */
const struct svcr_seen *svcr_seen_add(struct svcr_table *t, struct svcr_arena *a,
				      const struct svcr_seen *o, bool *ret_added);

#endif
