/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages of nf_tables made by hand, and inputs with one service. */
#ifndef SVCR_SERVICES_DECODE_TEST_H
#define SVCR_SERVICES_DECODE_TEST_H

#include <check.h>

#include "rules/built_test.h"
#include "rules/nft/attr.h"
#include "rules/nft/decode.h"
#include "rules/nft/encode.h"
#include "rules/nftables/layout.h"

#include <linux/netfilter/nfnetlink.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* ---- Messages ----------------------------------------------------------- */

struct msg {
	char buf[8192];
	struct nlmsghdr *nlh;
};

static inline void decode_start(struct msg *m, uint16_t type, uint8_t family)
{
	struct nfgenmsg *nfg;

	memset(m->buf, 0, sizeof(m->buf));
	m->nlh = mnl_nlmsg_put_header(m->buf);
	m->nlh->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	nfg = mnl_nlmsg_put_extra_header(m->nlh, sizeof(*nfg));
	nfg->nfgen_family = family;
}

static inline void decode_start_elems(struct msg *m, const char *table, const char *set)
{
	decode_start(m, NFT_MSG_NEWSETELEM, NFPROTO_IPV4);
	mnl_attr_put_strz(m->nlh, NFTA_SET_ELEM_LIST_TABLE, table);
	mnl_attr_put_strz(m->nlh, NFTA_SET_ELEM_LIST_SET, set);
}

#define SERVICE(spec, status) \
	"{\"kind\":\"Service\",\"metadata\":{\"name\":\"web\",\"namespace\":\"prod\"},\"spec\":{" \
	"\"clusterIP\":" \
	"\"10.96.0.1\"," spec "},\"status\":{" status "}}"
#define SLICE(ports, endpoints) \
	"{\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"web-1\",\"namespace\":\"prod\"," \
	"\"labels\":" \
	"{\"kubernetes.io/service-name\":\"web\"}},\"addressType\":\"IPv4\"," \
	"\"ports\":[" ports "],\"endpoints\":[" endpoints "]}"
#define END(ip, node) "{\"addresses\":[\"" ip "\"],\"nodeName\":\"" node "\"}"
#define WEB "\"ports\":[{\"name\":\"http\",\"port\":80}]"
#define WEB_SLICE(endpoints) SLICE("{\"name\":\"http\",\"port\":8080}", endpoints)

/* A rule set of the target nftables, with pod addresses known. */
static inline struct svcrules_ruleset *decode_build(const char *input)
{
	return gen_build_text("nftables", input, 2);
}

/* The messages that make the tables of `to`, which is arranged; m.buf is to be freed. */
static inline struct svcrules_messages decode_encode_all(struct svcr_nft *to)
{
	struct svcr_nft *empty = svcr_nft_new_tables(&svcr_services_layout, "svcrules");
	struct svcr_nft_changes *c;
	struct svcrules_messages m;

	ck_assert_int_eq(svcr_nft_diff(empty, to, &c), 0);
	ck_assert_int_eq(svcr_nft_encode(c, &m), 0);
	svcr_nft_changes_free(c);
	svcr_nft_free(empty);
	return m;
}

#endif
