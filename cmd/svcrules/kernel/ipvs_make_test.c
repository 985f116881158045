/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rule sets with virtual servers: made, read back, retired and removed, each test in a network
 * namespace of its own. Exit code 77: not permitted here, or no IPVS, dummy driver or
 * ipvsadm(8).
 */
#include "exit.h"
#include "kernel/link.h"
#include "kernel/make.h"
#include "kernel/nft.h"
#include "kernel/rules_test.h"

#include <linux/ip_vs.h>

#define IPVS_TABLE RULES_TABLE "-ipvs"

static struct svcrules_ruleset *ipvs_make_build(const char *objects)
{
	return rules_test_build_for("ipvs", objects);
}

/* Makes the kernel have `want`. Returns how many messages that took. */
static size_t ipvs_make_apply(struct svcrules_ruleset *want)
{
	struct transition t = { .session = &rules_session, .want = want };
	struct svcrules_ruleset *have = NULL;
	size_t messages;

	ck_assert_int_eq(kernel_read_own(&rules_session, want, &have), EXIT_DONE);
	ck_assert_int_eq(kernel_obstacles(&rules_session, have, want), EXIT_DONE);
	ck_assert_int_eq(svcrules_settle(have, want, SVCRULES_SETTLE_APPLY, NULL), 0);
	t.have = have;
	ck_assert_int_eq(make_all(&t), EXIT_DONE);
	ck_assert_str_eq(t.other_noun, "IPVS");
	messages = t.messages + t.other_messages;
	make_release(&t);
	svcrules_ruleset_free(have);
	return messages;
}

/* How much of each part the kernel has. */
static void ipvs_make_count(const struct svcrules_ruleset *like, size_t tables, size_t addresses,
			    size_t servers)
{
	struct svcrules_ruleset *have = rules_test_read(like);
	struct svcrules_part p;

	ck_assert(svcrules_ruleset_part(have, 0, &p));
	ck_assert_uint_eq(p.count, tables);
	ck_assert(svcrules_ruleset_part(have, 1, &p));
	ck_assert_uint_eq(p.count, addresses);
	ck_assert_int_eq(p.present, addresses > 0);
	ck_assert(svcrules_ruleset_part(have, 2, &p));
	ck_assert_uint_eq(p.count, servers);
	svcrules_ruleset_free(have);
}

/* True if ipvsadm(8) succeeded. */
static bool ipvs_make_admin(const char *arguments)
{
	char command[256];

	snprintf(command, sizeof(command), "PATH=$PATH:/usr/sbin:/sbin ipvsadm %s 2>/dev/null",
		 arguments);
	return system(command) == 0;
}

START_TEST(test_ipvs_make_round)
{
	struct svcrules_ruleset *want = ipvs_make_build(RULES_TCP);

	ck_assert_uint_gt(ipvs_make_apply(want), 0);
	ck_assert(rules_test_same(want));
	ipvs_make_count(want, 1, 1, 1);
	ck_assert_uint_eq(ipvs_make_apply(want), 0);
	ck_assert_uint_eq(rules_session.nfindings, 0);
	svcrules_ruleset_free(want);
}
END_TEST

/* Virtual servers of others are in the way of what is wanted at their places, of nothing else. */
START_TEST(test_ipvs_make_foreign_server)
{
	struct svcrules_ruleset *want = ipvs_make_build(RULES_TCP), *have = NULL;

	ck_assert(ipvs_make_admin("-A -t 10.96.0.1:80 -s rr"));
	ck_assert_int_eq(kernel_read_own(&rules_session, want, &have), EXIT_DONE);
	ck_assert_uint_eq(rules_session.nfindings, 0);
	ck_assert_int_eq(kernel_obstacles(&rules_session, have, want), EXIT_KERNEL);
	ck_assert_uint_eq(rules_session.nfindings, 2);
	ck_assert_str_eq(rules_session.findings[0].text,
			 "Service x/a:p 10.96.0.1:80/tcp: IPVS has a virtual server there that "
			 "svcrules did not make");
	svcrules_ruleset_free(have);
	ck_assert(ipvs_make_admin("-D -t 10.96.0.1:80"));
	ck_assert(ipvs_make_admin("-A -t 10.96.0.9:80 -s rr"));
	ipvs_make_apply(want);
	ck_assert(rules_test_same(want));
	ck_assert(ipvs_make_admin("-D -t 10.96.0.9:80"));
	svcrules_ruleset_free(want);
}
END_TEST

START_TEST(test_ipvs_make_foreign_interface)
{
	struct svcrules_ruleset *want = ipvs_make_build(RULES_TCP), *have = NULL;

	ck_assert_int_eq(link_make("other-ipvs"), 0);
	ck_assert_int_eq(kernel_read_own(&rules_session, want, &have), EXIT_KERNEL);
	ck_assert_str_eq(rules_test_finding(),
			 "the interface " LINK_NAME " belongs to the table other-ipvs of another "
			 "--table: only one can use IPVS here");
	svcrules_ruleset_free(want);
}
END_TEST

