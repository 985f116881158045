/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of a rule is read clause by clause, without care for its details: a guess counts only
 * if the statements have the same text again.
 */
#include "rules/nft/understand.h"
#include "rules/nft/canon.h"

#include <errno.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_conntrack_tuple_common.h>
#include <linux/netfilter/nf_tables.h>
#include <stdlib.h>

/* A clause, which is a statement: "lookup(0:cluster-ips:payload(1+16:4))". */
struct clause {
	const struct svcr_nft_table *table;
	char text[1024];
};

static bool clause_begins(const char *s, const char *with)
{
	return strncmp(s, with, strlen(with)) == 0;
}

/* Behind so many colons, or at the end. */
static const char *after_colons(const char *s, size_t n)
{
	for (; *s && n; s++)
		n -= *s == ':';
	return s;
}

/* The symbol of a field in a key, as canon.c has it. */
static void field_symbol(uint8_t field, uint8_t family, char *buf, size_t size)
{
	bool v6 = family == SVCR_IPV6;
	unsigned len = svcr_nft_fields[field].len[family];

	switch ((enum svcr_nft_field)field) {
	case F_SADDR: snprintf(buf, size, "payload(1+%u:%u)", v6 ? 8 : 12, len); break;
	case F_DADDR: snprintf(buf, size, "payload(1+%u:%u)", v6 ? 24 : 16, len); break;
	case F_DPORT: snprintf(buf, size, "payload(2+2:%u)", len); break;
	case F_L4PROTO: snprintf(buf, size, "meta(%u)", NFT_META_L4PROTO); break;
	case F_INDEX: snprintf(buf, size, "numgen(%u:", NFT_NG_RANDOM); break;
	case F_PRIORITY: snprintf(buf, size, "meta(%u)", NFT_META_PRIORITY); break;
	case F_CT_SADDR:
	case F_CT_REPLY_SADDR:
		snprintf(buf, size, "ct(%u:%u)", v6 ? NFT_CT_SRC_IP6 : NFT_CT_SRC_IP,
			 field == F_CT_SADDR ? IP_CT_DIR_ORIGINAL : IP_CT_DIR_REPLY);
		break;
	case F_CT_DADDR:
		snprintf(buf, size, "ct(%u:%u)", v6 ? NFT_CT_DST_IP6 : NFT_CT_DST_IP,
			 IP_CT_DIR_ORIGINAL);
		break;
	case F_CT_DPORT:
		snprintf(buf, size, "ct(%u:%u)", NFT_CT_PROTO_DST, IP_CT_DIR_ORIGINAL);
		break;
	case F_CT_REPLY_SPORT:
		snprintf(buf, size, "ct(%u:%u)", NFT_CT_PROTO_SRC, IP_CT_DIR_REPLY);
		break;
	case F_END:
	case F__COUNT: snprintf(buf, size, "?"); break;
	}
}

/* Reads the fields of a key; numbers may be in another byte order. Sets *n to a modulus. */
static void guess_fields(const struct clause *c, const char *key, struct svcr_nft_stmt *s)
{
	size_t count = 0;
	char symbol[40];

	while (*key && *key != ':' && count < SVCR_NFT_FIELDS_MAX - 1) {
		uint8_t f = F_END + 1;
		/* of an interval: "byteorder(1:4:4:meta(6))" */
		if (clause_begins(key, "byteorder("))
			key = after_colons(key, 3);
		for (; f < F__COUNT; f++) {
			field_symbol(f, c->table->family, symbol, sizeof(symbol));
			if (clause_begins(key, symbol))
				break;
		}
		if (f == F__COUNT)
			return;
		if (f == F_INDEX)
			s->n = (uint32_t)strtoul(key + strlen(symbol), NULL, 10);
		s->fields[count++] = f;
		key += strlen(symbol);
		if (*key == ')') /* of "byteorder(" */
			key++;
		if (*key++ != ',')
			return;
	}
}

/* Reads "SET:KEY"; false if the layout has no such set. */
static bool guess_set(const struct clause *c, const char *text, struct svcr_nft_stmt *s)
{
	char name[SVCR_NFT_NAME_MAX];
	size_t len = strcspn(text, ":"), id;

	if (len >= sizeof(name) || !text[len])
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)len, text);
	id = svcr_nft_set_parse(c->table->layout, name, &s->n);
	if (id == c->table->layout->nsets)
		return false;
	s->set = (uint8_t)id;
	guess_fields(c, text + len + 1, s);
	return true;
}

