/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Readers of both targets against a kernel made of the messages of built rule sets. */
#include "rules/ipvs/servers.h"
#include "rules/kernel_test.h"

#include <check.h>

#define SEEDS 100
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const struct {
	const char *target, *alias;
} readers[] = {
	{ "nftables", NULL },
	{ "ipvs", SVCRULES_INTERFACE_OWNER "svcrules-ipvs" },
};

/* A rule set, and a kernel that has it. */
struct reader_fixture {
	struct gen_cluster cluster;
	struct svcrules_ruleset *built;
	struct svcrules_messages messages[FAKE_PARTS];
	struct fake_kernel kernel;
};

static void reader_setup(struct reader_fixture *f, size_t target, uint64_t seed)
{
	*f = (struct reader_fixture){ .cluster = gen_cluster(seed, 1 + seed % 12) };
	f->built = gen_build(readers[target].target, &f->cluster, 0);
	fake_messages(f->messages, f->built);
	f->kernel = (struct fake_kernel){ .messages = f->messages,
					  .generation = 7,
					  .alias = readers[target].alias };
}

static void reader_teardown(struct reader_fixture *f)
{
	fake_messages_release(f->messages, f->built->nparts);
	svcrules_ruleset_free(f->built);
	free(f->cluster.v);
}

/* What the reader makes of the kernel; *ret is NULL after an error. */
static int reader_read(const struct svcrules_ruleset *like, struct fake_kernel *k,
		       struct svcrules_ruleset **ret)
{
	struct svcrules_reader *r = svcrules_reader_new(like);
	int err;

	*ret = NULL;
	ck_assert_ptr_nonnull(r);
	err = fake_read(k, r);
	if (!err)
		ck_assert_int_eq(svcrules_reader_end(r, ret), 0);
	svcrules_reader_free(r);
	return err;
}

/* ---- What is there ------------------------------------------------------- */

/* What is read equals what was encoded. */
START_TEST(reader_round)
{
	struct reader_fixture f;
	struct svcrules_ruleset *have;
	struct svcrules_stats stats;

	reader_setup(&f, (size_t)_i % ARRAY_SIZE(readers), (uint64_t)_i);
	ck_assert_int_eq(reader_read(f.built, &f.kernel, &have), 0);
	ck_assert(gen_same(have, f.built));
	ck_assert(gen_same(f.built, have));
	svcrules_ruleset_stats(have, &stats);
	ck_assert_uint_eq(stats.generation, 7);
	ck_assert_str_eq(stats.target->name, readers[(size_t)_i % ARRAY_SIZE(readers)].target);
	svcrules_ruleset_free(have);
	reader_teardown(&f);
}
END_TEST

/* The interface belongs to the table that its alias names. */
START_TEST(reader_interface)
{
	struct reader_fixture f;
	struct svcrules_ruleset *have;
	struct svcrules_part part;
	char *text;

	reader_setup(&f, 1, 11);
	ck_assert_int_eq(reader_read(f.built, &f.kernel, &have), 0);
	ck_assert(svcrules_ruleset_part(have, FAKE_LINK, &part));
	ck_assert(part.present);
	ck_assert_str_eq(part.owner, "svcrules-ipvs");
	ck_assert_uint_gt(part.count, 0);
	ck_assert_int_eq(svcrules_obstacle(have, f.built, 0, &text), 0);
	svcrules_ruleset_free(have);
	f.kernel.alias = SVCRULES_INTERFACE_OWNER "other-ipvs";
	ck_assert_int_eq(reader_read(f.built, &f.kernel, &have), 0);
	ck_assert_int_eq(svcrules_obstacle(have, f.built, 0, &text), 1);
	ck_assert_ptr_nonnull(strstr(text, "belongs to the table other-ipvs"));
	free(text);
	ck_assert_int_eq(svcrules_obstacle(have, f.built, 1, &text), 0);
	svcrules_ruleset_free(have);
	f.kernel.alias = "mine";
	ck_assert_int_eq(reader_read(f.built, &f.kernel, &have), 0);
	ck_assert(svcrules_ruleset_part(have, FAKE_LINK, &part));
	ck_assert(!part.present);
	ck_assert_int_eq(svcrules_obstacle(have, f.built, 0, &text), 1);
	ck_assert_ptr_nonnull(strstr(text, "was not made by svcrules"));
	free(text);
	svcrules_ruleset_free(have);
	reader_teardown(&f);
}
END_TEST

