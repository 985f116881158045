/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What `get` prints of objects: rows of a table, or JSON, from the input or from the kernel. */
#ifndef SVCRULES_LIST_LIST_H
#define SVCRULES_LIST_LIST_H

#include "list/columns.h"
#include "svcrules.h"

/* A name that was asked for. */
struct listed_name {
	const char *name;
	bool found; /* even if nothing of it is shown */
	/* the name that is most like it, or its other namespace; malloc'ed, NULL: none */
	char *near, *elsewhere;
};

struct listing {
	const char *ns;            /* NULL: all namespaces */
	struct listed_name *names; /* of services or policies; malloc'ed */
	size_t nnames;             /* 0: all */
	bool wide, json;
	int64_t now; /* nanoseconds since 1970 */
	struct columns table;
	size_t shown; /* objects, in JSON as in the table */
	bool failed;  /* memory was short */
};

/* What JSON says for each enum svcrules_verdict: "served", "refused", "dropped", "left out". */
extern const char *const list_verdicts[];

/* True if the object is to be shown; else remembers what may have been meant. */
bool listing_takes(struct listing *l, const char *ns, const char *name);
/* Adds a name that is to be shown, whose text stays the caller's. 0 or -ENOMEM. */
int listing_add_name(struct listing *l, const char *name);
/* Starts a row, with the namespace if all are shown; or starts an object of JSON. */
void listing_row(struct listing *l, const char *ns);
/*
 * The endpoints of one service as kubectl prints them: three, and how many more.
 */
struct brief {
	char text[256];
	size_t n; /* of all */
};
void brief_add(struct brief *b, const char *address, uint16_t port);
/* Adds the column, "<none>" without any. */
void brief_column(struct columns *t, struct brief *b);
/* The header and the columns of each kind; `wide` are more columns, for -o wide. */
void list_start(struct listing *l, const char *header, const char *wide);
/* Prints the table or ends the JSON. */
void list_end(struct listing *l);
void listing_release(struct listing *l);

/*
 * Each prints one kind of objects. Returns 0, -ENOMEM, or another negative errno of the list.
 */
int list_services(struct listing *l, struct svcrules_services *s);
int list_endpoints(struct listing *l, struct svcrules_services *s);
int list_policies(struct listing *l, const struct svcrules_policies *p);
#define LACK_TEXT 1024
/*
 * What packets to the i-th service miss, to stand behind "none": ": 2 endpoints, none is ready",
 * " at http: only IPv6 endpoints; and 1 more reason"; "": nothing. 0, or an error of the list.
 */
int list_lack(struct svcrules_services *s, size_t i, const struct svcrules_service *svc,
	      char ret[static LACK_TEXT]);
/* The same from rules of the kernel, of one target; names are in the comments there. */
int list_installed_services(struct listing *l, const struct svcrules_installed *k);
int list_installed_endpoints(struct listing *l, const struct svcrules_installed *k);
int list_installed_policies(struct listing *l, const struct svcrules_installed *k);

#endif
