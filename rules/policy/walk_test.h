/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A packet's walk through tables that were built, as the kernel takes it (net/netfilter/
 * nf_tables_core.c), with the statements that the tables of network policies have. It knows no
 * set and no chain by name: what there is, the layout says.
 */
#ifndef SVCR_POLICY_WALK_TEST_H
#define SVCR_POLICY_WALK_TEST_H

#include <check.h>

#include "rules/nft/value.h"

#define WALK_STEPS_MAX 64 /* chains that a walk enters; more is a loop */
#define WALK_DEPTH_MAX 16 /* jumps, as in the kernel */

/* ck_assert() without its note of each success, which costs a system call. */
#define WALK_ASSERT(x, ...) ((x) ? (void)0 : ck_abort_msg(__VA_ARGS__))

enum walk_state { WALK_NEW, WALK_INVALID, WALK_ESTABLISHED, WALK_RELATED, WALK_UNTRACKED };
enum walk_verdict { WALK_CONTINUE, WALK_ACCEPT, WALK_DROP, WALK_JUMP, WALK_GOTO };

struct walk_packet {
	uint8_t family;           /* SVCR_IPV4 or SVCR_IPV6 */
	uint8_t src[16], dst[16]; /* the first 4 bytes of IPv4 */
	bool src_local, dst_local;
	bool forwarded; /* it came in by an interface, so the host did not make it */
	bool direct;    /* its destination was not translated */
	uint8_t protocol;
	uint16_t port; /* what stands where TCP, UDP and SCTP have the destination port */
	enum walk_state state;
	uint8_t tos;
	uint32_t priority;
};

struct walk {
	const struct svcr_nft_table *table;
	const struct walk_packet *packet;
	uint32_t priority;
	bool changed;                /* a rule set the priority */
	struct svcr_nft_chain_id to; /* of WALK_JUMP and WALK_GOTO */
	unsigned int steps;
};

/* ---- Sets ---------------------------------------------------------------- */

/* Writes a field of the packet as the kernel puts it into a key, in network order. */
static inline void walk_field(const struct walk *w, uint8_t field, uint8_t *key)
{
	const struct walk_packet *p = w->packet;

	switch (field) {
	case F_SADDR: memcpy(key, p->src, svcr_addr_len(p->family)); break;
	case F_DADDR: memcpy(key, p->dst, svcr_addr_len(p->family)); break;
	case F_L4PROTO: key[0] = p->protocol; break;
	case F_DPORT:
		key[0] = (uint8_t)(p->port >> 8);
		key[1] = (uint8_t)p->port;
		break;
	case F_CT_SADDR: memcpy(key, p->src, svcr_addr_len(p->family)); break;
	case F_CT_DADDR:
		if (p->direct)
			memcpy(key, p->dst, svcr_addr_len(p->family));
		else
			memset(key, 0xfe, svcr_addr_len(p->family)); /* of a service */
		break;
	case F_PRIORITY: svcr_nft_put_number(key, w->priority); break;
	default: ck_abort_msg("field %u in a rule", field);
	}
}

static inline void walk_key(const struct walk *w, const struct svcr_nft_stmt *s,
			    const struct svcr_nft_set_layout *l, uint8_t *key)
{
	uint8_t family = w->packet->family;
	size_t n = svcr_nft_fields_count(l->key);

	WALK_ASSERT(svcr_nft_fields_count(s->fields) == n, "%zu fields", n);
	for (size_t i = 0; i < n; i++) {
		WALK_ASSERT(svcr_nft_fields[s->fields[i]].len[family] ==
				    svcr_nft_fields[l->key[i]].len[family],
			    "field %zu of the key of %s", i, l->name);
		walk_field(w, s->fields[i], key);
		key += svcr_nft_field_size(s->fields[i], family);
	}
}

/* True if the interval that the element is holds the key. Its fields before the last are equal. */
static inline bool walk_in_interval(const struct svcr_nft_set *s, const uint8_t *e,
				    const uint8_t *key)
{
	size_t len = s->sort_len - s->number_len - s->key_len, before = s->key_len - len;
	const uint8_t *first = svcr_nft_elem_key(s, e);

	return memcmp(first, key, before) == 0 && memcmp(first + before, key + before, len) <= 0 &&
	       memcmp(first + s->key_len, key + before, len) >= 0;
}