/* A kernel that has none of it. */
START_TEST(reader_nothing)
{
	const struct svcrules_messages none[FAKE_PARTS] = { { NULL, 0, 0 } };
	struct reader_fixture f;
	struct svcrules_ruleset *have, *empty = gen_empty(readers[_i].target);
	struct svcrules_part part;

	reader_setup(&f, (size_t)_i, 3);
	f.kernel.messages = none;
	f.kernel.alias = NULL;
	ck_assert_int_eq(reader_read(f.built, &f.kernel, &have), 0);
	for (size_t i = 0; svcrules_ruleset_part(have, i, &part); i++)
		ck_assert_uint_eq(part.count, 0);
	ck_assert(gen_same(have, empty));
	svcrules_ruleset_free(have);
	svcrules_ruleset_free(empty);
	reader_teardown(&f);
}
END_TEST

/* A table that other programs made is read as such and stands in the way. */
START_TEST(reader_foreign)
{
	struct reader_fixture f;
	struct svcrules_ruleset *have;
	char *text;

	reader_setup(&f, (size_t)_i, 11);
	f.kernel.foreign = true;
	ck_assert_int_eq(reader_read(f.built, &f.kernel, &have), 0);
	ck_assert_int_eq(svcrules_obstacle(have, f.built, 0, &text), 1);
	ck_assert_ptr_nonnull(strstr(text, "was not made by svcrules and is left alone"));
	free(text);
	ck_assert_int_eq(svcrules_obstacle(have, f.built, 1, &text), 0);
	svcrules_ruleset_free(have);
	reader_teardown(&f);
}
END_TEST

/* ---- What goes wrong ----------------------------------------------------- */

START_TEST(reader_moved)
{
	struct reader_fixture f;
	struct svcrules_ruleset *have;

	reader_setup(&f, (size_t)_i, 5);
	f.kernel.moves = true;
	ck_assert_int_eq(reader_read(f.built, &f.kernel, &have), -EINTR);
	f.kernel.moves = false;
	f.kernel.generation = 0; /* no kernel has that */
	ck_assert_int_eq(reader_read(f.built, &f.kernel, &have), -EPROTO);
	reader_teardown(&f);
}
END_TEST

/* Each request is refused in turn, and each refusal ends the reading with its error. */
START_TEST(reader_error)
{
	struct reader_fixture f;
	struct svcrules_ruleset *have;
	size_t requests;

	reader_setup(&f, (size_t)_i, 11);
	ck_assert_int_eq(reader_read(f.built, &f.kernel, &have), 0);
	requests = f.kernel.requests;
	svcrules_ruleset_free(have);
	ck_assert_uint_gt(requests, 10);
	f.kernel.fail_err = -EPERM;
	for (size_t i = 1; i <= requests; i++) {
		f.kernel.requests = 0;
		f.kernel.fail_at = i;
		ck_assert_int_eq(reader_read(f.built, &f.kernel, &have), -EPERM);
		ck_assert_uint_eq(f.kernel.requests, i);
	}
	reader_teardown(&f);
}
END_TEST

