/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nft/expr.h"

#include <libnftnl/expr.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_conntrack_common.h>
#include <linux/netfilter/nf_nat.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/rtnetlink.h>

#include <errno.h>

/* the states of packets that open a connection, or belong to none */
#define OPENING (NF_CT_STATE_BIT(IP_CT_NEW) | NF_CT_STATE_INVALID_BIT)
#define REG(word) (NFT_REG32_00 + (uint32_t)(word))

/* A rule under construction; `err` is sticky. */
struct exprs {
	struct nftnl_rule *rule;
	const struct svcr_nft_table *table;
	int err;
};

static struct nftnl_expr *add_expr(struct exprs *x, const char *name)
{
	struct nftnl_expr *e = nftnl_expr_alloc(name);

	if (e)
		nftnl_rule_add_expr(x->rule, e);
	else
		x->err = -ENOMEM;
	return e;
}

static void payload(struct exprs *x, uint32_t word, uint32_t base, uint32_t offset, uint32_t len)
{
	struct nftnl_expr *e = add_expr(x, "payload");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_BASE, base);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_OFFSET, offset);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_LEN, len);
	nftnl_expr_set_u32(e, NFTNL_EXPR_PAYLOAD_DREG, REG(word));
}

static void meta_load(struct exprs *x, uint32_t word, uint32_t key)
{
	struct nftnl_expr *e = add_expr(x, "meta");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(e, NFTNL_EXPR_META_DREG, REG(word));
}

static void ct_load(struct exprs *x, uint32_t word, uint32_t key, int direction)
{
	struct nftnl_expr *e = add_expr(x, "ct");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_CT_KEY, key);
	nftnl_expr_set_u32(e, NFTNL_EXPR_CT_DREG, REG(word));
	if (direction >= 0)
		nftnl_expr_set_u8(e, NFTNL_EXPR_CT_DIR, (uint8_t)direction);
}

static void numgen(struct exprs *x, uint32_t word, uint32_t modulus)
{
	struct nftnl_expr *e = add_expr(x, "numgen");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_NG_DREG, REG(word));
	nftnl_expr_set_u32(e, NFTNL_EXPR_NG_MODULUS, modulus);
	nftnl_expr_set_u32(e, NFTNL_EXPR_NG_TYPE, NFT_NG_RANDOM);
}

static void load_field(struct exprs *x, uint8_t field, uint32_t word, uint32_t modulus)
{
	bool v6 = x->table->family == SVCR_IPV6;
	uint32_t len = svcr_nft_fields[field].len[x->table->family];

	switch ((enum svcr_nft_field)field) {
	case F_SADDR: payload(x, word, NFT_PAYLOAD_NETWORK_HEADER, v6 ? 8 : 12, len); break;
	case F_DADDR: payload(x, word, NFT_PAYLOAD_NETWORK_HEADER, v6 ? 24 : 16, len); break;
	case F_L4PROTO: meta_load(x, word, NFT_META_L4PROTO); break;
	case F_DPORT: payload(x, word, NFT_PAYLOAD_TRANSPORT_HEADER, 2, len); break;
	case F_INDEX: numgen(x, word, modulus); break;
	case F_CT_SADDR:
		ct_load(x, word, v6 ? NFT_CT_SRC_IP6 : NFT_CT_SRC_IP, IP_CT_DIR_ORIGINAL);
		break;
	case F_CT_DADDR:
		ct_load(x, word, v6 ? NFT_CT_DST_IP6 : NFT_CT_DST_IP, IP_CT_DIR_ORIGINAL);
		break;
	case F_CT_DPORT: ct_load(x, word, NFT_CT_PROTO_DST, IP_CT_DIR_ORIGINAL); break;
	case F_CT_REPLY_SADDR:
		ct_load(x, word, v6 ? NFT_CT_SRC_IP6 : NFT_CT_SRC_IP, IP_CT_DIR_REPLY);
		break;
	case F_CT_REPLY_SPORT: ct_load(x, word, NFT_CT_PROTO_SRC, IP_CT_DIR_REPLY); break;
	case F_PRIORITY: meta_load(x, word, NFT_META_PRIORITY); break;
	case F_END:
	case F__COUNT: break;
	}
}