/* True if the kernel would find the set when the rule is added. */
static inline bool walk_has_set(const struct svcr_nft_set *s, uint32_t number)
{
	if (!s->layout->numbered)
		return s->present;
	for (size_t i = 0; i < s->n; i++)
		if (svcr_nft_elem_number(s, svcr_nft_elem(s, i)) == number)
			return true;
	return false;
}

/* The element that the statement finds, or NULL. */
static inline const uint8_t *walk_find(const struct walk *w, const struct svcr_nft_stmt *s)
{
	const struct svcr_nft_set *set;
	const uint8_t *found = NULL;
	uint8_t key[64] = { 0 };

	WALK_ASSERT(s->set < w->table->layout->nsets, "set %u", s->set);
	set = &w->table->sets[s->set];
	WALK_ASSERT(walk_has_set(set, s->n), "a rule needs the set %s, number %u",
		    set->layout->name, s->n);
	if (set->number_len)
		svcr_nft_put_number(key, s->n);
	walk_key(w, s, set->layout, key + set->number_len);
	if (!set->layout->interval)
		return svcr_nft_find(set, key);
	for (size_t i = 0; i < set->n; i++) {
		const uint8_t *e = svcr_nft_elem(set, i);

		if (memcmp(e, key, set->number_len) != 0 ||
		    !walk_in_interval(set, e, key + set->number_len))
			continue;
		WALK_ASSERT(!found, "intervals of %s overlap", set->layout->name);
		found = e;
	}
	return found;
}

static inline uint32_t walk_number(const struct svcr_nft_set *s, const uint8_t *e)
{
	const uint8_t *d = svcr_nft_elem_data(s, e);

	WALK_ASSERT(s->layout->data == DATA_NUMBER, "%s has no numbers", s->layout->name);
	return (uint32_t)d[0] << 24 | (uint32_t)d[1] << 16 | (uint32_t)d[2] << 8 | d[3];
}

/* ---- Statements ---------------------------------------------------------- */

static inline enum walk_verdict walk_vmap(struct walk *w, const struct svcr_nft_stmt *s)
{
	const struct svcr_nft_set *set = &w->table->sets[s->set];
	const uint8_t *e = walk_find(w, s);

	if (!e)
		return WALK_CONTINUE;
	WALK_ASSERT(set->layout->data == DATA_VERDICT, "%s has no verdicts", set->layout->name);
	w->to = svcr_nft_elem_verdict(set, e);
	if (w->to.kind == VERDICT_DROP)
		return WALK_DROP;
	return svcr_nft_chain_row(w->table->layout, w->to)->jumped ? WALK_JUMP : WALK_GOTO;
}

static inline void walk_set_priority(struct walk *w, uint32_t priority)
{
	w->priority = priority;
	w->changed = true;
}

static inline bool walk_priority_map(struct walk *w, const struct svcr_nft_stmt *s)
{
	const uint8_t *e = walk_find(w, s);

	if (e)
		walk_set_priority(w, walk_number(&w->table->sets[s->set], e));
	return e;
}

static inline bool walk_local(const struct walk *w, const struct svcr_nft_stmt *s)
{
	WALK_ASSERT(svcr_nft_fields_count(s->fields) == 1 &&
			    (s->fields[0] == F_SADDR || s->fields[0] == F_DADDR),
		    "a test of no address");
	return s->fields[0] == F_SADDR ? w->packet->src_local : w->packet->dst_local;
}

/* Executes a statement that is no verdict. False: it fails, so the rule ends. */
static inline bool walk_test(struct walk *w, const struct svcr_nft_stmt *s)
{
	switch (s->op) {
	case OP_LOOKUP: return !walk_find(w, s) == s->negate;
	case OP_L4PROTO: return w->packet->protocol == s->n;
	case OP_CT_OPENING: return w->packet->state == WALK_NEW || w->packet->state == WALK_INVALID;
	case OP_CT_NEW: return w->packet->state == WALK_NEW;
	case OP_FROM_HOST: return !w->packet->forwarded;
	case OP_LOCAL: return walk_local(w, s);
	case OP_TOS:
		WALK_ASSERT(w->packet->family == SVCR_IPV4, "a type of service in IPv6");
		return (w->packet->tos & 0x18) == s->n;
	case OP_PRIORITY_SET: walk_set_priority(w, s->n); return true;
	case OP_PRIORITY_MAP: return walk_priority_map(w, s);
	case OP_PRIORITY_OR: walk_set_priority(w, w->priority | s->n); return true;
	case OP_PRIORITY_IS: return w->priority == s->n;
	default: ck_abort_msg("operation %d in a rule", s->op);
	}
	return false;
}