/* What the answer to a request means if the object is not there. */
static const struct {
	size_t target;
	const char *netlink;
	bool dump;
	int nth; /* of such requests */
	int err, result;
} absent[] = {
	{ 0, SVCRULES_NETLINK_NETFILTER, false, 2, -ENOENT, 0 }, /* a table */
	{ 0, SVCRULES_NETLINK_NETFILTER, false, 2, -EAFNOSUPPORT, 0 },
	{ 0, SVCRULES_NETLINK_NETFILTER, true, 1, -ENOENT, -EINTR }, /* went meanwhile */
	{ 1, SVCRULES_NETLINK_ROUTE, false, 1, -ENODEV, 0 },
	{ 1, SVCRULES_NETLINK_ROUTE, true, 1, -ENODEV, -ENODEV },
	{ 1, IPVS_GENL_NAME, true, 1, -EPROTONOSUPPORT, 0 }, /* no IPVS */
	{ 1, IPVS_GENL_NAME, true, 1, -ESRCH, -ESRCH },
	{ 1, IPVS_GENL_NAME, true, 2, -ESRCH, -EINTR }, /* a virtual server that went meanwhile */
};

/* Reads with that error as the answer to the request that the row describes. */
static int reader_read_absent(int row, struct fake_kernel *k, struct svcrules_reader *r)
{
	struct svcrules_request q;
	int found, err = 0, answer, n = 0;

	while (!err && (found = svcrules_reader_next(r, &q)) > 0) {
		if (strcmp(q.netlink, absent[row].netlink) == 0 && q.dump == absent[row].dump &&
		    ++n == absent[row].nth)
			answer = absent[row].err;
		else
			ck_assert_int_eq(fake_answer(k, r, &q, &answer), 0);
		err = svcrules_reader_answered(r, answer);
	}
	ck_assert_int_ge(n, absent[row].nth);
	return err ? err : found;
}

START_TEST(reader_absent)
{
	struct reader_fixture f;
	struct svcrules_reader *r;

	reader_setup(&f, absent[_i].target, 11);
	r = svcrules_reader_new(f.built);
	ck_assert_int_eq(reader_read_absent(_i, &f.kernel, r), absent[_i].result);
	svcrules_reader_free(r);
	reader_teardown(&f);
}
END_TEST

/* Without the kernel's IPVS nothing can be applied. */
START_TEST(reader_no_ipvs)
{
	struct reader_fixture f;
	struct svcrules_ruleset *have;
	struct svcrules_reader *r;
	char *text;

	reader_setup(&f, 1, 11);
	r = svcrules_reader_new(f.built);
	ck_assert_int_eq(reader_read_absent(5, &f.kernel, r), 0);
	ck_assert_int_eq(svcrules_reader_end(r, &have), 0);
	ck_assert_int_eq(svcrules_obstacle(have, f.built, 0, &text), 1);
	ck_assert_ptr_nonnull(strstr(text, "this kernel has no IPVS"));
	free(text);
	ck_assert_int_eq(svcrules_obstacle(have, f.built, 1, &text), 0);
	svcrules_ruleset_free(have);
	svcrules_reader_free(r);
	reader_teardown(&f);
}
END_TEST

/* ---- Requests ------------------------------------------------------------ */

/* The end comes after the last request, and each request tells the part that it is for. */
START_TEST(reader_requests)
{
	static const char *const netlinks[] = { SVCRULES_NETLINK_NETFILTER, SVCRULES_NETLINK_ROUTE,
						IPVS_GENL_NAME };
	struct reader_fixture f;
	struct svcrules_reader *r;
	struct svcrules_ruleset *have;
	struct svcrules_request q;
	size_t part = 0;
	int answer;

	reader_setup(&f, (size_t)_i, 11);
	r = svcrules_reader_new(f.built);
	while (svcrules_reader_next(r, &q) > 0) {
		ck_assert_uint_ge(q.part, part);
		part = q.part;
		ck_assert_str_eq(q.netlink, netlinks[part]);
		ck_assert(((const struct nlmsghdr *)q.msg)->nlmsg_flags & NLM_F_REQUEST);
		ck_assert_int_eq(svcrules_reader_end(r, &have), -EAGAIN);
		ck_assert_int_eq(fake_answer(&f.kernel, r, &q, &answer), 0);
		ck_assert_int_eq(svcrules_reader_answered(r, answer), 0);
	}
	ck_assert_uint_eq(part, f.built->nparts - 1);
	ck_assert_int_eq(svcrules_reader_take(r, f.messages[0].buf), -EBADMSG);
	ck_assert_int_eq(svcrules_reader_answered(r, 0), -EBADMSG);
	ck_assert_int_eq(svcrules_reader_end(r, &have), 0);
	svcrules_ruleset_free(have);
	svcrules_reader_free(r);
	reader_teardown(&f);
}
END_TEST

