/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which endpoints a service port uses. */
#ifndef SVCR_ENDPOINTS_H
#define SVCR_ENDPOINTS_H

#include "select.h"

struct svcr_candidate;

/* The slices of a model by their service. */
struct svcr_endpoints {
	const struct svcr_slice **slices; /* sorted by service, ignored ones left out */
	size_t n;
	const char *node, *zone;  /* of this node; NULL when unknown */
	const char *node_interned; /* as endpoints bear it; NULL if none does */
	bool all_hairpin;          /* nobody knows the node: any endpoint may be here */
	struct svcr_addrs hairpin; /* grows with each choice; not sorted */
	struct { struct svcr_candidate *v; size_t n, cap; } found; /* scratch */
};

/* Returns 0 or -ENOMEM; to be released in both cases. */
int svcr_endpoints_init(struct svcr_endpoints *x, const struct svcrules_model *m, const char *node,
			const char *zone);
void svcr_endpoints_release(struct svcr_endpoints *x);
/* The endpoints of one port of `s` in one family; the result lives in `arena`. Returns 0 or -ENOMEM. */
int svcr_endpoints_choose(struct svcr_endpoints *x, struct svcr_arena *arena, const struct svcr_service *s,
			  const struct svcr_service_port *port, uint8_t family, struct svcr_backends *ret);
/* Warns, once for the service, of endpoint addresses that can be nobody's. */
void svcr_endpoints_warn(const struct svcr_endpoints *x, const struct svcr_service *s, struct svcrules_diags *d);

#endif
