/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Classes: what the policies that select a pod of this node allow in one direction. Pods that the
 * same policies select, and in which the ports that these name have the same numbers, share a
 * class.
 */
#ifndef SVCR_POLICY_CLASSES_H
#define SVCR_POLICY_CLASSES_H

#include "rules/policy/blocks.h"
#include "rules/policy/peers.h"

struct svcr_pod_class {
	enum svcr_direction direction;
	const struct svcr_network_policy *const *policies; /* sorted by name */
	size_t npolicies;
	const struct svcr_pod_port *ports; /* of the pods, as far as ingress rules name them */
	size_t nports;
	uint32_t number; /* 0: there are too many classes */
	/* what rules allow: to all addresses, to all pods; NULL: nothing */
	struct svcr_bundle *any, *everywhere;
	struct svcr_block_list blocks;
	struct svcr_block_ranges ranges[SVCR_FAMILY__COUNT];
	bool paired[SVCR_FAMILY__COUNT]; /* allows something to single pods */
	bool used[SVCR_FAMILY__COUNT];   /* a pod with an address of that family has it */
	size_t cost;                     /* elements, and the work to find them */
};

/* True if all is allowed, so that pods of the class are not isolated. */
static inline bool svcr_class_open(const struct svcr_pod_class *c)
{
	return c->any && c->any->all;
}

/* A pod of this node that a policy selects. */
struct svcr_isolated_pod {
	const struct svcr_pod *pod;
	struct svcr_pod_class *classes[SVCR_DIRECTION__COUNT]; /* NULL: not isolated */
};

/* A class allows a bundle to a peer class. */
struct svcr_class_pair {
	struct svcr_pod_class *class;
	struct svcr_peer_class *peer;
	struct svcr_bundle *bundle;
};

struct svcr_classes {
	struct svcr_arena arena;
	struct svcr_table selections, classes;
	const struct svcr_network_policy **policies; /* by name; malloc'ed */
	size_t npolicies;
	SVCR_LIST(struct svcr_pod_class *) list;
	SVCR_LIST(struct svcr_isolated_pod) pods; /* sorted by name */
	SVCR_LIST(struct svcr_class_pair) pairs;
	SVCR_LIST(struct svcr_pod_port) names; /* that the policies of the pod looked at ask for */
};

/*
 * Finds the isolated pods of this node and their classes, and registers the peers of these with
 * `p`. 0 or -ENOMEM.
 */
int svcr_classes_find(struct svcr_classes *c, const struct svcrules_model *m,
		      const struct svcrules_options *o, struct svcr_bundles *b,
		      struct svcr_peers *p);
/* After svcr_peers_find(): finds the pairs. 0 or -ENOMEM. */
int svcr_classes_pair(struct svcr_classes *c, const struct svcrules_options *o,
		      struct svcr_bundles *b, const struct svcr_peers *p);
/* True if the class needs more elements than allowed; it then allows nothing. */
static inline bool svcr_class_too_big(const struct svcr_pod_class *c,
				      const struct svcrules_options *o)
{
	return c->cost > o->max_elements;
}
void svcr_classes_release(struct svcr_classes *c);

#endif
