/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The objects read so far, so that one that is in the input twice is found. */
#ifndef SVCR_SEEN_H
#define SVCR_SEEN_H

#include "arena.h"
#include "table.h"

struct svcr_kind;

/* Entries of one list of the model, one after the other (svcr_model_list()). */
struct svcr_span {
	uint32_t at;
	uint32_t n : 28, list : 4;
};

#define SVCR_SPANS 2 /* lists that one object has entries in, at most: a Node has two */

/*
 * An object: its kind, namespace and name, the input that it came from, and where
 * it is in the model. Strings are interned.
 */
struct svcr_seen {
	const struct svcr_kind *kind; /* the first one of that name that the model reads */
	const char *ns;               /* NULL for kinds that have no namespaces */
	const char *name;
	const char *source; /* as svcrules_model_read() has it */
	uint64_t version;   /* of its metadata; 0: unknown */
	uint32_t uid;       /* a hash of it; 0: unknown */
	uint32_t line : 29; /* in `source`, of a model with `lines`; 0: unknown */
	bool event : 1;     /* from a watch event */
	bool deleted : 1;   /* by a watch event; it has no entries then */
	bool overlay : 1;   /* read as part of the overlay: overlay.h */
	struct svcr_span span[SVCR_SPANS];
};

/*
 * Adds `o` to the table unless an object of the same kind, namespace and name
 * is in it. Returns the entry of the table, which is in `a`, and sets
 * *ret_added if it is new; NULL when memory is short. The caller releases `t`.
 */
struct svcr_seen *svcr_seen_add(struct svcr_table *t, struct svcr_arena *a,
				const struct svcr_seen *o, bool *ret_added);

#endif
