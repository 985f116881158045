/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rule sets of a single part (svcrules_ruleset_only()) and numbers of parts that do not exist:
 * each function of the library gives an answer. A crash fails the test.
 */
#include "rules/built_test.h"
#include "rules/target.h"

#include <check.h>
#include <errno.h>
#include <linux/netfilter.h>

static const char input[] =
	"{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"a\",\"namespace\":"
	"\"n\"},\"spec\":{\"clusterIP\":\"10.96.0.1\",\"ports\":[{\"port\":53,\"protocol\":"
	"\"UDP\"}]}}"
	"{\"apiVersion\":\"discovery.k8s.io/v1\",\"kind\":\"EndpointSlice\",\"metadata\":{"
	"\"name\":\"a-1\",\"namespace\":\"n\",\"labels\":{\"kubernetes.io/service-name\":\"a\"}},"
	"\"addressType\":\"IPv4\",\"endpoints\":[{\"addresses\":[\"10.244.0.1\"]}],\"ports\":[{"
	"\"port\":53,\"protocol\":\"UDP\"}]}";

static const char *const targets[] = { "nftables", "ipvs" };

static int single_write(void *arg, const char *buf, size_t len)
{
	size_t *total = arg;

	(void)buf;
	*total += len;
	return 0;
}

/* Returns how much is printed in all formats together. */
static size_t single_print(const struct svcrules_ruleset *rs)
{
	size_t total = 0;

	for (const char *const *f = rs->target->info.formats; *f; f++)
		ck_assert_int_eq(svcrules_print(rs, *f, single_write, &total), 0);
	return total;
}

static void single_messages(struct svcrules_changes *c)
{
	static const size_t parts[] = { 0, 1, 2, 3, 99 };
	const struct svcrules_refusal refusal = { .seq = 1, .err = -ENOENT };

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
		for (int stage = SVCRULES_STOP; stage <= SVCRULES_REMOVE; stage++) {
			struct svcrules_messages m;
			char *text = NULL;

			ck_assert_int_eq(svcrules_changes_encode(c, parts[i], stage, 9, &m), 0);
			ck_assert(parts[i] < c->nparts || m.count == 0);
			free(m.buf);
			svcrules_changes_refused(c, parts[i], stage, &refusal, 1, 0, &text);
			free(text);
			svcrules_changes_refused(c, parts[i], stage, &refusal, 1, 1, &text);
			ck_assert_ptr_null(text);
		}
}

/* Compares a part of `from` with the same one of `to`, where exactly `differ` parts differ. */
static bool single_diff(struct svcrules_ruleset *from, struct svcrules_ruleset *to)
{
	struct svcrules_changes *c = gen_diff(from, to);
	struct svcrules_changes_stats stats;
	bool differ = !svcrules_changes_empty(c);
	size_t total = 0;

	ck_assert_int_eq(svcrules_changes_stats(c, &stats), 0);
	for (const char *const *f = to->target->info.change_formats; *f; f++)
		ck_assert_int_eq(svcrules_changes_print(c, *f, false, single_write, &total), 0);
	single_messages(c);
	svcrules_changes_free(c);
	return differ;
}

static void single_others(const struct svcrules_ruleset *have, struct svcrules_ruleset *want)
{
	const uint8_t address[4] = { 10, 96, 0, 1 };
	const struct svcrules_flow flow = { .family = NFPROTO_IPV4,
					    .protocol = SVCR_UDP,
					    .source = address,
					    .destination = address,
					    .port = 53,
					    .reply_source = address,
					    .reply_port = 53 };
	uint64_t request[SVCRULES_CLIENTS_REQUEST / sizeof(uint64_t)];
	char *text = NULL;
	bool any;

	for (int how = SVCRULES_SETTLE_APPLY; how <= SVCRULES_SETTLE_RETIRE; how++)
		ck_assert_int_eq(svcrules_settle(have, want, how, NULL), 0);
	ck_assert_int_ge(svcrules_obstacle(have, want, 0, &text), 0);
	free(text);
	svcrules_serves(have, NFPROTO_IPV4, SVCR_UDP);
	svcrules_adds(want, have, NFPROTO_IPV4, SVCR_UDP);
	svcrules_flow_stale(want, have, &flow);
	svcrules_clients_request(want, NFPROTO_IPV4, request);
	ck_assert_int_eq(svcrules_keep_removed(want, have, &any), 0);
	svcrules_forget_removed(want);
}

/* Reads from a kernel that answers nothing: tables cannot be read so, the other parts can. */
static void single_read(const struct svcrules_ruleset *like, bool tables)
{
	struct svcrules_reader *r = svcrules_reader_new(like);
	struct svcrules_ruleset *have = NULL;
	struct svcrules_request request;
	int more, err = 0;

	ck_assert_ptr_nonnull(r);
	while (!err && (more = svcrules_reader_next(r, &request)) > 0)
		err = svcrules_reader_answered(r, 0);
	ck_assert_int_eq(err, tables ? -EPROTO : 0);
	if (!err) {
		ck_assert_int_eq(more, 0);
		ck_assert_int_eq(svcrules_reader_end(r, &have), 0);
		ck_assert_ptr_nonnull(have);
	}
	svcrules_ruleset_free(have);
	svcrules_reader_free(r);
}

START_TEST(single_part)
{
	const char *target = targets[_i];
	struct svcrules_ruleset *built = gen_build_text(target, input, 0),
				*empty = gen_empty(target);
	size_t differ = 0;

	for (size_t i = 0; i < built->nparts; i++) {
		struct svcrules_ruleset *have = svcrules_ruleset_only(empty, i),
					*want = svcrules_ruleset_only(built, i);

		ck_assert(have && want);
		ck_assert_uint_gt(single_print(want), 0);
		differ += single_diff(have, want);
		differ += single_diff(want, have);
		single_read(have, i == 0);
		single_others(have, want);
		single_others(want, have);
		svcrules_ruleset_free(have);
		svcrules_ruleset_free(want);
	}
	ck_assert_uint_eq(differ, 2 * built->nparts);
	svcrules_ruleset_free(built);
	svcrules_ruleset_free(empty);
}
END_TEST

START_TEST(single_defaults)
{
	struct svcrules_ruleset *rs = svcrules_ruleset_new(targets[_i], NULL, "other"),
				*named = svcrules_ruleset_new(targets[_i], NULL, NULL);
	struct svcrules_stats stats;

	ck_assert(rs && named);
	svcrules_ruleset_stats(rs, &stats);
	ck_assert_str_eq(stats.table, "other");
	svcrules_ruleset_stats(named, &stats);
	ck_assert_str_eq(stats.table, _i ? "svcrules-ipvs" : "svcrules");
	ck_assert_ptr_null(svcrules_ruleset_new("none", NULL, NULL));
	svcrules_ruleset_free(rs);
	svcrules_ruleset_free(named);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("single part");
	TCase *tc = tcase_create("single part");
	SRunner *runner = srunner_create(suite);
	int bad;

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, single_part, 0, (int)(sizeof(targets) / sizeof(targets[0])));
	tcase_add_loop_test(tc, single_defaults, 0, (int)(sizeof(targets) / sizeof(targets[0])));
	srunner_run_all(runner, CK_ENV);
	bad = srunner_ntests_failed(runner);
	srunner_free(runner);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