/* With any table, what is removed is that of the table to which the interface belongs. */
START_TEST(test_ipvs_make_removed)
{
	const struct svcrules_target *target = svcrules_target(1);
	struct svcrules_ruleset *want = ipvs_make_build(RULES_TCP),
				*none = svcrules_ruleset_new("ipvs", rules_options, NULL);
	char *text = NULL;

	ck_assert(!driver_servers.in_use(&rules_session, none, false));
	ipvs_make_apply(want);
	ck_assert(driver_servers.in_use(&rules_session, none, false));
	ck_assert_ptr_eq(driver_last(none), &driver_servers);
	if (_i) /* the session's settings name another table */
		ck_assert_int_eq(svcrules_options_set(rules_options, "table", "other", NULL), 0);
	for (int real = 0; real < 2; real++) { /* a dry run leaves it all there */
		ck_assert_int_eq(driver_servers.remove(&rules_session, target, _i, !real, &text),
				 EXIT_DONE);
		ck_assert_str_eq(text, "1 virtual server and the interface " LINK_NAME);
		free(text);
		text = NULL;
	}
	ipvs_make_count(want, 1, 0, 0);
	ck_assert(nft_has_table(&rules_session, IPVS_TABLE));
	ck_assert_int_eq(driver_servers.remove(&rules_session, target, _i, false, &text),
			 EXIT_DONE);
	ck_assert_ptr_null(text);
	svcrules_ruleset_free(want);
	svcrules_ruleset_free(none);
}
END_TEST

/* Without connections nothing stays of a target that is retired. */
START_TEST(test_ipvs_make_retired)
{
	struct svcrules_ruleset *want = ipvs_make_build(RULES_TCP RULES_UDP),
				*none = svcrules_ruleset_new("ipvs", rules_options, NULL),
				*now = rules_test_build(RULES_TCP);
	struct transition t = { .session = &rules_session, .want = none };
	bool left = true;

	ipvs_make_apply(want);
	ck_assert_int_eq(driver_servers.retire(&t, now, &left), EXIT_DONE);
	ck_assert(left); /* for as long as its connections may take */
	svcrules_ruleset_free(none);
	none = svcrules_ruleset_new("ipvs", rules_options, NULL);
	t = (struct transition){ .session = &rules_session, .want = none };
	ck_assert_int_eq(driver_servers.retire(&t, now, &left), EXIT_DONE);
	ck_assert(!left);
	ck_assert_uint_eq(rules_session.nfindings, 0);
	ipvs_make_count(want, 0, 0, 0);
	svcrules_ruleset_free(want);
	svcrules_ruleset_free(none);
	svcrules_ruleset_free(now);
}
END_TEST

/* Notices of what `prepare` would change; nothing is changed. */
START_TEST(test_ipvs_make_prepared)
{
	ck_assert_int_eq(svcrules_options_set(rules_options, "strict-arp", NULL, NULL), 0);
	ck_assert_int_eq(driver_servers.prepare(&rules_session, false), EXIT_DONE);
	ck_assert_uint_gt(rules_session.nfindings, 0);
	for (size_t i = 0; i < rules_session.nfindings; i++) {
		ck_assert(rules_session.findings[i].notice);
		ck_assert(strncmp(rules_session.findings[i].text, "warning: sysctl ", 16) == 0);
	}
	ck_assert_ptr_null(driver_servers.check);
}
END_TEST

static void ipvs_make_tests(TCase *tc)
{
	tcase_add_checked_fixture(tc, rules_test_setup, rules_test_teardown);
	tcase_add_test(tc, test_ipvs_make_round);
	tcase_add_test(tc, test_ipvs_make_foreign_server);
	tcase_add_test(tc, test_ipvs_make_foreign_interface);
	tcase_add_loop_test(tc, test_ipvs_make_removed, 0, 2);
	tcase_add_test(tc, test_ipvs_make_retired);
	tcase_add_test(tc, test_ipvs_make_prepared);
}

/* 0 if the kernel has IPVS and dummy interfaces, and there is ipvsadm(8). */
static int ipvs_make_probe(void)
{
	int err = 0;

	generic_close(generic_open(IPVS_GENL_NAME, &err));
	if (!err)
		err = link_make("probe");
	if (!err && !ipvs_make_admin("-Ln >/dev/null"))
		err = -ENOENT;
	return err;
}

int main(void)
{
	int refused = namespace_probe(ipvs_make_probe);

	if (refused) {
		printf("SKIP: no IPVS or no dummy driver: %s\n", strerror(refused));
		return 77;
	}
	return namespace_main("ipvs_make", ipvs_make_tests);
}
