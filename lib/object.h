/* SPDX-License-Identifier: GPL-2.0-or-later */
/* One Kubernetes object, from its kind to its end in the model. */
#ifndef SVCR_OBJECT_H
#define SVCR_OBJECT_H

#include "kinds/kinds.h"
#include "reader.h"

/* How an object says what it is; interned, NULL while unknown. */
struct svcr_head {
	const char *kind, *api;
};

/* An object that is being read into r->object; only one is at a time. */
struct svcr_reading {
	const struct svcr_kind *kind;
	int index;            /* of the item in its list; -1: a document of its own */
	size_t first, errors; /* numbers of diagnostics and of errors before the object */
};

/*
 * Allocates r->object for the kinds that the model reads. Returns 0 or -ENOMEM;
 * the caller frees it.
 */
int svcr_object_init(struct svcr_reader *r);

/* Starts an object of kind `k`: empties r->object. */
struct svcr_reading svcr_object_start(struct svcr_reader *r, const struct svcr_kind *k, int index);
/* Ends it after its last field: moves it into the model and names it in its diagnostics. */
void svcr_object_finish(struct svcr_reader *r, const struct svcr_reading *x);
/* Ends it as if nothing of it had been read: no memory and no diagnostics remain. */
void svcr_object_abandon(struct svcr_reader *r, const struct svcr_reading *x);
/* Reads the next value, an object of kind `k`, from start to finish. */
void svcr_object_read(struct svcr_reader *r, const struct svcr_kind *k, int index);

/*
 * Takes the value of "kind" or "apiVersion", the key that was taken last. Returns
 * it interned, or NULL.
 */
const char *svcr_object_head(struct svcr_reader *r, const char *key);
/*
 * Counts an object that is skipped. A kind that is also read from another API is
 * counted with its API.
 */
void svcr_object_ignore(struct svcr_reader *r, const struct svcr_head *h);

/* Adds the error that a document (index -1) or an item of a list is no Kubernetes object. */
void svcr_object_foreign(struct svcr_reader *r, int index, const char *text);
extern const char svcr_object_no_kind[]; /* the text for an object without a kind */

#endif
