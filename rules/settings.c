/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Options of targets, the names of their tables, and the options that all targets share. */
#include "options.h"
#include "rules/nft/words.h"
#include "rules/target.h"

#include <errno.h>
#include <string.h>

static const struct svcr_target *setting_owner(const char *name,
					       const struct svcrules_setting **ret)
{
	for (size_t i = 0; svcr_targets[i]; i++)
		for (const struct svcrules_setting *s = svcr_targets[i]->info.settings; s->name;
		     s++)
			if (strcmp(s->name, name) == 0) {
				*ret = s;
				return svcr_targets[i];
			}
	return NULL;
}

/* True if nft(8) can parse the name ("string" in its scanner). Targets append their suffixes. */
static bool table_valid(const char *name)
{
	size_t n = strspn(name,
			  "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");

	return n > 0 && !name[n] && n <= 200 && !strchr("0123456789-.", name[0]) &&
	       !*svcr_target_of_table(name)->info.table_suffix && !svcr_policy_table(name) &&
	       !svcr_nft_word(name);
}

static int set_table(struct svcrules_options *o, const char *value, struct svcrules_diags *d)
{
	char expected[256] = "letters, digits, '_', '-' and '.', a letter or '_' first, "
			     "no word of nft(8)'s language";
	size_t n = strlen(expected);
	int err;

	for (size_t i = 0; svcr_targets[i] && n < sizeof(expected); i++)
		if (*svcr_targets[i]->info.table_suffix)
			n += (size_t)snprintf(expected + n, sizeof(expected) - n, ", no '%s' last",
					      svcr_targets[i]->info.table_suffix);
	if (n < sizeof(expected))
		snprintf(expected + n, sizeof(expected) - n, ", no '%s' last",
			 SVCRULES_POLICY_SUFFIX);
	if (!value || !table_valid(value))
		return svcr_options_refuse("table", value, expected, d);
	err = svcr_options_keep(o, "table", value);
	if (!err)
		o->table = svcrules_options_get(o, "table");
	return err;
}

int svcrules_options_set(struct svcrules_options *o, const char *name, const char *value,
			 struct svcrules_diags *d)
{
	const struct svcrules_setting *s;
	const struct svcr_target *t = setting_owner(name, &s);
	const char *expected = NULL;

	if (strcmp(name, "table") == 0)
		return set_table(o, value, d);
	if (!t)
		return svcr_options_set(o, name, value, d);
	if (s->argument)
		expected = value ? t->expected(name, value) : s->argument;
	else if (value)
		expected = "no value";
	if (expected)
		return svcr_options_refuse(name, s->file ? "the text of the file" : value, expected,
					   d);
	return s->repeatable ? svcr_options_add(o, name, value) : svcr_options_keep(o, name, value);
}
