/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources.h"
#include "diag.h"

#include <errno.h>

/*
 * The number of a service's lists before numbers are made unique: FNV-1a of its name, because
 * services that come and go must not change the numbers of others. 31 bits leave room for the
 * increments of unique ones.
 */
static uint32_t name_number(const struct svcr_service *s)
{
	uint32_t h = 2166136261u;

	for (const char *p = s->ns; *p; p++)
		h = (h ^ (uint8_t)*p) * 16777619u;
	h = (h ^ '/') * 16777619u;
	for (const char *p = s->name; *p; p++)
		h = (h ^ (uint8_t)*p) * 16777619u;
	return h >> 1;
}

static int sources_cmp(const void *a, const void *b)
{
	const struct svcr_sources *s = a, *t = b;
	int d = 0;

	if (s->number != t->number)
		return s->number < t->number ? -1 : 1;
	if (s->service != t->service)
		d = strcmp(s->service->ns, t->service->ns);
	if (!d && s->service != t->service)
		d = strcmp(s->service->name, t->service->name);
	return d ? d : (int)s->family - (int)t->family;
}

static bool is_guarded(const struct svcr_vip *v)
{
	return v->kind == SVCR_VIP_BALANCER && v->service->has_ranges;
}

/* One list for each service and family that has a VIP, by number; the numbers are not yet unique. */
static int list_sources(struct svcr_view *view)
{
	size_t n = 0, kept = 0;

	for (size_t i = 0; i < view->nvips; i++)
		n += is_guarded(&view->vips[i]);
	view->sources = svcr_arena_array(&view->arena, n, sizeof(*view->sources));
	if (!view->sources)
		return -ENOMEM;
	n = 0;
	for (size_t i = 0; i < view->nvips; i++) {
		const struct svcr_vip *v = &view->vips[i];

		if (is_guarded(v))
			view->sources[n++] = (struct svcr_sources){ .service = v->service,
								    .family = v->addr.family,
								    .number = name_number(
									    v->service) };
	}
	if (n)
		qsort(view->sources, n, sizeof(*view->sources), sources_cmp);
	for (size_t i = 0; i < n; i++)
		if (!kept || sources_cmp(&view->sources[kept - 1], &view->sources[i]) != 0)
			view->sources[kept++] = view->sources[i];
	view->nsources = kept;
	return 0;
}

/*
 * Lets the VIPs find their lists, which is possible as long as the numbers are not changed. The
 * lists are in the same order afterwards.
 */
static void link_sources(struct svcr_view *view)
{
	for (size_t i = 0; i < view->nvips; i++) {
		struct svcr_vip *v = &view->vips[i];
		const struct svcr_sources like = { .service = v->service,
						   .family = v->addr.family,
						   .number = is_guarded(v) ?
								     name_number(v->service) :
								     0 };

		if (is_guarded(v))
			v->sources = bsearch(&like, view->sources, view->nsources, sizeof(like),
					     sources_cmp);
	}
}

static void number_sources(struct svcr_view *view)
{
	uint32_t last = 0;

	for (size_t i = 0; i < view->nsources; i++) {
		struct svcr_sources *l = &view->sources[i];

		if (i && view->sources[i - 1].service == l->service)
			l->number = last;
		else if (l->number <= last)
			l->number = last + 1;
		last = l->number;
	}
}

static int range_holds(const void *key, const void *range)
{
	const struct svcr_range *r = range;

	return svcr_addr_cmp(key, &r->first) < 0 ? -1 : svcr_addr_cmp(key, &r->last) > 0;
}

static bool admits_node(const struct svcr_view *view, const struct svcr_sources *l)
{
	for (size_t i = 0; i < view->nnode_ips && l->n; i++)
		if (bsearch(&view->node_ips[i], l->v, l->n, sizeof(*l->v), range_holds))
			return true;
	return false;
}

/*
 * A node to which a load-balancer IP is bound connects to itself from that IP, so the service's
 * IPs are admitted if the ranges admit the node.
 */
static int admit_own(struct svcr_view *view, struct svcr_sources *l)
{
	const struct svcr_service *s = l->service;
	size_t n = s->ranges.n;
	struct svcr_cidr *all = svcr_arena_array(&view->arena, n + s->balancer_ips.n, sizeof(*all));

	if (!all)
		return -ENOMEM;
	if (n)
		memcpy(all, s->ranges.v, n * sizeof(*all));
	for (size_t i = 0; i < s->balancer_ips.n; i++)
		all[n++] = (struct svcr_cidr){
			s->balancer_ips.v[i],
			(uint8_t)(svcr_addr_len(s->balancer_ips.v[i].family) * 8)
		};
	l->v = svcr_arena_array(&view->arena, n, sizeof(*l->v));
	if (!l->v)
		return -ENOMEM;
	l->n = svcr_ranges_of(l->v, all, n, l->family);
	return 0;
}

static int fill_sources(struct svcr_view *view, struct svcr_sources *l)
{
	const struct svcr_cidrs *c = &l->service->ranges;

	l->v = svcr_arena_array(&view->arena, c->n, sizeof(*l->v));
	if (!l->v)
		return -ENOMEM;
	l->n = svcr_ranges_of(l->v, c->v, c->n, l->family);
	return admits_node(view, l) ? admit_own(view, l) : 0;
}

/* Returns the number of ranges of a service, of both families, after joining; 0: few enough. */
static int count_too_many(struct svcr_view *view, const struct svcr_service *s, size_t max,
			  size_t *ret)
{
	struct svcr_range *v;

	*ret = 0;
	if (s->ranges.n <= max)
		return 0;
	v = svcr_arena_array(&view->arena, s->ranges.n, sizeof(*v));
	if (!v)
		return -ENOMEM;
	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT; f++)
		*ret += svcr_ranges_of(v, s->ranges.v, s->ranges.n, f);
	if (*ret <= max)
		*ret = 0;
	return 0;
}

static void warn_too_many(const struct svcr_service *s, size_t n, size_t max,
			  struct svcrules_diags *d)
{
	char object[256];

	snprintf(object, sizeof(object), "Service %s/%s", s->ns, s->name);
	svcr_diag(d,
		  &(struct svcrules_diag){ .severity = SVCRULES_WARNING,
					   .check = "too-many-ranges",
					   .source = s->source,
					   .object = object,
					   .field = "spec.loadBalancerSourceRanges" },
		  "%zu ranges are more than the %zu of --max-source-ranges: the service's "
		  "load-balancer addresses admit nobody",
		  n, max);
}

int svcr_sources_select(struct svcr_view *view, const struct svcrules_options *o,
			struct svcrules_diags *d)
{
	size_t too_many = 0;
	int err = list_sources(view);

	if (err)
		return err;
	link_sources(view);
	number_sources(view);
	for (size_t i = 0; i < view->nsources && !err; i++) {
		struct svcr_sources *l = &view->sources[i];
		bool first = i == 0 || view->sources[i - 1].service != l->service;

		if (first)
			err = count_too_many(view, l->service, o->max_source_ranges, &too_many);
		if (!err && first && too_many)
			warn_too_many(l->service, too_many, o->max_source_ranges, d);
		if (!err && !too_many)
			err = fill_sources(view, l);
	}
	return err;
}