static inline enum walk_verdict walk_rule(struct walk *w, const struct svcr_nft_rule *r)
{
	enum walk_verdict v = WALK_CONTINUE;

	WALK_ASSERT(r->nstmts <= SVCR_NFT_STMTS_MAX, "%zu statements", r->nstmts);
	for (size_t i = 0; i < r->nstmts && v == WALK_CONTINUE; i++) {
		const struct svcr_nft_stmt *s = &r->stmts[i];

		w->to = s->chain;
		switch (s->op) {
		case OP_DROP: v = WALK_DROP; break;
		case OP_ACCEPT: v = WALK_ACCEPT; break;
		case OP_GOTO: v = WALK_GOTO; break;
		case OP_JUMP: v = WALK_JUMP; break;
		case OP_VMAP: /* if nothing is found, the rule ends */
			v = walk_vmap(w, s);
			if (v == WALK_CONTINUE)
				return v;
			break;
		default:
			if (!walk_test(w, s))
				return WALK_CONTINUE;
		}
		WALK_ASSERT(v == WALK_CONTINUE || i + 1 == r->nstmts, "a rule after a verdict");
	}
	return v;
}

/* ---- Chains -------------------------------------------------------------- */

/*
 * Returns the verdict, or WALK_CONTINUE at the end of the chain: its caller goes on then. A chain
 * that was reached by goto returns to the caller of the chain that went there.
 */
static inline enum walk_verdict walk_chain(struct walk *w, struct svcr_nft_chain_id id,
					   unsigned int depth)
{
	const struct svcr_nft_chain *c = svcr_nft_find_chain(w->table, id);

	WALK_ASSERT(c, "no chain of kind %u, number %u", id.kind, id.n);
	WALK_ASSERT(w->steps++ < WALK_STEPS_MAX && depth < WALK_DEPTH_MAX, "a loop of chains");
	for (size_t i = 0; i < c->nrules; i++) {
		enum walk_verdict v = walk_rule(w, &c->rules[i]);

		if (v == WALK_ACCEPT || v == WALK_DROP)
			return v;
		if (v == WALK_CONTINUE)
			continue;
		WALK_ASSERT(!svcr_nft_chain_row(w->table->layout, w->to)->type,
			    "a jump to a base chain");
		if (v == WALK_GOTO)
			return walk_chain(w, w->to, depth);
		v = walk_chain(w, w->to, depth + 1);
		if (v != WALK_CONTINUE)
			return v;
	}
	return WALK_CONTINUE;
}

/* The base chain of that hook with the lowest priority above `after`; NULL: there is none. */
static inline const struct svcr_nft_chain *walk_next_base(const struct svcr_nft_table *t,
							  const char *hook, int64_t after)
{
	const struct svcr_nft_chain *next = NULL;
	int64_t lowest = INT64_MAX;

	for (size_t i = 0; i < t->nchains; i++) {
		const struct svcr_nft_chain_layout *row = svcr_nft_chain_row(t->layout,
									     t->chains[i].id);

		if (!row->type || strcmp(row->hook, hook) != 0 || row->priority <= after ||
		    row->priority >= lowest)
			continue;
		next = &t->chains[i];
		lowest = row->priority;
	}
	return next;
}

/* Walks the base chains of a hook: true if the packet passes all of them. */
static inline bool walk_hook(struct walk *w, const struct svcr_nft_table *t,
			     const struct walk_packet *p, const char *hook)
{
	const struct svcr_nft_chain *c = walk_next_base(t, hook, INT64_MIN);

	*w = (struct walk){ .table = t, .packet = p, .priority = p->priority };
	while (c) {
		if (walk_chain(w, c->id, 0) == WALK_DROP)
			return false;
		c = walk_next_base(t, hook, svcr_nft_chain_row(t->layout, c->id)->priority);
	}
	return true;
}

/* The priority that the kernel (6.18, ip_forward()) gives a packet that is forwarded. */
static inline uint32_t walk_forwarded_priority(const struct walk_packet *p)
{
	static const uint8_t priorities[] = { 0, 2, 6, 4 }; /* best effort, bulk, interactive */

	return p->family == SVCR_IPV4 ? priorities[p->tos >> 3 & 3] : 0;
}

#endif