/* Loads a key into consecutive registers from `word` on; returns the next free word. */
static uint32_t load_key(struct exprs *x, const uint8_t *fields, uint32_t word, uint32_t modulus)
{
	size_t n = svcr_nft_fields_count(fields);

	for (size_t i = 0; i < n; i++) {
		load_field(x, fields[i], word, modulus);
		word += (uint32_t)(svcr_nft_field_size(fields[i], x->table->family) / 4);
	}
	return word;
}

/* Interval sets have numbers in network order, so that they are in order of size. */
static void number_to_network(struct exprs *x)
{
	struct nftnl_expr *e = add_expr(x, "byteorder");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_BYTEORDER_SREG, REG(0));
	nftnl_expr_set_u32(e, NFTNL_EXPR_BYTEORDER_DREG, REG(0));
	nftnl_expr_set_u32(e, NFTNL_EXPR_BYTEORDER_OP, NFT_BYTEORDER_HTON);
	nftnl_expr_set_u32(e, NFTNL_EXPR_BYTEORDER_SIZE, sizeof(uint32_t));
	nftnl_expr_set_u32(e, NFTNL_EXPR_BYTEORDER_LEN, sizeof(uint32_t));
}

static void lookup(struct exprs *x, const struct svcr_nft_stmt *s, int dreg)
{
	char name[SVCR_NFT_NAME_MAX];
	struct nftnl_expr *e;

	load_key(x, s->fields, 0, s->n);
	if (s->fields[0] == F_PRIORITY && x->table->layout->sets[s->set].interval)
		number_to_network(x);
	e = add_expr(x, "lookup");
	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_SREG, REG(0));
	nftnl_expr_set_str(e, NFTNL_EXPR_LOOKUP_SET,
			   svcr_nft_set_name(&x->table->layout->sets[s->set], s->n, name));
	if (dreg >= 0)
		nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_DREG, (uint32_t)dreg);
	if (s->negate)
		nftnl_expr_set_u32(e, NFTNL_EXPR_LOOKUP_FLAGS, NFT_LOOKUP_F_INV);
}

static void add_compare(struct exprs *x, uint32_t op, const void *data, uint32_t len)
{
	struct nftnl_expr *e = add_expr(x, "cmp");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_SREG, REG(0));
	nftnl_expr_set_u32(e, NFTNL_EXPR_CMP_OP, op);
	nftnl_expr_set(e, NFTNL_EXPR_CMP_DATA, data, len);
}

/* Changes the first `len` bytes of the register 0, at most 4. */
static void bitwise_bytes(struct exprs *x, const void *mask, const void * xor, uint32_t len)
{
	struct nftnl_expr *e = add_expr(x, "bitwise");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_SREG, REG(0));
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_DREG, REG(0));
	nftnl_expr_set_u32(e, NFTNL_EXPR_BITWISE_LEN, len);
	nftnl_expr_set(e, NFTNL_EXPR_BITWISE_MASK, mask, len);
	nftnl_expr_set(e, NFTNL_EXPR_BITWISE_XOR, xor, len);
}

static void bitwise(struct exprs *x, uint32_t mask, uint32_t xor)
{
	bitwise_bytes(x, &mask, &xor, sizeof(mask));
}

/* Sets a property of the packet to the register 0. */
static void meta_store(struct exprs *x, uint32_t key)
{
	struct nftnl_expr *e = add_expr(x, "meta");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_META_KEY, key);
	nftnl_expr_set_u32(e, NFTNL_EXPR_META_SREG, REG(0));
}

/* Clears the bits that `mask` lacks and inverts those of `xor`. */
static void meta_change(struct exprs *x, uint32_t key, uint32_t mask, uint32_t xor)
{
	meta_load(x, 0, key);
	bitwise(x, mask, xor);
	meta_store(x, key);
}

static void priority_set(struct exprs *x, uint32_t n)
{
	struct nftnl_expr *e = add_expr(x, "immediate");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, REG(0));
	nftnl_expr_set(e, NFTNL_EXPR_IMM_DATA, &n, sizeof(n));
	meta_store(x, NFT_META_PRIORITY);
}

