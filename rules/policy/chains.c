/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/policy/chains.h"
#include "rules/nft/canon.h"

#include <errno.h>

/* Makes the rules of one chain; `err` is sticky. */
struct maker {
	struct svcr_nft *nft;
	struct svcr_nft_table *table;
	struct svcr_nft_chain_id chain;
	int err;
};

/* clang-format off */
#define LOOKUP(s, ...) { .op = OP_LOOKUP, .set = (s), .fields = __VA_ARGS__ }
#define VMAP(s, ...) { .op = OP_VMAP, .set = (s), .fields = __VA_ARGS__ }
#define GOTO(k) { .op = OP_GOTO, .chain = { (k), 0 } }
#define JUMP(k) { .op = OP_JUMP, .chain = { (k), 0 } }
#define LOCAL(...) { .op = OP_LOCAL, .fields = __VA_ARGS__ }
#define PRIORITY(number) { .op = OP_PRIORITY_SET, .n = (number) }
#define PRIORITY_MAP(s, number, ...) { .op = OP_PRIORITY_MAP, .set = (s), .n = (number), \
	.fields = __VA_ARGS__ }
#define RULE(m, ...) add_policy_rule(m, NULL, (const struct svcr_nft_stmt[]){ __VA_ARGS__ }, \
	sizeof((const struct svcr_nft_stmt[]){ __VA_ARGS__ }) / sizeof(struct svcr_nft_stmt))
/* clang-format on */

static void add_policy_rule(struct maker *m, const char *comment, const struct svcr_nft_stmt *stmts,
			    size_t n)
{
	int err = svcr_nft_make_rule(m->nft, m->table, m->chain, comment, stmts, n);

	if (err)
		m->err = err;
}

static void egress_rules(struct maker *m)
{
	RULE(m, { .op = OP_CT_OPENING }, VMAP(SET_ISOLATED_OUT, { F_SADDR }));
}

static void ingress_rules(struct maker *m)
{
	RULE(m, { .op = OP_CT_OPENING }, VMAP(SET_ISOLATED_IN, { F_DADDR }));
}

static void ports_rules(struct maker *m)
{
	RULE(m, { .op = OP_PRIORITY_IS, .n = SVCR_BUNDLE_ALL }, GOTO(CHAIN_ALLOW));
	RULE(m, LOOKUP(SET_PORTS, { F_PRIORITY, F_L4PROTO, F_DPORT }), GOTO(CHAIN_ALLOW));
	RULE(m, LOOKUP(SET_PORT_RANGES, { F_PRIORITY, F_L4PROTO, F_DPORT }), GOTO(CHAIN_ALLOW));
	RULE(m, LOOKUP(SET_PORT_PROTOCOLS, { F_PRIORITY, F_L4PROTO }), GOTO(CHAIN_ALLOW));
}

/*
 * A pod may reach itself by way of its own service. The destination of such a packet was another
 * one; a packet that has always been for the address that it claims to come from was forged.
 */
static void self_rule(struct maker *m)
{
	RULE(m,
	     { .op = OP_LOOKUP,
	       .set = SET_SELF,
	       .negate = true,
	       .fields = { F_CT_SADDR, F_CT_DADDR } },
	     LOOKUP(SET_SELF, { F_SADDR, F_DADDR }), GOTO(CHAIN_ALLOW));
}

/* Pods reach their node. */
static void deny_out_rules(struct maker *m)
{
	RULE(m, LOCAL({ F_DADDR }), GOTO(CHAIN_ALLOW));
	self_rule(m);
	RULE(m, { .op = OP_DROP });
}

/* The node reaches its pods; the packet must be its own, as others may claim its address. */
static void deny_in_rules(struct maker *m)
{
	RULE(m, { .op = OP_FROM_HOST }, LOCAL({ F_SADDR }), GOTO(CHAIN_ALLOW));
	self_rule(m);
	RULE(m, { .op = OP_DROP });
}

