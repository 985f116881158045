/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes netlink messages from changes: tables, chains, sets and elements with libmnl, rules
 * with libnftnl.
 */
#include "rules/nft/encode.h"
#include "rules/nft/attr.h"
#include "rules/nft/expr.h"
#include "rules/nft/typeof.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

/* The length of an attribute has 16 bits; this leaves room for one more element. */
#define MESSAGE_FULL 60000u
#define MESSAGE_ROOM 65536u

struct encoder {
	struct svcr_nft_changes *c;
	char *buf; /* malloc'ed */
	size_t len, cap;
	int err;
};

/*
 * Starts a message at the end of the buffer, with MESSAGE_ROOM zeroed bytes. NULL: out of
 * memory.
 */
static struct nlmsghdr *message_start(struct encoder *e, size_t change, uint16_t type,
				      uint16_t flags)
{
	struct svcr_nft_message *m = svcr_grow((void **)&e->c->messages, &e->c->nmessages,
					       &e->c->messages_cap, sizeof(*m));
	struct nlmsghdr *nlh;
	struct nfgenmsg *nfg;

	if (m && e->cap - e->len < MESSAGE_ROOM) {
		size_t cap = e->cap * 2 + MESSAGE_ROOM;
		char *p = realloc(e->buf, cap);

		if (p) {
			/* bytes between attributes are sent to the kernel, too */
			memset(p + e->cap, 0, cap - e->cap);
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
	*nfg = (struct nfgenmsg){ .nfgen_family = svcr_nft_nfproto(
					  e->c->v[change].pair->to->family),
				  .version = NFNETLINK_V0 };
	return nlh;
}

static void message_end(struct encoder *e, const struct nlmsghdr *nlh)
{
	e->len += nlh->nlmsg_len;
}

#define COMMENT_DATA (2 + SVCR_NFT_COMMENT_MAX + 1)

/* Writes a comment as user data into data[COMMENT_DATA]; returns its length. */
static size_t comment_data(uint8_t *data, const char *comment)
{
	size_t len = strlen(comment) + 1;

	data[0] = 0; /* the type of the comment in the user data of tables, rules and elements */
	data[1] = (uint8_t)len;
	memcpy(data + 2, comment, len);
	return len + 2;
}

static void put_comment(struct nlmsghdr *nlh, uint16_t attr, const char *comment)
{
	uint8_t data[COMMENT_DATA];
	size_t len = comment_data(data, comment);

	mnl_attr_put(nlh, attr, len, data);
}

static void encode_table(struct encoder *e, size_t i)
{
	const struct svcr_nft_change *ch = &e->c->v[i];
	bool add = ch->op != CHANGE_DEL_TABLE;
	struct nlmsghdr *nlh = message_start(e, i, add ? NFT_MSG_NEWTABLE : NFT_MSG_DELTABLE,
					     add ? NLM_F_CREATE : 0);

	if (!nlh)
		return;
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, ch->pair->to->name);
	if (add) {
		mnl_attr_put_u32(nlh, NFTA_TABLE_FLAGS, 0);
		put_comment(nlh, NFTA_TABLE_USERDATA, SVCR_NFT_OWNER);
	}
	message_end(e, nlh);
}

static void put_hook(struct nlmsghdr *nlh, const struct svcr_nft_chain_layout *l)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, NFTA_CHAIN_HOOK);

	mnl_attr_put_u32(nlh, NFTA_HOOK_HOOKNUM, htonl(l->hook_number));
	mnl_attr_put_u32(nlh, NFTA_HOOK_PRIORITY, htonl((uint32_t)l->priority));
	mnl_attr_nest_end(nlh, nest);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_TYPE, l->type);
	mnl_attr_put_u32(nlh, NFTA_CHAIN_POLICY, htonl(NF_ACCEPT));
}

static void encode_chain(struct encoder *e, size_t i)
{
	const struct svcr_nft_change *ch = &e->c->v[i];
	const struct svcr_nft_chain_layout *row = svcr_nft_chain_row(ch->pair->to->layout,
								     ch->chain);
	bool add = ch->op != CHANGE_DEL_CHAIN;
	struct nlmsghdr *nlh = message_start(e, i, add ? NFT_MSG_NEWCHAIN : NFT_MSG_DELCHAIN,
					     add ? NLM_F_CREATE : 0);
	char name[SVCR_NFT_NAME_MAX];

	if (!nlh)
		return;
	mnl_attr_put_strz(nlh, NFTA_CHAIN_TABLE, ch->pair->to->name);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME,
			  svcr_nft_chain_name(svcr_nft_change_table(ch), ch->chain, name));
	if (add && row->hook)
		put_hook(nlh, row);
	message_end(e, nlh);
}

