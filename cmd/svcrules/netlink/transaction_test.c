/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Requests, dumps and transactions of nf_tables against the running kernel,
 * each test in a network namespace of its own. Exit code 77: not permitted here.
 */
#include "netlink/transaction_test.h"

static void test_batch_set(const char *table, const char *name)
{
	struct nlmsghdr *nlh = test_batch_message(NFT_MSG_NEWSET, NLM_F_CREATE);

	mnl_attr_put_strz(nlh, NFTA_SET_TABLE, table);
	mnl_attr_put_strz(nlh, NFTA_SET_NAME, name);
	mnl_attr_put_u32(nlh, NFTA_SET_ID, htonl(1));
	mnl_attr_put_u32(nlh, NFTA_SET_KEY_TYPE, htonl(7));
	mnl_attr_put_u32(nlh, NFTA_SET_KEY_LEN, htonl(4));
	test_batch_message_end(nlh);
}

/* `count` elements of 268 bytes each, with keys from `first` on. */
static void test_batch_elements(const char *table, const char *set, uint32_t first, uint32_t count)
{
	struct nlmsghdr *nlh = test_batch_message(NFT_MSG_NEWSETELEM, NLM_F_CREATE);
	struct nlattr *list, *elem, *key;
	char padding[248] = { 0 }; /* 256 is allowed and silently becomes 0 (Linux 6.18) */

	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, table);
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, set);
	list = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_LIST_ELEMENTS);
	for (uint32_t i = first; i < first + count; i++) {
		elem = mnl_attr_nest_start(nlh, NFTA_LIST_ELEM);
		key = mnl_attr_nest_start(nlh, NFTA_SET_ELEM_KEY);
		mnl_attr_put_u32(nlh, NFTA_DATA_VALUE, htonl(i));
		mnl_attr_nest_end(nlh, key);
		mnl_attr_put(nlh, NFTA_SET_ELEM_USERDATA, sizeof(padding), padding);
		mnl_attr_nest_end(nlh, elem);
	}
	mnl_attr_nest_end(nlh, list);
	test_batch_message_end(nlh);
}

static int test_count_cb(const struct nlmsghdr *nlh, void *arg)
{
	size_t *count = arg;

	(void)nlh;
	++*count;
	return 0;
}

static size_t test_table_count(void)
{
	size_t count = 0;

	ck_assert_int_eq(nfnetlink_dump(nl, NFT_MSG_GETTABLE, NFPROTO_INET, NULL, NULL,
					test_count_cb, &count),
			 0);
	return count;
}

static uint32_t test_genid(void)
{
	uint32_t id = 0;

	ck_assert_int_eq(transaction_genid(nl, &id), 0);
	ck_assert_uint_ne(id, 0);
	return id;
}

START_TEST(test_transaction_commit_is_seen)
{
	struct transaction_stats stats = { 0 };
	uint32_t before = test_genid();

	test_batch_table("one");
	test_batch_table("two");
	ck_assert_int_eq(test_batch_send(true, before, &stats), 0);
	ck_assert_uint_eq(nerrors, 0);
	ck_assert_uint_eq(stats.messages, 2);
	/* 2 * (20 + 8), begin 20 + 8, end 20 */
	ck_assert_uint_eq(stats.bytes, 104);
	ck_assert_uint_eq(test_table_count(), 2);
	ck_assert_uint_ne(test_genid(), before);
}
END_TEST

START_TEST(test_transaction_check_commits_nothing)
{
	uint32_t before = test_genid();

	test_batch_table("one");
	ck_assert_int_eq(test_batch_send(false, before, NULL), 0);
	ck_assert_uint_eq(test_table_count(), 0);
	ck_assert_uint_eq(test_genid(), before);

	test_batch_table("one");
	test_batch_chain("two", "input");
	ck_assert_int_eq(test_batch_send(false, 0, NULL), -ENOENT);
	ck_assert_uint_eq(nerrors, 1);
	ck_assert_uint_eq(errors[0].seq, 2);
	ck_assert_uint_eq(test_table_count(), 0);
}
END_TEST

