/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A packet's walk through small tables that are made by hand. */
#include "rules/nft/eval.h"

#include <check.h>
#include <linux/netfilter.h>

enum { BY_SOURCE, VERDICTS, ENDPOINTS, REMEMBERED, NUMBERS, BLOCKS, PAIRS, SETS };
enum { BASE = 1, SUB, BACK, CHAINS };

static const struct svcr_nft_set_layout eval_sets[SETS] = {
	[BY_SOURCE] = { .name = "by-source", .key = { F_SADDR } },
	[VERDICTS] = { .name = "verdicts", .key = { F_SADDR }, .data = DATA_VERDICT },
	[ENDPOINTS] = { .name = "endpoints",
			.key = { F_DADDR, F_L4PROTO, F_DPORT, F_INDEX },
			.data = DATA_ENDPOINT },
	[REMEMBERED] = { .name = "remembered",
			 .key = { F_SADDR },
			 .data = DATA_ENDPOINT,
			 .dynamic = true },
	[NUMBERS] = { .name = "numbers", .key = { F_PRIORITY }, .data = DATA_NUMBER },
	[BLOCKS] = { .name = "blocks-",
		     .key = { F_SADDR },
		     .data = DATA_NUMBER,
		     .interval = true,
		     .numbered = true },
	[PAIRS] = { .name = "pairs", .key = { F_DADDR, F_SADDR }, .interval = true },
};

static const struct svcr_nft_chain_layout eval_chains[CHAINS] = {
	[BASE] = { .name = "base",
		   .type = "filter",
		   .hook = "input",
		   .hook_number = NF_INET_LOCAL_IN },
	[SUB] = { .name = "sub" },
	[BACK] = { .name = "back", .jumped = true },
};

static const struct svcr_nft_layout eval_layout = { .serves = "tests",
						    .sets = eval_sets,
						    .nsets = SETS,
						    .chains = eval_chains,
						    .nchains = CHAINS };

static struct svcr_nft *value;
static struct svcr_nft_table *table;
static struct svcr_nft_eval eval;

static void eval_setup(void)
{
	value = svcr_nft_new_tables(&eval_layout, "t");
	ck_assert_ptr_nonnull(value);
	table = svcr_nft_table(value, "t", SVCR_IPV4);
	eval = (struct svcr_nft_eval){ .packet = { .protocol = 6, .port = 80 } };
	eval.packet.src = (struct svcr_addr){ SVCR_IPV4, { 10, 0, 0, 7 } };
	eval.packet.dst = (struct svcr_addr){ SVCR_IPV4, { 10, 0, 0, 9 } };
	svcr_nft_chain(table, (struct svcr_nft_chain_id){ BASE, 0 });
}

static void eval_teardown(void)
{
	svcr_nft_eval_release(&eval);
	svcr_nft_free(value);
}

static struct svcr_nft_rule *eval_add(uint32_t kind, const struct svcr_nft_stmt *stmts, size_t n)
{
	struct svcr_nft_chain *c = svcr_nft_chain(table, (struct svcr_nft_chain_id){ kind, 0 });
	struct svcr_nft_rule *r = c ? svcr_nft_add_rule(c) : NULL;

	ck_assert_ptr_nonnull(r);
	memcpy(r->stmts, stmts, n * sizeof(*stmts));
	r->nstmts = n;
	return r;
}

/* clang-format off */
#define RULE(kind, ...) eval_add(kind, (const struct svcr_nft_stmt[]){ __VA_ARGS__ }, \
	sizeof((const struct svcr_nft_stmt[]){ __VA_ARGS__ }) / sizeof(struct svcr_nft_stmt))
#define DO(o) { .op = (o) }
#define NUMBER(o, number) { .op = (o), .n = (number) }
#define TO(o, kind) { .op = (o), .chain = { (kind), 0 } }
#define OF(o, id, ...) { .op = (o), .set = (id), .fields = __VA_ARGS__ }
/* clang-format on */

static enum svcr_nft_fate eval_run(void)
{
	svcr_nft_eval_release(&eval);
	eval.steps = 0;
	return svcr_nft_walk(&eval, table,
			     svcr_nft_find_chain(table, (struct svcr_nft_chain_id){ BASE, 0 }));
}

