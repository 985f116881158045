/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sources.h"
#include "diag.h"
#include "fnv.h"

#include <errno.h>

/* ---- Numbers ----------------------------------------------------------- */

/* Makes a hash a number with room for the increments that make numbers unique; it may be 0. */
static uint32_t fnv_end(uint32_t h)
{
	return h >> 1;
}

/*
 * Services that come and go must not change the number of another, nor must a range that a
 * service adds: so the number is made from the service's name.
 */
static uint32_t number_by_name(const struct svcr_service *s)
{
	uint32_t h = svcr_fnv(SVCR_FNV_START, s->ns, strlen(s->ns));

	h = svcr_fnv(h, "/", 1);
	return fnv_end(svcr_fnv(h, s->name, strlen(s->name)));
}

static int sources_name_cmp(const struct svcr_service *s, const struct svcr_service *t)
{
	int d = s == t ? 0 : strcmp(s->ns, t->ns);

	return d || s == t ? d : strcmp(s->name, t->name);
}

/* By number, then by service: the two lists of one service have one number. */
static int number_cmp_sort(const void *a, const void *b)
{
	const struct svcr_sources *s = *(struct svcr_sources *const *)a;
	const struct svcr_sources *t = *(struct svcr_sources *const *)b;
	int d;

	if (s->number != t->number)
		return s->number < t->number ? -1 : 1;
	d = sources_name_cmp(s->service, t->service);
	return d ? d : (int)s->family - (int)t->family;
}

/* Makes the numbers of different services different. */
static void number_lists(struct svcr_view *view)
{
	struct svcr_sources **v = view->sources;
	uint32_t last = 0;

	if (view->nsources)
		qsort(v, view->nsources, sizeof(*v), number_cmp_sort);
	for (size_t i = 0; i < view->nsources; i++) {
		if (i && v[i - 1]->service == v[i]->service)
			v[i]->number = last;
		else if (v[i]->number <= last)
			v[i]->number = last + 1;
		last = v[i]->number;
	}
}

/* ---- The ranges of a list ---------------------------------------------- */

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

static bool admits_all(const struct svcr_sources *l)
{
	struct svcr_addr zero = { .family = l->family }, behind;

	if (l->n != 1 || !svcr_addr_eq(&l->v[0].first, &zero))
		return false;
	behind = l->v[0].last;
	return !svcr_addr_next(&behind);
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
	for (size_t i = 0; i < s->balancer_ips.n; i++) {
		const struct svcr_addr *a = &s->balancer_ips.v[i];

		all[n++] = (struct svcr_cidr){ *a, (uint8_t)(svcr_addr_len(a->family) * 8) };
	}
	l->v = svcr_arena_array(&view->arena, n, sizeof(*l->v));
	if (!l->v)
		return -ENOMEM;
	l->n = svcr_ranges_of(l->v, all, n, l->family);
	return 0;
}

static int fill_list(struct svcr_view *view, struct svcr_sources *l)
{
	const struct svcr_cidrs *c = &l->service->ranges;
	int err = 0;

	l->v = svcr_arena_array(&view->arena, c->n, sizeof(*l->v));
	if (!l->v)
		return -ENOMEM;
	l->n = svcr_ranges_of(l->v, c->v, c->n, l->family);
	l->everybody = admits_all(l);
	if (!l->everybody && admits_node(view, l))
		err = admit_own(view, l);
	l->listed = l->n * l->nvips <= SVCR_SOURCES_LISTED;
	l->number = number_by_name(l->service);
	return err;
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
		  "%zu ranges are more than --max-source-ranges %zu: the load-balancer "
		  "addresses of this service admit nobody",
		  n, max);
}

/* ---- All lists --------------------------------------------------------- */

struct lists {
	struct svcr_sources *v; /* sorted by service and family */
	size_t n;
};

static bool is_guarded(const struct svcr_vip *v)
{
	return v->kind == SVCR_VIP_BALANCER && v->service->has_ranges;
}

static int service_cmp_sort(const void *a, const void *b)
{
	const struct svcr_sources *s = a, *t = b;
	int d = sources_name_cmp(s->service, t->service);

	return d ? d : (int)s->family - (int)t->family;
}

/* An empty list for each service and family that has a VIP. */
static int find_lists(struct svcr_view *view, struct lists *l)
{
	size_t n = 0;

	for (size_t i = 0; i < view->nvips; i++)
		n += is_guarded(&view->vips[i]);
	l->v = svcr_arena_array(&view->arena, n, sizeof(*l->v));
	view->sources = svcr_arena_array(&view->arena, n, sizeof(*view->sources));
	if (!l->v || !view->sources)
		return -ENOMEM;
	n = 0;
	for (size_t i = 0; i < view->nvips; i++)
		if (is_guarded(&view->vips[i]))
			l->v[n++] = (struct svcr_sources){ .service = view->vips[i].service,
							   .family = view->vips[i].addr.family };
	if (n)
		qsort(l->v, n, sizeof(*l->v), service_cmp_sort);
	for (size_t i = 0; i < n; i++) {
		if (!l->n || service_cmp_sort(&l->v[l->n - 1], &l->v[i]) != 0)
			l->v[l->n++] = l->v[i];
		l->v[l->n - 1].nvips++;
	}
	return 0;
}

static int fill_lists(struct svcr_view *view, struct lists *l, size_t max, struct svcrules_diags *d)
{
	size_t too_many = 0;
	int err = 0;

	for (size_t i = 0; i < l->n && !err; i++) {
		bool first = i == 0 || l->v[i - 1].service != l->v[i].service;

		if (first)
			err = count_too_many(view, l->v[i].service, max, &too_many);
		if (!err && first && too_many)
			warn_too_many(l->v[i].service, too_many, max, d);
		if (!err && too_many)
			l->v[i].listed = true; /* without any range */
		else if (!err)
			err = fill_list(view, &l->v[i]);
		if (!l->v[i].listed && !l->v[i].everybody)
			view->sources[view->nsources++] = &l->v[i];
	}
	return err;
}

static void link_vips(struct svcr_view *view, const struct lists *l)
{
	for (size_t i = 0; i < view->nvips; i++) {
		struct svcr_vip *v = &view->vips[i];
		const struct svcr_sources like = { .service = v->service,
						   .family = v->addr.family };
		const struct svcr_sources *found = NULL;

		if (is_guarded(v))
			found = bsearch(&like, l->v, l->n, sizeof(like), service_cmp_sort);
		v->sources = found && found->everybody ? NULL : found;
	}
}

int svcr_sources_select(struct svcr_view *view, const struct svcrules_options *o,
			struct svcrules_diags *d)
{
	struct lists l = { NULL, 0 };
	int err = find_lists(view, &l);

	if (!err)
		err = fill_lists(view, &l, o->max_source_ranges, d);
	if (err)
		return err;
	number_lists(view);
	link_vips(view, &l);
	return 0;
}
