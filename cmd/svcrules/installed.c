/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "installed.h"
#include "exit.h"
#include "kernel/read.h"

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


int installed_read(struct session *s, const struct svcrules_options *settings,
		   struct svcrules_ruleset **ret)
{
	const struct svcrules_target *t;
	int code = EXIT_DONE;

	*ret = NULL;
	for (size_t i = 0; !code && !*ret && (t = svcrules_target(i)); i++) {
		struct svcrules_ruleset *like, *have = NULL;
		struct svcrules_stats stats;

		if (!t->kernel)
			continue;
		like = installed_like(t, settings);
		code = like ? kernel_read_to_remove(s, like, &have) : session_no_memory(s);
		if (!code) {
			svcrules_ruleset_stats(have, &stats);
			if (stats.ipv4 || stats.ipv6)
				*ret = have;
			else
				svcrules_ruleset_free(have);
		}
		svcrules_ruleset_free(like);
	}
	return code;
}
