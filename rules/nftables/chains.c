/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nftables/chains.h"
#include "view.h"
#include "rules/nft/canon.h"

#include <errno.h>

/* Makes the rules of one chain; `err` is sticky. */
struct maker {
	struct svcr_nft *nft;
	struct svcr_nft_table *table;
	const struct svcr_services_features *f;
	struct svcr_nft_chain_id chain;
	int err;
};

/* clang-format off */
#define VIP SVCR_SERVICES_VIP
#define LOOKUP(s, ...) { .op = OP_LOOKUP, .set = (s), .fields = __VA_ARGS__ }
#define NOT_IN(s, ...) { .op = OP_LOOKUP, .set = (s), .negate = true, .fields = __VA_ARGS__ }
#define VMAP(s, ...) { .op = OP_VMAP, .set = (s), .fields = __VA_ARGS__ }
#define GOTO(k, number) { .op = OP_GOTO, .chain = { (k), (number) } }
#define RULE(m, ...) add_rule(m, (const struct svcr_nft_stmt[]){ __VA_ARGS__ }, \
	sizeof((const struct svcr_nft_stmt[]){ __VA_ARGS__ }) / sizeof(struct svcr_nft_stmt))
/* clang-format on */

static void add_rule(struct maker *m, const struct svcr_nft_stmt *stmts, size_t n)
{
	int err = svcr_nft_make_rule(m->nft, m->table, m->chain, NULL, stmts, n);

	if (err)
		m->err = err;
}

static bool has(const struct maker *m, enum svcr_services_set set)
{
	return m->table->sets[set].present;
}

static void source_range_rules(struct maker *m)
{
	if (has(m, SET_FIREWALLED))
		RULE(m, VMAP(SET_FIREWALLED, VIP));
}

static void sources_rules(struct maker *m)
{
	RULE(m,
	     { .op = OP_LOOKUP,
	       .set = SET_SOURCES,
	       .negate = true,
	       .n = m->chain.n,
	       .fields = { F_SADDR } },
	     { .op = OP_DROP });
}

static void allowed_sources_rules(struct maker *m)
{
	RULE(m, NOT_IN(SET_ALLOWED_SOURCES, { F_DADDR, F_L4PROTO, F_DPORT, F_SADDR }),
	     { .op = OP_DROP });
}

static void prerouting_rules(struct maker *m)
{
	source_range_rules(m);
	if (has(m, SET_SERVICES_EXTERNAL)) {
		if (has(m, SET_OWN_POD_CIDRS))
			RULE(m, LOOKUP(SET_OWN_POD_CIDRS, { F_SADDR }), GOTO(CHAIN_SERVICES, 0));
		else if (has(m, SET_POD_CIDRS))
			RULE(m, LOOKUP(SET_POD_CIDRS, { F_SADDR }), GOTO(CHAIN_SERVICES, 0));
		if (has(m, SET_NODE_IPS))
			RULE(m, LOOKUP(SET_NODE_IPS, { F_SADDR }), GOTO(CHAIN_FROM_NODE, 0));
		RULE(m, VMAP(SET_SERVICES_EXTERNAL, VIP));
	}
	RULE(m, GOTO(CHAIN_SERVICES, 0));
}

static void output_rules(struct maker *m)
{
	source_range_rules(m);
	/*
	 * A connection from the node to one of its own addresses has that address as its
	 * source, so no other machine could answer it. (Resets that the table sends are not new
	 * connections.)
	 */
	if (has(m, SET_BOUND_IPS))
		RULE(m, { .op = OP_CT_NEW }, LOOKUP(SET_BOUND_IPS, { F_SADDR }),
		     LOOKUP(SET_BOUND_IPS, { F_DADDR }), { .op = OP_MARK_SET, .n = m->f->mark });
	RULE(m, GOTO(has(m, SET_LOCAL_POLICY) ? CHAIN_FROM_NODE : CHAIN_SERVICES, 0));
}

/*
 * The node itself reaches services with traffic policy Local through all endpoints,
 * masqueraded.
 */
static void from_node_rules(struct maker *m)
{
	if (!has(m, SET_LOCAL_POLICY))
		return;
	RULE(m, LOOKUP(SET_LOCAL_POLICY, VIP), { .op = OP_MARK_SET, .n = m->f->mark });
	RULE(m, GOTO(CHAIN_SERVICES, 0));
}