/*
 * Restores the priority: the kernel gives forwarded packets of IPv4 one that depends on their type
 * of service (net/ipv4/route.c, ip_tos2prio), and those of IPv6 none.
 */
static void allow_rules(struct maker *m)
{
	static const struct {
		uint8_t tos, priority;
	} priorities[] = { { 0x08, 2 }, { 0x10, 6 }, { 0x18, 4 } };

	for (size_t i = 0; m->table->family == SVCR_IPV4 && i < 3; i++)
		RULE(m, { .op = OP_TOS, .n = priorities[i].tos }, PRIORITY(priorities[i].priority),
		     { .op = OP_ACCEPT });
	RULE(m, PRIORITY(0), { .op = OP_ACCEPT });
}

int svcr_policy_make_chains(struct svcr_nft *n, struct svcr_nft_table *t)
{
	static const struct {
		enum svcr_policy_chain kind;
		void (*make)(struct maker *m);
	} chains[] = { { CHAIN_EGRESS, egress_rules },   { CHAIN_INGRESS, ingress_rules },
		       { CHAIN_PORTS, ports_rules },     { CHAIN_DENY_OUT, deny_out_rules },
		       { CHAIN_DENY_IN, deny_in_rules }, { CHAIN_ALLOW, allow_rules } };
	struct maker m = { .nft = n, .table = t };

	for (size_t i = 0; i < sizeof(chains) / sizeof(chains[0]) && !m.err; i++) {
		m.chain = (struct svcr_nft_chain_id){ chains[i].kind, 0 };
		chains[i].make(&m);
	}
	return m.err;
}

/* "production/go-api,production/default-deny", of all policies of the class. NULL: no memory. */
static const char *class_comment(struct svcr_nft *n, const struct svcr_pod_class *c)
{
	char text[2 * SVCR_NFT_COMMENT_MAX + 2];
	size_t len = 0;

	for (size_t i = 0; i < c->npolicies && len <= SVCR_NFT_COMMENT_MAX; i++)
		len += (size_t)snprintf(text + len, sizeof(text) - len, "%s%.64s/%.64s",
					i ? "," : "", c->policies[i]->ns, c->policies[i]->name);
	svcr_nft_shorten(text);
	return svcr_arena_strndup(&n->arena, text, strlen(text));
}

static void class_rules(struct maker *m, const struct svcr_pod_class *c)
{
	uint8_t other = c->direction == SVCR_INGRESS ? F_SADDR : F_DADDR, family = m->table->family;

	if (c->any)
		RULE(m, PRIORITY(c->any->number), JUMP(CHAIN_PORTS));
	if (c->everywhere)
		RULE(m, PRIORITY_MAP(SET_PEERS, 0, { other }), PRIORITY(c->everywhere->number),
		     JUMP(CHAIN_PORTS));
	if (c->paired[family])
		RULE(m, PRIORITY_MAP(SET_PEERS, 0, { other }),
		     { .op = OP_PRIORITY_OR, .n = c->number << SVCR_PEER_BITS },
		     PRIORITY_MAP(SET_PAIRS, 0, { F_PRIORITY }), JUMP(CHAIN_PORTS));
	if (c->ranges[family].n)
		RULE(m, PRIORITY_MAP(SET_BLOCKS, c->number, { other }), JUMP(CHAIN_PORTS));
}

int svcr_policy_make_class(struct svcr_nft *n, struct svcr_nft_table *t,
			   const struct svcr_pod_class *c, bool allows)
{
	struct svcr_nft_stmt deny = GOTO(c->direction == SVCR_INGRESS ? CHAIN_DENY_IN :
									CHAIN_DENY_OUT);
	struct maker m = { .nft = n, .table = t, .chain = svcr_policy_chain(c) };
	const char *comment = class_comment(n, c);

	if (!comment)
		return -ENOMEM;
	if (allows)
		class_rules(&m, c);
	add_policy_rule(&m, comment, &deny, 1);
	return m.err;
}
