/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The walk of walk_test.h through small tables that are made by hand, a statement each. */
#include "rules/policy/walk_test.h"

#include <linux/netfilter.h>

enum { BY_SOURCE, VERDICTS, NUMBERS, BLOCKS, PORTS, RANGES, SETS };
enum { BASE_LATE = 1, BASE_EARLY, OTHER_HOOK, SUB, COME_BACK, BY_NUMBER, CHAINS };

static const struct svcr_nft_set_layout sets[SETS] = {
	[BY_SOURCE] = { .name = "by-source", .key = { F_SADDR } },
	[VERDICTS] = { .name = "verdicts", .key = { F_SADDR }, .data = DATA_VERDICT },
	[NUMBERS] = { .name = "numbers", .key = { F_PRIORITY }, .data = DATA_NUMBER },
	[BLOCKS] = { .name = "blocks-",
		     .key = { F_SADDR },
		     .data = DATA_NUMBER,
		     .interval = true,
		     .numbered = true },
	[PORTS] = { .name = "ports", .key = { F_PRIORITY, F_L4PROTO, F_DPORT } },
	[RANGES] = { .name = "ranges",
		     .key = { F_PRIORITY, F_L4PROTO, F_DPORT },
		     .interval = true },
};

static const struct svcr_nft_chain_layout chains[CHAINS] = {
	[BASE_LATE] = { .name = "late",
			.type = "filter",
			.hook = "postrouting",
			.hook_number = NF_INET_POST_ROUTING,
			.priority = 99 },
	[BASE_EARLY] = { .name = "early",
			 .type = "filter",
			 .hook = "postrouting",
			 .hook_number = NF_INET_POST_ROUTING,
			 .priority = -5 },
	[OTHER_HOOK] = { .name = "other",
			 .type = "filter",
			 .hook = "input",
			 .hook_number = NF_INET_LOCAL_IN,
			 .priority = 0 },
	[SUB] = { .name = "sub" },
	[COME_BACK] = { .name = "come-back", .jumped = true },
	[BY_NUMBER] = { .name = "by-number-", .numbered = true },
};

static const struct svcr_nft_layout layout = {
	.serves = "tests", .sets = sets, .nsets = SETS, .chains = chains, .nchains = CHAINS
};

static struct svcr_nft *value;
static struct svcr_nft_table *table;
static struct walk_packet packet;
static struct walk walked;

static void walk_setup_family(uint8_t family)
{
	value = svcr_nft_new_tables(&layout, "t");
	ck_assert_ptr_nonnull(value);
	table = svcr_nft_table(value, "t", family);
	packet = (struct walk_packet){ .family = family, .protocol = 6, .port = 0x1234 };
	packet.src[3] = 7;
	packet.dst[3] = 9;
}

static void walk_setup(void)
{
	walk_setup_family(SVCR_IPV4);
}

static void walk_teardown(void)
{
	svcr_nft_free(value);
}

/* Adds a rule of up to three statements, whose list ends before OP_LOOKUP of set SETS. */
#define END \
	{ \
		.op = OP_LOOKUP, .set = SETS \
	}
#define TO(kind, n) \
	{ \
		.op = OP_GOTO, .chain = { kind, n } \
	}
static void walk_add(uint32_t kind, uint32_t n, const struct svcr_nft_stmt stmts[3])
{
	struct svcr_nft_chain *c = svcr_nft_chain(table, (struct svcr_nft_chain_id){ kind, n });
	struct svcr_nft_rule *r = c ? svcr_nft_add_rule(c) : NULL;

	ck_assert_ptr_nonnull(r);
	for (size_t i = 0; i < 3 && !(stmts[i].op == OP_LOOKUP && stmts[i].set == SETS); i++)
		r->stmts[r->nstmts++] = stmts[i];
}
#define RULE(kind, ...) walk_add(kind, 0, (const struct svcr_nft_stmt[3]){ __VA_ARGS__ })
#define DROP \
	{ \
		.op = OP_DROP \
	}
#define ACCEPT \
	{ \
		.op = OP_ACCEPT \
	}

static bool walk_passes(void)
{
	return walk_hook(&walked, table, &packet, "postrouting");
}

