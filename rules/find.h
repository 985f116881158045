/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Finding tables that svcrules made, without what is in them. */
#ifndef SVCR_FIND_H
#define SVCR_FIND_H

#include "rules/target.h"

struct svcr_finder;

/*
 * Finds tables of one target (NULL: of all) and of one name (NULL: of any). NULL: out of
 * memory.
 */
struct svcr_finder *svcr_finder_new(const struct svcr_target *t, const char *table);
void svcr_finder_free(struct svcr_finder *f); /* accepts NULL */
/*
 * The part "nft" that the tables are added to; the caller owns it from then on, and keeps it as
 * long as the finder.
 */
struct svcr_part *svcr_finder_part(struct svcr_finder *f);
/* Work as svcrules_reader_next() and svcrules_reader_take() do. */
int svcr_finder_next(struct svcr_finder *f, struct svcrules_request *ret);
int svcr_finder_take(struct svcr_finder *f, const void *msg);
int svcr_finder_answered(struct svcr_finder *f, int err);

#endif
