/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `status` prints. */
#ifndef SVCRULES_LIST_STATUS_H
#define SVCRULES_LIST_STATUS_H

#include "list/columns.h"
#include "state/last_run.h"
#include "svcrules.h"

/* What one target installed. */
struct status_entry {
	const char *target;
	struct svcrules_ruleset *have; /* owned */
	char *tables;                  /* "ip svcrules, ip6 svcrules"; "": none; malloc'ed */
	bool interface;                /* svcrules0 exists */
	bool has_servers;              /* the target has virtual servers */
	size_t addresses, servers;     /* of the interface; virtual servers */
	struct svcrules_installed *installed;
	bool known; /* the last run left its state, of which `last` is */
	struct last_run last;
	char *drift; /* lines; "": none; NULL: unknown; malloc'ed */
};

struct status_report {
	int64_t now;
	const char *table;      /* the only name that was asked for; NULL: all are shown */
	struct status_entry *v; /* malloc'ed */
	size_t n, cap;
};

/* A new entry; NULL: out of memory. */
struct status_entry *status_entry_add(struct status_report *r);
/* True if something is installed, and all of it is known to be as the last run left it. */
bool status_as_left(const struct status_report *r);
void status_text(const struct status_report *r);
void status_json(const struct status_report *r);
void status_release(struct status_report *r);

#endif
