/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From changes to netlink messages. Tables, chains, sets and elements are put
 * together with libmnl, rules with libnftnl.
 */
#include "rules/nftables/attr.h"
#include "rules/nftables/diff.h"
#include "rules/nftables/expr.h"
#include "rules/nftables/text.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libnftnl/udata.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

/* An attribute's length has 16 bits; room for one more element stays below. */
#define MESSAGE_FULL 60000u
#define MESSAGE_ROOM 65536u

struct encoder {
	struct svcrules_changes *c;
	char *buf; /* malloc'ed */
	size_t len, cap;
	int err;
};

static const char *table_name(const struct encoder *e)
{
	return e->c->to->name;
}

/* A new message at the end of the buffer, with MESSAGE_ROOM zeroed bytes; NULL: out of memory. */
static struct nlmsghdr *message(struct encoder *e, size_t change, uint16_t type, uint16_t flags)
{
	struct svcr_nft_message *m = svcr_grow((void **)&e->c->messages, &e->c->nmessages, &e->c->messages_cap,
					       sizeof(*m));
	struct nlmsghdr *nlh;
	struct nfgenmsg *nfg;

	if (m && e->cap - e->len < MESSAGE_ROOM) {
		size_t cap = e->cap * 2 + MESSAGE_ROOM;
		char *p = realloc(e->buf, cap);

		if (p) {
			memset(p + e->cap, 0, cap - e->cap); /* what is between attributes goes to the kernel too */
			e->buf = p;
			e->cap = cap;
		} else {
			m = NULL;
		}
	}
	if (!m) {
		e->err = -ENOMEM;
		return NULL;
	}
	*m = (struct svcr_nft_message){ .change = change };
	nlh = mnl_nlmsg_put_header(e->buf + e->len);
	nlh->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = (uint32_t)e->c->nmessages;
	nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	*nfg = (struct nfgenmsg){ .nfgen_family = svcr_nft_nfproto(e->c->v[change].family), .version = NFNETLINK_V0 };
	return nlh;
}

static void end(struct encoder *e, const struct nlmsghdr *nlh)
{
	e->len += nlh->nlmsg_len;
}

static void put_comment(struct nlmsghdr *nlh, uint16_t attr, const char *comment)
{
	uint8_t data[2 + SVCR_NFT_COMMENT_MAX + 1];
	size_t len = strlen(comment) + 1;

	data[0] = 0; /* the comment's type in tables' and elements' user data alike */
	data[1] = (uint8_t)len;
	memcpy(data + 2, comment, len);
	mnl_attr_put(nlh, attr, len + 2, data);
}

static void encode_table(struct encoder *e, size_t i)
{
	bool add = e->c->v[i].op != CHANGE_DEL_TABLE;
	struct nlmsghdr *nlh = message(e, i, add ? NFT_MSG_NEWTABLE : NFT_MSG_DELTABLE, add ? NLM_F_CREATE : 0);

	if (!nlh)
		return;
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, table_name(e));
	if (add) {
		mnl_attr_put_u32(nlh, NFTA_TABLE_FLAGS, 0);
		put_comment(nlh, NFTA_TABLE_USERDATA, SVCR_NFT_OWNER);
	}
	end(e, nlh);
}

static void put_hook(struct nlmsghdr *nlh, const struct svcr_nft_chain_layout *l)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, NFTA_CHAIN_HOOK);

	mnl_attr_put_u32(nlh, NFTA_HOOK_HOOKNUM, htonl(l->hook_number));
	mnl_attr_put_u32(nlh, NFTA_HOOK_PRIORITY, htonl((uint32_t)l->priority));
	mnl_attr_nest_end(nlh, nest);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_TYPE, "nat");
	mnl_attr_put_u32(nlh, NFTA_CHAIN_POLICY, htonl(NF_ACCEPT));
}

