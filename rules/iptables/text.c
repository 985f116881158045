/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/iptables/text.h"
#include "protocol.h"
#include "rules/iptables/tree.h"

#include <assert.h>
#include <stdarg.h>

/* One rule. Names and comments are bounded, so that every rule fits. */
struct rule {
	const struct svcr_ipt_family *f;
	uint8_t table;
	struct svcr_out *o;
	size_t head, n; /* the head, "-A CHAIN", stays from one rule to the next */
	char text[1024];
};

/* Without formatted output, which would take most of the time of a compilation. */
static void put(struct rule *r, const char *s)
{
	size_t len = strlen(s);

	assert(len < sizeof(r->text) - r->n);
	memcpy(r->text + r->n, s, len + 1);
	r->n += len;
}

static void put_number(struct rule *r, uint64_t value)
{
	char digits[24], *p = digits + sizeof(digits);

	*--p = '\0';
	do
		*--p = (char)('0' + value % 10);
	while (value /= 10);
	put(r, p);
}

static void put_hex(struct rule *r, uint32_t value)
{
	char text[16];

	snprintf(text, sizeof(text), "0x%x", value);
	put(r, text);
}

static void put_addr(struct rule *r, const struct svcr_addr *a)
{
	char text[SVCR_ADDR_TEXT];

	if (a->family == SVCR_IPV6) {
		put(r, svcr_addr_text(a, text));
		return;
	}
	for (int i = 0; i < 4; i++) {
		put_number(r, a->bytes[i]);
		put(r, i < 3 ? "." : "");
	}
}

static void put_prefix(struct rule *r, const char *option, const struct svcr_addr *a, uint8_t bits)
{
	put(r, option);
	put_addr(r, a);
	put(r, "/");
	put_number(r, bits);
}

static void put_chain(struct rule *r, const char *option, uint32_t chain)
{
	char name[SVCR_IPT_NAME];

	put(r, option);
	put(r, svcr_ipt_name(&r->f->chains[r->table].v[chain], name));
}

static void put_fixed(struct rule *r, const char *option, enum svcr_ipt_fixed id)
{
	put_chain(r, option, r->f->fixed[id]);
}

static void put_mark(struct rule *r, const char *before)
{
	put(r, before);
	put_hex(r, r->f->mark);
	put(r, "/");
	put_hex(r, r->f->mark);
}

static void put_service_name(struct rule *r, const char *comment)
{
	if (!comment)
		return;
	put(r, " -m comment --comment \"");
	put(r, comment);
	put(r, "\"");
}

static void put_protocol(struct rule *r, uint8_t protocol)
{
	put(r, " -p ");
	put(r, svcr_protocol_name(protocol));
}

static void put_ports(struct rule *r, uint8_t protocol, uint16_t first, uint16_t last)
{
	put_protocol(r, protocol);
	if (first == 0 && last == UINT16_MAX)
		return;
	put(r, " -m ");
	put(r, svcr_protocol_name(protocol));
	put(r, " --dport ");
	put_number(r, first);
	if (last == first)
		return;
	put(r, ":");
	put_number(r, last);
}

static void end_rule(struct rule *r)
{
	put(r, "\n");
	svcr_out_str(r->o, r->text);
	r->n = r->head;
}

/* ---- Chains with names -------------------------------------------------- */

static void simple(struct rule *r, const char *text)
{
	put(r, text);
	end_rule(r);
}

static void jump(struct rule *r, const char *match, enum svcr_ipt_fixed id)
{
	if (!svcr_ipt_has(r->f, id))
		return;
	put(r, match);
	put_fixed(r, " -j ", id);
	end_rule(r);
}

static void ipt_set_mark(struct rule *r)
{
	put_mark(r, " -j MARK --set-xmark ");
	end_rule(r);
}

static void clear_mark(struct rule *r, bool if_set)
{
	if (if_set)
		put_mark(r, " -m mark --mark ");
	put(r, " -j MARK --set-xmark 0x0/");
	put_hex(r, r->f->mark);
	end_rule(r);
}

/* A rule for each prefix, with its target: `option` and the chain `id`, or `option` alone. */
static void each_prefix(struct rule *r, const char *match, const struct svcr_ipt_prefixes *l,
			const char *option, enum svcr_ipt_fixed id)
{
	for (size_t i = 0; i < l->n; i++) {
		put_prefix(r, match, &l->v[i].addr, l->v[i].prefix);
		if (id == IPT_FIXED_COUNT)
			put(r, option);
		else
			put_fixed(r, option, id);
		end_rule(r);
	}
}