/* A number of 32 bits as it lies in memory; 0: it is none. */
static uint32_t hex_number(const char *s)
{
	static const char digits[] = "0123456789abcdef";
	uint8_t bytes[sizeof(uint32_t)] = { 0 };
	uint32_t n;

	for (size_t i = 0; i < 2 * sizeof(bytes); i++) {
		const char *d = s[i] ? strchr(digits, s[i]) : NULL;

		if (!d)
			break;
		bytes[i / 2] = (uint8_t)(bytes[i / 2] << 4 | (d - digits));
	}
	memcpy(&n, bytes, sizeof(n));
	return n;
}

static bool guess_lookup(const struct clause *c, struct svcr_nft_stmt *s)
{
	const char *set = strchr(c->text, ':');

	s->op = c->text[0] == 'v' ? OP_VMAP : OP_LOOKUP;
	s->negate = strchr(c->text, '(')[1] == '1';
	return set && guess_set(c, set + 1, s);
}

static bool guess_nat(const struct clause *c, struct svcr_nft_stmt *s)
{
	const char *set = strstr(c->text, ":map(");

	s->op = OP_DNAT;
	return set && guess_set(c, set + strlen(":map("), s);
}

static bool guess_update(const struct clause *c, struct svcr_nft_stmt *s)
{
	const char *set = strchr(c->text, ':'), *timeout = strrchr(c->text, ':');
	s->op = OP_UPDATE;
	if (!set || !guess_set(c, set + 1, s))
		return false;
	s->n = (uint32_t)(strtoull(timeout + 1, NULL, 10) / 1000);
	return true;
}

static bool guess_verdict(const struct clause *c, struct svcr_nft_stmt *s)
{
	const char *number = c->text + strlen("verdict("), *colon = strchr(number, ':');
	char name[SVCR_NFT_NAME_MAX];
	/* the kernel's are negative but for two */
	int code = *number == '-' ? -(int)strtoul(number + 1, NULL, 10) :
				    (int)strtoul(number, NULL, 10);

	if (!colon)
		return false;
	snprintf(name, sizeof(name), "%.*s", (int)strcspn(colon + 1, ")"), colon + 1);
	s->op = code == NF_DROP   ? OP_DROP :
		code == NF_ACCEPT ? OP_ACCEPT :
		code == NFT_GOTO  ? OP_GOTO :
				    OP_JUMP;
	if (!*name)
		return true;
	for (size_t i = 0; i < c->table->nchains; i++) {
		char own[SVCR_NFT_NAME_MAX];

		s->chain = c->table->chains[i].id;
		if (strcmp(svcr_nft_chain_name(c->table, s->chain, own), name) == 0)
			return true;
	}
	return false;
}

/* The mark and the priority. */
static bool guess_meta(const struct clause *c, struct svcr_nft_stmt *s)
{
	bool mark = strtoul(strchr(c->text, '(') + 1, NULL, 10) == NFT_META_MARK;
	const char *value = strchr(c->text, '='), *xor = strchr(c->text, '^');
	const char *mask = strchr(c->text, '&');

	if (!value)
		return false;
	if (clause_begins(value + 1, "map(")) {
		s->op = OP_PRIORITY_MAP;
		return guess_set(c, value + 1 + strlen("map("), s);
	}
	if (clause_begins(value + 1, "immediate(")) {
		s->op = OP_PRIORITY_SET;
		s->n = hex_number(value + 1 + strlen("immediate("));
		return true;
	}
	if (!mask || !xor)
		return false;
	s->n = hex_number(xor+1);
	s->op = !mark ? OP_PRIORITY_OR : s->n ? OP_MARK_SET : OP_MARK_CLEAR;
	if (!s->n)
		s->n = ~hex_number(mask + 1);
	return true;
}

