/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view.h"

void svcr_view_release(struct svcr_view *view)
{
	svcr_arena_release(&view->arena);
	svcr_arena_release(&view->lasting);
	if (view->endpoints)
		svcr_endpoints_release(view->endpoints);
	free(view->endpoints);
	free((void *)view->too_large.v);
	*view = (struct svcr_view){ 0 };
}

bool svcr_view_own(const struct svcr_view *view, const struct svcrules_options *o,
		   const struct svcr_addr *a)
{
	bool of_node = view->nnode_ips &&
		       bsearch(a, view->node_ips, view->nnode_ips, sizeof(*a), svcr_addr_cmp_sort);

	return of_node || svcr_addrs_have(&o->host_ips, a);
}