static void encode_chain(struct encoder *e, size_t i)
{
	const struct svcr_nft_change *ch = &e->c->v[i];
	bool add = ch->op != CHANGE_DEL_CHAIN;
	struct nlmsghdr *nlh = message(e, i, add ? NFT_MSG_NEWCHAIN : NFT_MSG_DELCHAIN, add ? NLM_F_CREATE : 0);
	char name[SVCR_NFT_NAME_MAX];

	if (!nlh)
		return;
	mnl_attr_put_strz(nlh, NFTA_CHAIN_TABLE, table_name(e));
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, svcr_nft_chain_name(svcr_nft_change_nft(e->c, ch), ch->chain, name));
	if (add && svcr_nft_chains[ch->chain.kind].hook)
		put_hook(nlh, &svcr_nft_chains[ch->chain.kind]);
	end(e, nlh);
}

static void encode_flush(struct encoder *e, size_t i)
{
	const struct svcr_nft_change *ch = &e->c->v[i];
	struct nlmsghdr *nlh = message(e, i, NFT_MSG_DELRULE, 0); /* without a handle: all of the chain */
	char name[SVCR_NFT_NAME_MAX];

	if (!nlh)
		return;
	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, table_name(e));
	mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, svcr_nft_chain_name(e->c->from, ch->chain, name));
	end(e, nlh);
}