/* An element: the bytes of its record from the beginning, the rest is 0. */
#define ELEM(id, ...) \
	eval_elem(id, (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))
static uint8_t *eval_elem(size_t id, const uint8_t *bytes, size_t len)
{
	uint8_t *e = svcr_nft_add(&table->sets[id]);

	ck_assert_ptr_nonnull(e);
	ck_assert_uint_le(len, table->sets[id].stride);
	memcpy(e, bytes, len);
	return e;
}

START_TEST(eval_ends)
{
	ck_assert_int_eq(eval_run(), SVCR_FATE_PASSES);
	svcr_nft_find_chain(table, (struct svcr_nft_chain_id){ BASE, 0 })->policy = true;
	ck_assert_int_eq(eval_run(), SVCR_FATE_DROPPED);
	RULE(BASE, NUMBER(OP_L4PROTO, 17), DO(OP_DROP));
	RULE(BASE, NUMBER(OP_L4PROTO, 6), DO(OP_ACCEPT));
	RULE(BASE, DO(OP_DROP));
	ck_assert_int_eq(eval_run(), SVCR_FATE_PASSES);
	ck_assert_uint_eq(eval.events.n, 3);
	ck_assert(!eval.events.v[0].held);
	ck_assert(eval.events.v[1].held && eval.events.v[1].stmt->op == OP_L4PROTO);
	ck_assert_int_eq(eval.events.v[2].stmt->op, OP_ACCEPT);
}
END_TEST

START_TEST(eval_last_verdicts)
{
	static const struct {
		enum svcr_nft_op op;
		enum svcr_nft_fate fate;
	} expected[] = { { OP_DROP, SVCR_FATE_DROPPED },
			 { OP_REJECT, SVCR_FATE_REFUSED },
			 { OP_REJECT_TCP, SVCR_FATE_REFUSED },
			 { OP_MASQUERADE, SVCR_FATE_MASQUERADED },
			 { OP_ACCEPT, SVCR_FATE_PASSES } };

	RULE(BASE, TO(OP_JUMP, BACK));
	RULE(BASE, DO(OP_DROP));
	RULE(BACK, TO(OP_GOTO, SUB));
	RULE(SUB, DO(expected[_i].op));
	ck_assert_int_eq(eval_run(), expected[_i].fate);
}
END_TEST

/* A chain that was reached by goto returns to where the chain that went there was called. */
START_TEST(eval_goto_and_jump)
{
	RULE(BASE, TO(OP_JUMP, BACK));
	RULE(BASE, NUMBER(OP_PRIORITY_IS, 5), DO(OP_REJECT));
	RULE(BASE, DO(OP_DROP));
	RULE(BACK, TO(OP_GOTO, SUB));
	RULE(BACK, NUMBER(OP_PRIORITY_SET, 6));
	RULE(SUB, NUMBER(OP_PRIORITY_SET, 5));
	ck_assert_int_eq(eval_run(), SVCR_FATE_REFUSED);
	ck_assert_uint_eq(eval.packet.priority, 5);
}
END_TEST

START_TEST(eval_loops_end)
{
	RULE(BASE, TO(OP_GOTO, SUB));
	RULE(SUB, TO(_i ? OP_JUMP : OP_GOTO, SUB));
	ck_assert_int_eq(eval_run(), SVCR_FATE_PASSES);
	ck_assert(eval.endless);
}
END_TEST

