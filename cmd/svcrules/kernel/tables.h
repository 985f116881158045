/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Tables that svcrules made, whatever is in them. */
#ifndef SVCRULES_KERNEL_TABLES_H
#define SVCRULES_KERNEL_TABLES_H

#include "kernel/session.h"

struct tables_choice {
	const char *target;  /* of which target; NULL: of all */
	const char *name;    /* the only one looked for; NULL: all */
	bool report_foreign; /* a table of that name that svcrules did not make is an error */
	bool dry_run;        /* only reports what would be deleted */
	/* grows by the number of flows deleted; NULL: flows stay */
	size_t *flows;
};

/* Takes the family ("ip" or "ip6") and the name of a table that was deleted. */
typedef void (*tables_deleted_fn)(const char *family, const char *name, void *arg);

/*
 * Deletes tables: first all their rules in one transaction; then the flows of UDP and SCTP to
 * their services, while the maps still show which these are; then all of them in another, with
 * what runs left in files for them. Then `deleted` (may be NULL) is called for each, IPv4 before
 * IPv6, also in a dry run. Returns an exit code, with findings.
 */
int tables_delete(struct session *s, const struct tables_choice *choice, tables_deleted_fn deleted,
		  void *arg);
/*
 * True if tables of that name enforce network policies; *ret_base (may be NULL) is then the length
 * of the name without its end, to which the names of targets' tables begin.
 */
bool tables_of_policies(const char *name, size_t *ret_base);
/* Removes the rules of such tables; chains and maps stay. Returns an exit code, with findings. */
int tables_stop(struct session *s, const struct tables_choice *choice);

#endif
