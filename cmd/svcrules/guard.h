/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The guard on loss: an input that is not the whole cluster, or an export that failed half-way,
 * must not take most services from a node that serves them.
 */
#ifndef SVCRULES_GUARD_H
#define SVCRULES_GUARD_H

#include "command.h"
#include "svcrules.h"

/* How many addresses may be lost: --max-lost. */
struct guard {
	bool all;          /* any number */
	bool percent;      /* `limit` is a part of 100 of those that are served */
	size_t limit, min; /* min: with fewer served addresses any number may be lost */
};

/* Reads --max-lost. Returns an exit code, after a message about a wrong value. */
int guard_read(const struct arguments *a, struct guard *ret);
/*
 * Returns NULL if the changes may be made, else what they take from whom: a sentence, malloc'ed.
 * *ret_err: 0 or -ENOMEM.
 */
char *guard_objection(const struct guard *g, const struct svcrules_changes *c, int *ret_err);
/* Prints the objection as a warning, if there is one. Returns an exit code. */
int guard_warn(const struct guard *g, const struct svcrules_changes *c);

#endif