/* Drops packets to addresses in --service-cidr that no service has. */
static void unallocated_rules(struct maker *m)
{
	struct svcr_nft_stmt stmts[SVCR_NFT_STMTS_MAX] = { LOOKUP(SET_SERVICE_CIDRS, { F_DADDR }) };
	size_t n = 1;

	if (!has(m, SET_SERVICE_CIDRS))
		return;
	if (has(m, SET_BOUND_IPS))
		stmts[n++] = (struct svcr_nft_stmt)NOT_IN(SET_BOUND_IPS, { F_DADDR });
	if (has(m, SET_UNMANAGED_IPS))
		stmts[n++] = (struct svcr_nft_stmt)NOT_IN(SET_UNMANAGED_IPS, { F_DADDR });
	stmts[n++] = (struct svcr_nft_stmt){ .op = OP_DROP };
	add_rule(m, stmts, n);
}

static void services_rules(struct maker *m)
{
	if (has(m, SET_CLUSTER_IPS) && has(m, SET_POD_CIDRS) && !m->f->masquerade_all)
		RULE(m, NOT_IN(SET_POD_CIDRS, { F_SADDR }), LOOKUP(SET_CLUSTER_IPS, { F_DADDR }),
		     { .op = OP_MARK_SET, .n = m->f->mark });
	if (has(m, SET_SERVICES))
		RULE(m, VMAP(SET_SERVICES, VIP));
	if (has(m, SET_CLUSTER_IPS) && !m->f->delegate)
		RULE(m, LOOKUP(SET_CLUSTER_IPS, { F_DADDR }), GOTO(CHAIN_REJECT, 0));
	/*
	 * only protocols of services are refused, so that these addresses answer pings as all
	 * others do
	 */
	if (has(m, SET_BOUND_IPS))
		RULE(m, { .op = OP_CT_NEW }, LOOKUP(SET_PROTOCOLS, { F_L4PROTO }),
		     LOOKUP(SET_BOUND_IPS, { F_DADDR }), GOTO(CHAIN_REJECT, 0));
	unallocated_rules(m);
}

/*
 * Remembers to which endpoint a client was sent, by what connection tracking knows of the first
 * packet: later ones are confirmed, and the client's address may be masqueraded by now.
 */
static void remember_new_rules(struct maker *m)
{
	/* nft(8) reads the original port only after a protocol */
	for (uint32_t p = 0; p < 256; p++)
		if (m->f->protocols[p])
			RULE(m, { .op = OP_L4PROTO, .n = p },
			     VMAP(SET_STICKY, { F_CT_DADDR, F_L4PROTO, F_CT_DPORT }));
}

/*
 * In input and after postrouting, where nobody needs the mark any longer: an encapsulated packet
 * would pass it on to the packet around it.
 */
static void end_rules(struct maker *m)
{
	RULE(m, { .op = OP_MARK_TEST, .n = m->f->mark }, { .op = OP_MARK_CLEAR, .n = m->f->mark });
	if (has(m, SET_STICKY))
		RULE(m, { .op = OP_CT_FIRST }, GOTO(CHAIN_REMEMBER_NEW, 0));
}

static void postrouting_rules(struct maker *m)
{
	/*
	 * packets that a delegate translated do not have ct status dnat; the set has no address
	 * of the node
	 */
	if (has(m, SET_HAIRPIN) && m->f->delegate)
		RULE(m, LOOKUP(SET_HAIRPIN, { F_SADDR, F_DADDR }), GOTO(CHAIN_MASQUERADE, 0));
	else if (has(m, SET_HAIRPIN))
		RULE(m, { .op = OP_CT_DNAT }, LOOKUP(SET_HAIRPIN, { F_SADDR, F_DADDR }),
		     GOTO(CHAIN_MASQUERADE, 0));
	RULE(m, { .op = OP_MARK_TEST, .n = m->f->mark }, GOTO(CHAIN_MASQUERADE, 0));
}

static void masquerade_rules(struct maker *m)
{
	RULE(m, { .op = OP_MASQUERADE });
}

/* TCP gets a reset: the kernel limits the rate of ICMP errors, and clients would wait. */
static void reject_rules(struct maker *m)
{
	RULE(m, { .op = OP_L4PROTO, .n = SVCR_TCP }, { .op = OP_REJECT_TCP });
	RULE(m, { .op = OP_REJECT });
}

static void balance_rules(struct maker *m)
{
	RULE(m, LOOKUP(SET_PROTOCOLS, { F_L4PROTO }),
	     { .op = OP_DNAT,
	       .n = m->chain.n,
	       .fields = { F_DADDR, F_L4PROTO, F_DPORT, F_INDEX },
	       .set = m->chain.kind == CHAIN_BALANCE ? SET_ENDPOINTS : SET_LOCAL_ENDPOINTS });
}