/* An element: bytes of the record but for the verdict. */
#define ELEM(set, ...) \
	walk_elem(set, (const uint8_t[]){ __VA_ARGS__ }, sizeof((const uint8_t[]){ __VA_ARGS__ }))
static uint8_t *walk_elem(size_t set, const uint8_t *bytes, size_t len)
{
	uint8_t *e = svcr_nft_add(&table->sets[set]);

	ck_assert_ptr_nonnull(e);
	ck_assert_uint_le(len, table->sets[set].stride);
	memcpy(e, bytes, len);
	return e;
}

static void walk_verdict_elem(uint8_t last, uint32_t kind, uint32_t n)
{
	const struct svcr_nft_chain_id id = { kind, n };

	memcpy(ELEM(VERDICTS, 0, 0, 0, last) + 4, &id, sizeof(id));
}

/* ---- Verdicts and chains --------------------------------------------------- */

START_TEST(walk_nothing)
{
	ck_assert(walk_passes());
	svcr_nft_chain(table, (struct svcr_nft_chain_id){ BASE_LATE, 0 });
	ck_assert(walk_passes());
	RULE(BASE_LATE, DROP, END);
	ck_assert(!walk_passes());
}
END_TEST

START_TEST(walk_accept_ends_one_base_chain)
{
	RULE(BASE_EARLY, ACCEPT, END);
	RULE(BASE_EARLY, DROP, END);
	ck_assert(walk_passes());
	RULE(BASE_LATE, DROP, END);
	ck_assert(!walk_passes());
}
END_TEST

START_TEST(walk_order_of_base_chains)
{
	RULE(BASE_LATE, { .op = OP_PRIORITY_IS, .n = 3 }, DROP, END);
	RULE(BASE_EARLY, { .op = OP_PRIORITY_SET, .n = 3 }, ACCEPT, END);
	RULE(OTHER_HOOK, DROP, END);
	ck_assert(!walk_passes());
	packet.priority = 3;
	ck_assert(!walk_passes());
}
END_TEST

START_TEST(walk_goto_does_not_return)
{
	RULE(BASE_LATE, TO(SUB, 0), END);
	RULE(BASE_LATE, DROP, END);
	svcr_nft_chain(table, (struct svcr_nft_chain_id){ SUB, 0 });
	ck_assert(walk_passes());
}
END_TEST

START_TEST(walk_jump_returns)
{
	RULE(BASE_LATE, { .op = OP_JUMP, .chain = { SUB, 0 } }, END);
	RULE(SUB, { .op = OP_PRIORITY_SET, .n = 5 }, END);
	ck_assert(walk_passes());
	RULE(BASE_LATE, { .op = OP_PRIORITY_IS, .n = 5 }, DROP, END);
	ck_assert(!walk_passes());
	RULE(SUB, ACCEPT, END);
	ck_assert(walk_passes());
}
END_TEST

/* A chain reached by goto returns to where the chain that went there was called from. */
START_TEST(walk_goto_after_jump)
{
	RULE(BASE_LATE, { .op = OP_JUMP, .chain = { SUB, 0 } }, END);
	RULE(BASE_LATE, { .op = OP_PRIORITY_IS, .n = 6 }, DROP, END);
	RULE(SUB, TO(COME_BACK, 0), END);
	RULE(SUB, { .op = OP_PRIORITY_SET, .n = 7 }, END);
	RULE(COME_BACK, { .op = OP_PRIORITY_SET, .n = 6 }, END);
	ck_assert(!walk_passes());
	ck_assert_uint_eq(walked.priority, 6);
}
END_TEST

