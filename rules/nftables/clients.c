/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Adjusts the clients of sticky services that the kernel remembers to a change of rules. */
#include "rules/nft/attr.h"
#include "rules/nftables/flows.h"

#include <errno.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>

static uint64_t milliseconds(svcr_nft_attr a)
{
	return a && mnl_attr_get_payload_len(a) == 8 ? be64toh(mnl_attr_get_u64(a)) : 0;
}

/* A remembered client: its endpoint, and the rest of its timeout. */
struct client {
	const uint8_t *key, *data;
	size_t key_len, data_len;
	uint64_t timeout, left; /* ms */
};

/* Returns the service's new timeout in ms; 0 if the client must be forgotten. */
static uint64_t wanted_timeout(const struct svcr_nft_table *t, const struct client *c)
{
	const uint8_t *vip = c->key + svcr_addr_len(t->family);
	const uint8_t *sticky = svcr_nft_find(&t->sets[SET_STICKY], vip);
	struct svcr_nft_chain_id id;

	if (!sticky || !svcr_flow_served(t, c->key, vip, c->data))
		return 0;
	id = svcr_nft_elem_verdict(&t->sets[SET_STICKY], sticky);
	return id.kind == CHAIN_REMEMBER ? (uint64_t)id.n * 1000 : 0;
}

/* Appends a message that sets the timeout of a client; 0 deletes the client. */
static int client_message(const struct svcr_nft_table *t, const struct client *c, uint64_t timeout,
			  uint64_t left, struct svcrules_messages *m)
{
	char msg[1024] = { 0 }, *p;
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(msg);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	struct nlattr *list, *elem;

	nlh->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 |
				     (timeout ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM));
	nlh->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | (timeout ? NLM_F_CREATE : 0));
	nlh->nlmsg_seq = (uint32_t)++m->count;
	nfg->nfgen_family = svcr_nft_nfproto(t->family);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, t->name);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, t->sets[SET_AFFINITY].layout->name);
	list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	elem = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	svcr_nft_attr_put_value(nlh, NFTA_SET_ELEM_KEY, c->key, c->key_len);
	if (timeout) {
		svcr_nft_attr_put_value(nlh, NFTA_SET_ELEM_DATA, c->data, c->data_len);
		mnl_attr_put_u64(nlh, NFTA_SET_ELEM_TIMEOUT, htobe64(timeout));
		mnl_attr_put_u64(nlh, NFTA_SET_ELEM_EXPIRATION, htobe64(left));
	}
	mnl_attr_nest_end(nlh, elem);
	mnl_attr_nest_end(nlh, list);
	p = realloc(m->buf, m->len + nlh->nlmsg_len);
	if (!p)
		return -ENOMEM;
	memcpy(p + m->len, msg, nlh->nlmsg_len);
	m->buf = p;
	m->len += nlh->nlmsg_len;
	return 0;
}

/* Counts the new timeout of a service from the client's last connection. */
static int revise_client(const struct svcr_nft_table *t, const struct client *c,
			 struct svcrules_messages *m)
{
	uint64_t wanted = wanted_timeout(t, c),
		 idle = c->timeout > c->left ? c->timeout - c->left : 0;
	int err;

	if (wanted == c->timeout)
		return 0;
	err = client_message(t, c, 0, 0, m);
	if (!err && wanted > idle)
		err = client_message(t, c, wanted, wanted - idle, m);
	return err;
}

static int revise_elem(const struct svcr_nft_table *t, svcr_nft_attr nest,
		       struct svcrules_messages *m)
{
	const struct svcr_nft_set *s = &t->sets[SET_AFFINITY];
	struct client c = { .key_len = s->key_len, .data_len = s->data_len };
	svcr_nft_attr a[SVCR_NFT_ATTRS] = { NULL };

	mnl_attr_parse_nested(nest, svcr_nft_attr_collect, a);
	c.key = svcr_nft_attr_value(a[NFTA_SET_ELEM_KEY], s->key_len);
	c.data = svcr_nft_attr_value(a[NFTA_SET_ELEM_DATA], s->data_len);
	if (!c.key || !c.data)
		return -EBADMSG;
	c.timeout = milliseconds(a[NFTA_SET_ELEM_TIMEOUT]);
	c.left = milliseconds(a[NFTA_SET_ELEM_EXPIRATION]);
	return revise_client(t, &c, m);
}

int svcrules_clients_take(const struct svcrules_ruleset *now, const void *msg,
			  struct svcrules_messages *m)
{
	const struct nlmsghdr *nlh = msg;
	const struct svcr_nft_table *t;
	svcr_nft_attr a[SVCR_NFT_ATTRS] = { NULL }, nest;

	if (nlh->nlmsg_len < NLMSG_LENGTH(sizeof(struct nfgenmsg)) ||
	    nlh->nlmsg_len % NLMSG_ALIGNTO)
		return -EBADMSG;
	t = svcr_flow_table(now,
			    ((const struct nfgenmsg *)mnl_nlmsg_get_payload(nlh))->nfgen_family);
	if (!t || nlh->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSETELEM))
		return 0;
	mnl_attr_parse(nlh, sizeof(struct nfgenmsg), svcr_nft_attr_collect, a);
	if (!a[NFTA_SET_ELEM_LIST_ELEMENTS])
		return 0;
	mnl_attr_for_each_nested(nest, a[NFTA_SET_ELEM_LIST_ELEMENTS]) {
		int err = revise_elem(t, nest, m);

		if (err)
			return err;
	}
	return 0;
}

bool svcrules_clients_request(const struct svcrules_ruleset *now, uint8_t family, void *buf)
{
	const struct svcr_nft_table *t = svcr_flow_table(now, family);
	struct nlmsghdr *nlh;
	struct nfgenmsg *g;

	if (!t || !t->sets[SET_AFFINITY].present)
		return false;
	memset(buf, 0, SVCRULES_CLIENTS_REQUEST);
	nlh = mnl_nlmsg_put_header(buf);
	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETSETELEM;
	nlh->nlmsg_flags = NLM_F_REQUEST;
	g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));
	*g = (struct nfgenmsg){ .nfgen_family = family, .version = NFNETLINK_V0 };
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, t->name);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, t->sets[SET_AFFINITY].layout->name);
	return true;
}
