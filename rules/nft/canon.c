/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a rule of the kernel does, as text: its expressions are run with
 * symbols in the registers instead of values. nft(8)'s versions and we choose
 * registers differently; the text is the same for all.
 */
#include "rules/nft/canon.h"
#include "rules/nft/attr.h"
#include "rules/nft/expr.h"

#include <arpa/inet.h>
#include <libnftnl/rule.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <errno.h>
#include <stdlib.h>

#define COMMENT "#" /* before the comment, which comes last; nothing else has this character */
#define WORDS 20    /* 32-bit registers, with room for the last 16-byte load */

struct canon {
	const struct svcr_nft_table *table; /* that the rule is in */
	char *text;                         /* malloc'ed */
	size_t len, cap;
	char *reg[WORDS]; /* malloc'ed; the symbol of the data that was loaded at this word */
	bool failed;
};

typedef const struct nlattr *const *attrs_t;

/* Returns a 32-bit number in network order; 0 if it is missing or has another size. */
static uint32_t canon_number(attrs_t a, int type)
{
	return svcr_nft_attr_u32(a[type]);
}

static uint8_t canon_byte(const struct nlattr *a)
{
	return svcr_nft_attr_has(a, 1) ? mnl_attr_get_u8(a) : 0;
}

static const char *canon_string(attrs_t a, int type)
{
	return a[type] && mnl_attr_validate(a[type], MNL_TYPE_NUL_STRING) >= 0 ?
		       mnl_attr_get_str(a[type]) :
		       "?";
}

/*
 * Returns the word at which a register starts. The 16-byte registers 1 to 4 overlap the 4-byte
 * registers from 8 on.
 */
static uint32_t word_of(uint32_t reg)
{
	uint32_t w = reg >= NFT_REG32_00 ? reg - NFT_REG32_00 : reg ? (reg - 1) * 4 : 0;

	return w < WORDS ? w : WORDS - 1;
}

__attribute__((format(printf, 2, 3))) static void canon_say(struct canon *c, const char *fmt, ...)
{
	va_list ap;
	int n;

	for (int again = 0; again < 2; again++) {
		va_start(ap, fmt);
		n = vsnprintf(c->text + c->len, c->cap - c->len, fmt, ap);
		va_end(ap);
		if ((size_t)n < c->cap - c->len)
			break;
		c->cap = (c->cap + (size_t)n) * 2;
		char *p = realloc(c->text, c->cap);

		if (!p) {
			c->failed = true;
			return;
		}
		c->text = p;
	}
	c->len += (size_t)n;
}

__attribute__((format(printf, 3, 4))) static void canon_load(struct canon *c, uint32_t word,
							     const char *fmt, ...)
{
	va_list ap;
	char *old = c->reg[word];

	va_start(ap, fmt);
	if (vasprintf(&c->reg[word], fmt, ap) < 0) {
		c->reg[word] = NULL;
		c->failed = true;
	}
	va_end(ap);
	free(old);
}

static const char *canon_reg(const struct canon *c, uint32_t word)
{
	return c->reg[word] ? c->reg[word] : "?";
}

/* True if elements of the set have an address and a port as data. */
static bool maps_to_endpoint(const struct canon *c, const char *set)
{
	const struct svcr_nft_layout *l = c->table->layout;
	uint32_t number;
	size_t id = svcr_nft_set_parse(l, set, &number);

	return id == l->nsets || l->sets[id].data == DATA_ENDPOINT;
}

/* Returns the symbols of a key of the set, joined; malloc'ed. */
static char *canon_key(struct canon *c, uint32_t word, const char *set)
{
	const struct svcr_nft_layout *l = c->table->layout;
	uint32_t number;
	size_t id = svcr_nft_set_parse(l, set, &number), len = 0;
	size_t n = id < l->nsets ? svcr_nft_fields_count(l->sets[id].key) : 1;
	char *text = malloc(1024);

	if (!text) {
		c->failed = true;
		return NULL;
	}
	text[0] = '\0';
	for (size_t i = 0; i < n && len < 1024 && word < WORDS; i++) {
		len += (size_t)snprintf(text + len, 1024 - len, "%s%s", i ? "," : "",
					canon_reg(c, word));
		if (id < l->nsets)
			word += (uint32_t)(svcr_nft_field_size(l->sets[id].key[i],
							       c->table->family) /
					   4);
	}
	return text;
}

