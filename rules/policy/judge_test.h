/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Generated clusters compiled, and packets that walk through the tables for NetworkPolicies. */
#ifndef SVCR_POLICY_JUDGE_TEST_H
#define SVCR_POLICY_JUDGE_TEST_H

#include <check.h>

#include "rules/built_test.h"
#include "rules/policy/json_test.h"
#include "rules/policy/layout.h"
#include "rules/policy/meaning_test.h"
#include "rules/policy/walk_test.h"

/* ---- Compiled ------------------------------------------------------------ */

static inline void judge_set(struct svcrules_options *o, const char *name, const char *value,
			     struct svcrules_diags *d)
{
	if (svcrules_options_set(o, name, value, d))
		abort();
}

/* Builds for that node, with the option network-policy if `enforced`. */
static inline struct svcrules_ruleset *judge_compile_text(const char *target, const char *text,
							  uint8_t number, bool enforced)
{
	struct gen_input in = { target, .d = svcrules_diags_new(), .o = svcrules_options_new() };
	struct svcrules_ruleset *rs;
	char node[16];

	if (!in.d || !in.o)
		abort();
	snprintf(node, sizeof(node), "node%u", number);
	judge_set(in.o, "node-name", node, in.d);
	if (enforced)
		judge_set(in.o, "network-policy", NULL, in.d);
	in.m = svcrules_model_new(target, in.o);
	gen_valid(&in, svcrules_model_read(in.m, "generated", gen_fill, &text, in.d));
	rs = gen_build_input(&in);
	gen_release(&in);
	return rs;
}

/* The same for a cluster, whose objects are in an order that `shuffle` gives. */
static inline struct svcrules_ruleset *judge_compile(const char *target, const struct np_cluster *c,
						     uint64_t shuffle, bool enforced)
{
	char *json = np_json(c, shuffle);
	struct svcrules_ruleset *rs = judge_compile_text(target, json, c->node, enforced);

	free(json);
	return rs;
}

static inline struct svcrules_ruleset *judge_build(const struct np_cluster *c)
{
	return judge_compile("nftables", c, 0, true);
}

static inline struct svcr_nft_table *judge_table(const struct svcrules_ruleset *rs, bool v6)
{
	struct svcr_nft_table *t = svcr_nft_serving(gen_nft(rs), SVCR_POLICY_WORD,
						    v6 ? SVCR_IPV6 : SVCR_IPV4);

	WALK_ASSERT(t, "no tables of policies");
	return t;
}

/* ---- Packets ------------------------------------------------------------- */

/* An address at or beside an end of a block of some policy; of IPv4 or IPv6 as it comes. */
static inline struct np_addr np_block_end(const struct np_cluster *c, uint64_t *rng, bool v6)
{
	const struct np_policy *p = &c->policies[gen_random(rng, (uint32_t)c->npolicies)];
	const struct np_rule *r = &p->rules[gen_random(rng, 2)].v[gen_random(rng, 3)];
	const struct np_peer *peer = &r->peers[gen_random(rng, 3)];
	const struct np_block *b = peer->nexcept && gen_one_in(rng, 2) ? &peer->except[0] :
									 &peer->block;
	struct np_addr a = b->addr;
	bool last = gen_one_in(rng, 2);
	unsigned int bits = a.v6 ? 128 : 32;

	if (!peer->is_block)
		return np_some_addr(rng, v6);
	for (unsigned int i = b->prefix; i < bits; i++)
		a.bytes[i / 8] = (uint8_t)((a.bytes[i / 8] & ~(0x80 >> i % 8)) |
					   (last ? 0x80 >> i % 8 : 0));
	if (gen_one_in(rng, 2)) /* one further; the last byte may wrap, which is as good */
		a.bytes[bits / 8 - 1] = (uint8_t)(a.bytes[bits / 8 - 1] + (last ? 1 : -1));
	return a;
}

/* `here`: of a pod of the node, mostly an isolated one. */
static inline struct np_addr np_pod_or_any(const struct np_cluster *c, uint64_t *rng, bool v6,
					   bool here)
{
	struct np_addr addrs[2];

	for (int tries = 0; tries < 20; tries++) {
		const struct np_pod *p = &c->pods[gen_random(rng, (uint32_t)c->npods)];
		size_t n = np_pod_addrs(p, addrs);

		if (here && (p->node != c->node || p->host_network || np_ended(p)))
			continue;
		if (here && tries < 14 && !np_isolated(c, p, NP_INGRESS) &&
		    !np_isolated(c, p, NP_EGRESS))
			continue;
		for (size_t i = 0; i < n; i++)
			if (addrs[i].v6 == v6)
				return addrs[i];
	}
	return np_some_addr(rng, v6);
}

