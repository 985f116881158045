/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From objects to the value. */
#ifndef SVCR_DNS_BUILD_H
#define SVCR_DNS_BUILD_H

#include "endpoints.h"
#include "options.h"
#include "rules/dns/dns.h"

/* An endpoint that is published, as a slice has it. */
struct svcr_dns_found {
	struct svcr_dns_endpoint e;
	uint32_t slice; /* its number among those of the service */
};

/* The named ports of a slice: n from `first` on in the list of all. */
struct svcr_dns_ports {
	uint32_t first, n;
};

/* What a build works on. Lists are used again for each service. */
struct svcr_dns_builder {
	const struct svcrules_model *m;
	const struct svcrules_options *o;
	struct svcrules_diags *d;
	struct svcr_dns *v;
	struct svcr_endpoints slices;
	bool bad; /* an error was added */
	SVCR_LIST(struct svcr_dns_found) found;
	SVCR_LIST(struct svcr_dns_ports) slice_ports;
	SVCR_LIST(struct svcr_dns_srv) ports;
	SVCR_LIST(struct svcr_dns_srv) srv;
};

/* Fills the value `v`, which is empty. 0, -EINVAL (`d` has errors) or -ENOMEM. */
int svcr_dns_fill(struct svcr_dns *v, const struct svcrules_model *m,
		  const struct svcrules_options *o, struct svcrules_diags *d);

/* Publishes the endpoints of a headless service. 0 or -ENOMEM. */
int svcr_dns_headless(struct svcr_dns_builder *b, const struct svcr_service *s,
		      struct svcr_dns_service *ret);
/* Moves the SRV records of b->srv into the service, sorted. 0 or -ENOMEM. */
int svcr_dns_keep_srv(struct svcr_dns_builder *b, struct svcr_dns_service *ret);
/*
 * Stores the name of a port, or sets *ret to 0, after a warning, if it is too long for a label
 * with the underscore that SRV records put before it. 0 or -ENOMEM.
 */
int svcr_dns_port_name(struct svcr_dns_builder *b, const struct svcr_service *s, const char *name,
		       uint32_t *ret);
/* Adds an error, or a warning, about a service; `like` has severity, check and field. */
void svcr_dns_note(struct svcr_dns_builder *b, const struct svcr_service *s,
		   const struct svcrules_diag *like, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

/* The length of the service's name, without a final dot. */
static inline size_t svcr_dns_service_length(const struct svcr_dns_builder *b,
					     const struct svcr_service *s)
{
	return strlen(s->name) + 1 + strlen(s->ns) + strlen(".svc.") + strlen(b->v->config.domain);
}

#endif
