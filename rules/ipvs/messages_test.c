/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Of random clusters: messages about virtual servers there and back, and their descriptions. */
#include "rules/ipvs/decode.h"
#include "rules/ipvs/parts_test.h"
#include "rules/ipvs/reader.h"
#include "rules/ipvs/refusal.h"

#include <errno.h>
#include <libmnl/libmnl.h>
#include <linux/genetlink.h>
#include <linux/ip_vs.h>

static uint8_t ipvs_command_of(const struct nlmsghdr *nlh)
{
	return ((const struct genlmsghdr *)mnl_nlmsg_get_payload(nlh))->cmd;
}

/* The reader of the part "ipvs" of a rule set. */
struct ipvs_dump {
	struct svcrules_ruleset *have;
	struct svcr_ipvs_reader reader;
	struct svcrules_request request; /* the present one */
};

static int ipvs_dump_next(struct ipvs_dump *d)
{
	return svcr_ipvs_reader_next(&d->reader, d->have, &gen_servers(d->have)->part, &d->request);
}

static void ipvs_dump_take(struct ipvs_dump *d, const void *msg)
{
	ck_assert_int_eq(
		svcr_ipvs_reader_take(&d->reader, d->have, &gen_servers(d->have)->part, msg), 0);
}

static int ipvs_dump_answered(struct ipvs_dump *d, int err)
{
	return svcr_ipvs_reader_answered(&d->reader, d->have, &gen_servers(d->have)->part, err);
}

/*
 * Answers the dump of all with the i-th virtual server as often as `times(i)` says. Returns the
 * number of virtual servers; *ret is what the reader makes of the end of the dump.
 */
static size_t ipvs_dump_some(struct ipvs_dump *d, const struct svcrules_messages *m,
			     unsigned (*times)(size_t i), int *ret)
{
	const struct nlmsghdr *nlh = m->buf;
	int left = (int)m->len;
	size_t n = 0;

	ck_assert_int_eq(ipvs_dump_next(d), 1);
	ck_assert(d->request.dump);
	ck_assert_int_eq(ipvs_command_of(d->request.msg), IPVS_CMD_GET_SERVICE);
	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		unsigned count = ipvs_command_of(nlh) == IPVS_CMD_NEW_SERVICE ? times(n++) : 0;

		for (; count > 0; count--)
			ipvs_dump_take(d, nlh);
	}
	*ret = ipvs_dump_answered(d, 0);
	return n;
}

static unsigned ipvs_once(size_t i)
{
	(void)i;
	return 1;
}
static unsigned ipvs_not_each_third(size_t i)
{
	return i % 3 != 1;
}
static unsigned ipvs_third_twice(size_t i)
{
	return i == 2 ? 2 : 1;
}

/* The number of virtual servers asked for one by one; each is answered, none asked for twice. */
static size_t ipvs_asked(struct ipvs_dump *d)
{
	struct svcr_ipvs *v = gen_servers(d->have);
	size_t n = 0;

	for (; ipvs_dump_next(d) > 0 && !d->request.dump; n++) {
		ck_assert_int_eq(ipvs_command_of(d->request.msg), IPVS_CMD_GET_SERVICE);
		ipvs_dump_take(d, d->request.msg); /* a question names it as an answer does */
		v->servers.v[v->servers.n - 1].marked = true;
		ck_assert_int_eq(ipvs_dump_answered(d, 0), 0);
	}
	return n;
}

/* What a dump skipped is asked for; what it has twice is noticed. */
START_TEST(ipvs_moving_dump)
{
	struct gen_cluster c = gen_cluster((uint64_t)_i, (size_t)_i % 12);
	struct svcrules_ruleset *v = gen_build("ipvs", &c, 0);
	struct ipvs_dump all = { gen_over(v), .reader = { 0 } },
			 some = { gen_over(v), .reader = { 0 } },
			 twice = { gen_over(v), .reader = { 0 } };
	struct svcrules_messages m = gen_servers_messages(v);
	size_t n;
	int err;

	n = ipvs_dump_some(&all, &m, ipvs_once, &err);
	ck_assert_uint_eq(n, gen_servers(v)->servers.n);
	ck_assert_int_eq(err, 0);
	ck_assert_uint_eq(ipvs_asked(&all), 0);
	ipvs_dump_some(&some, &m, ipvs_not_each_third, &err);
	ck_assert_int_eq(err, 0);
	ck_assert_uint_eq(ipvs_asked(&some), (n + 1) / 3);
	ck_assert_uint_eq(gen_servers(some.have)->servers.n, n);
	ipvs_dump_some(&twice, &m, ipvs_third_twice, &err);
	ck_assert_int_eq(err, n > 2 ? -EINTR : 0);
	free(m.buf);
	gen_over_free(twice.have);
	gen_over_free(some.have);
	gen_over_free(all.have);
	svcrules_ruleset_free(v);
	free(c.v);
}
END_TEST

