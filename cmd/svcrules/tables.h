/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables that svcrules made, whatever is in them. */
#ifndef SVCRULES_TABLES_H
#define SVCRULES_TABLES_H

#include "netlink/nfnetlink.h"
#include "netlink/transaction.h"

struct tables_choice {
	const char *name;                  /* the only one looked for, or NULL */
	bool (*chosen)(const char *name);  /* of all others of ours: those for which it is true */
	bool quiet; /* print nothing, and let a table of that name that is not ours be */
};

/* For tables_choice: all of ours. */
bool tables_any(const char *name);
/*
 * Deletes them, first all their rules in one transaction, then all of them in
 * another, with what runs left in files for them, and prints which. *ret_count:
 * how many. Returns an exit code, having said what is wrong.
 */
int tables_delete(struct netlink *n, const struct tables_choice *choice, size_t *ret_count);

/* Removes the rules of our table of that name in all families, its chains stay: before they are deleted, see tables.c. */
int tables_empty(struct netlink *n, const char *name);

#endif
