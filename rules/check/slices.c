/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Slices that no service uses, and Endpoints that nothing has replaced. */
#include "rules/check/check.h"

#include <errno.h>

static int slice_place_cmp(const struct svcr_slice *x, const struct svcr_slice *y)
{
	const char *s = x->service ? x->service : "", *t = y->service ? y->service : "";
	int d = strcmp(x->ns, y->ns);

	d = d ? d : strcmp(s, t);
	return d ? d : strcmp(x->source ? x->source : "", y->source ? y->source : "");
}

static int slice_sort(const void *a, const void *b)
{
	const struct svcr_slice *const *x = a, *const *y = b;

	return slice_place_cmp(*x, *y);
}

/* The slices of one service, or those of a namespace without any. */
struct slice_run {
	const struct svcr_slice *first;
	size_t n, legacy;
};

static const struct svcr_slice **sort_slices(struct svcr_checks *c)
{
	const struct svcr_slice **v = svcr_arena_array(&c->arena, c->m->slices.n + 1, sizeof(*v));

	for (size_t i = 0; v && i < c->m->slices.n; i++)
		v[i] = &c->m->slices.v[i];
	if (v && c->m->slices.n)
		qsort((void *)v, c->m->slices.n, sizeof(*v), slice_sort);
	return v;
}

/* Calls `each` for the slices of each service. */
static int each_run(struct svcr_checks *c,
		    int (*each)(struct svcr_checks *c, const struct slice_run *r))
{
	const struct svcr_slice **v = sort_slices(c);
	int err = v ? 0 : -ENOMEM;

	for (size_t i = 0, end; i < c->m->slices.n && !err; i = end) {
		struct slice_run r = { .first = v[i] };

		for (end = i; end < c->m->slices.n && strcmp(v[end]->ns, v[i]->ns) == 0 &&
			      v[end]->service == v[i]->service;
		     end++)
			r.legacy += v[end]->legacy;
		r.n = end - i;
		err = each(c, &r);
	}
	return err;
}

static int tell_unlabelled(struct svcr_checks *c, const struct slice_run *r)
{
	struct svcr_place at = { "EndpointSlices in", r->first->ns, NULL, r->first->source,
				 "metadata.labels" };

	return svcr_found(c, "slice-without-service", &at,
			  "%zu without the label kubernetes.io/service-name: no service uses %s",
			  r->n, r->n == 1 ? "it" : "them");
}

/* API servers keep the Endpoints of a service that is gone no longer than its slices. */
static int check_slice_run(struct svcr_checks *c, const struct slice_run *r)
{
	struct svcr_place at = { r->legacy ? "Endpoints" : "EndpointSlices of", r->first->ns,
				 r->first->service, r->first->source, NULL };

	if (!r->first->service)
		return tell_unlabelled(c, r);
	if (!c->m->services.n || svcr_checks_service(c, r->first->ns, r->first->service))
		return 0;
	at.field = r->legacy ? "metadata.name" : "metadata.labels[kubernetes.io/service-name]";
	return svcr_found(c, "slice-unknown-service", &at,
			  "no Service of namespace %s is named '%s'", r->first->ns,
			  r->first->service);
}

int svcr_check_slices(struct svcr_checks *c)
{
	return each_run(c, check_slice_run);
}

static int check_legacy_run(struct svcr_checks *c, const struct slice_run *r)
{
	struct svcr_place at = { "Endpoints", r->first->ns, r->first->service, r->first->source,
				 NULL };

	if (!r->first->service || r->legacy < r->n)
		return 0;
	return svcr_found(c, "legacy-endpoints", &at,
			  "deprecated since Kubernetes 1.33, and the service has no EndpointSlice: "
			  "make one in its place");
}

int svcr_check_legacy(struct svcr_checks *c)
{
	return each_run(c, check_legacy_run);
}
