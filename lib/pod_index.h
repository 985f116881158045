/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pods by their labels, so that a selector is not compared with each pod. */
#ifndef SVCR_POD_INDEX_H
#define SVCR_POD_INDEX_H

#include "model.h"

/* The pods of a namespace that have the same labels, as those of a Deployment. */
struct svcr_pod_class {
	const char *ns;
	const struct svcr_labels *labels;
	const uint32_t *pods; /* numbers in the model, in order */
	uint32_t n;
};

struct svcr_pod_label;

/* Zeroed when empty. */
struct svcr_pod_index {
	bool made;
	uint32_t *order; /* all pods; classes have parts of it */
	/* by namespace; in one the class of most pods first, then by the labels' text */
	struct svcr_pod_class *classes;
	size_t nclasses;
	struct svcr_pod_label *labels;
	size_t nlabels;
};

/* Fills an empty index; does nothing to another one. 0 or -ENOMEM; the caller releases it. */
int svcr_pod_index_make(struct svcr_pod_index *x, const struct svcrules_model *m);
void svcr_pod_index_release(struct svcr_pod_index *x);
/* The classes of a namespace; NULL, *ret_n 0: none. */
const struct svcr_pod_class *svcr_pod_index_classes(const struct svcr_pod_index *x, const char *ns,
						    size_t *ret_n);
/*
 * Calls `each` for the classes of the namespace that have all n labels, of which there is at least
 * one; ends with the first error of `each`, and returns it.
 */
int svcr_pod_index_match(const struct svcr_pod_index *x, const char *ns, const struct svcr_pair *v,
			 size_t n, int (*each)(void *arg, const struct svcr_pod_class *c),
			 void *arg);

#endif
