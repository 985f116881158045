/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The view: what this node must serve. It has every address, protocol and port
 * that packets are sent to, with the endpoints that may receive them, and is
 * the input of all rule sets for Services.
 */
#ifndef SVCR_VIEW_H
#define SVCR_VIEW_H

#include "endpoints.h"
#include "options.h"

/*
 * A list of sources is looked up by address, protocol, port and source if that takes at most so
 * many elements: the kernel (Linux 6.18) adds many of one address in square time, but a few of
 * each in less time than it makes a set of their own.
 */
#define SVCR_SOURCES_LISTED 32

/* The sources that loadBalancerSourceRanges of a service admits in one family. */
struct svcr_sources {
	const struct svcr_service *service;
	uint8_t family;  /* enum svcr_family */
	bool listed;     /* short enough; else it has a number */
	bool everybody;  /* all addresses of the family are admitted */
	uint32_t number; /* not 0, and the same in every run; one for both families */
	size_t nvips;    /* addresses, protocols and ports of the service that it guards */
	struct svcr_range *v;
	size_t n; /* disjoint, sorted; 0: nobody is admitted */
};

enum svcr_vip_kind { SVCR_VIP_CLUSTER, SVCR_VIP_BALANCER, SVCR_VIP_EXTERNAL, SVCR_VIP_NODE_PORT };

struct svcr_vip {
	struct svcr_addr addr;
	uint8_t protocol; /* enum svcr_protocol */
	uint16_t port;
	enum svcr_vip_kind kind; /* a node port has one VIP for each address of the node */
	const struct svcr_service *service;
	const struct svcr_service_port *service_port;
	const struct svcr_endpoint_choice *choice;
	bool local; /* the traffic policy of this VIP is Local */
	/* of kind BALANCER only: who may connect; NULL: everybody */
	const struct svcr_sources *sources;
};

/* Lists of addresses are sorted, and have each address once. */
struct svcr_view {
	struct svcr_arena arena; /* owns all arrays below; services belong to the model */
	/* owns the lists svcr_endpoint_choice.serving, which may be taken out of the view */
	struct svcr_arena lasting;
	struct svcr_vip *vips; /* sorted by address (IPv4 first), protocol, port; each key once */
	size_t nvips;
	/* those that are not listed, by number, then by family */
	struct svcr_sources **sources;
	size_t nsources;
	struct svcr_addr *cluster_ips; /* of services that have rules */
	size_t ncluster_ips;
	/*
	 * within --service-cidr and allocated, but another program may serve
	 * their undefined ports
	 */
	struct svcr_addr *unmanaged;
	size_t nunmanaged;
	/* of endpoints on this node (if it is unknown, of all), which may reach themselves */
	struct svcr_addr *hairpin;
	size_t nhairpin;
	struct svcr_addr *node_ips; /* of this node */
	size_t nnode_ips;
	struct svcr_range *pod_ranges[SVCR_FAMILY__COUNT];
	size_t npod_ranges[SVCR_FAMILY__COUNT];
	/* of this node's pods alone; none: unknown */
	struct svcr_range *own_pod_ranges[SVCR_FAMILY__COUNT];
	size_t nown_pod_ranges[SVCR_FAMILY__COUNT];
	struct svcr_range *service_ranges[SVCR_FAMILY__COUNT]; /* --service-cidr */
	size_t nservice_ranges[SVCR_FAMILY__COUNT];
	/* what the endpoints were chosen with; explanations use it again */
	struct svcr_endpoints *endpoints;
	/* services that get no rules because these would be too many; sorted by address */
	SVCR_LIST(const struct svcr_service *) too_large;
	size_t nports;     /* service ports served */
	size_t nendpoints; /* distinct addresses and ports of endpoints used */
};

/* True if `a` is an address of the node, or of this host's interfaces according to `o`. */
bool svcr_view_own(const struct svcr_view *view, const struct svcrules_options *o,
		   const struct svcr_addr *a);
/* Frees all arrays; the view is then zeroed. */
void svcr_view_release(struct svcr_view *view);

#endif