static void priority_map(struct exprs *x, const struct svcr_nft_stmt *s)
{
	lookup(x, s, (int)REG(0));
	meta_store(x, NFT_META_PRIORITY);
}

static void meta_is(struct exprs *x, uint32_t key, uint32_t n)
{
	meta_load(x, 0, key);
	add_compare(x, NFT_CMP_EQ, &n, sizeof(n));
}

static void tos_is(struct exprs *x, uint8_t bits)
{
	static const uint8_t mask = 0x18, xor = 0;

	payload(x, 0, NFT_PAYLOAD_NETWORK_HEADER, 1, 1);
	bitwise_bytes(x, &mask, &xor, 1);
	add_compare(x, NFT_CMP_EQ, &bits, 1);
}

static void address_is_local(struct exprs *x, uint8_t field)
{
	uint32_t flag = field == F_SADDR ? NFTA_FIB_F_SADDR : NFTA_FIB_F_DADDR, type = RTN_LOCAL;
	struct nftnl_expr *e = add_expr(x, "fib");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_FIB_DREG, REG(0));
	nftnl_expr_set_u32(e, NFTNL_EXPR_FIB_RESULT, NFT_FIB_RESULT_ADDRTYPE);
	nftnl_expr_set_u32(e, NFTNL_EXPR_FIB_FLAGS, flag);
	add_compare(x, NFT_CMP_EQ, &type, sizeof(type));
}

static void dnat(struct exprs *x, const struct svcr_nft_stmt *s)
{
	struct nftnl_expr *e;

	lookup(x, s, (int)REG(0));
	e = add_expr(x, "nat");
	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_NAT_TYPE, NFT_NAT_DNAT);
	nftnl_expr_set_u32(e, NFTNL_EXPR_NAT_FAMILY, svcr_nft_nfproto(x->table->family));
	nftnl_expr_set_u32(e, NFTNL_EXPR_NAT_REG_ADDR_MIN, REG(0));
	nftnl_expr_set_u32(e, NFTNL_EXPR_NAT_REG_PROTO_MIN,
			   REG(svcr_addr_len(x->table->family) / 4));
}

/*
 * Takes the endpoint from the source of the reply direction, not from the packet: if the port
 * were read from the packet, nft 1.0.6 would list the rule without its `meta l4proto` and could
 * not load its own listing.
 */
static void update(struct exprs *x, const struct svcr_nft_stmt *s)
{
	static const uint8_t data[SVCR_NFT_FIELDS_MAX] = { F_CT_REPLY_SADDR, F_CT_REPLY_SPORT };
	uint32_t word = load_key(x, s->fields, 0, 0);
	struct nftnl_expr *e;

	load_key(x, data, word, 0);
	e = add_expr(x, "dynset");
	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_SREG_KEY, REG(0));
	nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_SREG_DATA, REG(word));
	nftnl_expr_set_u32(e, NFTNL_EXPR_DYNSET_OP, NFT_DYNSET_OP_UPDATE);
	nftnl_expr_set_u64(e, NFTNL_EXPR_DYNSET_TIMEOUT, (uint64_t)s->n * 1000);
	nftnl_expr_set_str(e, NFTNL_EXPR_DYNSET_SET_NAME, x->table->layout->sets[s->set].name);
}

static void reject(struct exprs *x, bool tcp)
{
	struct nftnl_expr *e = add_expr(x, "reject");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_REJECT_TYPE,
			   tcp ? NFT_REJECT_TCP_RST : NFT_REJECT_ICMP_UNREACH);
	/* port unreachable: ICMP code 3, ICMPv6 code 4 */
	nftnl_expr_set_u8(e, NFTNL_EXPR_REJECT_CODE,
			  tcp                           ? 0 :
			  x->table->family == SVCR_IPV6 ? 4 :
							  3);
}

static void add_verdict(struct exprs *x, int code, const char *chain)
{
	struct nftnl_expr *e = add_expr(x, "immediate");

	if (!e)
		return;
	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_DREG, NFT_REG_VERDICT);
	nftnl_expr_set_u32(e, NFTNL_EXPR_IMM_VERDICT, (uint32_t)code);
	if (chain)
		nftnl_expr_set_str(e, NFTNL_EXPR_IMM_CHAIN, chain);
}