static void encode_rule(struct encoder *e, size_t i)
{
	const struct svcr_nft_change *ch = &e->c->v[i];
	struct nlmsghdr *nlh = message(e, i, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	struct nftnl_rule *r = nftnl_rule_alloc();
	char name[SVCR_NFT_NAME_MAX];

	if (!r)
		e->err = -ENOMEM;
	for (size_t s = 0; s < ch->rule->nstmts && !e->err; s++)
		e->err = svcr_nft_stmt_exprs(r, e->c->to, ch->family, &ch->rule->stmts[s]);
	if (!e->err && nlh) {
		nftnl_rule_set_str(r, NFTNL_RULE_TABLE, table_name(e));
		nftnl_rule_set_str(r, NFTNL_RULE_CHAIN, svcr_nft_chain_name(e->c->to, ch->chain, name));
		nftnl_rule_nlmsg_build_payload(nlh, r);
		end(e, nlh);
	}
	if (r)
		nftnl_rule_free(r);
}

/* The numbers of nft(8)'s data types, six bits each. */
static uint32_t concat_type(const uint8_t *fields, uint8_t family)
{
	uint32_t type = 0;

	for (size_t i = 0; i < svcr_nft_fields_count(fields); i++)
		type = type << 6 | svcr_nft_fields[fields[i]].type_id[family];
	return type;
}

/*
 * How nft(8) learns what a key of `typeof` is: nested type-length-values with
 * the numbers of its expression kinds (1.0.6 writes, 1.1.3 reads the same).
 */
enum { UD_KEYBYTEORDER, UD_DATABYTEORDER, UD_KEY_TYPEOF = 3, UD_DATA_TYPEOF = 4, UD_DATA_INTERVAL = 6 };
enum { UD_EXPR_KIND, UD_EXPR_DATA };
enum { UD_PAYLOAD = 7, UD_META = 9, UD_CONCAT = 13, UD_NUMGEN = 23 };
enum { UD_PROTO_TH = 11, UD_PROTO_IP = 12, UD_PROTO_IP6 = 13 };

static void udata_two(struct nftnl_udata_buf *b, uint32_t kind, uint32_t first, const uint32_t *rest, size_t n)
{
	struct nftnl_udata *data;

	nftnl_udata_put_u32(b, UD_EXPR_KIND, kind);
	data = nftnl_udata_nest_start(b, UD_EXPR_DATA);
	nftnl_udata_put_u32(b, 0, first);
	for (size_t i = 0; i < n; i++)
		nftnl_udata_put_u32(b, (uint8_t)(i + 1), rest[i]);
	nftnl_udata_nest_end(b, data);
}

static void udata_field(struct nftnl_udata_buf *b, uint8_t at, uint8_t field, uint8_t family)
{
	struct nftnl_udata *nest = nftnl_udata_nest_start(b, at);
	bool v6 = family == SVCR_IPV6;

	if (field == F_DADDR) /* the header's 12th (IPv6: 9th) field in nft's description */
		udata_two(b, UD_PAYLOAD, v6 ? UD_PROTO_IP6 : UD_PROTO_IP, (uint32_t[]){ v6 ? 9 : 12 }, 1);
	else if (field == F_DPORT)
		udata_two(b, UD_PAYLOAD, UD_PROTO_TH, (uint32_t[]){ 2 }, 1);
	else if (field == F_L4PROTO)
		udata_two(b, UD_META, NFT_META_L4PROTO, NULL, 0);
	else if (field == F_INDEX)
		udata_two(b, UD_NUMGEN, NFT_NG_RANDOM, (uint32_t[]){ 2, 0 }, 2);
	nftnl_udata_nest_end(b, nest);
}

static void udata_typeof(struct nftnl_udata_buf *b, uint8_t type, const uint8_t *fields, uint8_t family)
{
	struct nftnl_udata *nest = nftnl_udata_nest_start(b, type), *list;

	nftnl_udata_put_u32(b, UD_EXPR_KIND, UD_CONCAT);
	list = nftnl_udata_nest_start(b, UD_EXPR_DATA);
	for (uint8_t i = 0; i < svcr_nft_fields_count(fields); i++)
		udata_field(b, i, fields[i], family);
	nftnl_udata_nest_end(b, list);
	nftnl_udata_nest_end(b, nest);
}

static void put_typeof(struct encoder *e, struct nlmsghdr *nlh, const struct svcr_nft_set_layout *l, uint8_t family)
{
	static const uint8_t target[SVCR_NFT_FIELDS_MAX] = { F_DADDR, F_DPORT };
	struct nftnl_udata_buf *b = nftnl_udata_buf_alloc(256);

	if (!b) {
		e->err = -ENOMEM;
		return;
	}
	nftnl_udata_put_u32(b, UD_KEYBYTEORDER, 0);
	nftnl_udata_put_u32(b, UD_DATABYTEORDER, 0);
	udata_typeof(b, UD_KEY_TYPEOF, l->key, family);
	udata_typeof(b, UD_DATA_TYPEOF, target, family);
	nftnl_udata_put_u32(b, UD_DATA_INTERVAL, 0);
	mnl_attr_put(nlh, NFTA_SET_USERDATA, nftnl_udata_buf_len(b), nftnl_udata_buf_data(b));
	nftnl_udata_buf_free(b);
}

/* The size, and the lengths of a key's fields: the kernel needs them where the last one is a range. */
static void put_desc(struct nlmsghdr *nlh, const struct svcr_nft_set_layout *l, uint8_t family, uint32_t size)
{
	size_t n = svcr_nft_fields_count(l->key);
	struct nlattr *desc = mnl_attr_nest_start(nlh, NFTA_SET_DESC), *concat, *field;

	if (size)
		mnl_attr_put_u32(nlh, NFTA_SET_DESC_SIZE, htonl(size));
	if (l->interval && n > 1) {
		concat = mnl_attr_nest_start(nlh, NFTA_SET_DESC_CONCAT);
		for (size_t i = 0; i < n; i++) {
			field = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
			mnl_attr_put_u32(nlh, NFTA_SET_FIELD_LEN, htonl(svcr_nft_fields[l->key[i]].len[family]));
			mnl_attr_nest_end(nlh, field);
		}
		mnl_attr_nest_end(nlh, concat);
	}
	mnl_attr_nest_end(nlh, desc);
}

static void put_set(struct encoder *e, struct nlmsghdr *nlh, enum svcr_nft_set_id id, uint8_t family)
{
	static const uint8_t target[SVCR_NFT_FIELDS_MAX] = { F_DADDR, F_DPORT };
	const struct svcr_nft_set_layout *l = &svcr_nft_sets[id];

	mnl_attr_put_u32(nlh, NFTA_SET_FLAGS, htonl(svcr_nft_set_flags(id)));
	mnl_attr_put_u32(nlh, NFTA_SET_KEY_TYPE, htonl(concat_type(l->key, family)));
	mnl_attr_put_u32(nlh, NFTA_SET_KEY_LEN, htonl((uint32_t)svcr_nft_key_len(id, family)));
	if (l->data == DATA_VERDICT)
		mnl_attr_put_u32(nlh, NFTA_SET_DATA_TYPE, htonl((uint32_t)NFT_DATA_VERDICT));
	if (l->data == DATA_TARGET) {
		mnl_attr_put_u32(nlh, NFTA_SET_DATA_TYPE, htonl(concat_type(target, family)));
		mnl_attr_put_u32(nlh, NFTA_SET_DATA_LEN, htonl((uint32_t)svcr_nft_data_len(id, family)));
	}
	mnl_attr_put_u32(nlh, NFTA_SET_ID, htonl((uint32_t)id + 1));
	put_desc(nlh, l, family, e->c->to->tables[family].sets[id].size);
	if (l->key[3] == F_INDEX)
		put_typeof(e, nlh, l, family);
}

static void encode_set(struct encoder *e, size_t i)
{
	const struct svcr_nft_change *ch = &e->c->v[i];
	bool add = ch->op == CHANGE_ADD_SET;
	struct nlmsghdr *nlh = message(e, i, add ? NFT_MSG_NEWSET : NFT_MSG_DELSET, add ? NLM_F_CREATE : 0);

	if (!nlh)
		return;
	mnl_attr_put_strz(nlh, NFTA_SET_TABLE, table_name(e));
	mnl_attr_put_strz(nlh, NFTA_SET_NAME, ch->set < SET__COUNT ? svcr_nft_sets[ch->set].name : ch->name);
	if (add)
		put_set(e, nlh, ch->set, ch->family);
	end(e, nlh);
}

static void put_verdict(const struct encoder *e, struct nlmsghdr *nlh, const uint8_t *data)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_DATA);
	struct nlattr *verdict = mnl_attr_nest_start(nlh, NFTA_DATA_VERDICT);
	struct svcr_nft_chain_id id;
	char name[SVCR_NFT_NAME_MAX];
	int code;

	memcpy(&id, data, sizeof(id));
	code = id.kind == VERDICT_DROP ? NF_DROP : svcr_nft_verdict_jumps(id) ? NFT_JUMP : NFT_GOTO;
	mnl_attr_put_u32(nlh, NFTA_VERDICT_CODE, htonl((uint32_t)code));
	if (id.kind != VERDICT_DROP)
		mnl_attr_put_strz(nlh, NFTA_VERDICT_CHAIN, svcr_nft_chain_name(e->c->to, id, name));
	mnl_attr_nest_end(nlh, verdict);
	mnl_attr_nest_end(nlh, nest);
}