static inline struct np_addr np_peer_addr(const struct np_cluster *c, uint64_t *rng,
					  const struct np_addr *own)
{
	struct np_addr a;

	switch (np_below(rng, 10)) {
	case 0: return np_some_addr(rng, own->v6);
	case 1: return gen_one_in(rng, 4) ? *own : np_some_addr(rng, own->v6);
	case 2:
	case 3:
	case 4:
		if (!c->npolicies)
			break;
		a = np_block_end(c, rng, own->v6);
		return a.v6 == own->v6 ? a : np_some_addr(rng, own->v6);
	default: break;
	}
	return np_pod_or_any(c, rng, own->v6, false);
}

/* A packet that is mostly from a pod of the node or to one. */
static inline struct np_packet np_packet(const struct np_cluster *c, uint64_t *rng)
{
	static const uint8_t protocols[] = { 6, 6, 6, 17, 17, 132, 132, 1, 58, 47, 0 };
	static const uint16_t ports[] = { 80, 81, 82, 83, 84, 79, 53, 443, 8080, 1, 65535, 0 };
	bool v6 = gen_one_in(rng, 3), out = gen_one_in(rng, 2);
	struct np_addr own = np_pod_or_any(c, rng, v6, !gen_one_in(rng, 8));
	struct np_addr peer = np_peer_addr(c, rng, &own);

	return (struct np_packet){ .src = out ? own : peer,
				   .dst = out ? peer : own,
				   .protocol = protocols[gen_random(rng, 11)],
				   .port = gen_one_in(rng, 3) ?
						   ports[gen_random(rng, 12)] :
						   (uint16_t)(80 + gen_random(rng, 4)) };
}

/* ---- The walk ------------------------------------------------------------ */

static inline struct walk_packet judge_packet(const struct np_cluster *c, const struct np_packet *p,
					      uint64_t *rng)
{
	static const uint32_t priorities[] = { 0, 1, 6, 0x100000, UINT32_MAX };
	struct walk_packet w = { .family = p->src.v6 ? SVCR_IPV6 : SVCR_IPV4,
				 .src_local = np_host_owns(c, &p->src),
				 .dst_local = np_host_owns(c, &p->dst),
				 .protocol = p->protocol,
				 .port = p->port,
				 .tos = (uint8_t)gen_random(rng, 256),
				 .priority = priorities[gen_random(rng, 5)] };

	if (gen_one_in(rng, 4))
		w.priority = gen_random(rng, UINT32_MAX);
	memcpy(w.src, p->src.bytes, sizeof(w.src));
	memcpy(w.dst, p->dst.bytes, sizeof(w.dst));
	w.forwarded = !w.src_local;
	w.direct = memcmp(w.src, w.dst, sizeof(w.src)) != 0; /* a pod reaches itself by a service */
	return w;
}

/* True if the tables let it pass, which they do with the priority that a packet has. */
static inline bool judge_walk(const struct svcrules_ruleset *rs, const struct walk_packet *p)
{
	struct walk w;

	if (!walk_hook(&w, judge_table(rs, p->family == SVCR_IPV6), p, "postrouting"))
		return false;
	WALK_ASSERT(w.priority == (w.changed ? walk_forwarded_priority(p) : p->priority),
		    "the priority %u is left", w.priority);
	return true;
}

/* Of the first packet of a connection. */
static inline bool judge_passes(const struct svcrules_ruleset *rs, const struct np_cluster *c,
				const struct np_packet *p, uint64_t *rng)
{
	const struct walk_packet w = judge_packet(c, p, rng);

	return judge_walk(rs, &w);
}

/* ---- Failures ------------------------------------------------------------ */

static inline void judge_print_packet(FILE *f, const struct np_packet *p)
{
	np_print_addr(f, &p->src);
	fprintf(f, " > ");
	np_print_addr(f, &p->dst);
	fprintf(f, " protocol %u port %u", p->protocol, p->port);
}

/* Prints what failed, and the cluster, which is then enough to see it again. */
static inline void judge_fail(const char *what, int seed, const struct np_cluster *c,
			      const struct np_packet *p)
{
	char *json = np_json(c, 0);

	fprintf(stderr, "%s: seed %d, node%u: ", what, seed, c->node);
	if (p)
		judge_print_packet(stderr, p);
	fprintf(stderr, "\n%s", json);
	free(json);
	ck_abort_msg("%s: seed %d", what, seed);
}

#endif
