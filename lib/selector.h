/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Labels and label selectors (meta/v1 LabelSelector). Equal sets of labels are stored once in a
 * model, and so are equal selectors, so that == compares them.
 */
#ifndef SVCR_SELECTOR_H
#define SVCR_SELECTOR_H

#include "arena.h"
#include "map.h"
#include "out.h"
#include "table.h"

#include <stdbool.h>
#include <stdint.h>

/* The labels of an object. Keys and values are interned in the model. */
struct svcr_labels {
	const struct svcr_pair *v; /* sorted by key (strcmp), each key once */
	uint32_t n;
	uint32_t hash; /* of the content */
};

enum svcr_operator { SVCR_IN, SVCR_NOT_IN, SVCR_EXISTS, SVCR_DOES_NOT_EXIST };

/* A condition of a selector. An entry of matchLabels is SVCR_IN with one value. */
struct svcr_requirement {
	const char *key;
	enum svcr_operator op;
	uint32_t n;
	const char *const *values; /* interned, sorted (strcmp), each once; n of them */
};

struct svcr_selector {
	const struct svcr_requirement *v; /* all must hold; sorted, each once; none: selects all */
	uint32_t n;
	uint32_t hash; /* of the content */
};

/* Sets of labels and selectors of a model; zeroed when empty. */
struct svcr_selectors {
	struct svcr_table labels, selectors;
	uint64_t seed;
};

/*
 * Return the only copy of these labels (of this selector) in the arena `a`; NULL when memory is
 * short. `v` is sorted as the structs say, and is copied if the content is new, with its lists of
 * values; strings are borrowed.
 */
const struct svcr_labels *svcr_labels_intern(struct svcr_selectors *s, struct svcr_arena *a,
					     const struct svcr_pair *v, size_t n);
const struct svcr_selector *svcr_selector_intern(struct svcr_selectors *s, struct svcr_arena *a,
						 const struct svcr_requirement *v, size_t n);
/* Frees the tables; what they hold goes with the arena. */
void svcr_selectors_release(struct svcr_selectors *s);

struct svcr_out;
/* Writes "app=web,tier in (a,b)"; nothing if it selects all. */
void svcr_selector_out(struct svcr_out *o, const struct svcr_selector *s);

/* The value of the label with that key, which is interned; NULL: there is none. */
const char *svcr_labels_value(const struct svcr_labels *l, const char *key);
/* True if all requirements hold. `labels` NULL: an object without labels. */
bool svcr_selector_matches(const struct svcr_selector *s, const struct svcr_labels *labels);
/* Prints it as kubectl does: "app=web,tier in (a,b),!old"; nothing if it selects all. */
void svcr_selector_out(struct svcr_out *o, const struct svcr_selector *s);

#endif