START_TEST(eval_verdict_maps)
{
	const struct svcr_nft_chain_id sub = { SUB, 0 }, back = { BACK, 0 }, gone = { SUB, 77 };

	RULE(BASE, OF(OP_VMAP, VERDICTS, { F_SADDR }));
	RULE(BASE, DO(OP_REJECT));
	RULE(SUB, NUMBER(OP_PRIORITY_SET, 1));
	RULE(BACK, NUMBER(OP_PRIORITY_SET, 2));
	ELEM(VERDICTS, 10, 0, 0, 1);
	memcpy(ELEM(VERDICTS, 10, 0, 0, 2) + 4, &sub, sizeof(sub));
	memcpy(ELEM(VERDICTS, 10, 0, 0, 3) + 4, &back, sizeof(back));
	memcpy(ELEM(VERDICTS, 10, 0, 0, 4) + 4, &gone, sizeof(gone));
	ck_assert_int_eq(eval_run(), SVCR_FATE_REFUSED);
	eval.packet.src.bytes[3] = 1;
	ck_assert_int_eq(eval_run(), SVCR_FATE_DROPPED);
	ck_assert_ptr_nonnull(eval.events.v[0].elem);
	eval.packet.src.bytes[3] = 2;
	ck_assert_int_eq(eval_run(), SVCR_FATE_PASSES);
	ck_assert_uint_eq(eval.packet.priority, 1);
	eval.packet.src.bytes[3] = 3;
	ck_assert_int_eq(eval_run(), SVCR_FATE_REFUSED);
	ck_assert_uint_eq(eval.packet.priority, 2);
	eval.packet.src.bytes[3] = 4; /* a chain that is not there has no rules */
	ck_assert_int_eq(eval_run(), SVCR_FATE_PASSES);
}
END_TEST

START_TEST(eval_endpoints)
{
	RULE(BASE, OF(OP_DNAT, REMEMBERED, { F_SADDR }));
	RULE(BASE, { .op = OP_DNAT,
		     .set = ENDPOINTS,
		     .n = 3,
		     .fields = { F_DADDR, F_L4PROTO, F_DPORT, F_INDEX } });
	RULE(BASE, DO(OP_DROP));
	ck_assert_int_eq(eval_run(), SVCR_FATE_DROPPED);
	ck_assert(eval.remembers);
	ELEM(ENDPOINTS, 10, 0, 0, 9, 6, 0, 0, 0, 0, 80, 0, 0, 0, 0, 0, 0, 10, 1, 0, 1, 31, 144);
	ELEM(ENDPOINTS, 10, 0, 0, 9, 6, 0, 0, 0, 0, 80, 0, 0, 0, 0, 0, 2, 10, 1, 0, 2, 31, 144);
	/* beyond the modulus, and of another port */
	ELEM(ENDPOINTS, 10, 0, 0, 9, 6, 0, 0, 0, 0, 80, 0, 0, 0, 0, 0, 3, 10, 1, 0, 3, 31, 144);
	ELEM(ENDPOINTS, 10, 0, 0, 9, 6, 0, 0, 0, 0, 81, 0, 0, 0, 0, 0, 1, 10, 1, 0, 4, 31, 144);
	ck_assert_int_eq(eval_run(), SVCR_FATE_TRANSLATED);
	ck_assert_uint_eq(eval.modulus, 3);
	ck_assert_uint_eq(eval.first, 0);
	ck_assert_uint_eq(eval.found, 2);
}
END_TEST

START_TEST(eval_marks_and_facts)
{
	RULE(BASE, DO(OP_CT_NEW), NUMBER(OP_MARK_SET, 4));
	RULE(BASE, NUMBER(OP_MARK_TEST, 4), DO(OP_FROM_HOST), DO(OP_DROP));
	RULE(BASE, DO(OP_CT_DNAT), DO(OP_REJECT));
	RULE(BASE, { .op = OP_LOCAL, .fields = { F_DADDR } }, NUMBER(OP_MARK_CLEAR, 4));
	ck_assert_int_eq(eval_run(), SVCR_FATE_PASSES);
	ck_assert_uint_eq(eval.packet.mark, 4);
	eval.packet.dst_local = true;
	eval.packet.mark = 3;
	eval_run();
	ck_assert_uint_eq(eval.packet.mark, 3);
	eval.packet.translated = true;
	ck_assert_int_eq(eval_run(), SVCR_FATE_REFUSED);
	eval.packet.from_host = true;
	ck_assert_int_eq(eval_run(), SVCR_FATE_DROPPED);
}
END_TEST