START_TEST(test_transaction_stale_generation)
{
	uint32_t before = test_genid();

	test_batch_table("one");
	ck_assert_int_eq(test_batch_send(true, before, NULL), 0);
	for (int commit = 0; commit < 2; commit++) {
		test_batch_table("two");
		ck_assert_int_eq(test_batch_send(commit, before, NULL), -ERESTART);
		ck_assert_uint_eq(nerrors, 0);
	}
	ck_assert_uint_eq(test_table_count(), 1);
	test_batch_table("two");
	ck_assert_int_eq(test_batch_send(true, test_genid(), NULL), 0);
	ck_assert_uint_eq(test_table_count(), 2);
}
END_TEST

START_TEST(test_transaction_errors_name_their_message)
{
	struct nlmsghdr *nlh;

	test_batch_table("one");
	test_batch_chain("missing", "input");
	test_batch_table("two");
	nlh = test_batch_message(NFT_MSG_DELTABLE, 0);
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, "missing");
	test_batch_message_end(nlh);
	ck_assert_int_eq(test_batch_send(true, 0, NULL), -ENOENT);
	ck_assert_uint_eq(nerrors, 2);
	ck_assert_uint_eq(errors[0].seq, 2);
	ck_assert_int_eq(errors[0].err, -ENOENT);
	ck_assert_uint_eq(errors[0].offset, 20); /* NFTA_CHAIN_TABLE, the first attribute */
	ck_assert_uint_eq(errors[1].seq, 4);
	ck_assert_uint_eq(test_table_count(), 0);
}
END_TEST

/* The kernel has words for few refusals (6.18), among them that of an attribute's size. */
START_TEST(test_transaction_errors_carry_the_words)
{
	struct nlmsghdr *nlh = test_batch_message(NFT_MSG_NEWTABLE, NLM_F_CREATE);

	mnl_attr_put_u32(nlh, NFTA_TABLE_FLAGS, htonl(0x80));
	mnl_attr_put_u8(nlh, NFTA_TABLE_HANDLE, 1); /* wants 8 bytes */
	test_batch_message_end(nlh);
	ck_assert_int_lt(test_batch_send(true, 0, NULL), 0);
	ck_assert_uint_eq(nerrors, 1);
	ck_assert_uint_eq(errors[0].seq, 1);
	ck_assert_str_ne(errors[0].msg, "");
}
END_TEST

START_TEST(test_transaction_many_errors)
{
	int r;

	for (uint32_t i = 0; i < 20000; i++)
		test_batch_chain("missing", "input");
	r = test_batch_send(true, 0, NULL);
	ck_assert_int_eq(r, -ENOENT);
	ck_assert_uint_gt(nerrors, 100);
	for (size_t i = 0; i < nerrors; i++)
		ck_assert_uint_eq(errors[i].seq, i + 1);
	/* Lost answers do not disturb the next transaction. */
	test_batch_table("one");
	ck_assert_int_eq(test_batch_send(true, 0, NULL), 0);
	ck_assert_uint_eq(test_table_count(), 1);
}
END_TEST

START_TEST(test_transaction_errors_beyond_the_array)
{
	for (int i = 0; i < 10; i++)
		test_batch_chain("missing", "input");
	ck_assert_int_eq(transaction_send(nl, batch, batch_len, true, 0, batch_count, errors, 3,
					  &nerrors, NULL),
			 -ENOENT);
	ck_assert_uint_eq(nerrors, 3);
	ck_assert_int_eq(transaction_send(nl, batch, batch_len, true, 0, batch_count, NULL, 0,
					  &nerrors, NULL),
			 -ENOENT);
	ck_assert_uint_eq(nerrors, 0);
}
END_TEST

