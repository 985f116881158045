/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The objects as read: what of each Kubernetes object matters here. */
#ifndef SVCR_MODEL_H
#define SVCR_MODEL_H

#include "addr.h"
#include "arena.h"
#include "seen.h"
#include "svcrules.h"

#include <stdlib.h>

enum svcr_protocol { SVCR_TCP = 6, SVCR_UDP = 17, SVCR_SCTP = 132 };

enum svcr_service_type { SVCR_CLUSTER_IP, SVCR_NODE_PORT, SVCR_LOAD_BALANCER, SVCR_EXTERNAL_NAME };

/* A list in the model's arena or, while reading, malloc'ed. */
#define SVCR_LIST(type) struct { type *v; size_t n, cap; }
struct svcr_addrs { struct svcr_addr *v; size_t n, cap; };
struct svcr_cidrs { struct svcr_cidr *v; size_t n, cap; };

/* Is `a` in a sorted list? */
static inline bool svcr_addrs_have(const struct svcr_addrs *l, const struct svcr_addr *a)
{
	return l->n && bsearch(a, l->v, l->n, sizeof(*l->v), svcr_addr_cmp_sort);
}

struct svcr_service_port {
	const char *name; /* interned; "" when unnamed */
	uint16_t port, node_port;
	uint8_t protocol;
};

struct svcr_service {
	const char *ns, *name, *source; /* interned */
	const char *created;            /* metadata.creationTimestamp, RFC 3339, or "" */
	const char *scheduler;          /* annotation svcrules.io/ipvs-scheduler, or "" */
	enum svcr_service_type type;
	bool headless;    /* clusterIP None */
	bool not_ours;    /* labelled for another proxy */
	bool internal_local, external_local; /* traffic policies */
	bool no_node_ports;
	bool has_ranges;  /* loadBalancerSourceRanges has entries */
	uint32_t affinity; /* seconds; 0: none */
	struct svcr_addrs cluster_ips, external_ips, balancer_ips;
	struct svcr_cidrs ranges;
	SVCR_LIST(struct svcr_service_port) ports;
};

/* Names that an endpoint's hints list, interned. */
struct svcr_names { const char **v; size_t n, cap; };

struct svcr_hints { struct svcr_names zones, nodes; };

/* There may be hundreds of thousands. */
struct svcr_endpoint {
	struct svcr_addr addr;
	bool ready, serving, terminating;
	const char *node; /* interned, or NULL */
	const struct svcr_hints *hints; /* NULL: none */
};

struct svcr_slice_port {
	const char *name;
	uint16_t port; /* 0: none given */
	uint8_t protocol;
};

/* An EndpointSlice, or one subset of legacy Endpoints. */
struct svcr_slice {
	const char *ns, *service, *source;
	bool legacy;
	bool any_family; /* legacy: each address has its own */
	bool ignored;    /* FQDN, or no service named */
	uint8_t family;
	SVCR_LIST(struct svcr_slice_port) ports;
	SVCR_LIST(struct svcr_endpoint) endpoints;
};

struct svcr_node {
	const char *name, *zone; /* zone may be NULL */
	struct svcr_addrs internal_ips, other_ips;
};

struct svcr_ignored { const char *kind; size_t n; };

struct svcrules_model {
	struct svcr_arena arena;
	struct svcr_strings strings;
	SVCR_LIST(struct svcr_service) services;
	SVCR_LIST(struct svcr_slice) slices;
	SVCR_LIST(struct svcr_node) nodes;
	struct svcr_cidrs pod_cidrs;
	SVCR_LIST(struct svcr_ignored) ignored;
	struct svcr_seen_set seen;
};

#define SVCR_SCHEDULER_MAX 16 /* bytes of an IPVS scheduler's name, with the terminator (IP_VS_SCHEDNAME_MAXLEN) */

struct svcrules_options {
	struct svcr_arena arena;
	const char *node_name, *zone, *table;
	const char *scheduler, *ipvs_table; /* IPVS */
	struct svcr_addrs node_ips, host_ips;
	struct svcr_cidrs cluster_cidrs, service_cidrs, nodeport_cidrs;
	bool has_node_ip, has_cluster_cidr, nodeport_primary, masquerade_all;
	uint32_t mark;
	bool families[SVCR_FAMILY__COUNT];
};

#define SVCR_GROW(list) svcr_grow((void **)&(list)->v, &(list)->n, &(list)->cap, sizeof(*(list)->v))

/* Is it one of Linux's IPVS schedulers? The names, for messages: "rr, wrr, ...". */
bool svcr_scheduler_known(const char *name);
extern const char svcr_scheduler_names[];

/* "tcp", "udp", "sctp". */
const char *svcr_protocol_name(uint8_t protocol);

#endif
