/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/iptables/loaded.h"

#include <errno.h>

#define OURS "SVCRULES-"

static size_t ipt_line_len(const char *s)
{
	return strcspn(s, "\n");
}

static const char *next_line(const char *s)
{
	s += ipt_line_len(s);
	return *s ? s + 1 : s;
}

static bool begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

bool svcr_ipt_saved(const char *text)
{
	bool table = false, complete = true;

	for (const char *s = text; *s; s = next_line(s)) {
		if (*s == '*') {
			table = true;
			complete = false;
		} else if (begins(s, "COMMIT")) {
			complete = true;
		} else if (!strchr("#\n", *s) && (!table || !strchr(":-[", *s))) {
			return false;
		}
	}
	return complete;
}

static int ipt_add_name(struct svcr_ipt_names *l, const char *s, size_t len,
			struct svcr_arena *arena)
{
	const char **slot = SVCR_GROW(l);

	if (slot)
		*slot = svcr_arena_strndup(arena, s, len);
	return slot && *slot ? 0 : -ENOMEM;
}

/* Takes a rule of a built-in chain if it jumps to the chain that this one is to jump to. */
static int take_hook(struct svcr_ipt_loaded *l, uint8_t table, const char *s,
		     struct svcr_arena *arena)
{
	size_t len = ipt_line_len(s);

	for (int i = 0; i < IPT_FIXED_COUNT; i++) {
		const struct svcr_ipt_fixed_chain *c = &svcr_ipt_fixed_chains[i];
		char end[2 * SVCR_IPT_NAME];
		size_t n, name = c->hook ? strlen(c->hook) : 0;

		if (!c->hook || c->table != table || !begins(s, c->hook) || s[name] != ' ')
			continue;
		n = (size_t)snprintf(end, sizeof(end), " -j " OURS "%s", c->name);
		if (len >= name + n && memcmp(s + len - n, end, n) == 0)
			return ipt_add_name(&l->hooks[i], s, len, arena);
	}
	return 0;
}

int svcr_ipt_name_cmp_sort(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static uint8_t table_of_line(const char *s)
{
	uint8_t t = 0;

	while (t < IPT_TABLES && (!begins(s, svcr_ipt_table_names[t]) ||
				  ipt_line_len(s) != strlen(svcr_ipt_table_names[t])))
		t++;
	return t;
}

int svcr_ipt_loaded_read(struct svcr_ipt_loaded *l, const char *text, struct svcr_arena *arena)
{
	uint8_t table = IPT_TABLES;
	int err = 0;

	for (const char *s = text; *s && !err; s = next_line(s)) {
		if (*s == '*')
			table = table_of_line(s + 1);
		else if (table == IPT_TABLES)
			continue;
		else if (begins(s, ":" OURS))
			err = ipt_add_name(&l->chains[table], s + 1, strcspn(s + 1, " \n"), arena);
		else if (begins(s, "-A "))
			err = take_hook(l, table, s + 3, arena);
	}
	for (int t = 0; t < IPT_TABLES; t++)
		if (l->chains[t].n)
			qsort(l->chains[t].v, l->chains[t].n, sizeof(char *),
			      svcr_ipt_name_cmp_sort);
	return err;
}

void svcr_ipt_loaded_release(struct svcr_ipt_loaded *l)
{
	for (int t = 0; t < IPT_TABLES; t++)
		free(l->chains[t].v);
	for (int i = 0; i < IPT_FIXED_COUNT; i++)
		free(l->hooks[i].v);
	*l = (struct svcr_ipt_loaded){ 0 };
}
