/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "installed.h"
#include "exit.h"
#include "kernel/read.h"

#include <stdio.h>
#include <string.h>

/* What is built from no objects. */
struct svcrules_ruleset *installed_like(const struct svcrules_target *t,
					const struct svcrules_options *settings)
{
	struct svcrules_model *m = svcrules_model_new(t->name, NULL);
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_ruleset *like = NULL;

	if (m && d && svcrules_build(m, settings, t->name, d, &like))
		like = NULL;
	svcrules_model_free(m);
	svcrules_diags_free(d);
	return like;
}

int installed_has(struct session *s, const struct svcrules_target *t, const char *name, bool *ret)
{
	struct svcrules_ruleset *found = NULL;
	uint8_t family;
	int err = kernel_find(s, t->name, name, &found);

	if (err)
		return session_failed(s, "read the kernel's tables", err);
	*ret = svcrules_ruleset_table(found, 0, &family) != NULL;
	svcrules_ruleset_free(found);
	return EXIT_DONE;
}

static int installed_read_target(struct session *s, const struct svcrules_target *t,
				 const struct svcrules_options *settings,
				 struct svcrules_ruleset **ret)
{
	struct svcrules_ruleset *like = installed_like(t, settings);
	int code = like ? kernel_read_to_remove(s, like, ret) : session_no_memory(s);

	svcrules_ruleset_free(like);
	return code;
}

int installed_read(struct session *s, const struct svcrules_options *settings,
		   struct svcrules_ruleset **ret)
{
	const char *base = svcrules_options_get(settings, "table");
	const struct svcrules_target *t;
	char name[256];
	bool there;
	int code = EXIT_DONE;

	*ret = NULL;
	for (size_t i = 0; !code && !*ret && (t = svcrules_target(i)); i++) {
		if (!t->kernel)
			continue;
		snprintf(name, sizeof(name), "%s%s", base, t->table_suffix);
		code = installed_has(s, t, name, &there);
		if (!code && there)
			code = installed_read_target(s, t, settings, ret);
	}
	if (code || *ret)
		return code;
	/* those of policies may be alone */
	snprintf(name, sizeof(name), "%s%s", base, SVCRULES_POLICY_SUFFIX);
	code = installed_has(s, svcrules_target(0), name, &there);
	return code || !there ? code : installed_read_target(s, svcrules_target(0), settings, ret);
}

void installed_base_of(const char *name, char base[static 256])
{
	const struct svcrules_target *t = svcrules_target_of_table(name);
	size_t len = strlen(name), policy = strlen(SVCRULES_POLICY_SUFFIX), suffix;

	if (len > policy && strcmp(name + len - policy, SVCRULES_POLICY_SUFFIX) == 0)
		len -= policy;
	else if (t && (suffix = strlen(t->table_suffix)) < len)
		len -= suffix;
	snprintf(base, 256, "%.*s", (int)len, name);
}
