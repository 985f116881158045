/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Generic netlink by its family "nlctrl", which every kernel has, each test in a
 * network namespace of its own. Exit code 77: not permitted here.
 */
#include "netlink/generic_test.h"

static void generic_test_setup_nlctrl(void)
{
	generic_test_setup("nlctrl");
}

static void generic_test_get_family(const char *name)
{
	struct nlmsghdr *nlh = generic_message(CTRL_CMD_GETFAMILY);

	mnl_attr_put_strz(nlh, CTRL_ATTR_FAMILY_NAME, name);
	generic_message_end(nlh);
}

struct families {
	size_t count;
	bool nlctrl;
	int result;
};

static int generic_test_families_cb(const struct nlmsghdr *nlh, void *arg)
{
	struct families *f = arg;
	const struct nlattr *a;

	f->count++;
	mnl_attr_for_each(a, nlh, sizeof(struct genlmsghdr))
		if (mnl_attr_get_type(a) == CTRL_ATTR_FAMILY_NAME &&
		    strcmp(mnl_attr_get_str(a), "nlctrl") == 0)
			f->nlctrl = true;
	return f->result;
}

static int generic_test_families(struct families *f)
{
	char buf[64] __attribute__((aligned(8)));

	return generic_dump(g, generic_message_at(buf, CTRL_CMD_GETFAMILY, 7),
			    generic_test_families_cb, f);
}

START_TEST(test_generic_family_is_found)
{
	int err = 0;

	ck_assert_uint_eq(generic_id(g), GENL_ID_CTRL);
	ck_assert(generic_open("no-such-family", &err) == NULL);
	ck_assert_int_eq(err, -ENOENT);
	generic_close(NULL);
	ck_assert(netlink_open(99, &err) == NULL);
	ck_assert_int_eq(err, -EPROTONOSUPPORT);
}
END_TEST

START_TEST(test_generic_dump)
{
	struct families f = { 0 };

	ck_assert_int_eq(generic_test_families(&f), 0);
	ck_assert(f.nlctrl);
	ck_assert_uint_gt(f.count, 1);
}
END_TEST

/* A callback that fails is called once, and the socket is good for the next dump. */
START_TEST(test_generic_dump_callback_fails)
{
	struct families f = { .result = -EXFULL }, again = { 0 };

	ck_assert_int_eq(generic_test_families(&f), -EXFULL);
	ck_assert_uint_eq(f.count, 1);
	ck_assert_int_eq(generic_test_families(&again), 0);
	ck_assert(again.nlctrl);
}
END_TEST

START_TEST(test_generic_dump_is_refused)
{
	char buf[64] __attribute__((aligned(8)));

	ck_assert_int_eq(generic_dump(g, generic_message_at(buf, 250, 0), NULL, NULL), -EOPNOTSUPP);
}
END_TEST

START_TEST(test_generic_many_dumps)
{
	for (int i = 0; i < 2000; i++) {
		struct families f = { 0 };

		ck_assert_int_eq(generic_test_families(&f), 0);
		ck_assert(f.nlctrl);
	}
}
END_TEST

START_TEST(test_generic_refusals)
{
	static char before[1024];
	size_t len;

	generic_test_get_family("nlctrl");
	generic_test_get_family("none-1");
	generic_message_end(generic_message(CTRL_CMD_GETFAMILY)); /* without a name */
	generic_test_get_family("nlctrl");
	generic_message_end(generic_message(250));
	generic_test_get_family("nlctrl");
	len = batch_len;
	memcpy(before, batch, len);
	ck_assert_int_eq(generic_test_send(MAX_ERRORS), -ENOENT);
	ck_assert(memcmp(before, batch, len) == 0);
	ck_assert_uint_eq(nerrors, 3);
	ck_assert_uint_eq(errors[0].seq, 2);
	ck_assert_int_eq(errors[0].err, -ENOENT);
	ck_assert_uint_eq(errors[1].seq, 3);
	ck_assert_int_eq(errors[1].err, -EINVAL);
	ck_assert_uint_eq(errors[2].seq, 5);
	ck_assert_int_eq(errors[2].err, -EOPNOTSUPP);
	generic_test_get_family("nlctrl");
	ck_assert_int_eq(generic_test_send(MAX_ERRORS), 0);
	ck_assert_uint_eq(nerrors, 0);
}
END_TEST

