/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Stale entries of connection tracking, each test in a network namespace of its
 * own. Exit code 77: not permitted here.
 */
#include "kernel/conntrack.h"
#include "netlink/transaction_test.h"

#include <netinet/in.h>

/* One packet, or one connection that is never accepted, from port to port of loopback. */
static void ct_test_flow(int family, int type, uint16_t from, uint16_t to)
{
	struct sockaddr_in a4 = { .sin_family = AF_INET,
				  .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	struct sockaddr_in6 a6 = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	struct sockaddr *sa = family == AF_INET ? (struct sockaddr *)&a4 : (struct sockaddr *)&a6;
	socklen_t len = family == AF_INET ? sizeof(a4) : sizeof(a6);
	int fd = socket(family, type, 0), listener = socket(family, SOCK_STREAM, 0);

	a4.sin_port = a6.sin6_port = htons(to);
	if (type == SOCK_STREAM) {
		ck_assert_int_eq(bind(listener, sa, len), 0);
		ck_assert_int_eq(listen(listener, 1), 0);
	}
	a4.sin_port = a6.sin6_port = htons(from);
	ck_assert_int_eq(bind(fd, sa, len), 0);
	a4.sin_port = a6.sin6_port = htons(to);
	if (type == SOCK_DGRAM)
		ck_assert_int_eq((int)sendto(fd, "x", 1, 0, sa, len), 1);
	else
		ck_assert_int_eq(connect(fd, sa, len), 0);
	close(fd);
	close(listener);
}

struct ct_seen {
	uint16_t stale_port; /* of the destination; 0: all */
	size_t asked, reported;
	struct ct_flow last;
};

static bool ct_test_stale(const struct ct_flow *f, void *arg)
{
	struct ct_seen *s = arg;

	s->asked++;
	return s->stale_port == 0 || f->orig_dport == s->stale_port;
}

static void ct_test_report(const struct ct_flow *f, void *arg)
{
	struct ct_seen *s = arg;

	s->reported++;
	s->last = *f;
}

static struct ct_clean ct_test_what(uint8_t family, bool dry_run, struct ct_seen *s)
{
	return (struct ct_clean){ .family = family,
				  .udp = true,
				  .stale = ct_test_stale,
				  .would = dry_run ? ct_test_report : NULL,
				  .arg = s };
}

static size_t ct_test_clean(uint8_t family, uint16_t port, bool dry_run, struct ct_seen *s)
{
	struct ct_clean c = ct_test_what(family, dry_run, s);
	size_t deleted = 99;

	*s = (struct ct_seen){ .stale_port = port };
	ck_assert_int_eq(conntrack_clean(&c, &deleted), 0);
	ck_assert_uint_eq(s->reported, dry_run ? deleted : 0);
	return deleted;
}

START_TEST(test_conntrack_stale_flows)
{
	static const uint8_t lo4[16] = { 127, 0, 0, 1 }, lo6[16] = { [15] = 1 };
	uint8_t family = _i ? AF_INET6 : AF_INET;
	struct ct_seen s;

	test_batch_table("one");
	test_batch_chain("one", "input");
	test_batch_ct_rule("one", "input");
	ck_assert_int_eq(test_batch_send(true, 0, NULL), 0);
	ck_assert_uint_eq(ct_test_clean(family, 0, false, &s), 0);
	for (uint16_t i = 0; i < 3; i++)
		ct_test_flow(family, SOCK_DGRAM, 40000 + i, 5300 + i);
	ct_test_flow(family, SOCK_STREAM, 40009, 5301);
	ct_test_flow(_i ? AF_INET : AF_INET6, SOCK_DGRAM, 40001, 5301);

	ck_assert_uint_eq(ct_test_clean(family, 5301, true, &s), 1);
	ck_assert_uint_eq(s.asked, 3); /* neither TCP nor the other family */
	ck_assert_int_eq(s.last.family, family);
	ck_assert_int_eq(s.last.protocol, IPPROTO_UDP);
	ck_assert(!s.last.by_nat && !s.last.opening);
	ck_assert_mem_eq(s.last.orig_src, _i ? lo6 : lo4, 16);
	ck_assert_mem_eq(s.last.orig_dst, _i ? lo6 : lo4, 16);
	ck_assert_mem_eq(s.last.reply_src, _i ? lo6 : lo4, 16);
	ck_assert_uint_eq(s.last.orig_sport, 40001);
	ck_assert_uint_eq(s.last.orig_dport, 5301);
	ck_assert_uint_eq(s.last.reply_sport, 5301);
	ck_assert_uint_eq(ct_test_clean(family, 5301, false, &s), 1);
	ck_assert_uint_eq(s.asked, 3);
	ck_assert_uint_eq(ct_test_clean(family, 5301, false, &s), 0);
	ck_assert_uint_eq(s.asked, 2);
	ck_assert_uint_eq(ct_test_clean(family, 0, false, &s), 2);
	ck_assert_uint_eq(ct_test_clean(_i ? AF_INET : AF_INET6, 0, true, &s), 1);
}
END_TEST

START_TEST(test_conntrack_many_flows)
{
	struct ct_seen s;

	test_batch_table("one");
	test_batch_chain("one", "input");
	test_batch_ct_rule("one", "input");
	ck_assert_int_eq(test_batch_send(true, 0, NULL), 0);
	for (uint16_t i = 0; i < 5000; i++)
		ct_test_flow(AF_INET, SOCK_DGRAM, 20000 + i, 53 + i % 2);
	ck_assert_uint_eq(ct_test_clean(AF_INET, 53, false, &s), 2500);
	ck_assert_uint_eq(ct_test_clean(AF_INET, 0, true, &s), 2500);
}
END_TEST

/* Makes an entry with conntrack(8); false: that program is missing. */
static bool ct_test_entry(const char *arguments)
{
	char command[512];

	snprintf(command, sizeof(command),
		 "PATH=$PATH:/usr/sbin:/sbin conntrack -I %s >/dev/null 2>&1", arguments);
	return system(command) == 0;
}

#define CT_TO "-s 192.0.2.9 -d 192.0.2.1 --sport 4000 --dport "
#define CT_BACK "-r 192.0.2.7 -q 192.0.2.9 --reply-port-src 80 --reply-port-dst 4000 -t 600 "

/* Entries of another zone are not ours, whatever they are to. */
START_TEST(test_conntrack_zones)
{
	struct ct_seen s;

	test_batch_table("one");
	test_batch_chain("one", "input");
	test_batch_ct_rule("one", "input");
	ck_assert_int_eq(test_batch_send(true, 0, NULL), 0);
	if (!ct_test_entry("-p udp " CT_TO "53 " CT_BACK))
		return;
	ck_assert(ct_test_entry("-p udp -w 7 " CT_TO "53 " CT_BACK));
	ck_assert(ct_test_entry("-p udp --orig-zone 8 " CT_TO "53 -r 192.0.2.7 -q 192.0.2.9 "
				"--reply-port-src 81 --reply-port-dst 4000 -t 600"));
	ck_assert_uint_eq(ct_test_clean(AF_INET, 0, false, &s), 1);
	ck_assert_uint_eq(s.asked, 1);
	ck_assert_uint_eq(ct_test_clean(AF_INET, 0, false, &s), 0);
}
END_TEST

/* Of TCP only what waits for its first answer, untranslated; SCTP if it is asked for. */
START_TEST(test_conntrack_protocols)
{
	struct ct_seen s = { .stale_port = 0 };
	struct ct_clean c = ct_test_what(AF_INET, true, &s);
	size_t deleted;

	test_batch_table("one");
	test_batch_chain("one", "input");
	test_batch_ct_rule("one", "input");
	ck_assert_int_eq(test_batch_send(true, 0, NULL), 0);
	if (!ct_test_entry("-p tcp --state SYN_SENT " CT_TO "80 -t 600"))
		return;
	ck_assert(ct_test_entry("-p tcp --state ESTABLISHED " CT_TO "81 -t 600 -u SEEN_REPLY"));
	ck_assert(ct_test_entry("-p udp " CT_TO "53 " CT_BACK));
	ck_assert(ct_test_entry("-p sctp --state ESTABLISHED --orig-vtag 1 --reply-vtag 1 " CT_TO
				"90 " CT_BACK));
	c.udp = false;
	c.tcp = true;
	ck_assert_int_eq(conntrack_clean(&c, &deleted), 0);
	ck_assert_uint_eq(deleted, 1);
	ck_assert_int_eq(s.last.protocol, IPPROTO_TCP);
	ck_assert_uint_eq(s.last.orig_dport, 80);
	ck_assert(s.last.opening);
	c.tcp = false;
	c.sctp = true;
	ck_assert_int_eq(conntrack_clean(&c, &deleted), 0);
	ck_assert_uint_eq(deleted, 1);
	ck_assert_int_eq(s.last.protocol, IPPROTO_SCTP);
	ck_assert_uint_eq(s.last.orig_dport, 90);
	c.tcp = c.udp = true;
	c.would = NULL;
	ck_assert_int_eq(conntrack_clean(&c, &deleted), 0);
	ck_assert_uint_eq(deleted, 3);
}
END_TEST

START_TEST(test_conntrack_unprivileged)
{
	struct ct_seen s = { 0 };
	struct ct_clean c = ct_test_what(AF_INET, false, &s);
	size_t deleted = 99;

	namespace_drop_capabilities();
	ck_assert_int_eq(conntrack_clean(&c, &deleted), -EPERM);
	ck_assert_uint_eq(deleted, 0);
}
END_TEST

static void conntrack_tests(TCase *tc)
{
	tcase_add_checked_fixture(tc, test_batch_setup, test_batch_teardown);
	tcase_add_loop_test(tc, test_conntrack_stale_flows, 0, 2);
	tcase_add_test(tc, test_conntrack_many_flows);
	tcase_add_test(tc, test_conntrack_zones);
	tcase_add_test(tc, test_conntrack_protocols);
	tcase_add_test(tc, test_conntrack_unprivileged);
}

int main(void)
{
	return namespace_main("conntrack", conntrack_tests);
}
