/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of services for commands, and the parts that it is made of. */
#ifndef SVCR_SERVICES_H
#define SVCR_SERVICES_H

#include "reasons.h"

#define SVCR_SERVICES_LISTED 100000 /* endpoints, and VIPs, of one service at most */

struct svcrules_services {
	const struct svcrules_model *m;
	const struct svcrules_options *o;
	struct svcr_view view;
	struct svcr_reasons reasons;
	const struct svcr_service **v; /* by namespace and name; malloc'ed */
	size_t n;
	/* of the service that was asked for last: */
	const struct svcr_service *last; /* NULL: none, or not completely */
	struct svcr_arena arena;         /* owns the strings */
	struct svcrules_service service;
	SVCR_LIST(struct svcrules_service_port) ports;
	SVCR_LIST(struct svcrules_vip) vips;
	SVCR_LIST(struct svcrules_endpoint) endpoints;
	/* scratch space of counts: of all endpoints at ports of the service, and of ready ones */
	SVCR_LIST(struct svcr_endpoint_addr) distinct, ready;
	SVCR_LIST(const struct svcr_service_port *) by_name; /* its ports; scratch space */
};

/* Each returns 0 or -ENOMEM, and adds to the lists of the service that is being looked at. */

/* The reason with its strings. */
int svcr_services_reason(struct svcrules_services *l, const struct svcr_reason *why,
			 struct svcrules_reason *ret);
/*
 * The endpoints of one port, of the service (number `at`) or of its slices alone (SIZE_MAX); counts
 * them.
 */
int svcr_services_endpoints(struct svcrules_services *l, const struct svcr_service *s,
			    const struct svcr_service_port *p, size_t at, size_t *total,
			    size_t *ready);
/* The endpoints at ports of slices that the service has not: of the first ports, if many. */
int svcr_services_other_ports(struct svcrules_services *l, const struct svcr_service *s);
/* The endpoints of slices without any port, as headless services have that have none. */
int svcr_services_portless(struct svcrules_services *l, const struct svcr_service *s);
/* The address and port of the endpoint, to be counted once. */
int svcr_services_distinct(struct svcrules_services *l, const struct svcr_candidate *c);
/* All addresses and ports of the service. */
int svcr_services_vips(struct svcrules_services *l, const struct svcr_service *s);

#endif
