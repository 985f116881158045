/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which of many names was meant by a wrong one. */
#ifndef SVCR_EXPLAIN_NEAR_H
#define SVCR_EXPLAIN_NEAR_H

#include <stdbool.h>
#include <stddef.h>

struct svcr_near {
	const char *word; /* as it was given */
	const char *best; /* the nearest name so far, borrowed; NULL: none is like it */
	size_t distance;
};

/* Looks at a name, which must live on. Equally near: the first. */
void svcr_near_try(struct svcr_near *n, const char *name);

#endif