/* Decodes what is sent to add all of `v` into `back`. */
static void ipvs_decode_all(const struct svcr_ipvs *v, const struct svcrules_messages *m,
			    struct svcr_ipvs *back)
{
	const struct nlmsghdr *nlh = m->buf;
	size_t server = 0, count = 0;
	int left = (int)m->len;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		ck_assert_uint_eq(nlh->nlmsg_seq, ++count);
		ck_assert_uint_eq(nlh->nlmsg_type, GENL);
		if (ipvs_command_of(nlh) == IPVS_CMD_NEW_SERVICE) {
			ck_assert_int_eq(svcr_ipvs_decode(back, nlh), 0);
			continue;
		}
		/* real servers come in the order of the virtual servers */
		ck_assert_int_eq(ipvs_command_of(nlh), IPVS_CMD_NEW_DEST);
		while (back->servers.v[server].nreals == v->servers.v[server].nreals)
			server++;
		ck_assert_int_eq(svcr_ipvs_decode_real(back, server, nlh), 0);
	}
	ck_assert_int_eq(left, 0);
	ck_assert_uint_eq(count, m->count);
	ck_assert_int_eq(svcr_ipvs_decode_end(back), 0);
}

/* What is sent to add it all is what the kernel's dumps say of it. */
START_TEST(ipvs_round)
{
	struct gen_cluster c = gen_cluster((uint64_t)_i, (size_t)_i % 12);
	struct svcrules_ruleset *v = gen_build("ipvs", &c, 0), *back = gen_over(v);
	struct svcrules_messages m = gen_servers_messages(v);

	ipvs_decode_all(gen_servers(v), &m, gen_servers(back));
	for (size_t i = 0; i < gen_addresses(v)->n; i++)
		svcr_addrs_add(gen_addresses(back), &gen_addresses(v)->v[i]);
	ck_assert(gen_same(v, back));
	free(m.buf);
	gen_over_free(back);
	svcrules_ruleset_free(v);
	free(c.v);
}
END_TEST

#define PART_IPVS 2 /* of a rule set */

/* The description of a refusal of message `seq`; malloc'ed. */
static char *ipvs_refused(const struct svcrules_changes *c, enum svcrules_stage stage, size_t seq)
{
	char *text = svcr_ipvs_describe((struct svcr_ipvs_changes *)c->parts[PART_IPVS],
					gen_nft(c->from), gen_nft(c->to), stage, (uint32_t)seq,
					-ENOENT);

	ck_assert_ptr_nonnull(text);
	return text;
}

static void ipvs_assert_refusals(const struct svcrules_changes *c, enum svcrules_stage stage)
{
	const struct svcr_ipvs_change *v;
	size_t n = svcr_ipvs_stage((struct svcr_ipvs_changes *)c->parts[PART_IPVS], stage, &v);
	char *text;

	for (size_t i = 1; i <= n; i++) {
		text = ipvs_refused(c, stage, i);
		ck_assert_ptr_nonnull(strstr(text, "Service "));
		ck_assert_ptr_nonnull(strstr(text, ": cannot "));
		free(text);
	}
	for (size_t i = 0; i <= n + 1; i += n + 1) { /* of no message in particular */
		text = ipvs_refused(c, stage, i);
		ck_assert_str_eq(text, "a change of IPVS was refused");
		free(text);
	}
}

/* Every change is described with the name of its service, as a sentence and as a command. */
START_TEST(ipvs_describe_all)
{
	struct gen_text text = { NULL, 0 }, commands = { NULL, 0 };
	struct svcrules_ruleset *from, *to;
	struct gen_cluster a, b;
	struct svcrules_changes *c;
	size_t left;

	gen_pair(&a, &b, _i);
	from = gen_build("ipvs", &a, 0);
	to = gen_build("ipvs", &b, 0);
	ck_assert_int_eq(svcrules_settle(from, to, SVCRULES_SETTLE_APPLY, NULL), 0);
	c = gen_diff(from, to);
	ipvs_assert_refusals(c, SVCRULES_ADD);
	ipvs_assert_refusals(c, SVCRULES_REMOVE);
	ck_assert_int_eq(svcrules_changes_print(c, NULL, true, gen_write, &text), 0);
	ck_assert_int_eq(svcrules_changes_print(c, "json", false, gen_write, &text), 0);
	gen_write(&commands, "", 0);
	ck_assert_int_eq(svcrules_changes_print(c, "ipvsadm", false, gen_write, &commands), 0);
	left = ((struct svcr_ipvs_changes *)c->parts[PART_IPVS])->v.n;
	for (const char *p = commands.p; (p = strchr(p, '\n')); p++)
		ck_assert_uint_gt(left--, 0); /* a line each */
	ck_assert_uint_eq(left, 0);
	free(text.p);
	free(commands.p);
	svcrules_changes_free(c);
	svcrules_ruleset_free(from);
	svcrules_ruleset_free(to);
	free(a.v);
	free(b.v);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ipvs-messages");
	TCase *tc = tcase_create("ipvs-messages");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	srunner_set_fork_status(runner, CK_NOFORK);
	tcase_add_loop_test(tc, ipvs_round, 0, SEEDS);
	tcase_add_loop_test(tc, ipvs_moving_dump, 0, SEEDS);
	tcase_add_loop_test(tc, ipvs_describe_all, 0, SEEDS);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
