/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of generated clusters with NetworkPolicies. */
#ifndef SVCR_POLICY_MUTATE_TEST_H
#define SVCR_POLICY_MUTATE_TEST_H

#include "rules/policy/generate_test.h"

static inline void np_swap_addresses(struct np_pod *a, struct np_pod *b)
{
	struct np_pod was = *a;

	if (np_ended(a) || np_ended(b) || a->host_network || b->host_network)
		return;
	a->home = b->home;
	a->host = b->host;
	b->home = was.home;
	b->host = was.host;
}

static inline void np_mutate_pod(struct np_cluster *c, struct np_pod *p)
{
	struct np_pod *other = &c->pods[gen_random(&c->rng, (uint32_t)c->npods)];

	switch (np_below(&c->rng, 7)) {
	case 0:
	case 1: p->labels = np_labels(&c->rng); break;
	case 2: /* it moves */
		p->node = (uint8_t)(1 + np_below(&c->rng, NP_NODES));
		if (np_ended(p) || p->host_network)
			break;
		p->phase = NP_SUCCEEDED; /* so that its old address is free */
		p->home = p->node;
		np_place(c, p);
		p->phase = NP_RUNNING;
		break;
	case 3: np_swap_addresses(p, other); break;
	case 4: p->phase = NP_FAILED; break;
	case 5: /* a new pod gets the address of one that ends */
		p->phase = NP_SUCCEEDED;
		if (c->npods == NP_PODS)
			break;
		np_add_pod(c);
		other = &c->pods[c->npods - 1];
		if (!np_ended(other) && !np_host_taken(c, p->home, p->host)) {
			other->home = p->home;
			other->host = p->host;
		}
		break;
	default:
		for (size_t i = 0; i < p->nports; i++)
			p->ports[i].name = np_below(&c->rng, 4);
		break;
	}
}

/* One change: an object more or fewer, or one that differs. */
static inline void np_mutate(struct np_cluster *c)
{
	uint8_t ns = np_below(&c->rng, NP_NAMESPACES);
	size_t at;

	switch (np_below(&c->rng, 9)) {
	case 0: np_add_pod(c); break;
	case 1: np_add_policy(c); break;
	case 2:
		if (c->npods > 1) {
			at = gen_random(&c->rng, (uint32_t)c->npods);
			c->pods[at] = c->pods[--c->npods];
		}
		break;
	case 3:
		if (c->npolicies) {
			at = gen_random(&c->rng, (uint32_t)c->npolicies);
			c->policies[at] = c->policies[--c->npolicies];
		}
		break;
	case 4: c->namespaces[ns] = np_namespace(c, ns); break;
	case 5:
		if (c->npolicies) {
			at = gen_random(&c->rng, (uint32_t)c->npolicies);
			c->policies[at] = np_policy(c);
		}
		break;
	default: np_mutate_pod(c, &c->pods[gen_random(&c->rng, (uint32_t)c->npods)]); break;
	}
}

#endif
