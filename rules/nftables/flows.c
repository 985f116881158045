/* SPDX-License-Identifier: GPL-2.0-or-later */
/* State that outlives a change of rules: flows of UDP, and remembered clients. */
#include "rules/nftables/attr.h"
#include "rules/nftables/flows.h"

#include <arpa/inet.h>
#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#define UDP 17

static const struct svcr_nft_table *table_of(const struct svcrules_nft *n, uint8_t nfproto)
{
	int family = svcr_nft_family(nfproto);

	return n && family >= 0 ? &n->tables[family] : NULL;
}

bool svcrules_nft_has_udp(const struct svcrules_nft *n, uint8_t family)
{
	const struct svcr_nft_table *t = table_of(n, family);
	const struct svcr_nft_set *s = t ? &t->sets[SET_SERVICES] : NULL;

	for (size_t i = 0; s && i < s->n; i++)
		if (svcr_nft_elem(s, i)[svcr_addr_len(t->family)] == UDP)
			return true;
	return t && t->sets[SET_REMOVED].n;
}

void svcrules_nft_forget_removed(struct svcrules_nft *wanted)
{
	for (int f = 0; f < SVCR_FAMILY__COUNT; f++) {
		wanted->tables[f].sets[SET_REMOVED].present = false;
		wanted->tables[f].sets[SET_REMOVED].n = 0;
	}
}

/* Copies the UDP addresses of `from` that neither `t` nor `but` (if not NULL) has. */
static int keep(struct svcr_nft_table *t, const struct svcr_nft_set *from, const struct svcr_nft_set *but)
{
	struct svcr_nft_set *to = &t->sets[SET_REMOVED];

	for (size_t i = 0; i < from->n; i++) {
		const uint8_t *key = svcr_nft_elem(from, i);
		uint8_t *e;

		if (key[svcr_addr_len(t->family)] != UDP || svcr_nft_find(&t->sets[SET_SERVICES], key) ||
		    (but && svcr_nft_find(but, key)))
			continue;
		e = svcr_nft_add(to);
		if (!e)
			return -ENOMEM;
		memcpy(e, key, to->sort_len);
	}
	return 0;
}

int svcrules_nft_keep_removed(struct svcrules_nft *wanted, const struct svcrules_nft *before, bool *ret_any)
{
	bool any = false;
	int err = 0;

	svcrules_nft_forget_removed(wanted);
	for (int f = 0; f < SVCR_FAMILY__COUNT && !err; f++) {
		const struct svcr_nft_set *old = before->tables[f].sets;
		struct svcr_nft_table *t = &wanted->tables[f];

		if (!t->present || !before->tables[f].present)
			continue;
		err = keep(t, &old[SET_SERVICES], NULL);
		if (!err)
			err = keep(t, &old[SET_REMOVED], &old[SET_SERVICES]);
		svcr_nft_sort(&t->sets[SET_REMOVED]);
		any |= t->sets[SET_REMOVED].n > 0;
	}
	if (!err)
		*ret_any = any;
	return err;
}

bool svcrules_nft_has_affinity(const struct svcrules_nft *n, uint8_t family)
{
	const struct svcr_nft_table *t = table_of(n, family);

	return t && t->sets[SET_AFFINITY].present;
}

/* Is `data` (address and port) among the endpoints that `key` leads to in this map? */
static bool leads_to(const struct svcr_nft_set *s, const uint8_t *key, size_t len, const uint8_t *data)
{
	for (size_t i = svcr_nft_lower(s, key, len); i < s->n && memcmp(svcr_nft_elem(s, i), key, len) == 0; i++)
		if (memcmp(svcr_nft_elem_data(s, svcr_nft_elem(s, i)), data, s->data_len) == 0)
			return true;
	return false;
}

static bool in_ranges(const struct svcr_nft_set *s, const uint8_t *addr, size_t len)
{
	for (size_t i = 0; i < s->n; i++)
		if (memcmp(svcr_nft_elem(s, i), addr, len) <= 0 && memcmp(addr, svcr_nft_elem(s, i) + len, len) <= 0)
			return true;
	return false;
}

/* The maps of this source: see prerouting_rules() in rules.c. */
static bool served(const struct svcr_nft_table *t, const uint8_t *source, const uint8_t *key, const uint8_t *data)
{
	size_t alen = svcr_addr_len(t->family), len = alen + 8;
	bool external = svcr_nft_find(&t->sets[SET_SERVICES_EXTERNAL], key) &&
			!in_ranges(&t->sets[SET_POD_CIDRS], source, alen) &&
			!svcr_nft_find(&t->sets[SET_NODE_IPS], source) &&
			!svcr_nft_find(&t->sets[SET_BOUND_IPS], source); /* this node's, to itself */

	return leads_to(&t->sets[external ? SET_LOCAL_ENDPOINTS : SET_ENDPOINTS], key, len, data);
}

static void make_key(uint8_t *key, uint8_t *data, size_t alen, const uint8_t *destination, uint16_t port,
		     const uint8_t *reply, uint16_t reply_port)
{
	memset(key, 0, SVCR_NFT_VIP_MAX);
	memcpy(key, destination, alen);
	key[alen] = UDP;
	key[alen + 4] = (uint8_t)(port >> 8);
	key[alen + 5] = (uint8_t)port;
	memset(data, 0, 20);
	memcpy(data, reply, alen);
	data[alen] = (uint8_t)(reply_port >> 8);
	data[alen + 1] = (uint8_t)reply_port;
}

