/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nft/eval.h"

#include <string.h>

#define STEPS_MAX 256 /* chains that a walk enters; the kernel allows no loops */
#define DEPTH_MAX 16  /* jumps, as in the kernel */
#define KEY_MAX 96

enum verdict { GO_ON, STOP, ACCEPT, JUMP, GOTO };

/* Where a walk is. */
struct place {
	struct svcr_nft_eval *x;
	const struct svcr_nft_table *table;
	const struct svcr_nft_chain *chain;
	const struct svcr_nft_rule *rule;
	struct svcr_nft_chain_id to; /* of JUMP and GOTO */
	enum svcr_nft_fate fate;     /* of STOP */
};

static void eval_note(struct place *p, const struct svcr_nft_stmt *s, bool held,
		      const uint8_t *elem)
{
	struct svcr_nft_event *e = SVCR_GROW(&p->x->events);

	if (e)
		*e = (struct svcr_nft_event){ p->table, p->chain, p->rule, s, held, elem };
	else
		p->x->no_memory = true;
}

/* ---- Sets ---------------------------------------------------------------- */

static void eval_port(uint8_t *key, uint16_t port)
{
	key[0] = (uint8_t)(port >> 8);
	key[1] = (uint8_t)port;
}

/* Writes a field of the packet as it stands in keys. */
static void eval_field(const struct svcr_nft_packet *p, uint8_t field, uint8_t *key)
{
	size_t len = svcr_addr_len(p->dst.family);

	switch ((enum svcr_nft_field)field) {
	case F_SADDR: memcpy(key, p->src.bytes, len); break;
	case F_CT_REPLY_SADDR:
	case F_DADDR: memcpy(key, p->dst.bytes, len); break;
	case F_L4PROTO: key[0] = p->protocol; break;
	case F_CT_REPLY_SPORT:
	case F_DPORT: eval_port(key, p->port); break;
	case F_CT_SADDR: memcpy(key, p->first_src.bytes, len); break;
	case F_CT_DADDR: memcpy(key, p->first_dst.bytes, len); break;
	case F_CT_DPORT: eval_port(key, p->first_port); break;
	case F_PRIORITY: svcr_nft_put_number(key, p->priority); break;
	case F_INDEX:
	case F_END:
	case F__COUNT: break;
	}
}

/* The key that the statement looks up, without a number that is drawn; returns its length. */
static size_t eval_key(const struct place *p, const struct svcr_nft_stmt *s, uint8_t *key)
{
	const struct svcr_nft_set *set = &p->table->sets[s->set];
	size_t len = set->number_len;

	memset(key, 0, KEY_MAX);
	if (set->number_len)
		svcr_nft_put_number(key, s->n);
	for (size_t i = 0; i < svcr_nft_fields_count(s->fields); i++) {
		if (s->fields[i] == F_INDEX)
			break;
		eval_field(&p->x->packet, s->fields[i], key + len);
		len += svcr_nft_field_size(s->fields[i], p->table->family);
	}
	return len;
}

bool svcr_nft_elem_holds(const struct svcr_nft_set *s, const uint8_t *e, const uint8_t *key)
{
	size_t len = s->sort_len - s->number_len - s->key_len, before = s->key_len - len;
	const uint8_t *first = svcr_nft_elem_key(s, e);

	return memcmp(first, key, before) == 0 && memcmp(first + before, key + before, len) <= 0 &&
	       memcmp(first + s->key_len, key + before, len) >= 0;
}

/*
 * The element with the key. Intervals are sorted and do not overlap, so it is the one that begins
 * at the key, or the one before.
 */
static const uint8_t *eval_find(const struct svcr_nft_set *s, const uint8_t *key)
{
	size_t at;

	if (!s->layout->interval)
		return svcr_nft_find(s, key);
	at = svcr_nft_lower(s, key, s->number_len + s->key_len);
	for (size_t i = at + 1; i-- > 0 && i + 1 >= at;) {
		const uint8_t *e = i < s->n ? svcr_nft_elem(s, i) : NULL;

		if (e && memcmp(e, key, s->number_len) == 0 &&
		    svcr_nft_elem_holds(s, e, key + s->number_len))
			return e;
	}
	return NULL;
}

/* What clients are remembered is not part of a rule set, so nothing is found there. */
static const uint8_t *eval_lookup(const struct place *p, const struct svcr_nft_stmt *s)
{
	const struct svcr_nft_set *set = &p->table->sets[s->set];
	uint8_t key[KEY_MAX];

	if (set->layout->dynamic || set->damaged)
		return NULL;
	eval_key(p, s, key);
	return eval_find(set, key);
}

/* ---- Statements ---------------------------------------------------------- */

static enum verdict eval_stop(struct place *p, enum svcr_nft_fate fate)
{
	p->fate = fate;
	return STOP;
}

static enum verdict eval_goes(struct place *p, struct svcr_nft_chain_id to, bool jumps)
{
	p->to = to;
	return jumps ? JUMP : GOTO;
}

static enum verdict eval_vmap(struct place *p, const struct svcr_nft_stmt *s, bool *held)
{
	const struct svcr_nft_set *set = &p->table->sets[s->set];
	const uint8_t *e = eval_lookup(p, s);
	struct svcr_nft_chain_id to;

	eval_note(p, s, e, e);
	*held = e;
	if (!e)
		return GO_ON;
	to = svcr_nft_elem_verdict(set, e);
	if (to.kind == VERDICT_DROP)
		return eval_stop(p, SVCR_FATE_DROPPED);
	return eval_goes(p, to, svcr_nft_chain_row(p->table->layout, to)->jumped);
}