static void masquerade(struct exprs *x)
{
	struct nftnl_expr *e = add_expr(x, "masq");

	if (e)
		nftnl_expr_set_u32(e, NFTNL_EXPR_MASQ_FLAGS, NF_NAT_RANGE_PROTO_RANDOM_FULLY);
}

/* Goes on if one of these bits is set or, with `none`, if none of them is. */
static void ct_bits(struct exprs *x, uint32_t key, uint32_t bits, bool none)
{
	static const uint32_t zero;

	ct_load(x, 0, key, -1);
	bitwise(x, bits, 0);
	add_compare(x, none ? NFT_CMP_EQ : NFT_CMP_NEQ, &zero, sizeof(zero));
}

static void mark_test(struct exprs *x, uint32_t bit)
{
	meta_load(x, 0, NFT_META_MARK);
	bitwise(x, bit, 0);
	add_compare(x, NFT_CMP_EQ, &bit, sizeof(bit));
}

static void l4proto(struct exprs *x, uint8_t protocol)
{
	meta_load(x, 0, NFT_META_L4PROTO);
	add_compare(x, NFT_CMP_EQ, &protocol, sizeof(protocol));
}

int svcr_nft_stmt_exprs(struct nftnl_rule *r, const struct svcr_nft_table *t,
			const struct svcr_nft_stmt *s)
{
	struct exprs x = { .rule = r, .table = t };
	char name[SVCR_NFT_NAME_MAX];

	switch (s->op) {
	case OP_LOOKUP: lookup(&x, s, -1); break;
	case OP_VMAP: lookup(&x, s, NFT_REG_VERDICT); break;
	case OP_L4PROTO: l4proto(&x, (uint8_t)s->n); break;
	case OP_DNAT: dnat(&x, s); break;
	case OP_UPDATE: update(&x, s); break;
	case OP_MARK_SET: meta_change(&x, NFT_META_MARK, ~s->n, s->n); break;
	case OP_MARK_CLEAR: meta_change(&x, NFT_META_MARK, ~s->n, 0); break;
	case OP_MARK_TEST: mark_test(&x, s->n); break;
	case OP_CT_DNAT: ct_bits(&x, NFT_CT_STATUS, IPS_DST_NAT, false); break;
	case OP_CT_NEW: ct_bits(&x, NFT_CT_STATE, NF_CT_STATE_BIT(IP_CT_NEW), false); break;
	case OP_CT_OPENING: ct_bits(&x, NFT_CT_STATE, OPENING, false); break;
	case OP_CT_FIRST: ct_bits(&x, NFT_CT_STATUS, IPS_CONFIRMED, true); break;
	case OP_REJECT_TCP: reject(&x, true); break;
	case OP_REJECT: reject(&x, false); break;
	case OP_MASQUERADE: masquerade(&x); break;
	case OP_DROP: add_verdict(&x, NF_DROP, NULL); break;
	case OP_ACCEPT: add_verdict(&x, NF_ACCEPT, NULL); break;
	case OP_GOTO: add_verdict(&x, NFT_GOTO, svcr_nft_chain_name(t, s->chain, name)); break;
	case OP_JUMP: add_verdict(&x, NFT_JUMP, svcr_nft_chain_name(t, s->chain, name)); break;
	case OP_FROM_HOST: meta_is(&x, NFT_META_IIF, 0); break;
	case OP_LOCAL: address_is_local(&x, s->fields[0]); break;
	case OP_TOS: tos_is(&x, (uint8_t)s->n); break;
	case OP_PRIORITY_SET: priority_set(&x, s->n); break;
	case OP_PRIORITY_MAP: priority_map(&x, s); break;
	case OP_PRIORITY_OR: meta_change(&x, NFT_META_PRIORITY, ~s->n, s->n); break;
	case OP_PRIORITY_IS: meta_is(&x, NFT_META_PRIORITY, s->n); break;
	}
	return x.err;
}