START_TEST(walk_verdict_maps)
{
	RULE(BASE_LATE, { .op = OP_VMAP, .set = VERDICTS, .fields = { F_SADDR } }, END);
	RULE(BASE_LATE, { .op = OP_PRIORITY_SET, .n = 1 }, END);
	walk_add(BY_NUMBER, 4, (const struct svcr_nft_stmt[3]){ ACCEPT, END });
	RULE(COME_BACK, { .op = OP_PRIORITY_SET, .n = 2 }, END);
	walk_verdict_elem(1, VERDICT_DROP, 0);
	walk_verdict_elem(2, BY_NUMBER, 4);
	walk_verdict_elem(3, COME_BACK, 0);
	packet.src[3] = 0;
	ck_assert(walk_passes());
	ck_assert_uint_eq(walked.priority, 1);
	packet.src[3] = 1;
	ck_assert(!walk_passes());
	packet.src[3] = 2;
	ck_assert(walk_passes() && !walked.changed);
	packet.src[3] = 3;
	ck_assert(walk_passes());
	ck_assert_uint_eq(walked.priority, 1);
}
END_TEST

/* ---- Tests of the packet --------------------------------------------------- */

START_TEST(walk_states)
{
	static const bool opening[] = { [WALK_NEW] = true,
					[WALK_INVALID] = true,
					[WALK_ESTABLISHED] = false,
					[WALK_RELATED] = false,
					[WALK_UNTRACKED] = false };

	RULE(BASE_LATE, { .op = OP_CT_OPENING }, DROP, END);
	for (int i = WALK_NEW; i <= WALK_UNTRACKED; i++) {
		packet.state = (enum walk_state)i;
		ck_assert_int_eq(walk_passes(), !opening[i]);
	}
}
END_TEST

START_TEST(walk_header_fields)
{
	RULE(BASE_LATE, { .op = OP_L4PROTO, .n = 17 }, DROP, END);
	RULE(BASE_LATE, { .op = OP_TOS, .n = 0x10 }, DROP, END);
	RULE(BASE_LATE, { .op = OP_LOCAL, .fields = { F_SADDR } }, DROP, END);
	RULE(BASE_EARLY, { .op = OP_LOCAL, .fields = { F_DADDR } }, DROP, END);
	packet.tos = 0x0b; /* bits of ECN, and of other values of TOS */
	ck_assert(walk_passes());
	packet.tos = 0x13;
	ck_assert(!walk_passes());
	packet.tos = 0x18;
	ck_assert(walk_passes());
	packet.src_local = true;
	ck_assert(!walk_passes());
	packet.src_local = false;
	packet.forwarded = true;
	packet.dst_local = true;
	ck_assert(!walk_passes());
	packet.dst_local = false;
	packet.protocol = 17;
	ck_assert(!walk_passes());
}
END_TEST

START_TEST(walk_priority)
{
	packet.priority = 0x12;
	RULE(BASE_EARLY, { .op = OP_PRIORITY_OR, .n = 0x300000 }, END);
	ck_assert(walk_passes());
	ck_assert_uint_eq(walked.priority, 0x300012);
	ELEM(NUMBERS, 0, 0x30, 0, 0x12, 0x01, 0x02, 0x03, 0x04);
	RULE(BASE_LATE, { .op = OP_PRIORITY_MAP, .set = NUMBERS, .fields = { F_PRIORITY } },
	     { .op = OP_PRIORITY_IS, .n = 0x01020304 }, DROP);
	ck_assert(!walk_passes());
	packet.priority = 0x13;
	ck_assert(walk_passes());
}
END_TEST

/* ---- Sets ------------------------------------------------------------------ */

START_TEST(walk_lookup)
{
	ELEM(BY_SOURCE, 0, 0, 0, 7);
	RULE(BASE_LATE, { .op = OP_LOOKUP, .set = BY_SOURCE, .fields = { F_SADDR } }, DROP, END);
	ck_assert(!walk_passes());
	packet.src[3] = 8;
	ck_assert(walk_passes());
	RULE(BASE_LATE,
	     { .op = OP_LOOKUP, .set = BY_SOURCE, .negate = true, .fields = { F_DADDR } }, DROP,
	     END);
	ck_assert(!walk_passes());
	packet.dst[3] = 7;
	ck_assert(walk_passes());
}
END_TEST

