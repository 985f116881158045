/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Flows that are stale, and clients of sticky services that the kernel remembers. */
#include "protocol.h"
#include "rules/nftables/decode_test.h"
#include "rules/nftables/flows.h"

#include <errno.h>

/* ---- Flows ---------------------------------------------------------------- */

#define DNS \
	"\"type\":\"LoadBalancer\",\"externalTrafficPolicy\":\"Local\"," \
	"\"sessionAffinity\":\"ClientIP\"," \
	"\"sessionAffinityConfig\":{\"clientIP\":{\"timeoutSeconds\":60}}," \
	"\"ports\":[{\"name\":\"dns\",\"port\":53,\"protocol\":\"UDP\"}," \
	"{\"name\":\"sctp\",\"port\":53,\"protocol\":\"SCTP\"}," \
	"{\"name\":\"tcp\",\"port\":53,\"protocol\":\"TCP\"}]"
#define DNS_STATUS "\"loadBalancer\":{\"ingress\":[{\"ip\":\"203.0.113.1\"}]}"
#define DNS_SLICE(endpoints) \
	SLICE("{\"name\":\"dns\",\"port\":53,\"protocol\":\"UDP\"}," \
	      "{\"name\":\"sctp\",\"port\":53,\"protocol\":\"SCTP\"}," \
	      "{\"name\":\"tcp\",\"port\":53,\"protocol\":\"TCP\"}", \
	      endpoints)
#define HERE END("10.244.0.1", "node1")
#define THERE END("10.244.1.1", "node2")

static void flows_test_address(uint8_t *to, const char *text)
{
	ck_assert_int_eq(inet_pton(AF_INET, text, to), 1);
}

#define GRACEFUL \
	"{\"addresses\":[\"10.244.0.4\"],\"nodeName\":\"node1\"," \
	"\"conditions\":{\"ready\":false,\"serving\":true,\"terminating\":true}}"
#define UNREADY "{\"addresses\":[\"10.244.0.5\"],\"conditions\":{\"ready\":false,\"serving\":true}}"
#define DEAD \
	"{\"addresses\":[\"10.244.0.6\"]," \
	"\"conditions\":{\"ready\":false,\"serving\":false,\"terminating\":true}}"

static const struct {
	const char *source, *destination;
	uint16_t port;
	const char *reply;
	bool stale, gone; /* with the service there, and without it */
} flows[] = {
	/* whatever the policy says of new flows: an endpoint that serves keeps those it has */
	{ "10.244.0.9", "203.0.113.1", 53, "10.244.1.1", false, true },
	{ "10.244.0.9", "203.0.113.1", 53, "10.244.0.1", false, true },
	{ "192.0.2.1", "203.0.113.1", 53, "10.244.1.1", false, true },
	{ "198.51.100.7", "203.0.113.1", 53, "10.244.0.1", false, true },
	{ "198.51.100.7", "203.0.113.1", 53, "10.244.1.1", false, true },
	{ "10.244.0.9", "10.96.0.1", 53, "10.244.0.4", false, true },
	{ "10.244.0.9", "10.96.0.1", 53, "10.244.0.5", false, true },
	{ "10.244.0.9", "10.96.0.1", 53, "10.244.0.6", true, true },
	{ "10.244.0.9", "203.0.113.1", 53, "10.244.0.2", true, true },
	{ "10.244.0.9", "10.96.0.1", 53, "10.244.1.1", false, true },
	{ "198.51.100.7", "10.96.0.1", 53, "10.244.1.1", false, true },
	/* from before the service; if it is not there, the entry is somebody else's */
	{ "10.244.0.9", "10.96.0.1", 53, "10.96.0.1", true, false },
	{ "10.244.0.9", "203.0.113.1", 53, "203.0.113.1", true, false },
	{ "10.244.0.9", "10.96.0.1", 54, "10.244.0.2", false, false }, /* no service's */
	{ "10.244.0.9", "203.0.113.2", 53, "203.0.113.2", false, false },
};

/* SCTP is as UDP. TCP goes only if it was opened before the service and is not translated. */
static const uint8_t flow_protocols[] = { SVCR_UDP, SVCR_SCTP, SVCR_TCP };

