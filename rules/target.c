/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/target.h"
#include "options.h"

#include <string.h>

const struct svcr_target *svcr_target_find(const char *name)
{
	for (size_t i = 0; svcr_targets[i]; i++)
		if (!name || strcmp(svcr_targets[i]->info.name, name) == 0)
			return svcr_targets[i];
	return NULL;
}

static bool ends_with(const char *s, size_t len, const char *end)
{
	size_t n = strlen(end);

	return n <= len && strcmp(s + len - n, end) == 0;
}

bool svcr_policy_table(const char *table)
{
	return ends_with(table, strlen(table), SVCRULES_POLICY_SUFFIX);
}

const struct svcr_target *svcr_target_of_table(const char *table)
{
	const struct svcr_target *found = svcr_targets[0];
	size_t len = strlen(table), best = 0;

	for (size_t i = 0; svcr_targets[i]; i++) {
		const char *suffix = svcr_targets[i]->info.table_suffix;
		size_t n = strlen(suffix);

		if (n > best && ends_with(table, len, suffix)) {
			found = svcr_targets[i];
			best = n;
		}
	}
	return found;
}

const struct svcrules_target *svcrules_target(size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (!svcr_targets[k])
			return NULL;
	return svcr_targets[i] ? &svcr_targets[i]->info : NULL;
}

bool svcrules_annotation(const char *target, size_t i, struct svcrules_annotation *ret)
{
	const struct svcr_target *t = svcr_target_find(target);

	return t && t->annotation && t->annotation(i, ret);
}

const struct svcrules_target *svcrules_target_of_table(const char *table)
{
	return &svcr_target_of_table(table)->info;
}

struct svcrules_model *svcrules_model_new(const char *target, const struct svcrules_options *o)
{
	const struct svcr_target *t = svcr_target_find(target);
	struct svcrules_model *m = t ? svcr_model_new(t->reads) : NULL;
	int err;

	if (!m)
		return NULL;
	m->names = t->names;
	m->endpoints_only = t->endpoints_only;
	m->explain = o && o->explain;
	m->endpoint_pods = o && o->endpoint_pods;
	m->all_pods = o && (o->explain || o->network_policy);
	err = svcr_model_also(m, svcr_pod_kinds);
	if (!err && o && o->network_policy)
		err = svcr_model_also(m, svcr_policy_kinds);
	if (!err)
		return m;
	svcrules_model_free(m);
	return NULL;
}
