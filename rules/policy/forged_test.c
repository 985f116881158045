/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Packets that claim addresses of others, and addresses that several pods have. */
#include "rules/built_test.h"
#include "rules/policy/layout.h"
#include "rules/policy/walk_test.h"

#include <check.h>

#define POD(name, app, ip) \
	"---\nkind: Pod\nmetadata: {namespace: prod, name: " name ", labels: {app: " app "}}\n" \
	"spec: {nodeName: node1}\nstatus: {podIPs: [{ip: " ip "}]}\n"
#define ENDED(name, ip) \
	"---\nkind: Pod\nmetadata: {namespace: prod, name: " name "}\n" \
	"spec: {nodeName: node1}\nstatus: {phase: Failed, podIPs: [{ip: " ip "}]}\n"
#define POLICY(name, app, spec) \
	"---\nkind: NetworkPolicy\nmetadata: {namespace: prod, name: " name "}\n" \
	"spec: {podSelector: {matchLabels: {app: " app "}}, " spec "}\n"
#define FROM(app) "ingress: [{from: [{podSelector: {matchLabels: {app: " app "}}}]}]"

static bool forged_passes(const struct svcrules_ruleset *rs, const struct walk_packet *p)
{
	struct walk w;

	return walk_hook(&w, svcr_nft_serving(gen_nft(rs), SVCR_POLICY_WORD, p->family), p,
			 "postrouting");
}

/* The address of the host is the host's own only in packets that the host made. */
START_TEST(forged_host)
{
	struct svcrules_ruleset *rs = gen_build_text(
		NULL, POD("db", "db", "10.1.0.1") POLICY("db", "db", "ingress: []"),
		GEN_NETWORK_POLICY);
	struct walk_packet p = { .src = { 192, 0, 2, 1 },
				 .dst = { 10, 1, 0, 1 },
				 .protocol = 17,
				 .port = 53,
				 .src_local = true,
				 .direct = true };

	ck_assert(forged_passes(rs, &p));
	p.forwarded = true;
	ck_assert(!forged_passes(rs, &p));
	svcrules_ruleset_free(rs);
}
END_TEST

/* A pod reaches itself by its service; nobody else does with its address as the source. */
START_TEST(forged_self)
{
	struct svcrules_ruleset *rs = gen_build_text(
		NULL,
		POD("db", "db", "10.1.0.1") POLICY("db", "db", "policyTypes: [Ingress, Egress]"),
		GEN_NETWORK_POLICY);
	struct walk_packet p = { .src = { 10, 1, 0, 1 },
				 .dst = { 10, 1, 0, 1 },
				 .protocol = 6,
				 .port = 80,
				 .forwarded = true };

	ck_assert(forged_passes(rs, &p));
	p.direct = true;
	ck_assert(!forged_passes(rs, &p));
	svcrules_ruleset_free(rs);
}
END_TEST

/*
 * An address of two pods is no peer, although one of them is, and is isolated, although only one of
 * them is. A pod that has ended does not count.
 */
START_TEST(forged_shared)
{
	static const char pods[] = POD("db", "db", "10.1.0.1") POD("web", "web", "10.1.0.2")
		POLICY("db", "db", FROM("web")) POLICY("web", "web", "ingress: []");
	struct walk_packet in = { .src = { 10, 1, 0, 2 },
				  .dst = { 10, 1, 0, 1 },
				  .protocol = 6,
				  .port = 80,
				  .forwarded = true,
				  .direct = true };
	struct walk_packet to = { .src = { 10, 1, 0, 9 },
				  .dst = { 10, 1, 0, 2 },
				  .protocol = 6,
				  .port = 80,
				  .forwarded = true,
				  .direct = true };
	char text[2048];
	struct svcrules_ruleset *rs;

	for (int i = 0; i < 3; i++) { /* alone, with another pod, with one that has ended */
		snprintf(text, sizeof(text), "%s%s", pods,
			 i == 1 ? POD("app", "app", "10.1.0.2") :
			 i == 2 ? ENDED("app", "10.1.0.2") :
				  "");
		rs = gen_build_text(NULL, text, GEN_NETWORK_POLICY);
		ck_assert_int_eq(forged_passes(rs, &in), i != 1);
		ck_assert(!forged_passes(rs, &to));
		svcrules_ruleset_free(rs);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("forged");
	TCase *tc = tcase_create("forged");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_test(tc, forged_host);
	tcase_add_test(tc, forged_self);
	tcase_add_test(tc, forged_shared);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