/* The last message of a datagram fails: its error takes the place of the ack. */
START_TEST(test_generic_last_is_refused)
{
	generic_test_get_family("nlctrl");
	generic_message_end(generic_message(250));
	ck_assert_int_eq(generic_test_send(MAX_ERRORS), -EOPNOTSUPP);
	ck_assert_uint_eq(nerrors, 1);
	ck_assert_uint_eq(errors[0].seq, 2);
}
END_TEST

/* Several datagrams, with an error for each message. */
static void generic_test_fail_many(size_t count, size_t max_errors)
{
	for (size_t i = 0; i < count; i++)
		generic_message_end(generic_message(i % 2 ? 250 : CTRL_CMD_GETFAMILY));
	ck_assert_int_eq(generic_test_send(max_errors), -EINVAL);
	ck_assert_uint_eq(nerrors, count < max_errors ? count : max_errors);
	for (size_t i = 0; i < nerrors; i++) {
		ck_assert_uint_eq(errors[i].seq, i + 1);
		ck_assert_int_eq(errors[i].err, i % 2 ? -EOPNOTSUPP : -EINVAL);
	}
}

START_TEST(test_generic_many_errors)
{
	generic_test_fail_many(MAX_ERRORS, MAX_ERRORS);
}
END_TEST

/* Only root of the first namespaces gets the large receive buffer. */
START_TEST(test_generic_many_errors_unprivileged)
{
	int err = 0;

	if (setresuid(65534, 65534, 65534) < 0 && geteuid() == 0) {
		printf("SKIP: many_errors_unprivileged: no second user\n");
		return;
	}
	generic_close(g);
	g = generic_open("nlctrl", &err);
	ck_assert(g != NULL);
	generic_test_fail_many(MAX_ERRORS, MAX_ERRORS);
}
END_TEST

START_TEST(test_generic_errors_beyond_the_array)
{
	generic_test_fail_many(5000, 3);
	generic_message_end(generic_message(CTRL_CMD_GETFAMILY));
	ck_assert_int_eq(generic_test_send(0), -EINVAL);
	ck_assert_uint_eq(nerrors, 0);
}
END_TEST

static void generic_test_malformed(size_t len, uint32_t count)
{
	nerrors = 99;
	ck_assert_int_eq(generic_batch(g, batch, len, count, errors, MAX_ERRORS, &nerrors),
			 -EINVAL);
	ck_assert_uint_eq(nerrors, 0);
}

START_TEST(test_generic_malformed_is_not_sent)
{
	struct nlmsghdr *nlh = (struct nlmsghdr *)batch;

	generic_message_end(generic_message(250));
	generic_message_end(generic_message(250));
	generic_test_malformed(batch_len, 1);
	generic_test_malformed(batch_len, 3);
	generic_test_malformed(batch_len - 4, 2);
	nlh->nlmsg_seq = 2;
	generic_test_malformed(batch_len, 2);
	nlh->nlmsg_seq = 1;
	nlh->nlmsg_len = 0xffffffff;
	generic_test_malformed(batch_len, 2);
	nlh->nlmsg_len = 15;
	generic_test_malformed(batch_len, 2);
	batch_len = batch_count = 0;
	ck_assert_int_eq(generic_test_send(MAX_ERRORS), 0);
}
END_TEST

static void generic_tests(TCase *tc)
{
	tcase_add_checked_fixture(tc, generic_test_setup_nlctrl, generic_test_teardown);
	tcase_add_test(tc, test_generic_family_is_found);
	tcase_add_test(tc, test_generic_dump);
	tcase_add_test(tc, test_generic_dump_callback_fails);
	tcase_add_test(tc, test_generic_dump_is_refused);
	tcase_add_test(tc, test_generic_many_dumps);
	tcase_add_test(tc, test_generic_refusals);
	tcase_add_test(tc, test_generic_last_is_refused);
	tcase_add_test(tc, test_generic_many_errors);
	tcase_add_test(tc, test_generic_many_errors_unprivileged);
	tcase_add_test(tc, test_generic_errors_beyond_the_array);
	tcase_add_test(tc, test_generic_malformed_is_not_sent);
}

int main(void)
{
	return namespace_main("generic", generic_tests);
}
