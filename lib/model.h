/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The model: the Kubernetes objects of the input, reduced to the fields that
 * matter here. All strings are interned, so == compares them.
 */
#ifndef SVCR_MODEL_H
#define SVCR_MODEL_H

#include "addr.h"
#include "arena.h"
#include "ingress.h"
#include "intern.h"
#include "list.h"
#include "policy.h"
#include "protocol.h"
#include "secret.h"
#include "seen.h"
#include "svcrules.h"
#include "table.h"

struct svcr_kind;

/* ---- Services ---------------------------------------------------------- */

enum svcr_service_type { SVCR_CLUSTER_IP, SVCR_NODE_PORT, SVCR_LOAD_BALANCER, SVCR_EXTERNAL_NAME };

/* Annotations and fields of Services that are deprecated; rules/check/deprecated.c names them. */
enum {
	SVCR_OLD_TOPOLOGY_HINTS,
	SVCR_OLD_UNREADY_ENDPOINTS,
	SVCR_OLD_EXTERNAL_TRAFFIC,
	SVCR_OLD_HEALTH_PORT,
	SVCR_OLD_SOURCE_RANGES,
	SVCR_OLD_LOAD_BALANCER_IP, /* the first field */
	SVCR_OLD_TOPOLOGY_KEYS,
	SVCR_OLD__COUNT
};

struct svcr_service_port {
	const char *name;         /* "" when unnamed */
	const char *target_name;  /* targetPort, if it is a name; else NULL */
	uint16_t target;          /* targetPort, if it is a number; 0: not given, so it is `port` */
	uint16_t port, node_port; /* node_port 0: none */
	uint8_t protocol;         /* enum svcr_protocol */
};

struct svcr_service_ports {
	struct svcr_service_port *v;
	size_t n, cap;
};

struct svcr_service {
	const char *ns, *name, *source;
	int64_t created;       /* metadata.creationTimestamp, nanoseconds since 1970; 0: none */
	const char *scheduler; /* annotation svcrules.io/ipvs-scheduler, or "" */
	enum svcr_service_type type;
	bool headless;        /* clusterIP is None */
	bool not_ours;        /* a label gives the service to another proxy */
	bool internal_local;  /* internalTrafficPolicy is Local */
	bool external_local;  /* externalTrafficPolicy is Local */
	bool no_node_ports;   /* allocateLoadBalancerNodePorts is false */
	bool has_ranges;      /* loadBalancerSourceRanges has entries */
	bool not_ready;       /* publishNotReadyAddresses */
	uint8_t families;     /* ipFamilies: a bit for each; 0: not given */
	uint8_t old;          /* a bit for each SVCR_OLD_ that it has */
	uint32_t nselector;   /* labels of the selector; 0: there is none */
	uint16_t health_port; /* healthCheckNodePort; 0: none */
	uint32_t affinity;    /* of clients, in seconds; 0: none */
	struct svcr_addrs cluster_ips, external_ips, balancer_ips;
	struct svcr_cidrs ranges;
	struct svcr_service_ports ports;
	const struct svcr_pair *selector; /* sorted by key, each key once */
	/*
	 * Of type ExternalName, in a model with `names`: without a final dot; with `explain` alone,
	 * as it is written; NULL: none
	 */
	const char *external_name;
	const char *elsewhere; /* with `explain`: the first name, or address that is not served
				* here, of its load balancer; NULL: none */
};

/* True if the service gets rules: it has cluster IPs, and no other proxy serves it. */
static inline bool svcr_service_has_rules(const struct svcr_service *s)
{
	return s->type != SVCR_EXTERNAL_NAME && !s->headless && !s->not_ours && s->cluster_ips.n;
}
/* True if its type has node ports; whether each port has one, the ports say. */
static inline bool svcr_service_has_node_ports(const struct svcr_service *s)
{
	return s->type == SVCR_NODE_PORT || (s->type == SVCR_LOAD_BALANCER && !s->no_node_ports);
}

/* ---- Endpoints --------------------------------------------------------- */

/* Names that an endpoint's hints list. */
struct svcr_names {
	const char **v;
	size_t n, cap;
};

struct svcr_hints {
	struct svcr_names zones, nodes;
};

/* There may be hundreds of thousands in a model. */
struct svcr_endpoint {
	struct svcr_addr addr;
	bool ready, serving, terminating;
	uint32_t names;                 /* svcr_model_hostname(), svcr_model_pod(); 0: none */
	const char *node;               /* NULL: unknown */
	const struct svcr_hints *hints; /* NULL: none */
};