/* ---- Found tables -------------------------------------------------------- */

/* The tables of both targets in one kernel. */
static struct svcrules_messages reader_all_tables(struct reader_fixture *a,
						  struct reader_fixture *b)
{
	struct svcrules_messages m = { .len = a->messages[FAKE_NFT].len +
					      b->messages[FAKE_NFT].len };

	m.buf = malloc(m.len);
	ck_assert_ptr_nonnull(m.buf);
	memcpy(m.buf, a->messages[FAKE_NFT].buf, a->messages[FAKE_NFT].len);
	memcpy((char *)m.buf + a->messages[FAKE_NFT].len, b->messages[FAKE_NFT].buf,
	       b->messages[FAKE_NFT].len);
	return m;
}

static const struct {
	const char *target, *table;
	bool foreign;         /* the kernel's tables are */
	const char *found;    /* "FAMILY NAME" of each */
	const char *obstacle; /* a part of the text; NULL: none */
} finds[] = {
	{ "nftables", NULL, false, "2 svcrules, 10 svcrules, ", NULL },
	{ "ipvs", NULL, false, "2 svcrules-ipvs, 10 svcrules-ipvs, ", NULL },
	{ NULL, NULL, false, "2 svcrules, 10 svcrules, 2 svcrules-ipvs, 10 svcrules-ipvs, ", NULL },
	{ NULL, "svcrules-ipvs", false, "2 svcrules-ipvs, 10 svcrules-ipvs, ", NULL },
	{ "ipvs", "svcrules", false, "", NULL }, /* of the other target */
	{ NULL, "other", false, "", NULL },
	{ NULL, NULL, true, "", NULL },
	{ NULL, "svcrules", true, "", "table ip svcrules was not made by svcrules" },
	{ "nftables", "svcrules", true, "", "table ip svcrules was not made by svcrules" },
};

static void reader_assert_found(struct svcrules_ruleset *have, int row)
{
	struct gen_text t = { NULL, 0 };
	const char *name;
	uint8_t family;
	char *text = NULL, line[80];

	gen_write(&t, "", 0);
	for (size_t i = 0; (name = svcrules_ruleset_table(have, i, &family)); i++) {
		snprintf(line, sizeof(line), "%u %s, ", family, name);
		gen_write(&t, line, strlen(line));
	}
	ck_assert_str_eq(t.p, finds[row].found);
	ck_assert_int_eq(svcrules_obstacle(have, have, 0, &text), finds[row].obstacle != NULL);
	if (finds[row].obstacle)
		ck_assert_ptr_nonnull(strstr(text, finds[row].obstacle));
	free(text);
	free(t.p);
}

START_TEST(reader_find)
{
	struct reader_fixture a, b;
	struct svcrules_ruleset *have;
	struct svcrules_messages m;
	struct svcrules_reader *r = svcrules_reader_find(finds[_i].target, finds[_i].table);

	reader_setup(&a, 0, 11);
	reader_setup(&b, 1, 11);
	m = reader_all_tables(&a, &b);
	free(a.messages[FAKE_NFT].buf);
	a.messages[FAKE_NFT] = m;
	a.kernel.foreign = finds[_i].foreign;
	ck_assert_int_eq(fake_read(&a.kernel, r), 0);
	ck_assert_uint_eq(a.kernel.requests, 2); /* each family */
	ck_assert_int_eq(svcrules_reader_end(r, &have), 0);
	reader_assert_found(have, _i);
	svcrules_ruleset_free(have);
	svcrules_reader_free(r);
	reader_teardown(&a);
	reader_teardown(&b);
}
END_TEST

