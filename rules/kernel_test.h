/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel for tests of readers: it has what the messages of a built rule set would make of it,
 * and answers requests from these messages, as the dumps of a kernel would.
 */
#ifndef SVCR_KERNEL_TEST_H
#define SVCR_KERNEL_TEST_H

#include "rules/built_test.h"
#include "rules/nft/attr.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/ip_vs.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/rtnetlink.h>

#define FAKE_NUMBER 9 /* of the generic netlink family, and of the interface */

/* The parts of a rule set of the target ipvs; one of nftables has the first alone. */
enum { FAKE_NFT, FAKE_LINK, FAKE_IPVS, FAKE_PARTS };

struct fake_kernel {
	const struct svcrules_messages *messages; /* of each part, in the order of FAKE_PARTS */
	uint32_t generation;
	bool moves;        /* the generation is another one each time */
	const char *alias; /* of the interface; NULL: there is no interface */
	size_t requests;   /* answered so far */
	size_t fail_at;    /* the request, from 1 on, that is answered with fail_err; 0: none */
	int fail_err;
	bool foreign; /* the tables bear no mark of their owner */
};

/* The messages that make `rs`, part by part; to be released. */
static inline void fake_messages(struct svcrules_messages *v, struct svcrules_ruleset *rs)
{
	struct svcrules_ruleset *empty = svcrules_ruleset_empty(rs);
	struct svcrules_changes *c = gen_diff(empty, rs);

	for (size_t i = 0; i < rs->nparts; i++)
		v[i] = gen_encode(c, i, SVCRULES_ADD, FAKE_NUMBER);
	svcrules_changes_free(c);
	svcrules_ruleset_free(empty);
}

static inline void fake_messages_release(struct svcrules_messages *v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(v[i].buf);
}

/* ---- nf_tables ------------------------------------------------------------ */

static const struct {
	uint8_t get, answer;
	uint16_t table, set; /* attributes that name what is asked for, the same in both; 0: none */
} fake_asked[] = {
	{ NFT_MSG_GETTABLE, NFT_MSG_NEWTABLE, NFTA_TABLE_NAME, 0 },
	{ NFT_MSG_GETSET, NFT_MSG_NEWSET, NFTA_SET_TABLE, 0 },
	{ NFT_MSG_GETCHAIN, NFT_MSG_NEWCHAIN, 0, 0 }, /* of all tables, as Linux 6.18 sends them */
	{ NFT_MSG_GETRULE, NFT_MSG_NEWRULE, NFTA_RULE_TABLE, 0 },
	{ NFT_MSG_GETSETELEM, NFT_MSG_NEWSETELEM, NFTA_SET_ELEM_LIST_TABLE,
	  NFTA_SET_ELEM_LIST_SET },
};

static inline const struct nlattr *fake_attr(const struct nlmsghdr *nlh, size_t header,
					     uint16_t type)
{
	const struct nlattr *a;

	mnl_attr_for_each(a, nlh, header)
		if (mnl_attr_get_type(a) == type)
			return a;
	return NULL;
}

/* True if the message has the request's value of that attribute, or the request has none. */
static inline bool fake_named(const struct nlmsghdr *msg, const struct nlmsghdr *request,
			      uint16_t type)
{
	const struct nlattr *wanted = fake_attr(request, sizeof(struct nfgenmsg), type);
	const struct nlattr *a = fake_attr(msg, sizeof(struct nfgenmsg), type);

	return !type || !wanted ||
	       (a && strcmp(mnl_attr_get_str(a), mnl_attr_get_str(wanted)) == 0);
}

static inline int fake_generation(struct fake_kernel *k, struct svcrules_reader *r)
{
	char buf[64] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);

	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWGEN;
	mnl_nlmsg_put_extra_header(nlh, sizeof(struct nfgenmsg));
	mnl_attr_put_u32(nlh, NFTA_GEN_ID, htonl(k->moves ? k->generation++ : k->generation));
	return svcrules_reader_take(r, nlh);
}

/* A table of that name that bears no mark of its owner. */
static inline int fake_foreign(const struct nlmsghdr *like, struct svcrules_reader *r)
{
	char buf[512] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *g = mnl_nlmsg_put_extra_header(nlh, sizeof(*g));

	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE;
	*g = *(const struct nfgenmsg *)mnl_nlmsg_get_payload(like);
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME,
			  mnl_attr_get_str(fake_attr(like, sizeof(*g), NFTA_TABLE_NAME)));
	return svcrules_reader_take(r, nlh);
}

/* Answers a request; *ret is the kernel's error. Returns 0 or what the reader returned. */
static inline int fake_nft(struct fake_kernel *k, struct svcrules_reader *r,
			   const struct svcrules_request *q, int *ret)
{
	const struct nlmsghdr *request = q->msg, *nlh = k->messages[FAKE_NFT].buf;
	const struct nfgenmsg *asked = mnl_nlmsg_get_payload(request);
	int left = (int)k->messages[FAKE_NFT].len, err = 0;
	size_t i = 0, found = 0;

	if ((request->nlmsg_type & 0xff) == NFT_MSG_GETGEN)
		return fake_generation(k, r);
	while (fake_asked[i].get != (request->nlmsg_type & 0xff))
		i++;
	for (; mnl_nlmsg_ok(nlh, left) && !err; nlh = mnl_nlmsg_next(nlh, &left)) {
		const struct nfgenmsg *g = mnl_nlmsg_get_payload(nlh);

		if ((nlh->nlmsg_type & 0xff) != fake_asked[i].answer ||
		    g->nfgen_family != asked->nfgen_family ||
		    !fake_named(nlh, request, fake_asked[i].table) ||
		    !fake_named(nlh, request, fake_asked[i].set))
			continue;
		found++;
		err = k->foreign && i == 0 ? fake_foreign(nlh, r) : svcrules_reader_take(r, nlh);
	}
	*ret = found || q->dump ? 0 : -ENOENT;
	return err;
}