static void encode_flush(struct encoder *e, size_t i)
{
	const struct svcr_nft_change *ch = &e->c->v[i];
	/* without a handle: all rules of the chain */
	struct nlmsghdr *nlh = message_start(e, i, NFT_MSG_DELRULE, 0);
	char name[SVCR_NFT_NAME_MAX];

	if (!nlh)
		return;
	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, ch->pair->to->name);
	mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN,
			  svcr_nft_chain_name(ch->pair->from, ch->chain, name));
	message_end(e, nlh);
}

static void encode_rule(struct encoder *e, size_t i)
{
	const struct svcr_nft_change *ch = &e->c->v[i];
	struct nlmsghdr *nlh = message_start(e, i, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	struct nftnl_rule *r = nftnl_rule_alloc();
	uint8_t data[COMMENT_DATA];
	char name[SVCR_NFT_NAME_MAX];

	if (!r)
		e->err = -ENOMEM;
	for (size_t s = 0; s < ch->rule->nstmts && !e->err; s++)
		e->err = svcr_nft_stmt_exprs(r, ch->pair->to, &ch->rule->stmts[s]);
	if (!e->err && nlh) {
		nftnl_rule_set_str(r, NFTNL_RULE_TABLE, ch->pair->to->name);
		nftnl_rule_set_str(r, NFTNL_RULE_CHAIN,
				   svcr_nft_chain_name(ch->pair->to, ch->chain, name));
		if (ch->rule->comment)
			nftnl_rule_set_data(r, NFTNL_RULE_USERDATA, data,
					    (uint32_t)comment_data(data, ch->rule->comment));
		nftnl_rule_nlmsg_build_payload(nlh, r);
		message_end(e, nlh);
	}
	if (r)
		nftnl_rule_free(r);
}

/*
 * Puts the size, and the lengths of a key's fields, which the kernel needs if the last field is
 * a range.
 */
static void put_desc(struct nlmsghdr *nlh, const struct svcr_nft_set_layout *l, uint8_t family,
		     uint32_t size)
{
	size_t n = svcr_nft_fields_count(l->key);
	struct nlattr *desc = mnl_attr_nest_start(nlh, NFTA_SET_DESC), *concat, *field;

	if (size)
		mnl_attr_put_u32(nlh, NFTA_SET_DESC_SIZE, htonl(size));
	if (l->interval && n > 1) {
		concat = mnl_attr_nest_start(nlh, NFTA_SET_DESC_CONCAT);
		for (size_t i = 0; i < n; i++) {
			field = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
			mnl_attr_put_u32(nlh, NFTA_SET_FIELD_LEN,
					 htonl(svcr_nft_fields[l->key[i]].len[family]));
			mnl_attr_nest_end(nlh, field);
		}
		mnl_attr_nest_end(nlh, concat);
	}
	mnl_attr_nest_end(nlh, desc);
}

static int put_set(struct nlmsghdr *nlh, uint32_t id, const struct svcr_nft_set *s)
{
	static const uint8_t endpoint[SVCR_NFT_FIELDS_MAX] = { F_DADDR, F_DPORT };
	static const uint8_t number[SVCR_NFT_FIELDS_MAX] = { F_PRIORITY };
	const struct svcr_nft_set_layout *l = s->layout;
	uint32_t type = svcr_nft_concat_type(l->key, s->family);

	mnl_attr_put_u32(nlh, NFTA_SET_FLAGS, htonl(svcr_nft_set_flags(l)));
	mnl_attr_put_u32(nlh, NFTA_SET_KEY_TYPE, htonl(type));
	mnl_attr_put_u32(nlh, NFTA_SET_KEY_LEN, htonl((uint32_t)s->key_len));
	if (l->data == DATA_VERDICT)
		mnl_attr_put_u32(nlh, NFTA_SET_DATA_TYPE, htonl((uint32_t)NFT_DATA_VERDICT));
	if (l->data == DATA_ENDPOINT || l->data == DATA_NUMBER) {
		type = svcr_nft_concat_type(l->data == DATA_NUMBER ? number : endpoint, s->family);
		mnl_attr_put_u32(nlh, NFTA_SET_DATA_TYPE, htonl(type));
		mnl_attr_put_u32(nlh, NFTA_SET_DATA_LEN, htonl((uint32_t)s->data_len));
	}
	mnl_attr_put_u32(nlh, NFTA_SET_ID, htonl(id));
	put_desc(nlh, l, s->family, s->size);
	if (l->data == DATA_NUMBER)
		return svcr_nft_put_byteorder(nlh, l);
	return svcr_nft_key_indexed(l) ? svcr_nft_put_typeof(nlh, l, s->family) : 0;
}

static void encode_set(struct encoder *e, size_t i)
{
	const struct svcr_nft_change *ch = &e->c->v[i];
	bool add = ch->op == CHANGE_ADD_SET;
	struct nlmsghdr *nlh = message_start(e, i, add ? NFT_MSG_NEWSET : NFT_MSG_DELSET,
					     add ? NLM_F_CREATE : 0);
	const char *name = ch->name;
	char buf[SVCR_NFT_NAME_MAX];

	if (!nlh)
		return;
	if (ch->set != SVCR_NFT_NO_SET)
		name = svcr_nft_set_name(svcr_nft_change_set(ch)->layout, ch->number, buf);
	mnl_attr_put_strz(nlh, NFTA_SET_TABLE, ch->pair->to->name);
	mnl_attr_put_strz(nlh, NFTA_SET_NAME, name);
	/* nothing refers to the id, which must only be another one for each set */
	if (add && put_set(nlh, (uint32_t)e->c->nmessages, svcr_nft_change_set(ch)))
		e->err = -ENOMEM;
	message_end(e, nlh);
}

static void put_verdict(struct nlmsghdr *nlh, const struct svcr_nft_table *t,
			struct svcr_nft_chain_id id)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_DATA);
	struct nlattr *verdict = mnl_attr_nest_start(nlh, NFTA_DATA_VERDICT);
	bool jump = svcr_nft_chain_row(t->layout, id)->jumped;
	int code = id.kind == VERDICT_DROP ? NF_DROP : jump ? NFT_JUMP : NFT_GOTO;
	char name[SVCR_NFT_NAME_MAX];

	mnl_attr_put_u32(nlh, NFTA_VERDICT_CODE, htonl((uint32_t)code));
	if (id.kind != VERDICT_DROP)
		mnl_attr_put_strz(nlh, NFTA_VERDICT_CHAIN, svcr_nft_chain_name(t, id, name));
	mnl_attr_nest_end(nlh, verdict);
	mnl_attr_nest_end(nlh, nest);
}