static enum verdict eval_dnat(struct place *p, const struct svcr_nft_stmt *s, bool *held)
{
	struct svcr_nft_eval *x = p->x;
	const struct svcr_nft_set *set = &p->table->sets[s->set];
	uint8_t key[KEY_MAX];
	size_t len = eval_key(p, s, key), i;

	if (set->layout->dynamic) { /* asked for the client's own endpoint: others follow */
		x->remembers = true;
		*held = false;
		eval_note(p, s, false, NULL);
		return GO_ON;
	}
	i = x->first = svcr_nft_lower(set, key, len);
	while (i < set->n && memcmp(svcr_nft_elem(set, i), key, len) == 0 &&
	       svcr_nft_get_number(svcr_nft_elem(set, i) + len) < s->n)
		i++;
	x->set = set;
	x->found = i - x->first;
	x->modulus = s->n;
	*held = x->found;
	eval_note(p, s, x->found, x->found ? svcr_nft_elem(set, x->first) : NULL);
	return x->found ? eval_stop(p, SVCR_FATE_TRANSLATED) : GO_ON;
}

static bool eval_priority_map(struct place *p, const struct svcr_nft_stmt *s, const uint8_t *e)
{
	if (e)
		p->x->packet.priority = svcr_nft_get_number(
			svcr_nft_elem_data(&p->table->sets[s->set], e));
	return e;
}

/* Carries out what is no verdict. False: the rule ends. */
static bool eval_test(struct place *p, const struct svcr_nft_stmt *s, const uint8_t *e)
{
	struct svcr_nft_packet *k = &p->x->packet;

	switch (s->op) {
	case OP_LOOKUP: return !e == s->negate;
	case OP_PRIORITY_MAP: return eval_priority_map(p, s, e);
	case OP_L4PROTO: return k->protocol == s->n;
	case OP_MARK_SET: k->mark |= s->n; return true;
	case OP_MARK_CLEAR: k->mark &= ~s->n; return true;
	case OP_MARK_TEST: return (k->mark & s->n) == s->n;
	case OP_CT_DNAT: return k->translated;
	case OP_CT_NEW:
	case OP_CT_FIRST:
	case OP_CT_OPENING:
	case OP_UPDATE: return true;
	case OP_FROM_HOST: return k->from_host;
	case OP_LOCAL: return s->fields[0] == F_SADDR ? k->src_local : k->dst_local;
	case OP_TOS: return s->n == 0;
	case OP_PRIORITY_SET: k->priority = s->n; return true;
	case OP_PRIORITY_OR: k->priority |= s->n; return true;
	case OP_PRIORITY_IS: return k->priority == s->n;
	default: return true;
	}
}

static enum verdict eval_stmt(struct place *p, const struct svcr_nft_stmt *s, bool *held)
{
	const uint8_t *e = NULL;

	*held = true;
	if (s->op == OP_VMAP)
		return eval_vmap(p, s, held);
	if (s->op == OP_DNAT)
		return eval_dnat(p, s, held);
	if (s->op == OP_LOOKUP || s->op == OP_PRIORITY_MAP)
		e = eval_lookup(p, s);
	*held = eval_test(p, s, e);
	eval_note(p, s, *held, e);
	switch (s->op) {
	case OP_REJECT_TCP:
	case OP_REJECT: return eval_stop(p, SVCR_FATE_REFUSED);
	case OP_DROP: return eval_stop(p, SVCR_FATE_DROPPED);
	case OP_MASQUERADE: return eval_stop(p, SVCR_FATE_MASQUERADED);
	case OP_ACCEPT: return ACCEPT;
	case OP_GOTO:
	case OP_JUMP: return eval_goes(p, s->chain, s->op == OP_JUMP);
	default: return GO_ON;
	}
}

static enum verdict eval_rule(struct place *p, const struct svcr_nft_rule *r)
{
	enum verdict v = GO_ON;
	bool held = true;

	p->rule = r;
	/* a rule that is a comment alone does nothing */
	if (!r->nstmts && r->canon && *r->canon && *r->canon != '#')
		eval_note(p, NULL, false, NULL);
	for (size_t i = 0; i < r->nstmts && v == GO_ON && held; i++)
		v = eval_stmt(p, &r->stmts[i], &held);
	return v;
}

/* ---- Chains -------------------------------------------------------------- */

/*
 * A chain that was reached by goto returns to the caller of the chain that went there, so a goto
 * is a loop here, and a jump a call.
 */
static enum verdict eval_chain(struct place *p, const struct svcr_nft_chain *c, unsigned int depth)
{
	size_t i = 0;

	while (c && i < c->nrules) {
		enum verdict v;

		p->chain = c;
		v = eval_rule(p, &c->rules[i++]);
		if (v == STOP || v == ACCEPT)
			return v;
		if (v == GO_ON)
			continue;
		if (p->x->steps++ >= STEPS_MAX || depth >= DEPTH_MAX) {
			p->x->endless = true;
			return ACCEPT;
		}
		if (v == GOTO) {
			c = svcr_nft_find_chain(p->table, p->to);
			i = 0;
			continue;
		}
		v = eval_chain(p, svcr_nft_find_chain(p->table, p->to), depth + 1);
		if (v != GO_ON)
			return v;
	}
	return GO_ON;
}

enum svcr_nft_fate svcr_nft_walk(struct svcr_nft_eval *x, const struct svcr_nft_table *t,
				 const struct svcr_nft_chain *base)
{
	struct place p = { .x = x, .table = t, .chain = base };
	enum verdict v = eval_chain(&p, base, 0);

	if (v == STOP)
		return p.fate;
	return v == GO_ON && base->policy ? SVCR_FATE_DROPPED : SVCR_FATE_PASSES;
}

void svcr_nft_eval_release(struct svcr_nft_eval *x)
{
	free(x->events.v);
	x->events.v = NULL;
	x->events.n = x->events.cap = 0;
}