/* What was found can be removed: first its rules, then the tables. */
START_TEST(reader_find_and_remove)
{
	struct reader_fixture f;
	struct svcrules_ruleset *have, *nothing;
	struct svcrules_messages stop, tables;
	struct svcrules_reader *r = svcrules_reader_find(NULL, "svcrules");
	struct svcrules_changes *c;

	reader_setup(&f, 0, 11);
	ck_assert_int_eq(fake_read(&f.kernel, r), 0);
	ck_assert_int_eq(svcrules_reader_end(r, &have), 0);
	nothing = svcrules_ruleset_empty(have);
	c = gen_diff(have, nothing);
	stop = gen_encode(c, 0, SVCRULES_STOP, 0);
	tables = gen_encode(c, 0, SVCRULES_ADD, 0);
	ck_assert_uint_eq(stop.count, 2);
	ck_assert_int_eq(((const struct nlmsghdr *)stop.buf)->nlmsg_type & 0xff, NFT_MSG_DELRULE);
	ck_assert_uint_eq(tables.count, 2);
	ck_assert_int_eq(((const struct nlmsghdr *)tables.buf)->nlmsg_type & 0xff,
			 NFT_MSG_DELTABLE);
	free(stop.buf);
	free(tables.buf);
	svcrules_changes_free(c);
	svcrules_ruleset_free(nothing);
	svcrules_ruleset_free(have);
	svcrules_reader_free(r);
	reader_teardown(&f);
}
END_TEST

START_TEST(reader_find_unknown)
{
	struct reader_fixture f;
	struct svcrules_reader *r;

	reader_setup(&f, 0, 11);
	ck_assert_ptr_null(svcrules_reader_find("no such target", NULL));
	for (int err = 0; err < 2; err++) {
		r = svcrules_reader_find(NULL, NULL);
		f.kernel.requests = 0;
		f.kernel.fail_at = 1;
		f.kernel.fail_err = err ? -EPERM : -EAFNOSUPPORT; /* a kernel without a family */
		ck_assert_int_eq(fake_read(&f.kernel, r), err ? -EPERM : 0);
		svcrules_reader_free(r);
	}
	reader_teardown(&f);
}
END_TEST

/* Of several parts with obstacles the first one's are reported, each once. */
START_TEST(reader_obstacles)
{
	struct svcrules_ruleset *have = gen_empty("ipvs"), *want = gen_empty("ipvs");
	struct svcr_link *link = (struct svcr_link *)svcr_ruleset_find(have, &svcr_link_ops);
	bool table = _i & 1, interface = _i & 2;
	char *text = NULL;

	gen_nft(have)->tables[0].foreign = table;
	link->present = link->foreign = interface;
	ck_assert_int_eq(svcrules_obstacle(have, want, 0, &text), table || interface);
	if (table || interface)
		ck_assert_ptr_nonnull(strstr(text, table ? "table ip" : "interface svcrules0"));
	free(text);
	ck_assert_int_eq(svcrules_obstacle(have, want, 1, &text), 0);
	svcrules_ruleset_free(have);
	svcrules_ruleset_free(want);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reader");
	TCase *tc = tcase_create("reader");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, reader_round, 0, SEEDS);
	tcase_add_test(tc, reader_interface);
	tcase_add_loop_test(tc, reader_nothing, 0, (int)ARRAY_SIZE(readers));
	tcase_add_loop_test(tc, reader_foreign, 0, (int)ARRAY_SIZE(readers));
	tcase_add_loop_test(tc, reader_moved, 0, (int)ARRAY_SIZE(readers));
	tcase_add_loop_test(tc, reader_error, 0, (int)ARRAY_SIZE(readers));
	tcase_add_loop_test(tc, reader_absent, 0, (int)ARRAY_SIZE(absent));
	tcase_add_test(tc, reader_no_ipvs);
	tcase_add_loop_test(tc, reader_requests, 0, (int)ARRAY_SIZE(readers));
	tcase_add_loop_test(tc, reader_find, 0, (int)ARRAY_SIZE(finds));
	tcase_add_test(tc, reader_find_and_remove);
	tcase_add_test(tc, reader_find_unknown);
	tcase_add_loop_test(tc, reader_obstacles, 0, 4);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
