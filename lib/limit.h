/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A bound for what one service may take, so that it cannot keep the others from being served. */
#ifndef SVCR_LIMIT_H
#define SVCR_LIMIT_H

#include "endpoints.h"

/* How many addresses a service has in each family, and of the node for its node ports. */
struct svcr_extent {
	size_t addresses[SVCR_FAMILY__COUNT], node_ports[SVCR_FAMILY__COUNT];
};

/*
 * Sets *ret_over, with a warning, if a service would take more than `max` elements: one for each
 * address and port, and one for each endpoint there, whether it is ready or not, so that a service
 * does not come and go with its endpoints. The time depends on the size of the service's objects
 * and on `max`. 0 or -ENOMEM.
 */
int svcr_limit_check(const struct svcr_service *s, const struct svcr_extent *extent,
		     struct svcr_endpoints *x, size_t max, struct svcrules_diags *d,
		     bool *ret_over);

#endif