/* Puts a key as the kernel has it. */
static void put_key(struct nlmsghdr *nlh, const struct svcr_nft_set *s, const uint8_t *elem)
{
	uint8_t key[64];

	memcpy(key, svcr_nft_elem_key(s, elem), s->key_len);
	svcr_nft_swap_key(s->layout, s->family, key);
	svcr_nft_attr_put_value(nlh, NFTA_SET_ELEM_KEY, key, s->key_len);
}

/* Puts the data of a map that is not a verdict map, as the kernel has it. */
static void put_data(struct nlmsghdr *nlh, const struct svcr_nft_set *s, const uint8_t *elem)
{
	uint8_t data[64];

	memcpy(data, svcr_nft_elem_data(s, elem), s->data_len);
	if (s->layout->data == DATA_NUMBER)
		svcr_nft_swap_number(data);
	svcr_nft_attr_put_value(nlh, NFTA_SET_ELEM_DATA, data, s->data_len);
}

/*
 * Adds the end of an interval of one field, which is an element: the first address behind the
 * interval.
 */
static void put_interval_over(struct nlmsghdr *nlh, const struct svcr_nft_set *s,
			      const uint8_t *elem)
{
	struct svcr_addr after = { .family = s->key_len == 16 ? SVCR_IPV6 : SVCR_IPV4 };
	struct nlattr *nest;

	memcpy(after.bytes, svcr_nft_elem_key(s, elem) + s->key_len, s->key_len);
	if (!svcr_addr_next(&after))
		return; /* it ends at the last address, so there is no end element */
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

static void put_elem(struct nlmsghdr *nlh, const struct svcr_nft_change *ch,
		     const struct svcr_nft_set *s, const uint8_t *elem)
{
	const struct svcr_nft_set_layout *l = s->layout;
	const char *comment = svcr_nft_comment(s, elem);
	struct nlattr *nest = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	bool add = ch->op == CHANGE_ADD_ELEMS;

	put_key(nlh, s, elem);
	if (l->interval && !svcr_nft_interval_single(s))
		put_key_end(nlh, s, elem);
	if (add && l->timed)
		mnl_attr_put_u64(nlh, NFTA_SET_ELEM_TIMEOUT, htobe64((uint64_t)s->timeout * 1000));
	if (add && l->data == DATA_VERDICT)
		put_verdict(nlh, ch->pair->to, svcr_nft_elem_verdict(s, elem));
	if (add && (l->data == DATA_ENDPOINT || l->data == DATA_NUMBER))
		put_data(nlh, s, elem);
	if (add && comment)
		put_comment(nlh, NFTA_SET_ELEM_USERDATA, comment);
	mnl_attr_nest_end(nlh, nest);
	if (svcr_nft_interval_single(s))
		put_interval_over(nlh, s, elem);
}

static void encode_elems(struct encoder *e, size_t i)
{
	const struct svcr_nft_change *ch = &e->c->v[i];
	const struct svcr_nft_set *s = svcr_nft_change_set(ch);
	bool add = ch->op == CHANGE_ADD_ELEMS;
	char name[SVCR_NFT_NAME_MAX];

	for (size_t done = 0; done < ch->count && !e->err;) {
		struct nlmsghdr *nlh = message_start(e, i,
						     add ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM,
						     add ? NLM_F_CREATE : 0);
		struct svcr_nft_message *m;
		struct nlattr *nest;

		if (!nlh)
			return;
		m = &e->c->messages[e->c->nmessages - 1];
		m->first = ch->first + done;
		mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, ch->pair->to->name);
		mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET,
				  svcr_nft_set_name(s->layout, ch->number, name));
		nest = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
		while (done < ch->count && nlh->nlmsg_len < MESSAGE_FULL)
			put_elem(nlh, ch, s, e->c->elems[ch->first + done++]);
		mnl_attr_nest_end(nlh, nest);
		m->count = ch->first + done - m->first;
		message_end(e, nlh);
	}
}