/* The key as the kernel has it: the index is a number of this host there. */
static void put_key(struct nlmsghdr *nlh, enum svcr_nft_set_id id, const struct svcr_nft_set *s, const uint8_t *elem)
{
	uint8_t key[64];
	uint32_t index;

	memcpy(key, elem, s->key_len);
	if (svcr_nft_sets[id].key[3] == F_INDEX) {
		memcpy(&index, key + s->key_len - 4, 4);
		index = ntohl(index);
		memcpy(key + s->key_len - 4, &index, 4);
	}
	svcr_nft_attr_put_value(nlh, NFTA_SET_ELEM_KEY, key, s->key_len);
}

/* The end of a one-field interval is an element of its own: the first address that is not in it. */
static void put_interval_over(struct nlmsghdr *nlh, const struct svcr_nft_set *s, const uint8_t *elem)
{
	struct svcr_addr after = { .family = s->key_len == 16 ? SVCR_IPV6 : SVCR_IPV4 };
	struct nlattr *nest;

	memcpy(after.bytes, elem + s->key_len, s->key_len);
	if (!svcr_addr_next(&after))
		return; /* up to the last address: open */
	nest = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	svcr_nft_attr_put_value(nlh, NFTA_SET_ELEM_KEY, after.bytes, s->key_len);
	mnl_attr_put_u32(nlh, NFTA_SET_ELEM_FLAGS, htonl(NFT_SET_ELEM_INTERVAL_END));
	mnl_attr_nest_end(nlh, nest);
}

