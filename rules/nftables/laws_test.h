/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Pairs of generated clusters with their rule sets for the target nftables. */
#ifndef SVCR_SERVICES_LAWS_TEST_H
#define SVCR_SERVICES_LAWS_TEST_H

#include "rules/built_test.h"
#include "rules/laws_run_test.h"
#include "rules/nftables/layout.h"

#define SEEDS 300
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* Two clusters of a seed. */
struct laws_pair {
	struct gen_cluster a, b;
	struct svcrules_ruleset *from, *to;
	struct svcrules_changes *changes;
	struct svcr_nft_changes *nft; /* their tables */
};

static inline struct svcrules_ruleset *laws_build(const struct gen_cluster *c, uint64_t shuffle)
{
	return gen_build("nftables", c, shuffle);
}

static inline void laws_make_pair(struct laws_pair *p, int seed)
{
	gen_pair(&p->a, &p->b, seed);
	p->from = laws_build(&p->a, 0);
	p->to = laws_build(&p->b, 0);
	p->changes = gen_diff(p->from, p->to);
	p->nft = gen_nft_changes(p->changes);
}

static inline void laws_release_pair(struct laws_pair *p)
{
	svcrules_changes_free(p->changes);
	svcrules_ruleset_free(p->from);
	svcrules_ruleset_free(p->to);
	free(p->a.v);
	free(p->b.v);
}

/* Alike services, so that the change of one can be distinguished from that of all others. */
static inline struct gen_cluster laws_uniform(size_t services, enum gen_type type, size_t endpoints,
					      bool affinity)
{
	struct gen_cluster c = { .next_id = 1, .options = 3, .n = services };

	c.v = calloc(services, sizeof(*c.v));
	ck_assert_ptr_nonnull(c.v);
	for (uint32_t i = 0; i < services; i++) {
		struct gen_service *s = &c.v[i];

		*s = (struct gen_service){ .id = i + 1, .type = type, .v4 = true, .nports = 1 };
		s->ports[0] = (struct gen_port){ 80, type == GEN_CLUSTER_IP ? 0 : 30000 + i, 6 };
		s->balancer_ip = type == GEN_LOAD_BALANCER && i == 5;
		s->timeout = affinity ? 60 : 0;
		s->nendpoints = endpoints;
		for (uint32_t e = 0; e < endpoints; e++)
			s->endpoints[e] = (struct gen_endpoint){ (i * 7 + e) % 240 + 1, 1, 0, 0 };
	}
	return c;
}

#endif
