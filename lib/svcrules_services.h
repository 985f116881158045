/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Services of a model, and why they are not served; NetworkPolicies; and what rules of the kernel
 * serve. svcrules.h includes it.
 */
#ifndef SVCRULES_SERVICES_H
#define SVCRULES_SERVICES_H

#include "svcrules.h"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * What this node makes of the services of a model: their addresses, ports and endpoints, and a
 * reason for each that has no endpoints or is left out. It is the same for all targets. The
 * option `reasons` makes a model read what only this needs, Pods, and the option `explain` also
 * the names of those that endpoints belong to.
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
	/* where a load balancer is reached that no rules are for: a name, an address; else NULL */
	const char *elsewhere;
	const char *selector;                /* "app=web,tier=front"; "" */
	int64_t created;                     /* nanoseconds since 1970; 0: unknown */
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

/* ---- Policies ---------------------------------------------------------- */

/* A list of the NetworkPolicies of a model that was made with the option `network-policy`. */
struct svcrules_policies;

struct svcrules_policy {
	const char *ns, *name, *source;
	const char *selector; /* "app=web,tier in (a,b)"; "": all pods */
	int64_t created;      /* nanoseconds since 1970; 0: unknown */
	bool ingress, egress; /* what it isolates */
	bool counted;         /* the next two are known: else there are too many pods to look at */
	/* pods that it selects, without those that have ended or are on the host's network */
	size_t pods, here; /* here: on this node */
};

/*
 * In order of namespace and name. *ret refers to `m`; its strings live as long as it. Returns 0 or
 * -ENOMEM.
 */
SVCRULES_API int svcrules_policies_new(const struct svcrules_model *m,
				       const struct svcrules_options *o,
				       struct svcrules_policies **ret);
SVCRULES_API void svcrules_policies_free(struct svcrules_policies *l);
SVCRULES_API size_t svcrules_policies_count(const struct svcrules_policies *l);
/* The i-th, or NULL. */
SVCRULES_API const struct svcrules_policy *svcrules_policies_get(const struct svcrules_policies *l,
								 size_t i);

/* ---- What the kernel has ------------------------------------------------ */

/*
 * The services and policies of a rule set, such as one that was read from the kernel. Names come
 * from comments, which the kernel keeps; what only objects have, such as types, is unknown.
 */
struct svcrules_installed;

/* *ret refers to `rs`, and its strings live as long as it. Returns 0 or -ENOMEM. */
SVCRULES_API int svcrules_installed_new(const struct svcrules_ruleset *rs,
					struct svcrules_installed **ret);
SVCRULES_API void svcrules_installed_free(struct svcrules_installed *l);

/* An address and port that is served, refused or dropped. */
struct svcrules_installed_vip {
	const char *ns, *name,
		*port_name; /* "" if nothing names it; a name that was cut ends in ~ */
	const char *address;
	/* "cluster IP", "node port" or "external IP" (of load balancers, too) */
	const char *kind;
	const char *protocol;
	uint16_t port;
	bool ipv6;
	enum svcrules_verdict verdict; /* for packets from inside */
	const char *reason;            /* a few words; "": none, or unknown */
	bool local; /* traffic policy Local for packets from outside: endpoints of this node */
	size_t nendpoints;
};

struct svcrules_installed_endpoint {
	const char *address;
	uint16_t port;
	bool ipv6;
	bool outside; /* used for packets from outside with the traffic policy Local alone */
};

/* In order of namespace, name, port's name, kind and address. */
SVCRULES_API size_t svcrules_installed_vips(const struct svcrules_installed *l);
/* The i-th, or NULL. */
SVCRULES_API const struct svcrules_installed_vip *svcrules_installed_vip(
	const struct svcrules_installed *l, size_t i);
/* The k-th endpoint of it, or NULL. */
SVCRULES_API const struct svcrules_installed_endpoint *svcrules_installed_endpoint(
	const struct svcrules_installed *l, size_t i, size_t k);

/* A policy that selects pods of this node. */
struct svcrules_installed_policy {
	const char *ns, *name;
	bool ingress, egress; /* what it isolates */
	size_t pods;          /* of this node, that it isolates: addresses of one family */
};

/* In order of namespace and name. The i-th, or NULL. */
SVCRULES_API const struct svcrules_installed_policy *svcrules_installed_policy(
	const struct svcrules_installed *l, size_t i);

/*
 * Writes a line for each kind of difference between the rules that a run left, as unpacked, and
 * those that were read from the kernel since: "table ip svcrules: 2 elements removed from map
 * services". Nothing: there is none. What packets and time change is no difference. Returns 0,
 * -ENOMEM, or what `write` returned.
 */
SVCRULES_API int svcrules_drift(const struct svcrules_ruleset *left,
				const struct svcrules_ruleset *have, svcrules_write_fn write,
				void *arg);

#ifdef __cplusplus
}
#endif
#endif