struct svcr_slice_port {
	const char *name;
	uint16_t port; /* 0: none given */
	uint8_t protocol;
};

struct svcr_slice_ports {
	struct svcr_slice_port *v;
	size_t n, cap;
};
struct svcr_slice_endpoints {
	struct svcr_endpoint *v;
	size_t n, cap;
};

/*
 * An EndpointSlice, or one subset of a legacy Endpoints object; one without subsets is an empty
 * slice.
 */
struct svcr_slice {
	const char *ns, *service, *source; /* service NULL: the slice names none */
	bool legacy;                       /* from an Endpoints object */
	bool any_family;                   /* legacy: each address has its own family */
	bool ignored;                      /* addressType is FQDN, or no service is named */
	uint8_t family;                    /* enum svcr_family, unless any_family */
	struct svcr_slice_ports ports;
	struct svcr_slice_endpoints endpoints;
};

/* ---- Nodes ------------------------------------------------------------- */

struct svcr_node {
	const char *name;
	const char *zone; /* NULL: unknown */
	struct svcr_addrs internal_ips, other_ips;
	struct svcr_cidrs pod_cidrs;
};

/* ---- Names of endpoints -------------------------------------------------- */

/* Few endpoints have names that are read, so these are not in struct svcr_endpoint. */
struct svcr_endpoint_names {
	const char *hostname; /* of a model with `names`; NULL: none */
	const char *pod;      /* of a model with `endpoint_pods`: targetRef; NULL: none */
};

/* Bits of svcr_endpoint.names of an endpoint that was made from a Pod, whose number is the rest. */
#define SVCR_NAMES_OF_POD 0x80000000u
#define SVCR_NAMES_HOST 0x40000000u /* it has the hostname of the Pod */

/* ---- All objects ------------------------------------------------------- */

/* Whether Pods may become endpoints of services that have no slices. */
enum svcr_pods_use {
	SVCR_PODS_UNKNOWN, /* no Pod was read yet */
	SVCR_PODS_USED,
	/* where the first Pod came, each service with a selector had a slice: Pods are skipped */
	SVCR_PODS_UNUSED
};

/* Objects that were skipped, by what they are called in messages. */
struct svcr_ignored {
	const char *kind;
	size_t n;
};

/* The pages of a list that an API server answered in pieces. */
struct svcr_pages {
	const char *kind; /* of its items, interned; "" if these have kinds of their own */
	bool goes_on;     /* a page says that another one follows */
	bool ends;        /* a page says that none follows */
};

/* The objects of a kind that has no list of its own in the model. */
struct svcr_others {
	const struct svcr_kind *kind;
	void *v; /* with n and cap the layout of struct svcr_list */
	size_t n, cap;
	size_t size; /* of an object */
};

/* Entries that a later object took the place of; svcr_model_settle() removes them. */
struct svcr_dead {
	struct svcr_span *v;
	size_t n, cap;
};

/* A Service that the overlay has: see overlay.h. */
struct svcr_overlaid {
	const char *ns, *name;
	struct svcr_service before;
	const struct svcr_service *now; /* set when all is read */
	bool is_new;                    /* there was none before */
	bool pods;      /* of the first in its namespace: the model has Pods of it */
	bool use_pods;  /* its endpoints come from Pods now */
	bool use_ports; /* its slices follow its ports */
	bool use_ready; /* and publishNotReadyAddresses */
	struct svcr_followed_port *ports; /* of each port of `now`: see overlay_ports.h */
};

