/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "list/list.h"
#include "command.h"

#include <stdlib.h>
#include <string.h>

/* The name of two that is more like the one that was asked for. */
static void remember_near(struct listing *l, const char *name)
{
	const char *names[] = { l->near ? l->near : name, name };
	const char *near = nearest(l->name, names, 2);

	if (!near || (l->near && near == l->near))
		return;
	free(l->near);
	l->near = strdup(name);
	l->failed = l->failed || !l->near;
}

bool listing_takes(struct listing *l, const char *ns, const char *name)
{
	bool here = !l->ns || strcmp(l->ns, ns) == 0;

	if (!l->name)
		return here;
	if (strcmp(l->name, name) == 0) {
		if (!here && !l->elsewhere) {
			l->elsewhere = strdup(ns);
			l->failed = l->failed || !l->elsewhere;
		}
		return here;
	}
	if (here)
		remember_near(l, name);
	return false;
}

void list_start(struct listing *l, const char *header, const char *wide)
{
	char text[256];

	if (l->json) {
		fputs("{\"version\": 1, \"items\": [", stdout);
		return;
	}
	snprintf(text, sizeof(text), "%s%s%s%s", l->ns ? "" : "NAMESPACE|", header,
		 l->wide ? "|" : "", l->wide ? wide : "");
	columns_start(&l->table, text);
}

void listing_row(struct listing *l, const char *ns)
{
	if (l->json) {
		fputs(l->shown ? ",\n  {\"namespace\": " : "\n  {\"namespace\": ", stdout);
		json_put(ns);
	} else if (!l->ns) {
		columns_add(&l->table, "%s", ns);
	}
	l->shown++;
}

void list_end(struct listing *l)
{
	if (l->json)
		puts(l->shown ? "\n]}" : "]}");
	else if (l->shown && !l->table.failed)
		columns_print(&l->table);
	l->failed = l->failed || l->table.failed;
}

void listing_release(struct listing *l)
{
	columns_release(&l->table);
	free(l->near);
	free(l->elsewhere);
	l->near = l->elsewhere = NULL;
}
