/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pods, namespaces and policies of a made-up cluster. A namespace has 10 apps of 10 pods, and a
 * label that 10 namespaces share. Each policy selects one app and isolates it.
 */
#ifndef CLUSTER_PODS_H
#define CLUSTER_PODS_H

#include "cluster.h"

#define APPS 10u
#define PODS_OF_NAMESPACE 100u
#define NAMESPACES_OF_TEAM 10u
#define MONITOR_IP \
	0x0afffffeu /* of a pod on another node, in a namespace that all policies allow */
#define MONITOR_NS "monitoring"

struct pod {
	uint32_t number, ip, node; /* ip in host order; node 0 is NODE */
	uint32_t ns, app;          /* numbers */
	bool fresh;                /* not in the cluster without changes */
};

enum rule_kind { FROM_APP, FROM_TEAM, FROM_BLOCK, TO_BLOCK };

struct policy {
	uint32_t number, ns, app;
	bool egress; /* one of three rules is for egress */
};

struct rule {
	enum rule_kind kind;
	uint32_t app, team;           /* of the peers */
	uint32_t block, except;       /* an address /16, and a /24 of it; in host order */
	uint16_t port, from, to, udp; /* TCP: a port and a range; 0: none */
};

uint32_t pods_namespaces(const struct pods *p);
uint32_t pods_team(const struct pods *p, uint32_t ns);
/* The number of a pod of another node that can change as the options say; p->n: none can. */
uint32_t pods_middle(const struct pods *p);
struct pod pods_pod(const struct pods *p, uint32_t number);
struct policy pods_policy(const struct pods *p, uint32_t number);
struct rule pods_rule(const struct pods *p, const struct policy *y, uint32_t k);
/* The policies that may select a pod are pods_first(), and those that follow it in steps. */
uint32_t pods_first(const struct pods *p, const struct pod *pod);
uint32_t pods_step(const struct pods *p);
const char *app_name(uint32_t app);

#endif
