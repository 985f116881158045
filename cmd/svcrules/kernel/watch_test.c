/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules read and changed while another program commits, each test in a network namespace of its
 * own. Exit code 77: not permitted here.
 */
#include "kernel/watch.h"
#include "exit.h"
#include "kernel/make.h"
#include "kernel/refused.h"
#include "kernel/rules_test.h"

#include <signal.h>
#include <time.h>

/* One transaction of another program: `type` is NFT_MSG_NEWTABLE or NFT_MSG_DELTABLE. */
static void watch_test_commit(struct netlink *nl, uint16_t type, const char *name)
{
	char buf[512] __attribute__((aligned(8))) = { 0 };
	struct nlmsghdr *nlh = mnl_nlmsg_put_header(buf);
	struct nfgenmsg *nfg = mnl_nlmsg_put_extra_header(nlh, sizeof(*nfg));
	size_t nerrors;

	nlh->nlmsg_type = (uint16_t)(NFNL_SUBSYS_NFTABLES << 8 | type);
	nlh->nlmsg_flags = NLM_F_REQUEST | (type == NFT_MSG_NEWTABLE ? NLM_F_CREATE : 0);
	nlh->nlmsg_seq = 1;
	nfg->nfgen_family = NFPROTO_IPV4;
	mnl_attr_put_strz(nlh, NFTA_TABLE_NAME, name);
	ck_assert_int_eq(
		transaction_send(nl, buf, nlh->nlmsg_len, true, 0, 1, NULL, 0, &nerrors, NULL), 0);
}

static void watch_test_foreign(void)
{
	watch_test_commit(rules_session.netfilter, NFT_MSG_NEWTABLE, "other");
	watch_test_commit(rules_session.netfilter, NFT_MSG_DELTABLE, "other");
}

static struct svcrules_ruleset *watch_test_apply(const char *objects)
{
	struct transition t = { .session = &rules_session, .want = rules_test_build(objects) };

	ck_assert_int_eq(make_all(&t), EXIT_DONE);
	make_release(&t);
	return t.want;
}

/* Tables of other names, and of the other family, are not ours. */
START_TEST(test_watch_whose)
{
	struct svcrules_ruleset *rs = rules_test_build(RULES_TCP);
	uint32_t generation = 0;

	ck_assert(!watch_unchanged(&rules_session, rs, &generation));
	watch_begin(&rules_session);
	ck_assert(watch_active(&rules_session));
	ck_assert(watch_unchanged(&rules_session, rs, &generation));
	ck_assert_uint_eq(generation, rules_test_generation());
	watch_test_foreign();
	ck_assert(watch_unchanged(&rules_session, rs, &generation));
	ck_assert_uint_eq(generation, rules_test_generation());
	watch_test_commit(rules_session.netfilter, NFT_MSG_NEWTABLE, RULES_TABLE);
	watch_test_foreign();
	ck_assert(!watch_unchanged(&rules_session, rs, &generation));
	ck_assert(!watch_unchanged(&rules_session, rs, &generation));
	watch_restart(&rules_session);
	ck_assert(watch_unchanged(&rules_session, rs, &generation));
	svcrules_ruleset_free(rs);
}
END_TEST

/* A change that was prepared in another generation is made if only others changed something. */
START_TEST(test_watch_send)
{
	bool ours = _i;
	struct svcrules_ruleset *one = watch_test_apply(RULES_TCP), *have,
				*both = rules_test_build(RULES_TCP RULES_UDP);
	uint32_t generation = rules_test_generation();
	struct svcrules_changes *c;
	struct refused r;

	watch_begin(&rules_session);
	have = rules_test_read(one);
	ck_assert_int_eq(svcrules_diff(have, both, &c), 0);
	watch_test_foreign();
	if (ours)
		svcrules_ruleset_free(watch_test_apply(RULES_UDP));
	ck_assert_int_eq(refused_send(&rules_session, c, SVCRULES_ADD, true, &generation, have, &r),
			 EXIT_DONE);
	ck_assert_int_eq(r.err, ours ? -ERESTART : 0);
	ck_assert(rules_test_same(both) == !ours);
	svcrules_changes_free(c);
	svcrules_ruleset_free(have);
	svcrules_ruleset_free(one);
	svcrules_ruleset_free(both);
}
END_TEST

/* Commits again and again, in a process of its own. */
static pid_t watch_test_start(void)
{
	const struct timespec pause = { .tv_nsec = 100000 };
	pid_t child = fork();
	struct netlink *nl;
	int err;

	ck_assert_int_ge(child, 0);
	if (child)
		return child;
	nl = netlink_open(NETLINK_NETFILTER, &err);
	for (int i = 0; nl && i < 100000; i++) {
		watch_test_commit(nl, NFT_MSG_NEWTABLE, "other");
		watch_test_commit(nl, NFT_MSG_DELTABLE, "other");
		nanosleep(&pause, NULL);
	}
	_exit(0);
}

/* Objects whose rules take many messages to read. */
static char *watch_test_objects(void)
{
	size_t len;
	char *text;
	FILE *f = open_memstream(&text, &len);

	for (int i = 0; i < 2000; i++)
		fprintf(f,
			"{\"kind\":\"Service\",\"metadata\":{\"name\":\"s%d\"},\"spec\":{"
			"\"clusterIP\":\"10.96.%d.%d\",\"ports\":[{\"port\":80}]}}",
			i, i / 200, i % 200 + 1);
	ck_assert_int_eq(fclose(f), 0);
	return text;
}

START_TEST(test_watch_busy)
{
	char *objects = watch_test_objects();
	struct svcrules_ruleset *want = rules_test_build(objects);
	pid_t child;

	svcrules_ruleset_free(watch_test_apply(objects));
	child = watch_test_start();
	for (int i = 0; i < 5; i++) {
		svcrules_ruleset_free(watch_test_apply(i % 2 ? objects : RULES_TCP));
		if (i % 2)
			ck_assert(rules_test_same(want));
	}
	kill(child, SIGKILL);
	waitpid(child, NULL, 0);
	ck_assert_uint_eq(rules_session.nfindings, 0);
	svcrules_ruleset_free(want);
	free(objects);
}
END_TEST

static void watch_tests(TCase *tc)
{
	tcase_add_checked_fixture(tc, rules_test_setup, rules_test_teardown);
	tcase_add_test(tc, test_watch_whose);
	tcase_add_loop_test(tc, test_watch_send, 0, 2);
	tcase_add_test(tc, test_watch_busy);
}

int main(void)
{
	return namespace_main("watch", watch_tests);
}