enum svcr_nft_flow svcr_nft_flow_judge(const struct svcrules_nft *now, const struct svcrules_nft *before,
				       uint8_t family, const uint8_t *source, const uint8_t *destination,
				       uint16_t port, const uint8_t *reply_source, uint16_t reply_port)
{
	const struct svcr_nft_table *t = table_of(now, family), *old = table_of(before, family);
	uint8_t key[SVCR_NFT_VIP_MAX], data[20];

	if (!t)
		return FLOW_OTHER;
	make_key(key, data, svcr_addr_len(t->family), destination, port, reply_source, reply_port);
	if (svcr_nft_find(&t->sets[SET_SERVICES], key))
		return served(t, source, key, data) ? FLOW_SERVED : FLOW_ELSEWHERE;
	if (old && (svcr_nft_find(&old->sets[SET_SERVICES], key) || svcr_nft_find(&old->sets[SET_REMOVED], key)))
		return FLOW_REMOVED;
	return FLOW_OTHER;
}

bool svcrules_nft_flow_stale(const struct svcrules_nft *now, const struct svcrules_nft *before, uint8_t family,
			     const uint8_t *source, const uint8_t *destination, uint16_t port,
			     const uint8_t *reply_source, uint16_t reply_port)
{
	enum svcr_nft_flow f = svcr_nft_flow_judge(now, before, family, source, destination, port, reply_source,
						   reply_port);

	return f == FLOW_ELSEWHERE || f == FLOW_REMOVED;
}

static uint64_t milliseconds(svcr_nft_attr a)
{
	return a && mnl_attr_get_payload_len(a) == 8 ? be64toh(mnl_attr_get_u64(a)) : 0;
}

/* One remembered client: where it was sent, and what is left of its time. */
struct client {
	const uint8_t *key, *data;
	size_t key_len, data_len;
	uint64_t timeout, left; /* ms */
};

/* The service's timeout now, in ms; 0 if the client must be forgotten. */
static uint64_t wanted_timeout(const struct svcr_nft_table *t, const struct client *c)
{
	const uint8_t *vip = c->key + svcr_addr_len(t->family);
	const uint8_t *sticky = svcr_nft_find(&t->sets[SET_STICKY], vip);
	struct svcr_nft_chain_id id;

	if (!sticky || !served(t, c->key, vip, c->data))
		return 0;
	memcpy(&id, svcr_nft_elem_data(&t->sets[SET_STICKY], sticky), sizeof(id));
	return id.kind == CHAIN_REMEMBER ? (uint64_t)id.n * 1000 : 0;
}

/* A message about one client; `timeout` 0 deletes. */
static int client_message(const struct svcrules_nft *n, uint8_t family, const struct client *c, uint64_t timeout,
			  uint64_t left, void **buf, size_t *len, size_t *messages)
{
	char msg[1024] = { 0 }, *p;
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(msg);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	struct nlattr *list, *elem;

	nlh->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | (timeout ? NFT_MSG_NEWSETELEM : NFT_MSG_DELSETELEM));
	nlh->nlmsg_flags = (uint16_t)(NLM_F_REQUEST | (timeout ? NLM_F_CREATE : 0));
	nlh->nlmsg_seq = (uint32_t)++*messages;
	nfg->nfgen_family = svcr_nft_nfproto(family);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, n->name);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, svcr_nft_sets[SET_AFFINITY].name);
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
	p = realloc(*buf, *len + nlh->nlmsg_len);
	if (!p)
		return -ENOMEM;
	memcpy(p + *len, msg, nlh->nlmsg_len);
	*buf = p;
	*len += nlh->nlmsg_len;
	return 0;
}

/* A service's new timeout counts from the client's last connection, as if it had always held. */
static int revise(const struct svcrules_nft *n, const struct svcr_nft_table *t, const struct client *c, void **buf,
		  size_t *len, size_t *messages)
{
	uint64_t wanted = wanted_timeout(t, c), idle = c->timeout > c->left ? c->timeout - c->left : 0;
	int err;

	if (wanted == c->timeout)
		return 0;
	err = client_message(n, t->family, c, 0, 0, buf, len, messages);
	if (!err && wanted > idle)
		err = client_message(n, t->family, c, wanted, wanted - idle, buf, len, messages);
	return err;
}

static int revise_elem(const struct svcrules_nft *n, const struct svcr_nft_table *t, svcr_nft_attr nest, void **buf,
		       size_t *len, size_t *messages)
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
	return revise(n, t, &c, buf, len, messages);
}

int svcrules_nft_affinity(const struct svcrules_nft *now, const void *msg, void **buf, size_t *len, size_t *messages)
{
	const struct nlmsghdr *nlh = msg;
	const struct svcr_nft_table *t;
	svcr_nft_attr a[SVCR_NFT_ATTRS] = { NULL }, nest;

	if (nlh->nlmsg_len < NLMSG_LENGTH(sizeof(struct nfgenmsg)) || nlh->nlmsg_len % NLMSG_ALIGNTO)
		return -EBADMSG;
	t = table_of(now, ((const struct nfgenmsg *)mnl_nlmsg_get_payload(nlh))->nfgen_family);
	if (!t || nlh->nlmsg_type != (NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWSETELEM))
		return 0;
	mnl_attr_parse(nlh, sizeof(struct nfgenmsg), svcr_nft_attr_collect, a);
	if (!a[NFTA_SET_ELEM_LIST_ELEMENTS])
		return 0;
	mnl_attr_for_each_nested(nest, a[NFTA_SET_ELEM_LIST_ELEMENTS]) {
		int err = revise_elem(now, t, nest, buf, len, messages);

		if (err)
			return err;
	}
	return 0;
}