static void each_node(struct rule *r, const char *option, enum svcr_ipt_fixed id)
{
	for (size_t i = 0; i < r->f->nodes.n; i++) {
		const struct svcr_addr *a = &r->f->nodes.v[i];

		put_prefix(r, " -s ", a, (uint8_t)(svcr_addr_len(a->family) * 8));
		if (id == IPT_FIXED_COUNT)
			put(r, option);
		else
			put_fixed(r, option, id);
		end_rule(r);
	}
}

static void nat_prerouting(struct rule *r)
{
	jump(r, "", IPT_SERVICES);
	if (svcr_ipt_has(r->f, IPT_INSIDE)) {
		each_prefix(r, " -s ", &r->f->inside, " -g ", IPT_INSIDE);
		each_node(r, " -g ", IPT_FROM_NODE);
	}
	jump(r, "", IPT_OUTSIDE);
}

static void nat_input(struct rule *r)
{
	if (r->f->rules)
		clear_mark(r, true);
}

static void nat_output(struct rule *r)
{
	jump(r, "", IPT_SERVICES);
	jump(r, "", IPT_FROM_NODE);
}

static void nat_postrouting(struct rule *r)
{
	jump(r, " -m conntrack --ctstate DNAT", IPT_HAIRPIN);
	if (!svcr_ipt_has(r->f, IPT_MASQUERADE))
		return;
	put_mark(r, " -m mark --mark ");
	put_fixed(r, " -g ", IPT_MASQUERADE);
	end_rule(r);
}

/* The mark that a packet has when it comes to a tree stays only if an endpoint is chosen there. */
static void services(struct rule *r)
{
	bool marked = false;

	if (svcr_ipt_has(r->f, IPT_CLUSTER_IPS)) {
		marked = r->f->masquerade_all || r->f->pods.n;
		if (r->f->masquerade_all)
			ipt_set_mark(r);
		else
			jump(r, "", IPT_NOT_FROM_PODS);
		jump(r, "", IPT_CLUSTER_IPS);
	}
	if (svcr_ipt_has(r->f, IPT_EXTERNAL)) {
		if (!marked || !r->f->masquerade_all)
			ipt_set_mark(r);
		marked = true;
		jump(r, "", IPT_EXTERNAL);
	}
	if (marked)
		clear_mark(r, false);
}

static void not_from_pods(struct rule *r)
{
	each_prefix(r, " -s ", &r->f->pods, " -j RETURN", IPT_FIXED_COUNT);
	ipt_set_mark(r);
}

static void from_node(struct rule *r)
{
	ipt_set_mark(r);
	jump(r, "", IPT_INSIDE);
	clear_mark(r, false);
}

/* The mark would go on with the packet around this one, if it is encapsulated. */
static void ipt_masquerade(struct rule *r)
{
	clear_mark(r, false);
	simple(r, " -j MASQUERADE --random-fully");
}

static void mangle_prerouting(struct rule *r)
{
	jump(r, " -m conntrack --ctstate NEW", IPT_GUARD);
	jump(r, " -m conntrack --ctstate NEW", IPT_GUARD_OUTSIDE);
}

static void mangle_output(struct rule *r)
{
	jump(r, " -m conntrack --ctstate NEW", IPT_GUARD);
}

static void ipt_guard(struct rule *r)
{
	jump(r, "", IPT_SOURCES);
	jump(r, "", IPT_NO_LOCAL);
}

static void guard_outside(struct rule *r)
{
	each_prefix(r, " -s ", &r->f->inside, " -j RETURN", IPT_FIXED_COUNT);
	each_node(r, " -j RETURN", IPT_FIXED_COUNT);
	jump(r, "", IPT_NO_LOCAL_OUTSIDE);
}

/* An endpoint may have the address and port of a service: what was translated has its endpoint. */
static void filter_hook(struct rule *r)
{
	jump(r, " -m conntrack --ctstate NEW -m conntrack ! --ctstate DNAT", IPT_REFUSE);
}

static void ipt_refuse(struct rule *r)
{
	jump(r, "", IPT_NO_ENDPOINTS);
	jump(r, "", IPT_UNDEFINED);
	if (svcr_ipt_has(r->f, IPT_UNALLOCATED))
		each_prefix(r, " -d ", &r->f->service_cidrs, " -g ", IPT_UNALLOCATED);
	else
		each_prefix(r, " -d ", &r->f->service_cidrs, " -j DROP", IPT_FIXED_COUNT);
}