/* Comparisons, by what is compared. */
static bool guess_compare(const struct clause *c, struct svcr_nft_stmt *s)
{
	const struct {
		enum svcr_nft_op op;
		char kind; /* "meta" or "ct" */
		uint32_t key;
	} tests[] = {
		{ OP_MARK_TEST, 'm', NFT_META_MARK },       { OP_FROM_HOST, 'm', NFT_META_IIF },
		{ OP_PRIORITY_IS, 'm', NFT_META_PRIORITY }, { OP_L4PROTO, 'm', NFT_META_L4PROTO },
		{ OP_CT_NEW, 'c', NFT_CT_STATE },           { OP_CT_DNAT, 'c', NFT_CT_STATUS },
	};
	const char *what = strchr(c->text, ':'), *value = strrchr(c->text, ':');
	const char *mask = strchr(c->text, '&');
	unsigned flags;
	uint32_t key;
	char kind;

	if (!what || value == what)
		return false;
	s->n = hex_number(value + 1);
	if (clause_begins(what, ":fib(")) {
		flags = (unsigned)strtoul(after_colons(what, 2), NULL, 10);
		s->op = OP_LOCAL;
		s->fields[0] = flags & NFTA_FIB_F_SADDR ? F_SADDR : F_DADDR;
		s->n = 0;
		return true;
	}
	if (clause_begins(what, ":bits(0:payload(1+1:1)")) {
		s->op = OP_TOS;
		return true;
	}
	if (clause_begins(what, ":bits("))
		what = strchr(what + 1, ':');
	what += *what == ':';
	kind = *what;
	what = strchr(what, '(');
	key = what ? (uint32_t)strtoul(what + 1, NULL, 10) : UINT32_MAX;
	for (size_t i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
		if (tests[i].kind == kind && tests[i].key == key) {
			s->op = tests[i].op;
			/* of connection tracking: which bits of the state, or of the status */
			if (s->op == OP_CT_NEW && mask &&
			    hex_number(mask + 1) != NF_CT_STATE_BIT(IP_CT_NEW))
				s->op = OP_CT_OPENING;
			if (s->op == OP_CT_DNAT && mask && hex_number(mask + 1) == IPS_CONFIRMED)
				s->op = OP_CT_FIRST;
			return true;
		}
	return false;
}

static bool guess(const struct clause *c, struct svcr_nft_stmt *s)
{
	static const struct {
		const char *begin;
		bool (*guess)(const struct clause *c, struct svcr_nft_stmt *s);
		enum svcr_nft_op op; /* without a function */
	} kinds[] = {
		{ "lookup(", guess_lookup, OP_LOOKUP }, { "vmap(", guess_lookup, OP_VMAP },
		{ "nat(", guess_nat, OP_DNAT },         { "dynset(", guess_update, OP_UPDATE },
		{ "verdict(", guess_verdict, OP_DROP }, { "meta-set(", guess_meta, OP_MARK_SET },
		{ "cmp(", guess_compare, OP_L4PROTO },  { "masq(", NULL, OP_MASQUERADE },
		{ "reject(1:", NULL, OP_REJECT_TCP },   { "reject(", NULL, OP_REJECT },
	};

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!clause_begins(c->text, kinds[i].begin))
			continue;
		s->op = kinds[i].op;
		return !kinds[i].guess || kinds[i].guess(c, s);
	}
	return false;
}

/* Guesses the statements of a rule; their number, or 0. */
static size_t guess_rule(const struct svcr_nft_table *t, const struct svcr_nft_rule *r,
			 struct svcr_nft_stmt *stmts)
{
	const char *p = r->canon;
	size_t n = 0;

	while (*p && *p != '#') {
		struct clause c = { .table = t };
		size_t len = strcspn(p, ";");

		if (n == SVCR_NFT_STMTS_MAX || !p[len] || len >= sizeof(c.text))
			return 0;
		memcpy(c.text, p, len);
		if (!guess(&c, &stmts[n++]))
			return 0;
		p += len + 1;
	}
	return n;
}

static int understand_rule(struct svcr_nft *n, const struct svcr_nft_table *t,
			   struct svcr_nft_rule *r)
{
	struct svcr_nft_rule again = { .comment = svcr_nft_canon_comment(r->canon) };

	again.nstmts = guess_rule(t, r, again.stmts);
	if (!again.nstmts)
		return 0;
	again.canon = svcr_nft_rule_canon(n, t, &again);
	if (!again.canon)
		return -ENOMEM;
	if (strcmp(again.canon, r->canon) == 0)
		*r = again;
	return 0;
}

int svcr_nft_understand(struct svcr_nft *n)
{
	int err = 0;

	for (size_t i = 0; i < n->ntables; i++)
		for (size_t k = 0; k < n->tables[i].nchains; k++) {
			struct svcr_nft_chain *c = &n->tables[i].chains[k];

			for (size_t r = 0; r < c->nrules && !err; r++)
				if (!c->rules[r].nstmts && c->rules[r].canon)
					err = understand_rule(n, &n->tables[i], &c->rules[r]);
		}
	return err;
}
