/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the model keeps of the objects that NetworkPolicy needs: Pods, which may become endpoints,
 * too, Namespaces and NetworkPolicies (networking.k8s.io/v1). Strings are interned; lists live in
 * the model's arena.
 */
#ifndef SVCR_POLICY_H
#define SVCR_POLICY_H

#include "addr.h"
#include "protocol.h"
#include "selector.h"

/* A container port that has a name. */
struct svcr_pod_port {
	const char *name;
	uint16_t port;
	uint8_t protocol; /* enum svcr_protocol */
};

/* What few pods have. */
struct svcr_pod_more {
	const char *hostname, *subdomain; /* both or none: its name in DNS */
	uint32_t
		since; /* not ready since then, in seconds since 1970; 0: it is ready, or unknown */
	const char *kind; /* of the workload whose template it is; NULL: it is a Pod */
};

/*
 * There may be hundreds of thousands: with its name, its addresses and its places in tables one
 * takes at most 300 bytes beside its labels (lib/kinds/policy_test.c).
 */
struct svcr_pod {
	const char *ns, *name, *source;
	const char *node;                 /* spec.nodeName; NULL: on no node yet */
	const struct svcr_labels *labels; /* never NULL */
	struct svcr_addrs ips;            /* status.podIPs, or status.podIP alone */
	/* named ports of all containers and restartable init containers, in this order */
	struct {
		const struct svcr_pod_port *v; /* pods may share a list */
		uint32_t n;
	} ports;
	uint32_t more;         /* svcr_model_pod_more() */
	bool host_network : 1; /* spec.hostNetwork: its traffic is that of the node */
	bool ended : 1;        /* status.phase is Succeeded or Failed */
	bool ready : 1;        /* its condition Ready is True */
	bool terminating : 1;  /* it has a deletionTimestamp */
	bool planned : 1;      /* of a manifest: no API server has given it a uid or a status */
};

/* True if policies apply to the pod: it is not on the host's network, and it has not ended. */
static inline bool svcr_pod_counts(const struct svcr_pod *p)
{
	return !p->host_network && !p->ended;
}

struct svcr_namespace {
	const char *name;
	const struct svcr_labels *labels; /* never NULL */
};

/* An entry of `from` or `to`. What could not be understood is left out by svcr_policy_rule. */
struct svcr_policy_peer {
	const struct svcr_selector *pods;       /* podSelector; NULL: absent */
	const struct svcr_selector *namespaces; /* namespaceSelector; NULL: absent */
	bool is_block;                          /* ipBlock; both selectors are then absent */
	struct svcr_cidr block;                 /* host bits are 0 */
	struct svcr_cidrs except;
};

/* True if an ipBlock holds the address, and none of its exceptions does. */
static inline bool svcr_policy_block_holds(const struct svcr_policy_peer *p,
					   const struct svcr_addr *a)
{
	bool holds = svcr_cidr_contains(&p->block, a);

	for (size_t i = 0; i < p->except.n && holds; i++)
		holds = !svcr_cidr_contains(&p->except.v[i], a);
	return holds;
}

/* An entry of `ports`. */
struct svcr_policy_port {
	uint8_t protocol;     /* enum svcr_protocol; TCP if absent */
	const char *name;     /* of a container port; NULL: a number, or all ports */
	uint16_t first, last; /* inclusive; 0 and 65535 if the entry has no port */
};

/*
 * An entry of `ingress` or `egress`: allows its peers at its ports. An entry of these lists that
 * could not be understood is missing there and has a warning; a list whose entries are all missing
 * allows nothing, which is another thing than an absent list.
 */
struct svcr_policy_rule {
	bool any_peer; /* `from` or `to` is absent or empty */
	bool any_port; /* `ports` is absent or empty: all ports and protocols */
	struct {
		struct svcr_policy_peer *v;
		size_t n, cap;
	} peers;
	struct {
		struct svcr_policy_port *v;
		size_t n, cap;
	} ports;
};

struct svcr_policy_rules {
	struct svcr_policy_rule *v;
	size_t n, cap;
};

enum svcr_direction { SVCR_INGRESS, SVCR_EGRESS, SVCR_DIRECTION__COUNT };

struct svcr_network_policy {
	const char *ns, *name, *source;
	int64_t created; /* metadata.creationTimestamp, nanoseconds since 1970; 0: none */
	/* podSelector; if a part of it could not be understood, that part is taken as true */
	const struct svcr_selector *pods;
	/* what the policy isolates: as policyTypes says, or by its default */
	bool isolates[SVCR_DIRECTION__COUNT];
	/*
	 * empty for a direction that it does not isolate, and if podSelector could not be
	 * understood: nothing is then allowed
	 */
	struct svcr_policy_rules rules[SVCR_DIRECTION__COUNT];
};

#endif