/* A list added here is added to svcr_model_list() too. */
struct svcrules_model {
	const struct svcr_kind *const *reads; /* the kinds to read, ended by NULL; borrowed */
	/*
	 * For a target that makes DNS names: reads the fields that only DNS needs, and names that
	 * no API server stores are errors instead of warnings.
	 */
	bool names;
	bool wipe; /* a kind that is read has secrets: memory is overwritten before it is freed */
	bool endpoints_only; /* for a target that needs no cluster IPs: it is right to have none */
	bool all_pods;       /* reads Pods whether they become endpoints or not */
	bool explain;        /* reads what only explanations need */
	bool endpoint_pods;  /* reads which pods endpoints belong to */
	bool lines;          /* keeps in which line each object starts */
	bool planned;        /* all Pods are planned: some of a namespace's may be missing */
	bool overlaying;     /* what is read is laid over what was read before */
	enum svcr_pods_use pods_use;
	struct svcr_arena arena; /* owns the strings and all finished lists */
	struct svcr_strings strings;
	struct svcr_table seen; /* struct svcr_seen */
	SVCR_LIST(struct svcr_service) services;
	SVCR_LIST(struct svcr_slice) slices;
	SVCR_LIST(struct svcr_endpoint_names) names_of; /* endpoints have numbers from 1 instead */
	SVCR_LIST(struct svcr_node) nodes;
	struct svcr_cidrs pod_cidrs;
	struct svcr_selectors selectors;
	SVCR_LIST(struct svcr_pod) pods;
	SVCR_LIST(struct svcr_pod_more) pod_more; /* pods have numbers from 1 instead */
	SVCR_LIST(struct svcr_namespace) namespaces;
	SVCR_LIST(struct svcr_network_policy) policies;
	SVCR_LIST(struct svcr_ingress) ingresses;
	SVCR_LIST(struct svcr_ingress_class) ingress_classes;
	SVCR_LIST(struct svcr_secret) secrets;
	struct svcr_secret_bytes *secret_bytes; /* of all Secrets that were read; malloc'ed */
	SVCR_LIST(struct svcr_others) others;
	SVCR_LIST(struct svcr_ignored) ignored;
	SVCR_LIST(struct svcr_pages) pages;
	struct svcr_dead dead;
	SVCR_LIST(struct svcr_overlaid) overlaid; /* malloc'ed */
};

/* What few pods have; NULL: this one has nothing of it. */
static inline const struct svcr_pod_more *svcr_model_pod_more(const struct svcrules_model *m,
							      const struct svcr_pod *p)
{
	return p->more ? &m->pod_more.v[p->more - 1] : NULL;
}
/* The Pod that the endpoint was made from; NULL: it was read. */
static inline const struct svcr_pod *svcr_model_made_from(const struct svcrules_model *m,
							  const struct svcr_endpoint *e)
{
	return e->names & SVCR_NAMES_OF_POD ?
		       &m->pods.v[e->names & ~(SVCR_NAMES_OF_POD | SVCR_NAMES_HOST)] :
		       NULL;
}
/* The hostname of an endpoint, interned; NULL: none. */
static inline const char *svcr_model_hostname(const struct svcrules_model *m,
					      const struct svcr_endpoint *e)
{
	const struct svcr_pod *pod = svcr_model_made_from(m, e);

	if (pod)
		return e->names & SVCR_NAMES_HOST ? svcr_model_pod_more(m, pod)->hostname : NULL;
	return e->names ? m->names_of.v[e->names - 1].hostname : NULL;
}
/* The name of the pod that an endpoint is, interned; NULL: unknown. */
static inline const char *svcr_model_pod(const struct svcrules_model *m,
					 const struct svcr_endpoint *e)
{
	const struct svcr_pod *pod = svcr_model_made_from(m, e);

	if (pod)
		return pod->name;
	return e->names ? m->names_of.v[e->names - 1].pod : NULL;
}

/* A list of the model, which has the layout of struct svcr_list, and the size of its entries. */
struct svcr_any_list {
	void *list;
	size_t size;
};

/*
 * The i-th list of objects; false past the end. Numbers stay the same while the model
 * lives.
 */
bool svcr_model_list(struct svcrules_model *m, size_t i, struct svcr_any_list *ret);
/* Removes the dead entries. */
void svcr_model_settle(struct svcrules_model *m);

/*
 * An empty model that reads objects of the kinds in `reads` (ended by NULL,
 * must outlive the model) and counts all others as ignored. Returns NULL when
 * memory is short; svcrules_model_free() frees it.
 */
struct svcrules_model *svcr_model_new(const struct svcr_kind *const *reads);
/* Before anything is read: reads these kinds, too (ended by NULL, copied). 0 or -ENOMEM. */
int svcr_model_also(struct svcrules_model *m, const struct svcr_kind *const *kinds);
/* From now on, counts objects of that kind as ignored. 0 or -ENOMEM. */
int svcr_model_without(struct svcrules_model *m, const struct svcr_kind *kind);

/*
 * Adds an object of `size` bytes, zeroed, to the list of its kind. Returns it,
 * valid until the next addition, or NULL when memory is short. All objects of
 * one kind have the same size. For kinds without a list of their own.
 */
void *svcr_model_add(struct svcrules_model *m, const struct svcr_kind *kind, size_t size);
/* Returns the array of these objects and sets *ret_n to their number; NULL when there are none. */
const void *svcr_model_objects(const struct svcrules_model *m, const struct svcr_kind *kind,
			       size_t *ret_n);

#endif
