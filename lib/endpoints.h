/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which endpoints a service port uses. */
#ifndef SVCR_ENDPOINTS_H
#define SVCR_ENDPOINTS_H

#include "model.h"
#include "pod_slices.h"

/* Address and port of an endpoint. */
struct svcr_endpoint_addr {
	struct svcr_addr addr;
	uint16_t port;
};

struct svcr_endpoint_addrs {
	struct svcr_endpoint_addr *v;
	size_t n;
}; /* sorted, each once */

/* By address, then by port. */
static inline int svcr_endpoint_addr_cmp(const struct svcr_endpoint_addr *a,
					 const struct svcr_endpoint_addr *b)
{
	int d = svcr_addr_cmp(&a->addr, &b->addr);

	return d ? d : (a->port > b->port) - (a->port < b->port);
}

/* The endpoints of one service port in one family. */
struct svcr_endpoint_choice {
	struct svcr_endpoint_addrs cluster; /* for the traffic policy Cluster; hints applied */
	struct svcr_endpoint_addrs local;   /* on this node, for the traffic policy Local */
	/* of UDP and SCTP: all that are ready or serve still, whatever policies and hints say */
	struct svcr_endpoint_addrs serving;
};

/*
 * Ranks of endpoints, best last; of a service port only endpoints of the best
 * rank present are used.
 */
enum svcr_rank { SVCR_UNUSABLE, SVCR_DRAINING, SVCR_READY };

struct svcr_candidate {
	struct svcr_endpoint_addr at;
	enum svcr_rank rank;
	bool serves; /* this endpoint, or another with its address and port */
	const struct svcr_endpoint *endpoint;
};

/* A port of a slice. */
struct svcr_port_use {
	const char *name; /* interned; NULL: it has none */
	uint8_t protocol;
	uint16_t port;
	const struct svcr_slice *slice;
	size_t order; /* in the group, so that the result does not depend on qsort(3) */
};

/*
 * The slices that a service uses: EndpointSlices or, if it has none, legacy Endpoints; if it has
 * neither, perhaps slices made from Pods (lib/pod_slices.h).
 */
struct svcr_slice_group {
	const struct svcr_slice *const *v;
	size_t n;
	bool legacy, from_pods;
};

/* The slices of a model in order of their services, and who chooses among their endpoints. */
struct svcr_endpoints {
	const struct svcrules_model *model;
	const struct svcr_slice **slices; /* sorted; slices without a service are left out */
	size_t n;
	const char *node, *zone;   /* of this node; NULL: unknown */
	const char *node_interned; /* the node's name as endpoints have it; NULL: none has it */
	bool all_hairpin;          /* the node is unknown, so any endpoint may be on it */
	/* endpoints that may reach themselves; grows with each choice; not sorted */
	struct svcr_addrs hairpin;
	SVCR_LIST(struct svcr_candidate) found; /* scratch space of a choice */
	/* of the service that was asked for last: */
	const struct svcr_service *last;
	struct svcr_slice_group group;
	struct svcr_pod_slices made; /* from Pods; its index is made when it is needed */
	int err;                     /* making them failed: 0 or -ENOMEM */
	bool indexed;                /* `uses` has its ports */
	SVCR_LIST(struct svcr_port_use) uses;
};

/*
 * Sorts the slices. `m`, `node` and `zone` are borrowed. Returns 0 or -ENOMEM;
 * the caller releases in both cases.
 */
int svcr_endpoints_init(struct svcr_endpoints *x, const struct svcrules_model *m, const char *node,
			const char *zone);
/* Accepts a zeroed struct. */
void svcr_endpoints_release(struct svcr_endpoints *x);
/*
 * The slices of `s`, valid until the next call. If memory is short, x->err is set, and slices that
 * would be made from Pods are missing.
 */
const struct svcr_slice_group *svcr_endpoints_group(struct svcr_endpoints *x,
						    const struct svcr_service *s);
/*
 * Chooses the endpoints of one port of `s` in one family as kube-proxy does:
 * ready ones, else serving and terminating ones; topology hints apply if every
 * ready endpoint has hints and one of them names this node (or its zone). The
 * lists of *ret live in `arena`, but `serving` in `lasting`. Returns 0 or -ENOMEM.
 */
int svcr_endpoints_choose(struct svcr_endpoints *x, struct svcr_arena *arena,
			  struct svcr_arena *lasting, const struct svcr_service *s,
			  const struct svcr_service_port *port, uint8_t family,
			  struct svcr_endpoint_choice *ret);
/*
 * Lists in x->found the endpoints of one port of `s` in one family, whether they are ready or not:
 * sorted, each address and port once. They are valid until the next call. Returns 0 or -ENOMEM.
 */
int svcr_endpoints_list(struct svcr_endpoints *x, const struct svcr_service *s,
			const struct svcr_service_port *port, uint8_t family);
/* True if the endpoint is on this node. */
static inline bool svcr_endpoints_local(const struct svcr_endpoints *x,
					const struct svcr_candidate *c)
{
	return x->node_interned && c->endpoint->node == x->node_interned;
}
/*
 * Sets *ret to the ports of that name and protocol in slices of `s` that have endpoints, in order
 * of the slices, and *ret_n to their number. With `port` NULL, to all their ports, grouped by name
 * and protocol. Valid until another service is asked for. Returns 0 or -ENOMEM.
 */
int svcr_endpoints_uses(struct svcr_endpoints *x, const struct svcr_service *s,
			const struct svcr_service_port *port, const struct svcr_port_use **ret,
			size_t *ret_n);
/*
 * Counts the endpoints of one port of `s` in one family, ready or not and each as often as slices
 * have it, but stops above `max`. Returns 0 or -ENOMEM.
 */
int svcr_endpoints_count(struct svcr_endpoints *x, const struct svcr_service *s,
			 const struct svcr_service_port *port, uint8_t family, size_t max,
			 size_t *ret);
/* At least as many as the endpoints of any port of `s`. */
size_t svcr_endpoints_most(struct svcr_endpoints *x, const struct svcr_service *s);
/*
 * Adds one warning if endpoints of the service have addresses that no endpoint can have, or if too
 * many ports would be made from Pods.
 */
void svcr_endpoints_warn(struct svcr_endpoints *x, const struct svcr_service *s,
			 struct svcrules_diags *d);

#endif