static void canon_hex(struct canon *c, const struct nlattr *data)
{
	const struct nlattr *a;

	if (!data)
		return;
	mnl_attr_for_each_nested(a, data)
		if (mnl_attr_get_type(a) == NFTA_DATA_VALUE)
			for (uint16_t i = 0; i < mnl_attr_get_payload_len(a); i++)
				canon_say(c, "%02x", ((const uint8_t *)mnl_attr_get_payload(a))[i]);
}

static void canon_payload(struct canon *c, attrs_t a)
{
	if (a[NFTA_PAYLOAD_SREG])
		canon_say(c, "payload-set(%u);", canon_number(a, NFTA_PAYLOAD_OFFSET));
	else
		canon_load(c, word_of(canon_number(a, NFTA_PAYLOAD_DREG)), "payload(%u+%u:%u)",
			   canon_number(a, NFTA_PAYLOAD_BASE), canon_number(a, NFTA_PAYLOAD_OFFSET),
			   canon_number(a, NFTA_PAYLOAD_LEN));
}

static void canon_meta(struct canon *c, attrs_t a)
{
	if (a[NFTA_META_SREG])
		canon_say(c, "meta-set(%u=%s);", canon_number(a, NFTA_META_KEY),
			  canon_reg(c, word_of(canon_number(a, NFTA_META_SREG))));
	else
		canon_load(c, word_of(canon_number(a, NFTA_META_DREG)), "meta(%u)",
			   canon_number(a, NFTA_META_KEY));
}

static void canon_ct(struct canon *c, attrs_t a)
{
	int direction = a[NFTA_CT_DIRECTION] ? canon_byte(a[NFTA_CT_DIRECTION]) : -1;

	if (a[NFTA_CT_SREG])
		canon_say(c, "ct-set(%u);", canon_number(a, NFTA_CT_KEY));
	else
		canon_load(c, word_of(canon_number(a, NFTA_CT_DREG)), "ct(%u:%d)",
			   canon_number(a, NFTA_CT_KEY), direction);
}

static void canon_numgen(struct canon *c, attrs_t a)
{
	canon_load(c, word_of(canon_number(a, NFTA_NG_DREG)), "numgen(%u:%u+%u)",
		   canon_number(a, NFTA_NG_TYPE), canon_number(a, NFTA_NG_MODULUS),
		   canon_number(a, NFTA_NG_OFFSET));
}

static void canon_hex_text(char *to, size_t size, const struct nlattr *data)
{
	const struct nlattr *a;
	size_t n = 0;

	to[0] = '\0';
	if (data)
		mnl_attr_for_each_nested(a, data)
			for (uint16_t i = 0; i < mnl_attr_get_payload_len(a) && n + 2 < size; i++)
				n += (size_t)snprintf(
					to + n, size - n, "%02x",
					((const uint8_t *)mnl_attr_get_payload(a))[i]);
}

static void canon_bitwise(struct canon *c, attrs_t a)
{
	char mask[40], xor[40];

	canon_hex_text(mask, sizeof(mask), a[NFTA_BITWISE_MASK]);
	canon_hex_text(xor, sizeof(xor), a[NFTA_BITWISE_XOR]);
	canon_load(c, word_of(canon_number(a, NFTA_BITWISE_DREG)), "bits(%u:%s&%s^%s)",
		   canon_number(a, NFTA_BITWISE_OP),
		   canon_reg(c, word_of(canon_number(a, NFTA_BITWISE_SREG))), mask, xor);
}

/* nft(8) 1.0.6 swaps single bytes before a lookup in an interval set, which has no effect. */
static void canon_byteorder(struct canon *c, attrs_t a)
{
	uint32_t from = word_of(canon_number(a, NFTA_BYTEORDER_SREG)),
		 to = word_of(canon_number(a, NFTA_BYTEORDER_DREG));
	char *old = NULL;

	if (canon_number(a, NFTA_BYTEORDER_LEN) == 1 && from == to)
		return;
	if (c->reg[from]) {
		old = strdup(c->reg[from]);
		c->failed |= !old;
	}
	canon_load(c, to, "byteorder(%u:%u:%u:%s)", canon_number(a, NFTA_BYTEORDER_OP),
		   canon_number(a, NFTA_BYTEORDER_SIZE), canon_number(a, NFTA_BYTEORDER_LEN),
		   old ? old : "?");
	free(old);
}

static void canon_cmp(struct canon *c, attrs_t a)
{
	canon_say(c, "cmp(%u:%s:", canon_number(a, NFTA_CMP_OP),
		  canon_reg(c, word_of(canon_number(a, NFTA_CMP_SREG))));
	canon_hex(c, a[NFTA_CMP_DATA]);
	canon_say(c, ");");
}