static void put_key_end(struct nlmsghdr *nlh, const struct svcr_nft_set *s, const uint8_t *elem)
{
	size_t len = s->sort_len - s->key_len;
	uint8_t key[64];

	memcpy(key, elem, s->key_len);
	memcpy(key + s->key_len - len, elem + s->key_len, len);
	svcr_nft_attr_put_value(nlh, NFTA_SET_ELEM_KEY_END, key, s->key_len);
}

static void put_elem(const struct encoder *e, struct nlmsghdr *nlh, const struct svcr_nft_change *ch,
		     const struct svcr_nft_set *s, const uint8_t *elem)
{
	const struct svcr_nft_set_layout *l = &svcr_nft_sets[ch->set];
	const char *comment = svcr_nft_comment(s, elem);
	struct nlattr *nest = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	bool add = ch->op == CHANGE_ADD_ELEMS;

	put_key(nlh, ch->set, s, elem);
	if (l->interval && s->sort_len != 2 * s->key_len)
		put_key_end(nlh, s, elem);
	if (add && l->timed)
		mnl_attr_put_u64(nlh, NFTA_SET_ELEM_TIMEOUT, htobe64((uint64_t)e->c->to->drain_timeout * 1000));
	if (add && l->data == DATA_VERDICT)
		put_verdict(e, nlh, svcr_nft_elem_data(s, elem));
	if (add && l->data == DATA_TARGET)
		svcr_nft_attr_put_value(nlh, NFTA_SET_ELEM_DATA, svcr_nft_elem_data(s, elem), s->data_len);
	if (add && comment)
		put_comment(nlh, NFTA_SET_ELEM_USERDATA, comment);
	mnl_attr_nest_end(nlh, nest);
	if (l->interval && s->sort_len == 2 * s->key_len)
		put_interval_over(nlh, s, elem);
}

static void encode_elems(struct encoder *e, size_t i)
{
	const struct svcr_nft_change *ch = &e->c->v[i];
	const struct svcr_nft_set *s = &svcr_nft_change_nft(e->c, ch)->tables[ch->family].sets[ch->set];
	bool add = ch->op == CHANGE_ADD_ELEMS;

	for (size_t done = 0; done < ch->count && !e->err;) {
		struct nlmsghdr *nlh = message(e, i, add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM,
					       add ? NLM_F_CREATE : 0);
		struct svcr_nft_message *m;
		struct nlattr *nest;

		if (!nlh)
			return;
		m = &e->c->messages[e->c->nmessages - 1];
		m->first = ch->first + done;
		mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, table_name(e));
		mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, svcr_nft_sets[ch->set].name);
		nest = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
		while (done < ch->count && nlh->nlmsg_len < MESSAGE_FULL)
			put_elem(e, nlh, ch, s, e->c->elems[ch->first + done++]);
		mnl_attr_nest_end(nlh, nest);
		m->count = ch->first + done - m->first;
		end(e, nlh);
	}
}

static void (*const encoders[])(struct encoder *e, size_t i) = {
	[CHANGE_ADD_TABLE] = encode_table, [CHANGE_WAKE_TABLE] = encode_table, [CHANGE_MEND_CHAIN] = encode_chain,
	[CHANGE_DEL_TABLE] = encode_table,
	[CHANGE_FLUSH_CHAIN] = encode_flush, [CHANGE_DEL_ELEMS] = encode_elems,
	[CHANGE_DEL_SET] = encode_set, [CHANGE_DEL_CHAIN] = encode_chain,
	[CHANGE_ADD_CHAIN] = encode_chain, [CHANGE_ADD_SET] = encode_set,
	[CHANGE_ADD_ELEMS] = encode_elems, [CHANGE_ADD_RULE] = encode_rule,
};

int svcrules_changes_encode(struct svcrules_changes *c, void **ret_buf, size_t *ret_len, size_t *ret_messages)
{
	struct encoder e = { .c = c };

	c->nmessages = 0;
	for (size_t i = 0; i < c->n && !e.err; i++)
		encoders[c->v[i].op](&e, i);
	if (e.err) {
		free(e.buf);
		return e.err;
	}
	*ret_buf = e.buf;
	*ret_len = e.len;
	*ret_messages = c->nmessages;
	return 0;
}