START_TEST(walk_numbered_intervals)
{
	static const struct {
		uint8_t last;
		uint32_t number;
	} expected[] = { { 2, 0 }, { 3, 10 }, { 5, 10 }, { 6, 11 }, { 7, 11 }, { 8, 0 } };

	ELEM(BLOCKS, 0, 0, 0, 1, 0, 0, 0, 0, 255, 255, 255, 255, 0, 0, 0, 1);
	ELEM(BLOCKS, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 5, 0, 0, 0, 10);
	ELEM(BLOCKS, 0, 0, 0, 2, 0, 0, 0, 6, 0, 0, 0, 7, 0, 0, 0, 11);
	RULE(BASE_LATE, { .op = OP_PRIORITY_MAP, .set = BLOCKS, .n = 2, .fields = { F_SADDR } },
	     ACCEPT, END);
	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
		packet.src[3] = expected[i].last;
		ck_assert(walk_passes());
		ck_assert_uint_eq(walked.priority, expected[i].number);
	}
}
END_TEST

START_TEST(walk_ports)
{
	const struct svcr_nft_stmt number = { .op = OP_PRIORITY_SET, .n = 0xa0b };
	const struct svcr_nft_stmt ports = { .op = OP_LOOKUP,
					     .set = (uint8_t)_i,
					     .fields = { F_PRIORITY, F_L4PROTO, F_DPORT } };

	if (_i == PORTS)
		ELEM(PORTS, 0, 0, 0xa, 0xb, 6, 0, 0, 0, 0x12, 0x34, 0, 0);
	else
		ELEM(RANGES, 0, 0, 0xa, 0xb, 6, 0, 0, 0, 0x12, 0x30, 0, 0, 0x12, 0x34, 0, 0);
	RULE(BASE_LATE, number, ports, DROP);
	ck_assert(!walk_passes());
	packet.port = 0x1230;
	ck_assert_int_eq(walk_passes(), _i == PORTS);
	packet.port = 0x1235;
	ck_assert(walk_passes());
	packet.port = 0x122f;
	ck_assert(walk_passes());
	packet.port = 0x1234;
	packet.protocol = 17;
	ck_assert(walk_passes());
}
END_TEST

START_TEST(walk_ipv6)
{
	svcr_nft_free(value);
	walk_setup_family(SVCR_IPV6);
	packet.src[15] = 0x21;
	ELEM(BLOCKS, 0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x20, 0, 0, 0, 7, 0,
	     0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x22, 0, 0, 0, 9);
	RULE(BASE_LATE, { .op = OP_PRIORITY_MAP, .set = BLOCKS, .n = 1, .fields = { F_SADDR } },
	     ACCEPT, END);
	ck_assert(walk_passes());
	ck_assert_uint_eq(walked.priority, 9);
	packet.src[15] = 0x23;
	ck_assert(walk_passes() && !walked.changed);
}
END_TEST

START_TEST(walk_priorities_of_the_kernel)
{
	static const uint8_t expected[][2] = { { 0, 0 },    { 0x08, 2 }, { 0x10, 6 }, { 0x18, 4 },
					       { 0xe7, 0 }, { 0xff, 4 }, { 0x0f, 2 } };

	for (size_t i = 0; i < sizeof(expected) / sizeof(*expected); i++) {
		packet.tos = expected[i][0];
		ck_assert_uint_eq(walk_forwarded_priority(&packet), expected[i][1]);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("walk");
	TCase *tc = tcase_create("walk");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_checked_fixture(tc, walk_setup, walk_teardown);
	tcase_add_test(tc, walk_nothing);
	tcase_add_test(tc, walk_accept_ends_one_base_chain);
	tcase_add_test(tc, walk_order_of_base_chains);
	tcase_add_test(tc, walk_goto_does_not_return);
	tcase_add_test(tc, walk_jump_returns);
	tcase_add_test(tc, walk_goto_after_jump);
	tcase_add_test(tc, walk_verdict_maps);
	tcase_add_test(tc, walk_states);
	tcase_add_test(tc, walk_header_fields);
	tcase_add_test(tc, walk_priority);
	tcase_add_test(tc, walk_lookup);
	tcase_add_test(tc, walk_numbered_intervals);
	tcase_add_loop_test(tc, walk_ports, PORTS, RANGES + 1);
	tcase_add_test(tc, walk_ipv6);
	tcase_add_test(tc, walk_priorities_of_the_kernel);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
