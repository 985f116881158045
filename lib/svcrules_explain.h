/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What happens to a connection, and why. svcrules.h includes it. */
#ifndef SVCRULES_EXPLAIN_H
#define SVCRULES_EXPLAIN_H

#include "svcrules.h"

#ifdef __cplusplus
extern "C" {
#endif

struct svcrules_question {
	/* an address, "namespace/pod", "node" or "outside" */
	const char *from;
	/* "ADDRESS:PORT", "namespace/service", "namespace/service:port" or a DNS name */
	const char *to;
	uint8_t protocol; /* IPPROTO_TCP, _UDP or _SCTP */
	unsigned ndots;   /* names with fewer dots are first looked for in the search list */
};

struct svcrules_explanation;

/*
 * A model like that of svcrules_model_new(), which also keeps Pods and, with `names`, what DNS
 * needs: names that no API server stores are then errors. NULL: out of memory, or no such target.
 */
SVCRULES_API struct svcrules_model *svcrules_model_explaining(const char *target,
							      const struct svcrules_options *o,
							      bool names);
/* The node that the Pod `from` is on, or NULL: none, or not a pod. Valid as long as `m`. */
SVCRULES_API const char *svcrules_explain_node(const struct svcrules_model *m,
					       const struct svcrules_question *q);
/* True if `to` is a name to be resolved, for which a rule set of the target "dns" is needed. */
SVCRULES_API bool svcrules_explain_named(const struct svcrules_question *q);
/*
 * Follows the first packet of a connection through `rs`, which was built from `m` with `o`, or read
 * from the kernel; then the statements of its rules are found. `dns` is a rule set of the target
 * "dns" made from the same model, for names; it may be NULL. Returns 0, -EINVAL (`d` has the error:
 * a place that cannot be understood), -ENOENT (likewise: that the input does not have), -ENOTSUP
 * (no rule set that can be followed) or -ENOMEM.
 */
SVCRULES_API int svcrules_explain(struct svcrules_ruleset *rs, const struct svcrules_ruleset *dns,
				  const struct svcrules_model *m, const struct svcrules_options *o,
				  const struct svcrules_question *q, struct svcrules_diags *d,
				  struct svcrules_explanation **ret);
SVCRULES_API void svcrules_explanation_free(struct svcrules_explanation *e);
/* True if no connection is refused or dropped. */
SVCRULES_API bool svcrules_explanation_delivered(const struct svcrules_explanation *e);
/*
 * Prints it as "text" (the default, NULL) or "json". Returns 0, -EINVAL (no such format), -ENOMEM,
 * or what `write` returned.
 */
SVCRULES_API int svcrules_explanation_print(const struct svcrules_explanation *e,
					    const char *format, svcrules_write_fn write, void *arg);

#ifdef __cplusplus
}
#endif
#endif
