/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words for --target, -o and annotations, which come from the list of targets. */
#ifndef SVCRULES_TARGET_TEXTS_H
#define SVCRULES_TARGET_TEXTS_H

#include "svcrules.h"

#define TARGET_TEXT_SIZE 512
#define REFUSED_TEXT_SIZE 8192

struct target_texts {
	char targets[TARGET_TEXT_SIZE]; /* "a b" */
	char targets_help[TARGET_TEXT_SIZE], targets_removed_help[TARGET_TEXT_SIZE];
	char formats[TARGET_TEXT_SIZE], formats_help[TARGET_TEXT_SIZE];
	char change_formats[TARGET_TEXT_SIZE], change_formats_help[TARGET_TEXT_SIZE];
	char refused[REFUSED_TEXT_SIZE]; /* the names of annotations that are refused: "a b" */
};

/* They are made once. */
const struct target_texts *target_texts(void);
/* The names of checks; with `both` also each with "no-" before it. Made once. */
const char *check_texts(bool both);
/* The formats of rule sets or of changes. */
const char *const *formats_of(const struct svcrules_target *t, bool changes);
/* True if `value` is one of the words of `choices`, which may be NULL. */
bool has_choice(const char *choices, const char *value);

#endif
