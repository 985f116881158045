/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Elements of sets and maps in messages, byte by byte. */
#include "rules/nftables/decode_test.h"

/* The list of elements that goes into a set of the new table; malloc'ed. */
static uint8_t *elements_of(const char *input, const char *set, size_t *len)
{
	struct svcrules_ruleset *x = decode_build(input);
	struct svcrules_messages m = decode_encode_all(gen_nft(x));
	uint8_t *found = NULL;
	int left = (int)m.len;

	for (const struct nlmsghdr *nlh = m.buf; mnl_nlmsg_ok(nlh, left);
	     nlh = mnl_nlmsg_next(nlh, &left)) {
		const struct nlattr *a;
		bool wanted = false;

		if ((nlh->nlmsg_type & 0xff) != NFT_MSG_NEWSETELEM || found)
			continue;
		mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg)) {
			if (mnl_attr_get_type(a) == NFTA_SET_ELEM_LIST_SET)
				wanted = strcmp(mnl_attr_get_str(a), set) == 0;
			if (mnl_attr_get_type(a) == NFTA_SET_ELEM_LIST_ELEMENTS && wanted) {
				*len = mnl_attr_get_payload_len(a);
				found = malloc(*len);
				ck_assert_ptr_nonnull(found);
				memcpy(found, mnl_attr_get_payload(a), *len);
			}
		}
	}
	free(m.buf);
	svcrules_ruleset_free(x);
	ck_assert_ptr_nonnull(found);
	return found;
}

static const struct {
	const char *input, *set;
	size_t len;
	const char *bytes;
} literals[] = {
	{ SERVICE(WEB, "") WEB_SLICE(END("10.244.0.1", "node1")), "services", 76,
	  "\x4c\0\x01\x80"
	  "\x14\0\x01\x80"
	  "\x10\0\x01\0"
	  "\x0a\x60\0\x01"
	  "\x06\0\0\0"
	  "\0\x50\0\0"
	  "\x20\0\x02\x80"
	  "\x1c\0\x02\x80"
	  "\x08\0\x01\0"
	  "\xff\xff\xff\xfc"
	  "\x0e\0\x02\0"
	  "balance-1\0\0\0"
	  "\x14\0\x06\0"
	  "\0\x0eprod/web:http\0" },
	{ SERVICE(WEB, ""), "pod-cidrs", 40,
	  "\x10\0\x01\x80"
	  "\x0c\0\x01\x80"
	  "\x08\0\x01\0"
	  "\x0a\xf4\0\0"
	  "\x18\0\x01\x80"
	  "\x0c\0\x01\x80"
	  "\x08\0\x01\0"
	  "\x0a\xf5\0\0"
	  "\x08\0\x03\0"
	  "\0\0\0\x01" },
};

START_TEST(elements_literal)
{
	size_t len = 0;
	uint8_t *bytes = elements_of(literals[_i].input, literals[_i].set, &len);

	if (htons(1) != 1) { /* netlink's own lengths are numbers of this host */
		ck_assert_uint_eq(len, literals[_i].len);
		ck_assert_mem_eq(bytes, literals[_i].bytes, len);
	}
	free(bytes);
}
END_TEST

/* A long list has a set of its own, with the number that the service's name gives it. */
START_TEST(elements_sources)
{
	static const uint8_t first[] = { 192, 0, 2, 0 }, behind[] = { 192, 0, 3, 0 },
			     own[] = { 203, 0, 113, 1 }, behind_own[] = { 203, 0, 113, 2 },
			     over[] = { 0, 0, 0, NFT_SET_ELEM_INTERVAL_END };
	const size_t each = 16 + 24;
	size_t len, text_len;
	uint8_t *bytes;
	char *text;
	FILE *f = open_memstream(&text, &text_len);

	fprintf(f, "{\"kind\":\"Service\",\"metadata\":{\"name\":\"web\",\"namespace\":\"prod\"},"
		   "\"spec\":{\"clusterIP\":\"10.96.0.1\"," WEB ",\"type\":\"LoadBalancer\","
		   "\"loadBalancerSourceRanges\":[\"192.0.2.0/24\"");
	for (int i = 0; i < 40; i++)
		fprintf(f, ",\"198.18.%d.0/24\"", 2 * i);
	fprintf(f, "]},\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":\"203.0.113.1\"}]}}}");
	fclose(f);
	bytes = elements_of(text, "sources-872266850", &len);
	/* the service's own address is admitted, because the ranges admit the node */
	ck_assert_uint_eq(len, 42 * each);
	ck_assert_mem_eq(bytes + 12, first, 4);
	ck_assert_mem_eq(bytes + 28, behind, 4);
	ck_assert_mem_eq(bytes + 36, over, 4);
	ck_assert_mem_eq(bytes + 41 * each + 12, own, 4);
	ck_assert_mem_eq(bytes + 41 * each + 28, behind_own, 4);
	free(bytes);
	free(text);
}
END_TEST

START_TEST(elements_index_256)
{
	static const uint8_t key[] = { 10, 96, 0, 1, 6, 0, 0, 0, 0, 80, 0, 0 },
			     port[] = { 0x1f, 0x90, 0, 0 };
	const uint32_t index = 256;
	const size_t each = 4 + 4 + 4 + 16 + 4 + 4 + 8;
	size_t len, text_len;
	uint8_t *bytes;
	char *text;
	FILE *f = open_memstream(&text, &text_len);

	fprintf(f, "%s",
		SERVICE(WEB, "") "{\"kind\":\"Endpoints\",\"metadata\":{\"name\":\"web\","
				 "\"namespace\":\"prod\"},"
				 "\"subsets\":[{\"ports\":[{\"name\":\"http\",\"port\":8080}],"
				 "\"addresses\":[");
	for (int i = 0; i < 257; i++)
		fprintf(f, "%s{\"ip\":\"10.244.%d.%d\"}", i ? "," : "", i / 250, i % 250 + 1);
	fprintf(f, "]}]}");
	fclose(f);
	bytes = elements_of(text, "endpoints", &len);
	ck_assert_uint_eq(len, 257 * each);
	ck_assert_mem_eq(bytes + 256 * each + 12, key, sizeof(key));
	ck_assert_mem_eq(bytes + 256 * each + 24, &index, 4);
	ck_assert_mem_eq(bytes + 257 * each - 4, port, 4);
	free(bytes);
	free(text);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("elements");
	TCase *tc = tcase_create("elements");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, elements_literal, 0, (int)ARRAY_SIZE(literals));
	tcase_add_test(tc, elements_sources);
	tcase_add_test(tc, elements_index_256);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
