/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What this node must serve: every address, protocol and port that packets
 * are sent to, with the endpoints they may go to. The input of every back end.
 */
#ifndef SVCR_SELECT_H
#define SVCR_SELECT_H

#include "model.h"
#include "options.h"

struct svcr_target {
	struct svcr_addr addr;
	uint16_t port;
};

struct svcr_targets { struct svcr_target *v; size_t n; }; /* sorted, each once */

/* The endpoints of one service port in one family (semantics: which endpoints a service port uses). */
struct svcr_backends {
	struct svcr_targets cluster; /* usable from anywhere, hints applied */
	struct svcr_targets local;   /* on this node */
};

enum svcr_vip_kind { SVCR_VIP_CLUSTER, SVCR_VIP_BALANCER, SVCR_VIP_EXTERNAL, SVCR_VIP_NODE_PORT };

struct svcr_vip {
	struct svcr_addr addr;
	uint8_t protocol;
	uint16_t port;
	enum svcr_vip_kind kind; /* of node ports there is one for each node address */
	const struct svcr_service *service;
	const struct svcr_service_port *service_port;
	const struct svcr_backends *backends;
	bool local;          /* the traffic policy that governs this VIP is Local */
	/* loadBalancerSourceRanges, kind BALANCER only: */
	bool guarded;        /* only packets from `allowed` may pass */
	struct svcr_range *allowed; /* disjoint, sorted */
	size_t nallowed;
};

struct svcr_view {
	struct svcr_arena arena;   /* owns all arrays below; services belong to the model */
	struct svcr_vip *vips;     /* sorted by address (IPv4 first), protocol, port; each key once */
	size_t nvips;
	struct svcr_addr *cluster_ips; /* of services that have rules; sorted, each once */
	size_t ncluster_ips;
	struct svcr_addr *unmanaged;   /* within --service-cidr, allocated, but other ports are not ours; sorted, each once */
	size_t nunmanaged;
	struct svcr_addr *hairpin; /* endpoint addresses on this node (all, if nobody knows the node); sorted, each once */
	size_t nhairpin;
	struct svcr_addr *node_ips; /* this node's own addresses, sorted, each once */
	size_t nnode_ips;
	struct svcr_range *pod_ranges[SVCR_FAMILY__COUNT];
	size_t npod_ranges[SVCR_FAMILY__COUNT];
	struct svcr_range *service_ranges[SVCR_FAMILY__COUNT]; /* --service-cidr */
	size_t nservice_ranges[SVCR_FAMILY__COUNT];
	size_t nports;      /* service ports served */
	size_t nendpoints;  /* distinct address:port among all backends used */
};

/* Families that `o` leaves out have no VIPs, addresses or ranges in the view. Returns 0 or -ENOMEM
 * (then the view is released). Warnings and notices go to `d`. */
int svcr_select(struct svcr_view *view, const struct svcrules_model *m, const struct svcrules_options *o,
		struct svcrules_diags *d);
/* Is it one of the node's own addresses, or of this host's interfaces as `o` names them? */
bool svcr_view_own(const struct svcr_view *view, const struct svcrules_options *o, const struct svcr_addr *a);
void svcr_view_release(struct svcr_view *view);

#endif
