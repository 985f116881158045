/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Named checks of a model, and what they find. svcrules.h includes it. */
#ifndef SVCRULES_CHECK_H
#define SVCRULES_CHECK_H

#include "svcrules.h"

#ifdef __cplusplus
extern "C" {
#endif

struct svcrules_check {
	const char *name;
	const char *help;  /* one line */
	const char *needs; /* "EndpointSlices or Pods": without them it is not run; NULL: nothing */
	enum svcrules_severity severity;
	bool off; /* it is off unless it is switched on */
	/*
	 * Reading and building find it, too, with a severity of their own: see svcrules(1),
	 * DIAGNOSTICS
	 */
	bool reading;
};

/* The i-th check, in order of the names; false past the end. */
SVCRULES_API bool svcrules_check_at(size_t i, struct svcrules_check *ret);

/*
 * An empty model for checks: it reads objects of all kinds, also those without cluster IPs. NULL:
 * out of memory.
 */
SVCRULES_API struct svcrules_model *svcrules_check_model(void);

/*
 * True if checks of the model parse certificates: a program that loads libcrypto only then does so
 * before svcrules_findings_run().
 */
SVCRULES_API bool svcrules_check_certificates(const struct svcrules_model *m);

struct svcrules_findings; /* a list; owns its strings */

SVCRULES_API struct svcrules_findings *svcrules_findings_new(void); /* NULL: out of memory */
SVCRULES_API void svcrules_findings_free(struct svcrules_findings *f);

enum svcrules_level { SVCRULES_CHECK_OFF, SVCRULES_CHECK_ON, SVCRULES_CHECK_ERROR };

/*
 * Switches a check on or off, or makes what it finds an error. Errors of reading stay. Returns 0 or
 * -ENOENT: there is no such check.
 */
SVCRULES_API int svcrules_findings_level(struct svcrules_findings *f, const char *name,
					 enum svcrules_level level);
/* Adds what reading found. Returns 0 or -ENOMEM. */
SVCRULES_API int svcrules_findings_add(struct svcrules_findings *f, const struct svcrules_diags *d);
/*
 * Runs all checks that are on. The model is one of svcrules_check_model(), read without errors.
 * Checks that depend on a node need the option node-name; node-port-range, local-ports and
 * allow-external-cidr are for checks alone. Returns 0 or -ENOMEM.
 */
SVCRULES_API int svcrules_findings_run(struct svcrules_findings *f, const struct svcrules_model *m,
				       const struct svcrules_options *o);
/*
 * The i-th finding, in order of file, object, field and check; NULL past the end. `more` counts
 * those of the check that are not kept. Valid until something is added.
 */
SVCRULES_API const struct svcrules_diag *svcrules_findings_get(const struct svcrules_findings *f,
							       size_t i);
/* The number of findings of that severity, also of those that are not kept. */
SVCRULES_API size_t svcrules_findings_count(const struct svcrules_findings *f,
					    enum svcrules_severity severity);
/*
 * The i-th thing that the input lacks ("Nodes"), and the names of the *ret_n checks that were not
 * run for want of it, by name; NULL past the end.
 */
SVCRULES_API const char *svcrules_findings_missing(const struct svcrules_findings *f, size_t i,
						   const char *const **ret_checks, size_t *ret_n);
/*
 * Prints the findings as "text" (NULL: the same), "json", "sarif" (SARIF 2.1.0) or "github"
 * (commands of GitHub Actions). Returns 0, -EINVAL (no such format), -ENOMEM, or what `write`
 * returned.
 */
SVCRULES_API int svcrules_findings_print(const struct svcrules_findings *f, const char *format,
					 svcrules_write_fn write, void *arg);

#ifdef __cplusplus
}
#endif
#endif