START_TEST(test_transaction_malformed_is_not_sent)
{
	test_batch_table("one");
	ck_assert_int_eq(
		transaction_send(nl, batch, batch_len, true, 0, 2, errors, 1, &nerrors, NULL),
		-EINVAL);
	ck_assert_int_eq(
		transaction_send(nl, batch, batch_len - 4, true, 0, 1, errors, 1, &nerrors, NULL),
		-EINVAL);
	((struct nlmsghdr *)batch)->nlmsg_seq = 7;
	ck_assert_int_eq(test_batch_send(true, 0, NULL), -EINVAL);
	ck_assert_uint_eq(nerrors, 0);
	ck_assert_uint_eq(test_table_count(), 0);
}
END_TEST

START_TEST(test_transaction_empty_batch)
{
	ck_assert_int_eq(test_batch_send(true, 0, NULL), 0);
	ck_assert_int_eq(test_batch_send(false, test_genid(), NULL), 0);
	ck_assert_int_eq(test_batch_send(true, test_genid() + 1, NULL), -ERESTART);
}
END_TEST

static int test_fill_set(struct nlmsghdr *nlh, void *arg)
{
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_TABLE, "one");
	mnl_attr_put_strz(nlh, NFTA_SET_ELEM_LIST_SET, arg);
	return 0;
}

static int test_elements_cb(const struct nlmsghdr *nlh, void *arg)
{
	const struct nlattr *a, *b;
	size_t *count = arg;

	mnl_attr_for_each(a, nlh, sizeof(struct nfgenmsg))
		if (mnl_attr_get_type(a) == NFTA_SET_ELEM_LIST_ELEMENTS)
			mnl_attr_for_each_nested(b, a)
				++*count;
	return 0;
}

static int test_refuse_cb(const struct nlmsghdr *nlh, void *arg)
{
	(void)nlh;
	++*(size_t *)arg;
	return -ECANCELED;
}

/* True if this process may exceed net.core.wmem_max. */
static bool test_buffers_forced(void)
{
	int fd = socket(AF_UNIX, SOCK_DGRAM, 0), v = 1 << 20;
	bool may = setsockopt(fd, SOL_SOCKET, SO_SNDBUFFORCE, &v, sizeof(v)) == 0;

	close(fd);
	return may;
}

START_TEST(test_transaction_large_batch)
{
	static char set[] = "s", missing[] = "t";
	struct transaction_stats stats = { 0 };
	size_t count = 0, calls = 0;

	test_batch_table("one");
	test_batch_set("one", "s");
	for (uint32_t i = 0; i < 290; i++)
		test_batch_elements("one", "s", i * 200, 200);
	if (!test_buffers_forced()) {
		ck_assert_int_eq(test_batch_send(true, 0, &stats), -EMSGSIZE);
		ck_assert_uint_eq(stats.bytes, 0);
		return;
	}
	ck_assert_int_eq(test_batch_send(true, test_genid(), &stats), 0);
	ck_assert_uint_gt(stats.bytes, 15000000);
	ck_assert_int_eq(nfnetlink_dump(nl, NFT_MSG_GETSETELEM, NFPROTO_INET, test_fill_set, set,
					test_elements_cb, &count),
			 0);
	ck_assert_uint_eq(count, 290 * 200);
	ck_assert_int_eq(nfnetlink_dump(nl, NFT_MSG_GETSETELEM, NFPROTO_INET, test_fill_set,
					missing, test_elements_cb, &count),
			 -ENOENT);
	ck_assert_int_eq(nfnetlink_dump(nl, NFT_MSG_GETSETELEM, NFPROTO_INET, test_fill_set, set,
					test_refuse_cb, &calls),
			 -ECANCELED);
	ck_assert_uint_eq(calls, 1);
	ck_assert_uint_eq(test_table_count(), 1);
}
END_TEST

