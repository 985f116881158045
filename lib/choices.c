/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "choices.h"

#include <errno.h>

/* The choice of one service port in one family. */
struct slot {
	const struct svcr_vip *vip; /* one of those that want it; NULL: none */
	struct svcr_endpoint_choice *choice;
};

static struct slot *choice_slot(struct slot *slots, size_t ordinal, uint8_t family)
{
	return &slots[ordinal * SVCR_FAMILY__COUNT + family];
}

/* In the order of services, because the ports of one service's slices are sorted only once then. */
static int choose_all(struct svcr_view *view, struct slot *slots, size_t n,
		      struct svcr_endpoints *x)
{
	for (size_t i = 0; i < n; i++) {
		const struct svcr_vip *v = slots[i].vip;
		int err;

		if (!v)
			continue;
		slots[i].choice = svcr_arena_alloc(&view->arena, sizeof(*slots[i].choice));
		if (!slots[i].choice)
			return -ENOMEM;
		err = svcr_endpoints_choose(x, &view->arena, &view->lasting, v->service,
					    v->service_port, v->addr.family, slots[i].choice);
		if (err)
			return err;
	}
	return 0;
}

struct endpoint_list {
	struct svcr_endpoint_addr *v;
	size_t n;
};

static void add_endpoints(struct endpoint_list *l, const struct svcr_endpoint_addrs *a)
{
	if (a->n)
		memcpy(l->v + l->n, a->v, a->n * sizeof(*l->v));
	l->n += a->n;
}

static int endpoint_addr_cmp_sort(const void *a, const void *b)
{
	return svcr_endpoint_addr_cmp(a, b);
}

static size_t count_distinct(struct endpoint_list *l)
{
	size_t n = 0;

	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), endpoint_addr_cmp_sort);
	for (size_t i = 0; i < l->n; i++)
		n += i == 0 || svcr_endpoint_addr_cmp(&l->v[i], &l->v[i - 1]) != 0;
	return n;
}

/* Counts service ports and distinct endpoints, over all choices that were used. */
static int count_all(struct svcr_view *view, struct slot *slots, size_t nordinals)
{
	struct endpoint_list all = { NULL, 0 };
	size_t most = 0;

	for (size_t i = 0; i < nordinals * SVCR_FAMILY__COUNT; i++)
		if (slots[i].choice)
			most += slots[i].choice->cluster.n + slots[i].choice->local.n;
	all.v = calloc(most + 1, sizeof(*all.v));
	if (!all.v)
		return -ENOMEM;
	for (size_t i = 0; i < nordinals; i++) {
		view->nports += choice_slot(slots, i, SVCR_IPV4)->choice ||
				choice_slot(slots, i, SVCR_IPV6)->choice;
		for (uint8_t f = 0; f < SVCR_FAMILY__COUNT; f++) {
			const struct svcr_endpoint_choice *c = choice_slot(slots, i, f)->choice;

			if (!c)
				continue;
			add_endpoints(&all, &c->cluster);
			add_endpoints(&all, &c->local);
		}
	}
	view->nendpoints = count_distinct(&all);
	free(all.v);
	return 0;
}

int svcr_choices_make(struct svcr_view *view, const size_t *ordinals, size_t nordinals,
		      struct svcr_endpoints *x)
{
	size_t n = nordinals * SVCR_FAMILY__COUNT;
	struct slot *slots = calloc(n + 1, sizeof(*slots));
	int err;

	if (!slots)
		return -ENOMEM;
	for (size_t i = 0; i < view->nvips; i++)
		choice_slot(slots, ordinals[i], view->vips[i].addr.family)->vip = &view->vips[i];
	err = choose_all(view, slots, n, x);
	for (size_t i = 0; i < view->nvips && !err; i++)
		view->vips[i].choice =
			choice_slot(slots, ordinals[i], view->vips[i].addr.family)->choice;
	if (!err)
		err = count_all(view, slots, nordinals);
	free(slots);
	return err;
}