/* TCP gets a reset: the kernel limits the rate of ICMP errors, and clients would wait. */
static void ipt_reject(struct rule *r)
{
	simple(r, " -p tcp -j REJECT --reject-with tcp-reset");
	simple(r, r->f->family == SVCR_IPV6 ? " -j REJECT --reject-with icmp6-port-unreachable" :
					      " -j REJECT --reject-with icmp-port-unreachable");
}

static void (*const fixed_rules[IPT_FIXED_COUNT])(struct rule *r) = {
	[IPT_NAT_PREROUTING] = nat_prerouting,
	[IPT_NAT_INPUT] = nat_input,
	[IPT_NAT_OUTPUT] = nat_output,
	[IPT_NAT_POSTROUTING] = nat_postrouting,
	[IPT_SERVICES] = services,
	[IPT_NOT_FROM_PODS] = not_from_pods,
	[IPT_FROM_NODE] = from_node,
	[IPT_MASQUERADE] = ipt_masquerade,
	[IPT_MANGLE_PREROUTING] = mangle_prerouting,
	[IPT_MANGLE_OUTPUT] = mangle_output,
	[IPT_GUARD] = ipt_guard,
	[IPT_GUARD_OUTSIDE] = guard_outside,
	[IPT_FILTER_INPUT] = filter_hook,
	[IPT_FILTER_FORWARD] = filter_hook,
	[IPT_FILTER_OUTPUT] = filter_hook,
	[IPT_REFUSE] = ipt_refuse,
	[IPT_REJECT] = ipt_reject,
};

/* ---- Trees -------------------------------------------------------------- */

static bool by_source(const struct svcr_ipt_tree *t)
{
	return t->kind == TREE_HAIRPIN || t->kind == TREE_ADMIT;
}

static void put_target(struct rule *r, const struct svcr_ipt_tree *t,
		       const struct svcr_ipt_entry *e)
{
	switch (t->kind) {
	case TREE_HAIRPIN: put_fixed(r, " -g ", IPT_MASQUERADE); break;
	case TREE_SOURCES:
		if (e->to == SVCR_IPT_NONE)
			put(r, " -j DROP");
		else
			put_chain(r, " -j ", e->to);
		break;
	case TREE_NO_LOCAL:
	case TREE_NO_LOCAL_OUTSIDE: put(r, " -j DROP"); break;
	case TREE_NO_ENDPOINTS:
	case TREE_UNDEFINED: put_fixed(r, " -g ", IPT_REJECT); break;
	case TREE_UNALLOCATED:
	case TREE_ADMIT: put(r, " -j RETURN"); break;
	default: put_chain(r, " -g ", e->to);
	}
}

static void entry_rule(struct rule *r, const struct svcr_ipt_tree *t,
		       const struct svcr_ipt_entry *e)
{
	put_prefix(r, by_source(t) ? " -s " : " -d ", &e->addr, e->bits);
	if (t->kind == TREE_HAIRPIN)
		put_prefix(r, " -d ", &e->addr, e->bits);
	if (e->protocol)
		put_ports(r, e->protocol, e->port, e->port);
	put_service_name(r, e->comment);
	put_target(r, t, e);
	end_rule(r);
}

static void group_rule(struct rule *r, const struct svcr_ipt_tree *t,
		       const struct svcr_ipt_group *g)
{
	struct svcr_ipt_common c = svcr_ipt_common(t, g->lo, g->hi);

	put_prefix(r, by_source(t) ? " -s " : " -d ", &c.addr, c.bits);
	if (c.protocol)
		put_ports(r, c.protocol, c.first, c.last);
	put_chain(r, " -g ", g->chain);
	end_rule(r);
}

/* A chain that is gone to returns to where its tree was jumped to from. */
static void tree_rules(struct rule *r, const struct svcr_ipt_chain *c)
{
	const struct svcr_ipt_tree *t = &r->f->trees.v[c->of];

	for (uint32_t i = 0; i < c->ngroups; i++) {
		const struct svcr_ipt_group *g = &r->f->groups.v[c->first_group + i];

		if (g->chain == SVCR_IPT_NONE)
			entry_rule(r, t, &t->v[g->lo]);
		else
			group_rule(r, t, g);
	}
	for (uint32_t i = c->lo; i < c->hi && !c->ngroups; i++)
		entry_rule(r, t, &t->v[i]);
	if (t->kind == TREE_ADMIT || t->kind == TREE_UNALLOCATED)
		simple(r, " -j DROP");
}

