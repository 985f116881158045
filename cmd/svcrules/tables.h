/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables that svcrules made, whatever is in them. */
#ifndef SVCRULES_TABLES_H
#define SVCRULES_TABLES_H

#include "nfnl.h"

struct tables_choice {
	const char *name;                  /* the only one looked for, or NULL */
	bool (*chosen)(const char *name);  /* of all others of ours: those for which it is true */
	bool quiet; /* print nothing, and let a table of that name that is not ours be */
};

/* For tables_choice: all of ours. */
bool tables_any(const char *name);
/*
 * Deletes them in one transaction, with what runs left in files for them, and
 * prints which. *ret_count: how many. Returns an exit code, having said what is wrong.
 */
int tables_delete(struct nfnl *n, const struct tables_choice *choice, size_t *ret_count);

#endif