static void sticky_rules(struct maker *m)
{
	RULE(m, LOOKUP(SET_PROTOCOLS, { F_L4PROTO }),
	     { .op = OP_DNAT,
	       .fields = { F_SADDR, F_DADDR, F_L4PROTO, F_DPORT },
	       .set = SET_AFFINITY });
	RULE(m,
	     GOTO(m->chain.kind == CHAIN_STICKY ? CHAIN_BALANCE : CHAIN_BALANCE_LOCAL, m->chain.n));
}

/* The packet passes unchanged. */
static void no_rules(struct maker *m)
{
	(void)m;
}

static void mark_rules(struct maker *m)
{
	RULE(m, { .op = OP_MARK_SET, .n = m->f->mark });
}

/*
 * For VIPs that are masqueraded for all sources: marking here costs no lookup for other
 * packets.
 */
static void masqueraded_rules(struct maker *m)
{
	RULE(m, { .op = OP_MARK_SET, .n = m->f->mark },
	     GOTO(m->chain.kind == CHAIN_MASQUERADED_STICKY ? CHAIN_STICKY : CHAIN_BALANCE,
		  m->chain.n));
}

static void update_rules(struct maker *m)
{
	for (uint32_t p = 0; p < 256; p++)
		if (m->f->protocols[p])
			RULE(m, { .op = OP_L4PROTO, .n = p },
			     { .op = OP_UPDATE,
			       .n = m->chain.n,
			       .set = SET_AFFINITY,
			       .fields = { F_CT_SADDR, F_CT_DADDR, F_L4PROTO, F_CT_DPORT } });
}

static void (*const makers[CHAIN__COUNT])(struct maker *m) = {
	[CHAIN_PREROUTING] = prerouting_rules,
	[CHAIN_OUTPUT] = output_rules,
	[CHAIN_INPUT] = end_rules,
	[CHAIN_POSTROUTING] = postrouting_rules,
	[CHAIN_AFTER_POSTROUTING] = end_rules,
	[CHAIN_SERVICES] = services_rules,
	[CHAIN_FROM_NODE] = from_node_rules,
	[CHAIN_REJECT] = reject_rules,
	[CHAIN_MASQUERADE] = masquerade_rules,
	[CHAIN_REMEMBER_NEW] = remember_new_rules,
	[CHAIN_DELEGATE] = no_rules,
	[CHAIN_MASQUERADED_DELEGATE] = mark_rules,
	[CHAIN_BALANCE] = balance_rules,
	[CHAIN_BALANCE_LOCAL] = balance_rules,
	[CHAIN_STICKY] = sticky_rules,
	[CHAIN_STICKY_LOCAL] = sticky_rules,
	[CHAIN_MASQUERADED_BALANCE] = masqueraded_rules,
	[CHAIN_MASQUERADED_STICKY] = masqueraded_rules,
	[CHAIN_REMEMBER] = update_rules,
	[CHAIN_ALLOWED_SOURCES] = allowed_sources_rules,
	[CHAIN_SOURCES] = sources_rules,
};

int svcr_services_make_rules(struct svcr_nft *n, struct svcr_nft_table *t,
			     const struct svcr_services_features *f)
{
	struct maker m = { .nft = n, .table = t, .f = f };

	for (uint32_t k = CHAIN_PREROUTING; k <= CHAIN_REMEMBER_NEW; k++) {
		if ((k == CHAIN_FROM_NODE && !t->sets[SET_LOCAL_POLICY].present) ||
		    (k == CHAIN_REMEMBER_NEW && !t->sets[SET_STICKY].present))
			continue;
		if (!svcr_nft_chain(t, (struct svcr_nft_chain_id){ k, 0 }))
			return -ENOMEM;
	}
	for (size_t i = 0; i < t->nchains && !m.err; i++) {
		m.chain = t->chains[i].id;
		makers[m.chain.kind](&m);
	}
	return m.err;
}

int svcr_services_make_retired_rules(struct svcr_nft *n, struct svcr_nft_table *t)
{
	const struct svcr_services_features f = { .mark = 0 };
	struct maker m = { .nft = n, .table = t, .f = &f, .chain = { CHAIN_POSTROUTING, 0 } };

	if (!svcr_nft_chain(t, m.chain))
		return -ENOMEM;
	RULE(&m, { .op = OP_CT_DNAT }, LOOKUP(SET_BOUND_IPS, { F_SADDR }), { .op = OP_MASQUERADE });
	return m.err;
}
