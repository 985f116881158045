/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "list/list.h"
#include "command.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define BRIEF_MAX 3 /* endpoints of a service that kubectl names */

const char *const list_verdicts[] = { [SVCRULES_SERVED] = "served",
				      [SVCRULES_REFUSES] = "refused",
				      [SVCRULES_DROPS] = "dropped",
				      [SVCRULES_LEFT_OUT] = "left out" };

int listing_add_name(struct listing *l, const char *name)
{
	struct listed_name *v = reallocarray(l->names, l->nnames + 1, sizeof(*v));

	if (!v)
		return -ENOMEM;
	l->names = v;
	v[l->nnames++] = (struct listed_name){ .name = name };
	return 0;
}

/* The name of two that is more like the one that was asked for. */
static void remember_near(struct listing *l, struct listed_name *n, const char *name)
{
	const char *names[] = { n->near ? n->near : name, name };
	const char *near = nearest(n->name, names, 2);

	if (!near || (n->near && near == n->near))
		return;
	free(n->near);
	n->near = strdup(name);
	l->failed = l->failed || !n->near;
}

/* An object whose name is the one that was asked for. */
static void remember_found(struct listing *l, struct listed_name *n, const char *ns, bool here)
{
	n->found = n->found || here;
	if (here || n->elsewhere)
		return;
	n->elsewhere = strdup(ns);
	l->failed = l->failed || !n->elsewhere;
}

bool listing_takes(struct listing *l, const char *ns, const char *name)
{
	bool here = !l->ns || strcmp(l->ns, ns) == 0, takes = here && !l->nnames;

	for (size_t i = 0; i < l->nnames; i++) {
		struct listed_name *n = &l->names[i];

		if (strcmp(n->name, name) == 0) {
			remember_found(l, n, ns, here);
			takes = here;
		} else if (here && !n->found) {
			remember_near(l, n, name);
		}
	}
	return takes;
}

void brief_add(struct brief *b, const char *address, uint16_t port)
{
	size_t len = strlen(b->text), size = sizeof(b->text) - len;
	char number[8] = "";

	if (b->n++ >= BRIEF_MAX)
		return;
	if (port)
		snprintf(number, sizeof(number), ":%u", port);
	snprintf(b->text + len, size, strchr(address, ':') && port ? "%s[%s]%s" : "%s%s%s",
		 b->n > 1 ? "," : "", address, number);
}

void brief_column(struct columns *t, struct brief *b)
{
	if (b->n > BRIEF_MAX)
		columns_add(t, "%s + %zu more...", b->text, b->n - BRIEF_MAX);
	else
		columns_add(t, "%s", b->text);
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
	for (size_t i = 0; i < l->nnames; i++) {
		free(l->names[i].near);
		free(l->names[i].elsewhere);
	}
	free(l->names);
	l->names = NULL;
	l->nnames = 0;
}
