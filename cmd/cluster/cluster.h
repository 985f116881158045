/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A made-up cluster: every fact about its services and endpoints is a function
 * of their numbers, so the same options give the same bytes, as Kubernetes
 * objects and as the rules that others would make of them.
 */
#ifndef CLUSTER_H
#define CLUSTER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#define SLICE_MAX 100 /* endpoints in one EndpointSlice, as Kubernetes makes them */
#define POD_CIDR "10.128.0.0/9"
#define SERVICE_CIDR "10.96.0.0/12"
#define NODE "node-000" /* the node that the rules are for */
#define NODE_IP "192.0.2.1"

enum service_type { CLUSTER_IP, NODE_PORT, LOAD_BALANCER };

struct cluster {
	uint32_t services, endpoints;
	bool mixed; /* 1 to 100 endpoints a service instead of `endpoints` */
	bool dual_stack;
	bool remove_endpoint;  /* the service in the middle has one less */
	bool replace_endpoint; /* the service in the middle has one that is new */
	uint32_t roll;         /* per cent of the endpoints that are new */
	struct pods {
		uint32_t n, local;        /* `local` of them are on NODE */
		uint32_t policies, rules; /* NetworkPolicies, and the rules of each */
		uint32_t middle;          /* the number of the pod that changes */
		bool relabel;             /* it has another label */
		bool move;                /* it is a new one, on NODE, */
		bool replica;             /* where its app has pods already */
	} pods;
};

struct service {
	uint32_t number;
	enum service_type type;
	bool udp;
	uint16_t port, target_port, node_port; /* node_port: 0 for none */
	uint32_t ip, balancer_ip;              /* in host order; balancer_ip: 0 for none */
	uint32_t endpoints, first;             /* how many, and the number of the first */
	char namespace[32], app[32], name[48];
};

struct service service_get(const struct cluster *c, uint32_t number);
/*
 * The address of a service's k-th endpoint, in host order. *ret_new: it is not in the cluster
 * without changes.
 */
uint32_t endpoint_ip(const struct cluster *c, const struct service *s, uint32_t k, bool *ret_new);
/* True if the endpoint is on NODE. */
bool endpoint_local(const struct service *s, uint32_t k);
/* The number of the node an endpoint is on. */
uint32_t endpoint_node(const struct service *s, uint32_t k);
/* A number that looks random: the same for the same arguments. */
uint64_t scramble(uint64_t a, uint64_t b);
const char *protocol(const struct service *s); /* "tcp" or "udp" */
/* An address in host order as text; `buf` takes 16 bytes. */
const char *ip_text(uint32_t ip, char buf[static 16]);

/* What can be written. */
void write_json(const struct cluster *c, FILE *f);
void write_chains(const struct cluster *c, FILE *f); /* nft: a chain per service and endpoint */
void write_maps(const struct cluster *c,
		FILE *f); /* nft: a chain and an anonymous map per service */
void write_iptables(const struct cluster *c, FILE *f);  /* for iptables-restore */
void write_vips(const struct cluster *c, FILE *f);      /* lines "PROTOCOL ADDRESS PORT" */
void write_ingresses(const struct cluster *c, FILE *f); /* of four paths each */
/* Of Pods, Namespaces and NetworkPolicies. */
void write_pods(const struct cluster *c, FILE *f);
void write_pod_chains(const struct cluster *c, FILE *f); /* nft: of pods on NODE */
void write_all_chains(const struct cluster *c, FILE *f); /* nft: and of all policies */
void write_pod_vips(const struct cluster *c, FILE *f);   /* lines "PROTOCOL ADDRESS PORT" */

#endif