START_TEST(eval_intervals)
{
	static const struct {
		uint8_t last;
		uint32_t number;
	} expected[] = { { 2, 9 }, { 3, 10 }, { 5, 10 }, { 6, 11 }, { 7, 11 }, { 8, 9 } };

	ELEM(BLOCKS, 0, 0, 0, 1, 0, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 1);
	ELEM(BLOCKS, 0, 0, 0, 2, 10, 0, 0, 3, 10, 0, 0, 5, 0, 0, 0, 10);
	ELEM(BLOCKS, 0, 0, 0, 2, 10, 0, 0, 6, 10, 0, 0, 7, 0, 0, 0, 11);
	ELEM(BLOCKS, 0, 0, 0, 3, 10, 0, 0, 0, 10, 0, 0, 255, 0, 0, 0, 12);
	RULE(BASE, { .op = OP_PRIORITY_MAP, .set = BLOCKS, .n = 2, .fields = { F_SADDR } });
	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
		eval.packet.src.bytes[3] = expected[i].last;
		eval.packet.priority = 9;
		eval_run();
		ck_assert_uint_eq(eval.packet.priority, expected[i].number);
	}
}
END_TEST

START_TEST(eval_intervals_of_two_fields)
{
	ELEM(PAIRS, 10, 0, 0, 9, 10, 0, 0, 5, 10, 0, 0, 7);
	ELEM(PAIRS, 10, 0, 0, 9, 10, 0, 0, 9, 10, 0, 0, 9);
	ELEM(PAIRS, 10, 0, 0, 10, 10, 0, 0, 0, 10, 0, 0, 255);
	RULE(BASE, OF(OP_LOOKUP, PAIRS, { F_DADDR, F_SADDR }), DO(OP_DROP));
	ck_assert_int_eq(eval_run(), SVCR_FATE_DROPPED);
	eval.packet.src.bytes[3] = 8;
	ck_assert_int_eq(eval_run(), SVCR_FATE_PASSES);
	eval.packet.src.bytes[3] = 4;
	ck_assert_int_eq(eval_run(), SVCR_FATE_PASSES);
	eval.packet.dst.bytes[3] = 8;
	eval.packet.src.bytes[3] = 7;
	ck_assert_int_eq(eval_run(), SVCR_FATE_PASSES);
}
END_TEST

START_TEST(eval_priorities)
{
	ELEM(NUMBERS, 0, 0, 0, 18, 0, 0, 0, 20);
	eval.packet.priority = 2;
	RULE(BASE, NUMBER(OP_PRIORITY_OR, 16), OF(OP_PRIORITY_MAP, NUMBERS, { F_PRIORITY }),
	     NUMBER(OP_PRIORITY_IS, 20), DO(OP_DROP));
	ck_assert_int_eq(eval_run(), SVCR_FATE_DROPPED);
	eval.packet.priority = 3;
	ck_assert_int_eq(eval_run(), SVCR_FATE_PASSES);
	ck_assert_uint_eq(eval.packet.priority, 19);
}
END_TEST

/* Of another program: its rules, a set of another type. */
START_TEST(eval_foreign)
{
	struct svcr_nft_rule *r = RULE(BASE, DO(OP_DROP));

	r->nstmts = 0;
	r->canon = "counter(not ours);verdict(0:);";
	ck_assert_int_eq(eval_run(), SVCR_FATE_PASSES);
	ck_assert_uint_eq(eval.events.n, 1);
	ck_assert_ptr_null(eval.events.v[0].stmt);
	r->canon = "#a comment alone";
	eval_run();
	ck_assert_uint_eq(eval.events.n, 0);
	RULE(BASE, OF(OP_LOOKUP, BY_SOURCE, { F_SADDR }), DO(OP_DROP));
	ELEM(BY_SOURCE, 10, 0, 0, 7);
	ck_assert_int_eq(eval_run(), SVCR_FATE_DROPPED);
	table->sets[BY_SOURCE].damaged = true;
	ck_assert_int_eq(eval_run(), SVCR_FATE_PASSES);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("eval");
	TCase *tc = tcase_create("eval");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_checked_fixture(tc, eval_setup, eval_teardown);
	tcase_add_test(tc, eval_ends);
	tcase_add_loop_test(tc, eval_last_verdicts, 0, 5);
	tcase_add_test(tc, eval_goto_and_jump);
	tcase_add_loop_test(tc, eval_loops_end, 0, 2);
	tcase_add_test(tc, eval_verdict_maps);
	tcase_add_test(tc, eval_endpoints);
	tcase_add_test(tc, eval_marks_and_facts);
	tcase_add_test(tc, eval_intervals);
	tcase_add_test(tc, eval_intervals_of_two_fields);
	tcase_add_test(tc, eval_priorities);
	tcase_add_test(tc, eval_foreign);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
