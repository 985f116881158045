/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of several copies of one object the model has. */
#ifndef SVCR_IDENTITY_H
#define SVCR_IDENTITY_H

#include "reader.h"

struct svcr_kind;
struct svcr_metadata;

#define SVCR_MODEL_LISTS_MAX 16 /* more lists than a model has */

/* The lengths of the model's lists before an object was moved into it. */
struct svcr_lengths {
	uint32_t n[SVCR_MODEL_LISTS_MAX];
};

void svcr_identity_start(struct svcr_reader *r, struct svcr_lengths *ret);
/*
 * After an object was moved into the model: takes it out again, or a former copy of
 * it, so that one remains.
 *
 * Copies with the same uid and resourceVersion, or with the same content as far as it
 * is read, are one object. Of others the one with the higher resourceVersion counts,
 * with a warning; it is an error if that is not known. An object in a watch event
 * takes the place of what events said before, and of older objects.
 *
 * `first` is the number of diagnostics before the object; those of an object that was
 * taken out are removed. Sets r->err when memory is short.
 */
void svcr_identity_finish(struct svcr_reader *r, const struct svcr_kind *k,
			  const struct svcr_metadata *meta, const struct svcr_lengths *before,
			  size_t first);

#endif