static void (*const encoders[])(struct encoder *e, size_t i) = {
	[CHANGE_ADD_TABLE] = encode_table,   [CHANGE_WAKE_TABLE] = encode_table,
	[CHANGE_MEND_CHAIN] = encode_chain,  [CHANGE_DEL_TABLE] = encode_table,
	[CHANGE_FLUSH_CHAIN] = encode_flush, [CHANGE_DEL_ELEMS] = encode_elems,
	[CHANGE_DEL_SET] = encode_set,       [CHANGE_DEL_CHAIN] = encode_chain,
	[CHANGE_ADD_CHAIN] = encode_chain,   [CHANGE_ADD_SET] = encode_set,
	[CHANGE_ADD_ELEMS] = encode_elems,   [CHANGE_ADD_RULE] = encode_rule,
};

int svcr_nft_encode(struct svcr_nft_changes *c, struct svcrules_messages *ret)
{
	struct encoder e = { .c = c };

	c->nmessages = 0;
	for (size_t i = 0; i < c->n && !e.err; i++)
		encoders[c->v[i].op](&e, i);
	if (e.err) {
		free(e.buf);
		return e.err;
	}
	*ret = (struct svcrules_messages){ .buf = e.buf, .len = e.len, .count = c->nmessages };
	return 0;
}

/* NFT_MSG_DELRULE without a chain and a handle deletes all rules of the table. */
int svcr_nft_encode_stop(const struct svcr_nft_changes *c, struct svcrules_messages *ret)
{
	/* a name has at most NFT_NAME_MAXLEN bytes */
	const size_t message_max = NFT_NAME_MAXLEN + 64;
	char *buf = calloc(c->n + 1, message_max);
	size_t len = 0;

	if (!buf)
		return -ENOMEM;
	*ret = (struct svcrules_messages){ .buf = buf };
	for (size_t i = 0; i < c->n; i++) {
		const struct svcr_nft_table *t = c->v[i].pair->from;
		struct nlmsghdr *nlh;
		struct nfgenmsg *g;

		if (c->v[i].op != CHANGE_DEL_TABLE)
			continue;
		nlh = mnl_nlmsg_put_header(buf + len);
		nlh->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_DELRULE);
		nlh->nlmsg_flags = NLM_F_REQUEST;
		nlh->nlmsg_seq = (uint32_t)++ret->count;
		g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));
		*g = (struct nfgenmsg){ .nfgen_family = svcr_nft_nfproto(t->family),
					.version = NFNETLINK_V0 };
		mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, t->name);
		len += nlh->nlmsg_len;
	}
	ret->len = len;
	return 0;
}