/* ---- Endpoints ---------------------------------------------------------- */

#define PROBABILITY_DIGITS 10
#define PROBABILITY_ONE 10000000000u

/* Matches n of `all` packets that come here, at random; all of all without a match. */
static void put_chance(struct rule *r, size_t n, size_t all)
{
	char digits[PROBABILITY_DIGITS + 1];
	uint64_t chance;

	if (n == all)
		return;
	chance = (n * PROBABILITY_ONE + all / 2) / all;
	for (int i = PROBABILITY_DIGITS; i-- > 0; chance /= 10)
		digits[i] = (char)('0' + chance % 10);
	digits[PROBABILITY_DIGITS] = '\0';
	put(r, " -m statistic --mode random --probability 0.");
	put(r, digits);
}

/* The list of clients of an endpoint is named after its chain, which the service port has alone. */
static void put_recent(struct rule *r, const struct svcr_ipt_chain *c,
		       const struct svcr_endpoint_addr *e)
{
	char name[SVCR_IPT_NAME];

	put(r, " -m recent --name ");
	put(r, svcr_ipt_name(c, name));
	put(r, "-");
	put_addr(r, &e->addr);
	put(r, "-");
	put_number(r, e->port);
}

static void put_dnat(struct rule *r, const struct svcr_endpoint_addr *e)
{
	bool six = e->addr.family == SVCR_IPV6;

	put(r, six ? " -j DNAT --to-destination [" : " -j DNAT --to-destination ");
	put_addr(r, &e->addr);
	put(r, six ? "]:" : ":");
	put_number(r, e->port);
	end_rule(r);
}

/* A client goes where it went before, if that was in time, and its time begins anew. */
static void affinity_rules(struct rule *r, const struct svcr_ipt_chain *c,
			   const struct svcr_ipt_list *l)
{
	for (size_t i = 0; i < l->n; i++) {
		put_protocol(r, l->protocol);
		put_recent(r, c, &l->v[i]);
		put(r, " --rcheck --seconds ");
		put_number(r, l->affinity);
		put(r, " --reap");
		put_recent(r, c, &l->v[i]);
		put(r, " --set");
		put_dnat(r, &l->v[i]);
	}
}

/* Chooses among the endpoints from lo to hi of a list, whose main chain is `c`. */
static void choice_rules(struct rule *r, const struct svcr_ipt_chain *c,
			 const struct svcr_ipt_list *l, uint32_t lo, uint32_t hi)
{
	for (uint32_t i = lo; i < hi; i++) {
		put_protocol(r, l->protocol);
		if (i == 0)
			put_service_name(r, l->comment);
		put_chance(r, 1, hi - i);
		if (l->affinity)
			put_recent(r, c, &l->v[i]), put(r, " --set");
		put_dnat(r, &l->v[i]);
	}
}

static void endpoint_rules(struct rule *r, uint32_t chain)
{
	const struct svcr_ipt_chain *c = &r->f->chains[r->table].v[chain];
	const struct svcr_ipt_list *l = &r->f->lists.v[c->of];

	if (l->affinity)
		affinity_rules(r, c, l);
	if (!c->parts)
		choice_rules(r, c, l, 0, (uint32_t)l->n);
	for (uint32_t i = 1; i <= c->parts; i++) {
		const struct svcr_ipt_chain *part = c + i;

		put_chance(r, part->hi - part->lo, l->n - part->lo);
		put_chain(r, " -g ", chain + i);
		end_rule(r);
	}
}

void svcr_ipt_print_chain(const struct svcr_ipt_family *f, uint8_t table, uint32_t chain,
			  struct svcr_out *o)
{
	const struct svcr_ipt_chain *c = &f->chains[table].v[chain];
	struct rule r = { .f = f, .table = table, .o = o };

	put_chain(&r, "-A ", chain);
	r.head = r.n;
	switch (c->kind) {
	case CHAIN_FIXED: fixed_rules[c->named](&r); break;
	case CHAIN_TREE: tree_rules(&r, c); break;
	case CHAIN_ENDPOINTS: endpoint_rules(&r, chain); break;
	default: choice_rules(&r, &f->chains[table].v[c->main], &f->lists.v[c->of], c->lo, c->hi);
	}
}