static void canon_lookup(struct canon *c, attrs_t a)
{
	const char *set = canon_string(a, NFTA_LOOKUP_SET);
	char *k = canon_key(c, word_of(canon_number(a, NFTA_LOOKUP_SREG)), set);
	uint32_t dreg = canon_number(a, NFTA_LOOKUP_DREG);

	if (!k)
		return;
	if (a[NFTA_LOOKUP_DREG] && dreg != NFT_REG_VERDICT) {
		uint32_t word = word_of(dreg);

		canon_load(c, word, "map(%s:%s)", set, k);
		if (word + svcr_addr_len(c->table->family) / 4u < WORDS && maps_to_endpoint(c, set))
			canon_load(c, word + svcr_addr_len(c->table->family) / 4u,
				   "map-port(%s:%s)", set, k);
	} else {
		canon_say(c, "%s(%u:%s:%s);", a[NFTA_LOOKUP_DREG] ? "vmap" : "lookup",
			  canon_number(a, NFTA_LOOKUP_FLAGS), set, k);
	}
	free(k);
}

static void canon_dynset(struct canon *c, attrs_t a)
{
	const char *set = canon_string(a, NFTA_DYNSET_SET_NAME);
	char *k = canon_key(c, word_of(canon_number(a, NFTA_DYNSET_SREG_KEY)), set);
	uint32_t data = word_of(canon_number(a, NFTA_DYNSET_SREG_DATA));
	const struct nlattr *t = a[NFTA_DYNSET_TIMEOUT];
	uint64_t timeout = t && mnl_attr_get_payload_len(t) == 8 ? be64toh(mnl_attr_get_u64(t)) : 0;
	uint32_t port = data + svcr_addr_len(c->table->family) / 4u;

	if (k)
		canon_say(c, "dynset(%u:%s:%s:%s,%s:%llu);", canon_number(a, NFTA_DYNSET_OP), set,
			  k, canon_reg(c, data), port < WORDS ? canon_reg(c, port) : "?",
			  (unsigned long long)timeout);
	free(k);
}

static void canon_immediate(struct canon *c, attrs_t a)
{
	const struct nlattr *v[SVCR_NFT_ATTRS] = { NULL }, *d[SVCR_NFT_ATTRS] = { NULL };
	char value[40];

	if (a[NFTA_IMMEDIATE_DATA])
		mnl_attr_parse_nested(a[NFTA_IMMEDIATE_DATA], svcr_nft_attr_collect, d);
	if (!d[NFTA_DATA_VERDICT]) {
		canon_hex_text(value, sizeof(value), a[NFTA_IMMEDIATE_DATA]);
		canon_load(c, word_of(canon_number(a, NFTA_IMMEDIATE_DREG)), "immediate(%s)",
			   value);
		return;
	}
	mnl_attr_parse_nested(d[NFTA_DATA_VERDICT], svcr_nft_attr_collect, v);
	canon_say(c, "verdict(%d:%s);", (int)canon_number(v, NFTA_VERDICT_CODE),
		  v[NFTA_VERDICT_CHAIN] ? canon_string(v, NFTA_VERDICT_CHAIN) : "");
}

static void canon_nat(struct canon *c, attrs_t a)
{
	/* the kernel adds flags that tell whether an address and a port are given */
	uint32_t implied = NF_NAT_RANGE_MAP_IPS | NF_NAT_RANGE_PROTO_SPECIFIED;
	uint32_t addr = canon_number(a, NFTA_NAT_REG_ADDR_MIN),
		 port = canon_number(a, NFTA_NAT_REG_PROTO_MIN);

	canon_say(c, "nat(%u:%u:%s:%s:%u", canon_number(a, NFTA_NAT_TYPE),
		  canon_number(a, NFTA_NAT_FAMILY), addr ? canon_reg(c, word_of(addr)) : "",
		  port ? canon_reg(c, word_of(port)) : "",
		  canon_number(a, NFTA_NAT_FLAGS) & ~implied);
	if (a[NFTA_NAT_REG_ADDR_MAX] &&
	    word_of(canon_number(a, NFTA_NAT_REG_ADDR_MAX)) != word_of(addr))
		canon_say(c, ":%s", canon_reg(c, word_of(canon_number(a, NFTA_NAT_REG_ADDR_MAX))));
	canon_say(c, ");");
}

static void canon_masq(struct canon *c, attrs_t a)
{
	canon_say(c, "masq(%u:%u);", canon_number(a, NFTA_MASQ_FLAGS),
		  canon_number(a, NFTA_MASQ_REG_PROTO_MIN));
}