/* ---- The interface -------------------------------------------------------- */

static inline int fake_link(const struct fake_kernel *k, struct svcrules_reader *r)
{
	char buf[512] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct ifinfomsg *info = mnl_nlmsg_put_extra_header(nlh, sizeof(*info));
	struct nlattr *nest;

	nlh->nlmsg_type = RTM_NEWLINK;
	info->ifi_index = FAKE_NUMBER;
	info->ifi_flags = IFF_UP;
	mnl_attr_put_strz(nlh, IFLA_IFALIAS, k->alias);
	nest = mnl_attr_nest_start(nlh, IFLA_LINKINFO);
	mnl_attr_put_strz(nlh, IFLA_INFO_KIND, "dummy");
	mnl_attr_nest_end(nlh, nest);
	return svcrules_reader_take(r, nlh);
}

static inline int fake_route(const struct fake_kernel *k, struct svcrules_reader *r,
			     const struct svcrules_request *q, int *ret)
{
	const struct nlmsghdr *nlh = k->messages[FAKE_LINK].buf;
	int left = (int)k->messages[FAKE_LINK].len, err = 0;

	if (((const struct nlmsghdr *)q->msg)->nlmsg_type == RTM_GETLINK) {
		*ret = k->alias ? 0 : -ENODEV;
		return k->alias ? fake_link(k, r) : 0;
	}
	for (; mnl_nlmsg_ok(nlh, left) && !err; nlh = mnl_nlmsg_next(nlh, &left))
		err = svcrules_reader_take(r, nlh);
	return err;
}

/* ---- IPVS ------------------------------------------------------------------ */

/* True if the message is about the virtual server that the request names, or it names none. */
static inline bool fake_same_server(const struct nlmsghdr *msg, const struct nlmsghdr *request)
{
	const struct nlattr *a = fake_attr(msg, GENL_HDRLEN, IPVS_CMD_ATTR_SERVICE);
	const struct nlattr *wanted = fake_attr(request, GENL_HDRLEN, IPVS_CMD_ATTR_SERVICE);

	return !wanted || (a && mnl_attr_get_payload_len(a) >= mnl_attr_get_payload_len(wanted) &&
			   memcmp(mnl_attr_get_payload(a), mnl_attr_get_payload(wanted),
				  mnl_attr_get_payload_len(wanted)) == 0);
}

static inline int fake_ipvs(const struct fake_kernel *k, struct svcrules_reader *r,
			    const struct svcrules_request *q, int *ret)
{
	const struct nlmsghdr *nlh = k->messages[FAKE_IPVS].buf;
	const struct genlmsghdr *asked = mnl_nlmsg_get_payload(q->msg);
	uint8_t answer = asked->cmd == IPVS_CMD_GET_DEST ? IPVS_CMD_NEW_DEST : IPVS_CMD_NEW_SERVICE;
	int left = (int)k->messages[FAKE_IPVS].len, err = 0;
	size_t found = 0;

	for (; mnl_nlmsg_ok(nlh, left) && !err; nlh = mnl_nlmsg_next(nlh, &left)) {
		const struct genlmsghdr *g = mnl_nlmsg_get_payload(nlh);

		if (g->cmd != answer || !fake_same_server(nlh, q->msg))
			continue;
		found++;
		err = svcrules_reader_take(r, nlh);
	}
	*ret = found || q->dump ? 0 : -ESRCH;
	return err;
}

/* ---- All ------------------------------------------------------------------- */

static inline int fake_answer(struct fake_kernel *k, struct svcrules_reader *r,
			      const struct svcrules_request *q, int *ret)
{
	*ret = 0;
	if (++k->requests == k->fail_at) {
		*ret = k->fail_err;
		return 0;
	}
	if (strcmp(q->netlink, SVCRULES_NETLINK_NETFILTER) == 0)
		return fake_nft(k, r, q, ret);
	if (strcmp(q->netlink, SVCRULES_NETLINK_ROUTE) == 0)
		return fake_route(k, r, q, ret);
	return fake_ipvs(k, r, q, ret);
}

/* Answers all requests, as svcrules.h says. Allocates nothing. 0 or the reader's negative errno. */
static inline int fake_read(struct fake_kernel *k, struct svcrules_reader *r)
{
	struct svcrules_request q;
	int found, err, answer;

	while ((found = svcrules_reader_next(r, &q)) > 0) {
		err = fake_answer(k, r, &q, &answer);
		if (!err)
			err = svcrules_reader_answered(r, answer);
		if (err)
			return err;
	}
	return found;
}

#endif
