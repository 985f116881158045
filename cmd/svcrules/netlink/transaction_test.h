/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transactions for tests: a socket in a namespace of its own, and messages of nf_tables. */
#ifndef SVCRULES_NETLINK_TRANSACTION_TEST_H
#define SVCRULES_NETLINK_TRANSACTION_TEST_H

#include "namespace_test.h"
#include "netlink/nfnetlink.h"
#include "netlink/transaction.h"

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#define BATCH_ROOM (24u << 20)
#define MAX_ERRORS 30000

static struct netlink *nl;
static char *batch;
static size_t batch_len;
static uint32_t batch_count;
static struct transaction_error *errors;
static size_t nerrors;

static inline void test_batch_setup(void)
{
	int err = 0;

	ck_assert_int_eq(namespace_enter(), 0);
	namespace_loopback_up();
	nl = netlink_open(NETLINK_NETFILTER, &err);
	ck_assert_msg(nl != NULL, "netlink_open: %s", strerror(-err));
	batch = malloc(BATCH_ROOM);
	errors = calloc(MAX_ERRORS, sizeof(*errors));
	ck_assert(batch && errors);
}

static inline void test_batch_teardown(void)
{
	netlink_close(nl);
	free(batch);
	free(errors);
}

/* Starts a message at the end of the batch; the caller ends it before the next one. */
static inline struct nlmsghdr *test_batch_message(uint16_t type, uint16_t flags)
{
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(batch + batch_len);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));

	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | type;
	nlh->nlmsg_flags = NLM_F_REQUEST | flags;
	nlh->nlmsg_seq = ++batch_count;
	nfg->nfgen_family = NFPROTO_INET;
	return nlh;
}

static inline void test_batch_message_end(const struct nlmsghdr *nlh)
{
	batch_len += MNL_ALIGN(nlh->nlmsg_len);
}

static inline void test_batch_table(const char *name)
{
	struct nlmsghdr *nlh = test_batch_message(NFT_MSG_NEWTABLE, NLM_F_CREATE);

	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, name);
	test_batch_message_end(nlh);
}

static inline void test_batch_chain(const char *table, const char *name)
{
	struct nlmsghdr *nlh = test_batch_message(NFT_MSG_NEWCHAIN, NLM_F_CREATE);
	struct nlattr *hook;

	mnl_attr_put_strz(nlh, NFTA_CHAIN_TABLE, table);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_NAME, name);
	mnl_attr_put_strz(nlh, NFTA_CHAIN_TYPE, "filter");
	hook = mnl_attr_nest_start(nlh, NFTA_CHAIN_HOOK);
	mnl_attr_put_u32(nlh, NFTA_HOOK_HOOKNUM, htonl(NF_INET_LOCAL_IN));
	mnl_attr_put_u32(nlh, NFTA_HOOK_PRIORITY, htonl(0));
	mnl_attr_nest_end(nlh, hook);
	test_batch_message_end(nlh);
}

/* A rule that loads "ct state": enough for the kernel to track connections. */
static inline void test_batch_ct_rule(const char *table, const char *chain)
{
	struct nlmsghdr *nlh = test_batch_message(NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
	struct nlattr *list, *elem, *data;

	mnl_attr_put_strz(nlh, NFTA_RULE_TABLE, table);
	mnl_attr_put_strz(nlh, NFTA_RULE_CHAIN, chain);
	list = mnl_attr_nest_start(nlh, NFTA_RULE_EXPRESSIONS);
	elem = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
	mnl_attr_put_strz(nlh, NFTA_EXPR_NAME, "ct");
	data = mnl_attr_nest_start(nlh, NFTA_EXPR_DATA);
	mnl_attr_put_u32(nlh, NFTA_CT_DREG, htonl(NFT_REG_1));
	mnl_attr_put_u32(nlh, NFTA_CT_KEY, htonl(NFT_CT_STATE));
	mnl_attr_nest_end(nlh, data);
	mnl_attr_nest_end(nlh, elem);
	mnl_attr_nest_end(nlh, list);
	test_batch_message_end(nlh);
}

/* Sends the batch and empties it. */
static inline int test_batch_send(bool commit, uint32_t genid, struct transaction_stats *stats)
{
	int r = transaction_send(nl, batch, batch_len, commit, genid, batch_count, errors,
				 MAX_ERRORS, &nerrors, stats);

	batch_len = 0;
	batch_count = 0;
	return r;
}

#endif
