/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The pod that has an address. */
#include "rules/explain/explain.h"

#include <errno.h>
#include <stdlib.h>

#define SEARCHED 16 /* addresses for which all pods are gone through each time */

/* Of pods that claim one address the first by name counts, whatever the order of the input is. */
static int pod_name_cmp(const struct svcr_pod *p, const struct svcr_pod *q)
{
	int d = strcmp(p->ns, q->ns);

	return d ? d : strcmp(p->name, q->name);
}

static int pod_at_sort(const void *a, const void *b)
{
	const struct svcr_explain_pod_at *x = a, *y = b;
	int d = svcr_addr_cmp(&x->addr, &y->addr);

	return d ? d : pod_name_cmp(x->pod, y->pod);
}

int svcr_explain_index_pods(struct svcr_explainer *x, size_t n)
{
	if (n <= SEARCHED || x->pods.n || !x->m)
		return 0;
	for (size_t i = 0; i < x->m->pods.n; i++) {
		const struct svcr_pod *p = &x->m->pods.v[i];

		for (size_t k = 0; svcr_pod_counts(p) && k < p->ips.n; k++) {
			struct svcr_explain_pod_at *slot = SVCR_GROW(&x->pods);

			if (!slot)
				return -ENOMEM;
			*slot = (struct svcr_explain_pod_at){ p->ips.v[k], p };
		}
	}
	if (x->pods.n)
		qsort(x->pods.v, x->pods.n, sizeof(*x->pods.v), pod_at_sort);
	return 0;
}

static const struct svcr_pod *find_indexed(const struct svcr_explainer *x,
					   const struct svcr_addr *a)
{
	size_t low = 0, high = x->pods.n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (svcr_addr_cmp(&x->pods.v[mid].addr, a) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < x->pods.n && svcr_addr_eq(&x->pods.v[low].addr, a) ? x->pods.v[low].pod : NULL;
}

static bool pod_has(const struct svcr_pod *p, const struct svcr_addr *a)
{
	for (size_t k = 0; k < p->ips.n; k++)
		if (svcr_addr_eq(&p->ips.v[k], a))
			return svcr_pod_counts(p);
	return false;
}

const struct svcr_pod *svcr_explain_pod(const struct svcr_explainer *x, const struct svcr_addr *a)
{
	const struct svcr_pod *found = NULL;

	if (x->pods.n)
		return find_indexed(x, a);
	for (size_t i = 0; x->m && i < x->m->pods.n; i++) {
		const struct svcr_pod *p = &x->m->pods.v[i];

		if (pod_has(p, a) && (!found || pod_name_cmp(p, found) < 0))
			found = p;
	}
	return found;
}
