/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What checks found, as a list, and which checks are on. */
#ifndef SVCR_FINDINGS_H
#define SVCR_FINDINGS_H

#include "arena.h"
#include "list.h"
#include "rules/check/check.h"

#define SVCR_FINDINGS_KEPT 1000 /* of each check; others are counted */
#define SVCR_CHECKS_MAX 128     /* rows of the table */
#define SVCR_LACKS_MAX 8        /* things that an input may lack */

/* What an input lacks, and the checks that are not run for want of it. */
struct svcr_lack {
	const char *what;
	const char *checks[SVCR_CHECKS_MAX]; /* their names */
	size_t n;
};

struct svcrules_findings {
	struct svcr_arena arena; /* owns the strings */
	SVCR_LIST(struct svcrules_diag) list;
	size_t count[SVCRULES_ERROR + 1];           /* by severity */
	enum svcrules_level level[SVCR_CHECKS_MAX]; /* by row */
	size_t found[SVCR_CHECKS_MAX];              /* by row, kept or not */
	uint64_t dropped[SVCR_CHECKS_MAX];          /* by row: not kept, and not told yet */
	struct svcr_lack lacks[SVCR_LACKS_MAX];
	size_t nlacks;
	size_t run; /* checks that were run */
	bool idle;  /* the input has nothing that they are about */
};

/* The number of the row with that name; SVCR_CHECKS_MAX: none. */
size_t svcr_check_row(const char *name);
/* Sorts the list, and tells in the last of each check how many are not kept. */
void svcr_findings_sort(struct svcrules_findings *f);
/* Sets the lines of findings that have none, for objects of the model. 0 or -ENOMEM. */
int svcr_findings_place(struct svcrules_findings *f, const struct svcrules_model *m);
/* The words for what a row needs; NULL: nothing. */
const char *svcr_check_needs(unsigned needs);

#endif