static void canon_reject(struct canon *c, attrs_t a)
{
	uint32_t type = canon_number(a, NFTA_REJECT_TYPE);

	canon_say(c, "reject(%u:%u);", type,
		  type != NFT_REJECT_TCP_RST ? canon_byte(a[NFTA_REJECT_ICMP_CODE]) : 0);
}

static void canon_fib(struct canon *c, attrs_t a)
{
	canon_load(c, word_of(canon_number(a, NFTA_FIB_DREG)), "fib(%u:%u)",
		   canon_number(a, NFTA_FIB_RESULT), canon_number(a, NFTA_FIB_FLAGS));
}

static const struct {
	const char *name;
	void (*canon)(struct canon *c, attrs_t a);
} kinds[] = {
	{ "payload", canon_payload }, { "meta", canon_meta },
	{ "ct", canon_ct },           { "numgen", canon_numgen },
	{ "bitwise", canon_bitwise }, { "byteorder", canon_byteorder },
	{ "cmp", canon_cmp },         { "lookup", canon_lookup },
	{ "dynset", canon_dynset },   { "immediate", canon_immediate },
	{ "nat", canon_nat },         { "masq", canon_masq },
	{ "reject", canon_reject },   { "fib", canon_fib },
};

static void canon_expr(struct canon *c, const struct nlattr *e)
{
	const struct nlattr *a[SVCR_NFT_ATTRS] = { NULL }, *data[SVCR_NFT_ATTRS] = { NULL };
	const char *name;

	mnl_attr_parse_nested(e, svcr_nft_attr_collect, a);
	name = canon_string(a, NFTA_EXPR_NAME);
	if (a[NFTA_EXPR_DATA])
		mnl_attr_parse_nested(a[NFTA_EXPR_DATA], svcr_nft_attr_collect, data);
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcmp(kinds[i].name, name) == 0) {
			kinds[i].canon(c, data);
			return;
		}
	canon_say(c, "%s(not ours);", name);
}

const char *svcr_nft_canon(struct svcr_nft *n, const struct svcr_nft_table *t,
			   const struct nlattr *expressions, const char *comment)
{
	struct canon c = { .table = t, .cap = 256, .text = malloc(256) };
	const struct nlattr *e;
	const char *kept = NULL;

	if (!c.text)
		return NULL;
	c.text[0] = '\0';
	if (expressions)
		mnl_attr_for_each_nested(e, expressions)
			canon_expr(&c, e);
	if (comment)
		canon_say(&c, COMMENT "%s", comment);
	if (!c.failed)
		kept = svcr_intern(&n->strings, &n->arena, (struct svcr_str){ c.text, c.len });
	for (int i = 0; i < WORDS; i++)
		free(c.reg[i]);
	free(c.text);
	return kept;
}

const char *svcr_nft_canon_comment(const char *canon)
{
	const char *c = strstr(canon, COMMENT);

	return c ? c + strlen(COMMENT) : NULL;
}

static const struct nlattr *expressions_of(const struct nlmsghdr *nlh)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(a) == NFTA_RULE_EXPRESSIONS)
			return a;
	return NULL;
}

const char *svcr_nft_rule_canon(struct svcr_nft *n, const struct svcr_nft_table *t,
				const struct svcr_nft_rule *rule)
{
	struct nftnl_rule *r = nftnl_rule_alloc();
	char buf[4096] = { 0 };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	const char *canon = NULL;
	int err = r ? 0 : -ENOMEM;

	for (size_t i = 0; i < rule->nstmts && !err; i++)
		err = svcr_nft_stmt_exprs(r, t, &rule->stmts[i]);
	if (!err) {
		mnl_nlmsg_put_extra_header(nlh, sizeof(struct nfgenmsg));
		nftnl_rule_nlmsg_build_payload(nlh, r);
		canon = svcr_nft_canon(n, t, expressions_of(nlh), rule->comment);
	}
	if (r)
		nftnl_rule_free(r);
	return canon;
}

int svcr_nft_make_rule(struct svcr_nft *nft, struct svcr_nft_table *t,
		       struct svcr_nft_chain_id chain, const char *comment,
		       const struct svcr_nft_stmt *stmts, size_t n)
{
	struct svcr_nft_chain *c = svcr_nft_chain(t, chain);
	struct svcr_nft_rule *r = c ? svcr_nft_add_rule(c) : NULL;

	if (!r)
		return -ENOMEM;
	memcpy(r->stmts, stmts, n * sizeof(*stmts));
	r->nstmts = n;
	r->comment = comment;
	r->canon = svcr_nft_rule_canon(nft, t, r);
	return r->canon ? 0 : -ENOMEM;
}
