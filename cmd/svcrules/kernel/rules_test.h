/* SPDX-License-Identifier: GPL-2.0-or-later */
/* For tests that change tables: small rule sets, and a session in a namespace of its own. */
#ifndef SVCRULES_KERNEL_RULES_TEST_H
#define SVCRULES_KERNEL_RULES_TEST_H

#include "kernel/read.h"
#include "namespace_test.h"
#include "netlink/transaction.h"

#include <libmnl/libmnl.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>
#include <stdlib.h>

#define RULES_TABLE "t"

/* A Service with a port of TCP and an endpoint, and one of UDP for both families. */
#define RULES_TCP \
	"{\"kind\":\"Service\",\"metadata\":{\"name\":\"a\",\"namespace\":\"x\"},\"spec\":{" \
	"\"clusterIP\":\"10.96.0.1\",\"clusterIPs\":[\"10.96.0.1\"]," \
	"\"ports\":[{\"name\":\"p\",\"port\":80,\"targetPort\":8080}]}}" \
	"{\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"a1\",\"namespace\":\"x\"," \
	"\"labels\":{\"kubernetes.io/service-name\":\"a\"}},\"addressType\":\"IPv4\"," \
	"\"endpoints\":[{\"addresses\":[\"10.244.0.1\"]}]," \
	"\"ports\":[{\"name\":\"p\",\"port\":8080}]}"
#define RULES_UDP \
	"{\"kind\":\"Service\",\"metadata\":{\"name\":\"b\",\"namespace\":\"x\"},\"spec\":{" \
	"\"clusterIP\":\"10.96.0.2\",\"clusterIPs\":[\"10.96.0.2\",\"fd00::2\"]," \
	"\"ports\":[{\"name\":\"u\",\"port\":53,\"protocol\":\"UDP\"}]}}"

static struct session rules_session;
static struct svcrules_options *rules_options;

static inline void rules_test_setup(void)
{
	ck_assert_int_eq(namespace_enter(), 0);
	rules_options = svcrules_options_new();
	ck_assert_ptr_nonnull(rules_options);
	ck_assert_int_eq(svcrules_options_set(rules_options, "table", RULES_TABLE, NULL), 0);
	ck_assert_int_eq(svcrules_options_set(rules_options, "node-ip", "192.0.2.1", NULL), 0);
	ck_assert_int_eq(session_open(&rules_session, rules_options), 0);
}

static inline void rules_test_teardown(void)
{
	session_close(&rules_session);
	svcrules_options_free(rules_options);
}

static inline long rules_test_fill(void *arg, char *buf, size_t size)
{
	const char **text = arg;
	size_t n = strlen(*text);

	n = n < size ? n : size;
	memcpy(buf, *text, n);
	*text += n;
	return (long)n;
}

/* The rule set of a target for these objects. */
static inline struct svcrules_ruleset *rules_test_build_for(const char *target, const char *objects)
{
	struct svcrules_model *m = svcrules_model_new(target, NULL);
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_ruleset *rs = NULL;

	ck_assert(m && d);
	ck_assert_int_eq(svcrules_model_read(m, "test", rules_test_fill, &objects, d), 0);
	ck_assert_int_eq(svcrules_build(m, rules_options, target, d, &rs), 0);
	svcrules_diags_free(d);
	svcrules_model_free(m);
	return rs;
}

/* That of the default target. */
static inline struct svcrules_ruleset *rules_test_build(const char *objects)
{
	return rules_test_build_for(NULL, objects);
}

/* What the kernel has in the places of `like`. */
static inline struct svcrules_ruleset *rules_test_read(const struct svcrules_ruleset *like)
{
	struct svcrules_ruleset *have = NULL;

	ck_assert_int_eq(kernel_read(&rules_session, like, &have), 0);
	return have;
}

/* True if the kernel has just what is wanted. */
static inline bool rules_test_same(struct svcrules_ruleset *want)
{
	struct svcrules_ruleset *have = rules_test_read(want);
	struct svcrules_changes *c;
	bool same;

	ck_assert_int_eq(svcrules_diff(have, want, &c), 0);
	same = svcrules_changes_empty(c);
	svcrules_changes_free(c);
	svcrules_ruleset_free(have);
	return same;
}

static inline uint32_t rules_test_generation(void)
{
	uint32_t generation;

	ck_assert_int_eq(transaction_genid(rules_session.netfilter, &generation), 0);
	return generation;
}

/* Adds an empty table as another program would. */
static inline void rules_test_add_foreign(uint8_t family, const char *name)
{
	char buf[512] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	size_t nerrors;

	nlh->nlmsg_type = NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_NEWTABLE;
	nlh->nlmsg_flags = NLM_F_REQUEST | NLM_F_CREATE;
	nlh->nlmsg_seq = 1;
	nfg->nfgen_family = family;
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, name);
	ck_assert_int_eq(transaction_send(rules_session.netfilter, buf, nlh->nlmsg_len, true, 0, 1,
					  NULL, 0, &nerrors, NULL),
			 0);
}

/* The only finding of the session. */
static inline const char *rules_test_finding(void)
{
	ck_assert_uint_eq(rules_session.nfindings, 1);
	return rules_session.findings[0].text;
}

#endif
