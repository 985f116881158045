/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Services of a model, and why they are not served. svcrules.h includes it. */
#ifndef SVCRULES_SERVICES_H
#define SVCRULES_SERVICES_H

#include "svcrules.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What this node makes of the services of a model: their addresses, ports and endpoints, and a
 * reason for each that has no endpoints or is left out. It is the same for all targets. The
 * option `explain` makes a model read what only this needs: Pods, and the names of those that
 * endpoints belong to.
 */
struct svcrules_services;

/*
 * Services are in order of namespace and name. `d` gets what svcrules_build() says, too. *ret
 * refers to `m` and `o`. Returns 0 or -ENOMEM.
 */
SVCRULES_API int svcrules_services_new(const struct svcrules_model *m,
				       const struct svcrules_options *o, struct svcrules_diags *d,
				       struct svcrules_services **ret);
SVCRULES_API void svcrules_services_free(struct svcrules_services *l);

/*
 * A reason: a stable name of its kind, as svcrules(1) DIAGNOSTICS lists them ("not-ready"), and a
 * phrase ("2 endpoints, none is ready"). Both are NULL if there is nothing to explain.
 */
struct svcrules_reason {
	const char *kind, *text;
};

/* Strings live until another service is asked for. */
struct svcrules_service {
	const char *ns, *name, *source;
	const char *type;          /* "ClusterIP", "NodePort", "LoadBalancer", "ExternalName" */
	const char *cluster_ips;   /* "10.96.0.10,fd00::10"; "None"; "" */
	const char *external_ips;  /* of load balancers, then externalIPs; the same */
	const char *external_name; /* of that type, if the model reads it; else NULL */
	const char *selector;      /* "app=web,tier=front"; "" */
	int64_t created;           /* nanoseconds since 1970; 0: unknown */
	bool internal_local, external_local; /* traffic policies */
	bool publish_not_ready;
	uint32_t affinity; /* seconds; 0: none */
	bool from_pods;    /* its endpoints come from Pods, as it has no slice and no Endpoints */
	size_t slices;     /* that name it */
	struct svcrules_reason left_out; /* why it gets no rules at all */
	/* at most 100,000 VIPs and endpoints are listed, and these are counted */
	size_t nports, nvips, nendpoints;
	/* distinct addresses and ports of endpoints, over all ports and families */
	size_t total, ready;
};

struct svcrules_service_port {
	const char *name, *protocol; /* "" if unnamed; "tcp" */
	const char *target;          /* targetPort: "8080", "http"; "" if not given */
	uint16_t port, node_port;    /* node_port 0: none */
	size_t total, ready;         /* distinct endpoints, over the families of the service */
	/* why it has none, for the traffic policy Cluster; of the first family without any */
	struct svcrules_reason reason;
};

enum svcrules_verdict { SVCRULES_SERVED, SVCRULES_REFUSES, SVCRULES_DROPS, SVCRULES_LEFT_OUT };

/* One address and port of a service, and what happens to packets to it on this node. */
struct svcrules_vip {
	const char *address,
		*kind; /* "cluster IP", "load-balancer IP", "external IP", "node port" */
	const char *protocol;
	uint16_t port;
	size_t at; /* the number of the service's port */
	bool ipv6;
	size_t used; /* endpoints for packets from pods and from the node itself */
	enum svcrules_verdict verdict; /* for these packets */
	struct svcrules_reason reason; /* unless it is served */
	/* The same for packets from outside, which differ with externalTrafficPolicy Local. */
	size_t used_outside;
	enum svcrules_verdict verdict_outside;
	struct svcrules_reason reason_outside;
};

/* One endpoint at one port: an address that is in several slices is there once. */
struct svcrules_endpoint {
	const char *address, *protocol, *port_name; /* "" if unnamed */
	uint16_t port;
	size_t at; /* the number of the service's port; SIZE_MAX: none has this name and protocol */
	bool ipv6;
	const char *node;     /* NULL: unknown */
	const char *pod;      /* NULL: unknown */
	const char *hostname; /* NULL: none, or not read */
	bool ready, serving, terminating;
	bool local; /* on this node */
	bool used;  /* by this node, for packets from inside */
};

/* How many services there are. */
SVCRULES_API size_t svcrules_services_count(const struct svcrules_services *l);
/*
 * Each returns 0, -ENOENT past the end, or -ENOMEM. `k` counts from 0 up to the numbers of the
 * service; node ports have a VIP for each address of the node that serves them.
 */
SVCRULES_API int svcrules_services_get(struct svcrules_services *l, size_t i,
				       struct svcrules_service *ret);
SVCRULES_API int svcrules_services_port(struct svcrules_services *l, size_t i, size_t k,
					struct svcrules_service_port *ret);
SVCRULES_API int svcrules_services_vip(struct svcrules_services *l, size_t i, size_t k,
				       struct svcrules_vip *ret);
SVCRULES_API int svcrules_services_endpoint(struct svcrules_services *l, size_t i, size_t k,
					    struct svcrules_endpoint *ret);
/* The number of a service; SIZE_MAX: there is none of that name. */
SVCRULES_API size_t svcrules_services_find(const struct svcrules_services *l, const char *ns,
					   const char *name);

#ifdef __cplusplus
}
#endif
#endif