START_TEST(flows_stale)
{
	struct svcrules_ruleset *n = decode_build(SERVICE(DNS, DNS_STATUS) DNS_SLICE(
		HERE "," THERE "," GRACEFUL "," UNREADY "," DEAD));
	struct svcrules_ruleset *none = gen_empty("nftables");
	uint8_t source[4], destination[4], reply[4];
	struct svcrules_flow f = { .family = NFPROTO_IPV4,
				   .source = source,
				   .destination = destination,
				   .port = flows[_i].port,
				   .reply_source = reply,
				   .reply_port = 53 };
	bool untranslated = strcmp(flows[_i].destination, flows[_i].reply) == 0;

	flows_test_address(source, flows[_i].source);
	flows_test_address(destination, flows[_i].destination);
	flows_test_address(reply, flows[_i].reply);
	for (size_t i = 0; i < ARRAY_SIZE(flow_protocols); i++) {
		bool tcp = flow_protocols[i] == SVCR_TCP;

		f.protocol = flow_protocols[i];
		f.opening = false;
		ck_assert_int_eq(svcrules_flow_stale(n, NULL, &f), !tcp && flows[_i].stale);
		ck_assert(!svcrules_flow_stale(none, NULL, &f));
		ck_assert_int_eq(svcrules_flow_stale(none, n, &f), !tcp && flows[_i].gone);
		f.opening = true;
		if (tcp)
			ck_assert_int_eq(svcrules_flow_stale(n, n, &f),
					 untranslated && flows[_i].stale);
		ck_assert(!tcp || !svcrules_flow_stale(none, n, &f));
	}
	f.family = NFPROTO_ARP;
	ck_assert(!svcrules_flow_stale(n, n, &f));
	svcrules_ruleset_free(n);
	svcrules_ruleset_free(none);
}
END_TEST

/* Removed services are remembered, also when nothing else is left of the table. */
START_TEST(flows_removed)
{
	struct svcrules_ruleset *n = decode_build(SERVICE(DNS, DNS_STATUS) DNS_SLICE(HERE)),
				*none = gen_empty("nftables");
	struct svcr_nft_table *t = svcr_flow_table(none, NFPROTO_IPV4);
	bool any = false;

	ck_assert_int_eq(svcrules_keep_removed(none, n, &any), 0);
	ck_assert(any && t->present && t->nchains == 0);
	ck_assert_uint_eq(t->sets[SET_REMOVED].n, 4); /* two addresses, two protocols */
	ck_assert(svcrules_serves(none, NFPROTO_IPV4, SVCR_UDP));
	ck_assert(svcrules_serves(none, NFPROTO_IPV4, SVCR_SCTP));
	ck_assert(!svcrules_serves(none, NFPROTO_IPV4, SVCR_TCP));
	svcrules_forget_removed(none);
	ck_assert(!t->present);
	ck_assert(!svcrules_serves(none, NFPROTO_IPV4, SVCR_UDP));
	ck_assert_int_eq(svcrules_keep_removed(n, none, &any), 0);
	ck_assert(!any);
	svcrules_forget_removed(n);
	ck_assert(svcr_flow_table(n, NFPROTO_IPV4)->present);
	ck_assert(svcrules_adds(n, none, NFPROTO_IPV4, SVCR_TCP));
	ck_assert(svcrules_adds(n, NULL, NFPROTO_IPV4, SVCR_TCP));
	ck_assert(!svcrules_adds(n, n, NFPROTO_IPV4, SVCR_TCP));
	ck_assert(!svcrules_adds(NULL, n, NFPROTO_IPV4, SVCR_TCP));
	ck_assert(!svcrules_adds(n, none, NFPROTO_IPV6, SVCR_TCP));
	svcrules_ruleset_free(n);
	svcrules_ruleset_free(none);
}
END_TEST

/* ---- Clients --------------------------------------------------------------- */

static const struct {
	const char *client, *endpoint;
	uint64_t timeout, left; /* ms */
	size_t messages;
	uint64_t new_left;
} clients[] = {
	{ "10.244.0.9", "10.244.0.1", 60000, 5000, 0, 0 },
	{ "10.244.0.9", "10.244.0.2", 60000, 5000, 1, 0 },   /* an endpoint that is gone */
	{ "198.51.100.7", "10.244.1.1", 60000, 5000, 1, 0 }, /* Local: not for it */
	{ "10.244.0.9", "10.244.0.1", 90000, 80000, 2, 50000 },
	/* idle for longer than the new timeout */
	{ "10.244.0.9", "10.244.0.1", 90000, 20000, 1, 0 },
};