/* Commits in the middle of a dump, by another socket. */
static int test_disturb_cb(const struct nlmsghdr *nlh, void *arg)
{
	size_t *calls = arg;
	struct netlink *mine = nl;
	int err = 0;

	(void)nlh;
	if (++*calls > 1)
		return 0;
	nl = netlink_open(NETLINK_NETFILTER, &err);
	test_batch_table("two");
	ck_assert_int_eq(test_batch_send(true, 0, NULL), 0);
	netlink_close(nl);
	nl = mine;
	return 0;
}

START_TEST(test_transaction_interrupted_dump)
{
	static char set[] = "s";
	size_t calls = 0, count = 0;

	test_batch_table("one");
	test_batch_set("one", "s");
	for (uint32_t i = 0; i < 5; i++)
		test_batch_elements("one", "s", i * 200, 200);
	ck_assert_int_eq(test_batch_send(true, 0, NULL), 0);
	ck_assert_int_eq(nfnetlink_dump(nl, NFT_MSG_GETSETELEM, NFPROTO_INET, test_fill_set, set,
					test_disturb_cb, &calls),
			 -EINTR);
	ck_assert_uint_gt(calls, 1);
	ck_assert_int_eq(nfnetlink_dump(nl, NFT_MSG_GETSETELEM, NFPROTO_INET, test_fill_set, set,
					test_elements_cb, &count),
			 0);
	ck_assert_uint_eq(count, 1000);
}
END_TEST

START_TEST(test_transaction_requests)
{
	static char set[] = "s";
	size_t calls = 0;

	ck_assert_int_eq(nfnetlink_request(nl, NFT_MSG_GETSET, NFPROTO_INET, test_fill_set, set,
					   test_count_cb, &calls),
			 -ENOENT);
	ck_assert_uint_eq(calls, 0);
	test_batch_table("one");
	test_batch_set("one", "s");
	ck_assert_int_eq(test_batch_send(true, 0, NULL), 0);
	ck_assert_int_eq(nfnetlink_request(nl, NFT_MSG_GETSET, NFPROTO_INET, test_fill_set, set,
					   test_count_cb, &calls),
			 0);
	ck_assert_uint_eq(calls, 1);
}
END_TEST

START_TEST(test_transaction_unprivileged)
{
	uint32_t id;
	int err = 0;

	namespace_drop_capabilities();
	netlink_close(nl);
	nl = netlink_open(NETLINK_NETFILTER, &err);
	ck_assert(nl != NULL);
	for (int commit = 0; commit < 2; commit++) {
		test_batch_table("one");
		ck_assert_int_eq(test_batch_send(commit, 0, NULL), -EPERM);
		ck_assert_uint_eq(nerrors, 1);
		ck_assert_uint_eq(errors[0].seq, 0);
	}
	ck_assert_int_eq(transaction_genid(nl, &id), -EPERM);
}
END_TEST

static void transaction_tests(TCase *tc)
{
	tcase_add_checked_fixture(tc, test_batch_setup, test_batch_teardown);
	tcase_add_test(tc, test_transaction_commit_is_seen);
	tcase_add_test(tc, test_transaction_check_commits_nothing);
	tcase_add_test(tc, test_transaction_stale_generation);
	tcase_add_test(tc, test_transaction_errors_name_their_message);
	tcase_add_test(tc, test_transaction_errors_carry_the_words);
	tcase_add_test(tc, test_transaction_many_errors);
	tcase_add_test(tc, test_transaction_errors_beyond_the_array);
	tcase_add_test(tc, test_transaction_malformed_is_not_sent);
	tcase_add_test(tc, test_transaction_empty_batch);
	tcase_add_test(tc, test_transaction_large_batch);
	tcase_add_test(tc, test_transaction_interrupted_dump);
	tcase_add_test(tc, test_transaction_requests);
	tcase_add_test(tc, test_transaction_unprivileged);
}

int main(void)
{
	return namespace_main("transaction", transaction_tests);
}
