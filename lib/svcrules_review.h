/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For reviewers: manifests over the answer of an API server. svcrules.h includes it. */
#ifndef SVCRULES_REVIEW_H
#define SVCRULES_REVIEW_H

#include "svcrules.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * From now on, what is read is laid over what was read before, as 'kubectl apply' would: an object
 * takes the place of the one of its name, and a Service keeps the cluster IPs, node ports and
 * addresses of load balancers that an API server assigned to it. svcrules_model_overlay_end(),
 * after the last file, lets endpoints follow, as far as they can be known: `d` says what cannot.
 * It returns 0 or -ENOMEM.
 */
SVCRULES_API void svcrules_model_overlay(struct svcrules_model *m);
SVCRULES_API int svcrules_model_overlay_end(struct svcrules_model *m, struct svcrules_diags *d);

/* How "text" and "markdown" are printed; all zero is the default. */
struct svcrules_review {
	size_t limit; /* of services, and of addresses and ports of each; 0: none */
	bool colour;  /* ANSI colours in text */
	/* lines that "markdown" repeats, about what could not be known; NULL: none */
	const char *remarks;
	const char *node; /* "markdown" names it as the node that the rules are of; NULL: none */
};
/* The same as svcrules_changes_print(). */
SVCRULES_API int svcrules_changes_review(const struct svcrules_changes *c, const char *format,
					 const struct svcrules_review *how, svcrules_write_fn write,
					 void *arg);

#ifdef __cplusplus
}
#endif
#endif