static void flows_start_client(struct msg *m, int i)
{
	uint8_t key[16] = { 0, 0, 0, 0, 10, 96, 0, 1, 17, 0, 0, 0, 0, 53, 0, 0 },
		data[8] = { 0, 0, 0, 0, 0, 53 };
	struct nlattr *list, *elem;

	flows_test_address(key, clients[i].client);
	if (key[0] == 198) {
		const uint8_t balancer[] = { 203, 0, 113, 1 };

		memcpy(key + 4, balancer, 4);
	}
	flows_test_address(data, clients[i].endpoint);
	decode_start_elems(m, "svcrules", "affinity");
	list = mnl_attr_nest_start(m->nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	elem = mnl_attr_nest_start(m->nlh, NFTA_LIST_ELEM);
	svcr_nft_attr_put_value(m->nlh, NFTA_SET_ELEM_KEY, key, sizeof(key));
	svcr_nft_attr_put_value(m->nlh, NFTA_SET_ELEM_DATA, data, sizeof(data));
	mnl_attr_put_u64(m->nlh, NFTA_SET_ELEM_TIMEOUT, htobe64(clients[i].timeout));
	mnl_attr_put_u64(m->nlh, NFTA_SET_ELEM_EXPIRATION, htobe64(clients[i].left));
	mnl_attr_nest_end(m->nlh, elem);
	mnl_attr_nest_end(m->nlh, list);
}

START_TEST(flows_client)
{
	char request[SVCRULES_CLIENTS_REQUEST] __attribute__((aligned(8)));
	struct svcrules_ruleset *n = decode_build(SERVICE(DNS, DNS_STATUS)
							  DNS_SLICE(HERE "," THERE));
	struct svcrules_messages ms = { .buf = NULL };
	const struct nlmsghdr *nlh;
	struct msg m;
	uint64_t left;

	ck_assert(svcrules_clients_request(n, NFPROTO_IPV4, request));
	flows_start_client(&m, _i);
	ck_assert_int_eq(svcrules_clients_take(n, m.nlh, &ms), 0);
	ck_assert_uint_eq(ms.count, clients[_i].messages);
	nlh = ms.buf;
	if (ms.count)
		ck_assert_int_eq(nlh->nlmsg_type & 0xff, NFT_MSG_DELSETELEM);
	if (ms.count == 2) { /* the time left is the last attribute */
		const char *second = (const char *)ms.buf + nlh->nlmsg_len;

		ck_assert_int_eq(((const struct nlmsghdr *)second)->nlmsg_type & 0xff,
				 NFT_MSG_NEWSETELEM);
		memcpy(&left, (const char *)ms.buf + ms.len - 8, 8);
		ck_assert_uint_eq(be64toh(left), clients[_i].new_left);
	}
	free(ms.buf);
	svcrules_ruleset_free(n);
}
END_TEST

START_TEST(flows_client_broken)
{
	struct svcrules_ruleset *n = decode_build(SERVICE(DNS, DNS_STATUS) DNS_SLICE(HERE));
	struct svcrules_messages ms = { .buf = NULL };
	struct msg m;

	flows_start_client(&m, 0);
	for (uint32_t cut = m.nlh->nlmsg_len - 1; cut >= sizeof(struct nlmsghdr); cut--) {
		struct nlmsghdr *copy = malloc(cut);

		memcpy(copy, m.buf, cut);
		copy->nlmsg_len = cut;
		ck_assert_int_ne(svcrules_clients_take(n, copy, &ms), -ENOMEM);
		free(copy);
	}
	free(ms.buf);
	svcrules_ruleset_free(n);
}
END_TEST

/* The request for the clients names the set; without sticky services there is none. */
START_TEST(flows_clients_request)
{
	char request[SVCRULES_CLIENTS_REQUEST] __attribute__((aligned(8)));
	struct svcrules_ruleset *n = decode_build(SERVICE(DNS, DNS_STATUS) DNS_SLICE(HERE));
	struct svcrules_ruleset *other = decode_build(SERVICE(WEB, "")),
				*none = gen_empty("nftables");
	const struct nlmsghdr *nlh = (const struct nlmsghdr *)request;
	svcr_nft_attr a[SVCR_NFT_ATTRS] = { NULL };

	ck_assert(!svcrules_clients_request(none, NFPROTO_IPV4, request));
	ck_assert(!svcrules_clients_request(other, NFPROTO_IPV4, request));
	ck_assert(!svcrules_clients_request(n, NFPROTO_IPV6, request));
	ck_assert(!svcrules_clients_request(n, NFPROTO_ARP, request));
	ck_assert(svcrules_clients_request(n, NFPROTO_IPV4, request));
	ck_assert_int_eq(nlh->nlmsg_type, NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETSETELEM);
	mnl_attr_parse(nlh, sizeof(struct nfgenmsg), svcr_nft_attr_collect, a);
	ck_assert_str_eq(svcr_nft_attr_string(a[NFTA_SET_ELEM_LIST_TABLE]), "svcrules");
	ck_assert_str_eq(svcr_nft_attr_string(a[NFTA_SET_ELEM_LIST_SET]), "affinity");
	svcrules_ruleset_free(n);
	svcrules_ruleset_free(other);
	svcrules_ruleset_free(none);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("flows");
	TCase *tc = tcase_create("flows");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, flows_stale, 0, (int)ARRAY_SIZE(flows));
	tcase_add_test(tc, flows_removed);
	tcase_add_loop_test(tc, flows_client, 0, (int)ARRAY_SIZE(clients));
	tcase_add_test(tc, flows_client_broken);
	tcase_add_test(tc, flows_clients_request);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
