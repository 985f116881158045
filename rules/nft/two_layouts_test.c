/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A value with tables of two layouts: those that serve Services, and small ones made up here
 * that filter what is forwarded. They change in one transaction.
 */
#include "rules/kernel_test.h"
#include "rules/nft/describe.h"
#include "rules/nft/notes.h"
#include "rules/nft/canon.h"
#include "rules/nft/decode.h"
#include "rules/nft/encode.h"
#include "rules/nft/pack.h"
#include "rules/nft/text.h"
#include "rules/nftables/layout.h"

#include <check.h>

#define SEEDS 60
#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

/* ---- The other layout ---------------------------------------------------- */

enum { SET_GUARDED, SET_BLOCKED, SET_LIMITS, SET_TIMED, GUARD_SETS };
enum { CHAIN_FORWARD = CHAIN_NONE + 1, CHAIN_GUARD, GUARD_CHAINS };

static const struct svcr_nft_set_layout guard_sets[GUARD_SETS] = {
	[SET_GUARDED] = { .name = "guarded",
			  .key = { F_DADDR },
			  .data = DATA_VERDICT,
			  .commented = true },
	[SET_BLOCKED] = { .name = "blocked", .key = { F_DADDR, F_SADDR }, .interval = true },
	[SET_LIMITS] = { .name = NULL }, /* no table of this layout has it */
	[SET_TIMED] = { .name = "timed", .key = { F_DADDR, F_L4PROTO }, .timed = true },
};

static const struct svcr_nft_chain_layout guard_chains[GUARD_CHAINS] = {
	[CHAIN_FORWARD] = { .name = "forward",
			    .type = "filter",
			    .hook = "forward",
			    .priority_text = "0",
			    .hook_number = NF_INET_FORWARD,
			    .priority = 0 },
	[CHAIN_GUARD] = { .name = "guard-", .numbered = true, .jumped = true },
};

static const struct svcr_nft_layout guard_layout = {
	.serves = "guards",
	.sets = guard_sets,
	.nsets = GUARD_SETS,
	.chains = guard_chains,
	.nchains = GUARD_CHAINS,
	.names = SET_GUARDED,
	.noun = "Guard",
};

#define GUARD_NAME "guards"
#define GUARD_CHAIN_MAX 3 /* chains guard-1 to guard-3 */

static const char *const guard_names[] = { "a/one", "a/two", "b/one", "b/two" };

/* Appends a rule; it is compared by what it does. */
static void guard_rule(struct svcr_nft *n, struct svcr_nft_table *t, struct svcr_nft_chain_id id,
		       const struct svcr_nft_stmt *stmts, size_t count)
{
	ck_assert_int_eq(svcr_nft_make_rule(n, t, id, NULL, stmts, count), 0);
}

/* Address `host` of both families: 198.51.100.HOST, 2001:db8::HOST. */
static void guard_address(uint8_t *key, uint8_t family, uint8_t host)
{
	static const uint8_t v4[] = { 198, 51, 100 }, v6[] = { 0x20, 1, 0x0d, 0xb8 };
	size_t len = svcr_addr_len(family);

	memset(key, 0, len);
	memcpy(key, family == SVCR_IPV6 ? v6 : v4, family == SVCR_IPV6 ? sizeof(v6) : sizeof(v4));
	key[len - 1] = host;
}

/* Guards an address: a chain of its own, and blocked senders if the chain's number is odd. */
static void guard_add(struct svcr_nft *n, struct svcr_nft_table *t, uint8_t host, uint32_t chain,
		      const char *name)
{
	const struct svcr_nft_stmt drop[] = {
		{ .op = OP_LOOKUP, .set = SET_BLOCKED, .fields = { F_DADDR, F_SADDR } },
		{ .op = OP_DROP },
	};
	const struct svcr_nft_chain_id id = { CHAIN_GUARD, chain };
	uint8_t key[64] = { 0 };
	size_t len = svcr_addr_len(t->family);

	guard_address(key, t->family, host);
	ck_assert_int_eq(svcr_nft_add_verdict(&t->sets[SET_GUARDED], key, id, name), 0);
	if (!svcr_nft_find_chain(t, id))
		guard_rule(n, t, id, drop, ARRAY_SIZE(drop));
	key[len] = 6;
	ck_assert_int_eq(svcr_nft_add_key(&t->sets[SET_TIMED], key), 0);
	t->sets[SET_TIMED].timeout = 60;
	if (chain % 2 == 0)
		return;
	guard_address(key + len, t->family, 200);
	guard_address(key + 2 * len, t->family, 220);
	ck_assert_int_eq(svcr_nft_add_key(&t->sets[SET_BLOCKED], key), 0);
}

static void guard_fill(struct svcr_nft *n, struct svcr_nft_table *t, uint64_t seed)
{
	const struct svcr_nft_stmt dispatch = { .op = OP_VMAP,
						.set = SET_GUARDED,
						.fields = { F_DADDR } };
	uint32_t count = 1 + gen_random(&seed, ARRAY_SIZE(guard_names));

	t->present = true;
	t->sets[SET_BLOCKED].present = true;
	guard_rule(n, t, (struct svcr_nft_chain_id){ CHAIN_FORWARD, 0 }, &dispatch, 1);
	for (uint32_t i = 0; i < count; i++)
		guard_add(n, t, (uint8_t)(i + 1), 1 + gen_random(&seed, GUARD_CHAIN_MAX),
			  guard_names[i]);
	for (size_t i = 0; i < GUARD_SETS; i++) {
		svcr_nft_sort(&t->sets[i]);
		svcr_nft_fit(NULL, &t->sets[i]);
	}
}

/* ---- Values -------------------------------------------------------------- */

enum { WITH_SERVICES = 1, WITH_GUARDS = 2, WITH_BOTH = 3 };

/* Tables of both layouts; those that `with` does not name are not there. */
static struct svcrules_ruleset *two_build(uint64_t seed, unsigned with)
{
	struct gen_cluster c = gen_cluster(seed, with & WITH_SERVICES ? 1 + seed % 6 : 0);
	struct svcrules_ruleset *rs;
	struct svcr_nft *n;

	c.options = with & WITH_SERVICES ? 7 : 0; /* service CIDRs: there is always a table */
	rs = gen_build("nftables", &c, 0);
	n = gen_nft(rs);
	ck_assert_int_eq(svcr_nft_add_tables(n, &guard_layout, GUARD_NAME), 0);
	for (uint8_t f = 0; with & WITH_GUARDS && f < SVCR_FAMILY__COUNT; f++)
		guard_fill(n, svcr_nft_serving(n, "guards", f), seed + f);
	free(c.v);
	return rs;
}

/* A rule set without the tables of the other layout, not even empty ones. */
static struct svcrules_ruleset *two_build_services(uint64_t seed)
{
	struct gen_cluster c = gen_cluster(seed, 1 + seed % 6);
	struct svcrules_ruleset *rs;

	c.options = 7;
	rs = gen_build("nftables", &c, 0);
	free(c.v);
	return rs;
}

static size_t two_count_op(const struct svcr_nft_changes *c, enum svcr_nft_change_op op,
			   const char *table)
{
	size_t n = 0;

	for (size_t i = 0; i < c->n; i++)
		n += c->v[i].op == op && strcmp(c->v[i].pair->to->name, table) == 0;
	return n;
}

/* The name of the table that a message is about: the first attribute of each. */
static const char *two_table_of(const struct nlmsghdr *nlh)
{
	return svcr_nft_attr_string(fake_attr(nlh, sizeof(struct nfgenmsg), NFTA_TABLE_NAME));
}

/* ---- Messages ------------------------------------------------------------ */

/* One buffer has the messages of both, numbered from 1 on. */
START_TEST(two_encode)
{
	struct svcrules_ruleset *rs = two_build((uint64_t)_i, WITH_BOTH);
	struct svcrules_messages m;
	const struct nlmsghdr *nlh;
	size_t n = 0, services = 0, guards = 0;
	int left;

	fake_messages(&m, rs);
	left = (int)m.len;
	for (nlh = m.buf; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		ck_assert_uint_eq(nlh->nlmsg_seq, ++n);
		services += strcmp(two_table_of(nlh), "svcrules") == 0;
		guards += strcmp(two_table_of(nlh), GUARD_NAME) == 0;
	}
	ck_assert_int_eq(left, 0);
	ck_assert_uint_eq(n, m.count);
	ck_assert_uint_gt(services, 0);
	ck_assert_uint_gt(guards, 0);
	ck_assert_uint_eq(services + guards, n);
	free(m.buf);
	svcrules_ruleset_free(rs);
}
END_TEST

/* What the kernel's dumps say of it is what was encoded; the reader asks for both. */
START_TEST(two_round)
{
	struct svcrules_ruleset *rs = two_build((uint64_t)_i, 1 + (unsigned)_i % 3), *have;
	struct svcrules_reader *r = svcrules_reader_new(rs);
	struct svcrules_messages m[FAKE_PARTS];
	struct fake_kernel k = { .messages = m, .generation = 7 };

	fake_messages(m, rs);
	ck_assert_int_eq(fake_read(&k, r), 0);
	ck_assert_int_eq(svcrules_reader_end(r, &have), 0);
	ck_assert(gen_same(have, rs));
	ck_assert(gen_same(rs, have));
	ck_assert_ptr_null(svcr_nft_foreign(gen_nft(have), NULL));
	fake_messages_release(m, rs->nparts);
	svcrules_reader_free(r);
	svcrules_ruleset_free(have);
	svcrules_ruleset_free(rs);
}
END_TEST

/* A hook or a key of another layout is no part of this one. */
START_TEST(two_names)
{
	struct svcrules_ruleset *rs = two_build(1, WITH_BOTH);
	const struct svcr_nft *n = gen_nft(rs);
	uint32_t number;

	ck_assert_uint_eq(n->ntables, 6); /* with those of network policies, which are empty */
	ck_assert_ptr_eq(svcr_nft_serving(n, "services", SVCR_IPV6), &n->tables[1]);
	ck_assert_ptr_eq(svcr_nft_table(n, GUARD_NAME, SVCR_IPV4), &n->tables[4]);
	ck_assert_ptr_null(svcr_nft_serving(n, "nothing", SVCR_IPV4));
	ck_assert_uint_eq(svcr_nft_set_parse(&guard_layout, "services", &number), GUARD_SETS);
	ck_assert_uint_eq(svcr_nft_set_parse(&svcr_services_layout, "guarded", &number),
			  SET__COUNT);
	ck_assert_uint_eq(svcr_nft_set_parse(&guard_layout, "blocked", &number), SET_BLOCKED);
	ck_assert(svcr_nft_set_named(&guard_layout, SET_BLOCKED));
	ck_assert(svcr_nft_set_named(&guard_layout, SET_TIMED));
	svcrules_ruleset_free(rs);
}
END_TEST

/* ---- Changes ------------------------------------------------------------- */

/* From one value to another and back; what only one layout changes leaves the other alone. */
START_TEST(two_change_one)
{
	struct svcrules_ruleset *from = two_build((uint64_t)_i, WITH_BOTH),
				*to = two_build((uint64_t)_i, WITH_BOTH);
	struct svcr_nft_table *t = svcr_nft_serving(gen_nft(to), "guards", SVCR_IPV4);
	struct svcr_nft_changes *nft;
	struct svcrules_changes *c;

	guard_add(gen_nft(to), t, 99, GUARD_CHAIN_MAX + 1, "c/new");
	for (size_t i = 0; i < GUARD_SETS; i++)
		svcr_nft_sort(&t->sets[i]);
	c = gen_diff(from, to);
	nft = gen_nft_changes(c);
	ck_assert_uint_eq(nft->n, 4); /* a chain with its rule, elements of two sets */
	ck_assert_uint_eq(two_count_op(nft, CHANGE_ADD_CHAIN, GUARD_NAME), 1);
	ck_assert_uint_eq(two_count_op(nft, CHANGE_ADD_RULE, GUARD_NAME), 1);
	ck_assert_uint_eq(two_count_op(nft, CHANGE_ADD_ELEMS, GUARD_NAME), 2);
	ck_assert_uint_eq(nft->elements_added, 2);
	svcrules_changes_free(c);
	c = gen_diff(to, from);
	nft = gen_nft_changes(c);
	ck_assert_uint_eq(two_count_op(nft, CHANGE_DEL_CHAIN, GUARD_NAME), 1);
	ck_assert_uint_eq(two_count_op(nft, CHANGE_DEL_ELEMS, GUARD_NAME), 2);
	ck_assert_uint_eq(nft->n, 3); /* the rule goes with its chain */
	svcrules_changes_free(c);
	svcrules_ruleset_free(from);
	svcrules_ruleset_free(to);
}
END_TEST

static void two_assert_removed(const struct svcrules_ruleset *from, struct svcrules_ruleset *to,
			       const char *removed)
{
	struct svcrules_changes *c = gen_diff(from, to);
	struct svcr_nft_changes *nft = gen_nft_changes(c);
	struct svcrules_messages stop = gen_encode(c, 0, SVCRULES_STOP, 0),
				 m = gen_encode(c, 0, SVCRULES_ADD, 0);

	ck_assert_uint_eq(nft->n, 2); /* each family */
	ck_assert_uint_eq(two_count_op(nft, CHANGE_DEL_TABLE, removed), 2);
	ck_assert_uint_eq(stop.count, 2);
	ck_assert_int_eq(((const struct nlmsghdr *)stop.buf)->nlmsg_type & 0xff, NFT_MSG_DELRULE);
	ck_assert_str_eq(two_table_of(stop.buf), removed);
	ck_assert_uint_eq(m.count, 2);
	ck_assert_int_eq(((const struct nlmsghdr *)m.buf)->nlmsg_type & 0xff, NFT_MSG_DELTABLE);
	ck_assert_str_eq(two_table_of(m.buf), removed);
	free(stop.buf);
	free(m.buf);
	svcrules_changes_free(c);
}

/* Only one of the two goes; with empty tables on the other side, or without any. */
START_TEST(two_remove_one)
{
	struct svcrules_ruleset *both = two_build((uint64_t)_i, WITH_BOTH),
				*services = two_build((uint64_t)_i, WITH_SERVICES),
				*guards = two_build((uint64_t)_i, WITH_GUARDS),
				*only = two_build_services((uint64_t)_i);
	struct svcrules_changes *c;

	two_assert_removed(both, services, GUARD_NAME);
	two_assert_removed(both, guards, "svcrules");
	two_assert_removed(both, only, GUARD_NAME);
	c = gen_diff(only, both); /* and the other way */
	ck_assert_uint_eq(two_count_op(gen_nft_changes(c), CHANGE_ADD_TABLE, GUARD_NAME), 2);
	ck_assert_uint_eq(two_count_op(gen_nft_changes(c), CHANGE_ADD_TABLE, "svcrules"), 0);
	ck_assert_uint_eq(two_count_op(gen_nft_changes(c), CHANGE_ADD_ELEMS, "svcrules"), 0);
	svcrules_changes_free(c);
	svcrules_ruleset_free(both);
	svcrules_ruleset_free(services);
	svcrules_ruleset_free(guards);
	svcrules_ruleset_free(only);
}
END_TEST

/* ---- Packed -------------------------------------------------------------- */

START_TEST(two_pack)
{
	struct svcrules_ruleset *rs = two_build((uint64_t)_i, 1 + (unsigned)_i % 3), *back,
				*other = two_build_services((uint64_t)_i);
	struct gen_text t = { NULL, 0 };

	ck_assert_int_eq(svcrules_pack(rs, gen_write, &t), 0);
	ck_assert_int_eq(svcrules_unpack(rs, t.p, t.len, &back), 0);
	ck_assert(gen_same(back, rs));
	ck_assert(gen_same(rs, back));
	svcrules_ruleset_free(back);
	/* tables of another layout, or none, are not of such a value */
	ck_assert_int_eq(svcrules_unpack(other, t.p, t.len, &back), -EBADMSG);
	free(t.p);
	svcrules_ruleset_free(rs);
	svcrules_ruleset_free(other);
}
END_TEST

/* ---- Printed ------------------------------------------------------------- */

static const char guard_text[] =
	"table ip guards\ndelete table ip guards\n"
	"table ip guards {\n\tcomment \"managed by svcrules\"\n"
	"\n\tmap guarded {\n\t\ttype ipv4_addr : verdict\n\t\tsize 768\n\t\telements = {\n"
	"\t\t\t198.51.100.1 comment \"a/one\" : jump guard-1,\n"
	"\t\t\t198.51.100.2 comment \"a/two\" : jump guard-2\n\t\t}\n\t}\n"
	"\n\tset blocked {\n\t\ttype ipv4_addr . ipv4_addr\n\t\tflags interval\n\t\telements = {\n"
	"\t\t\t198.51.100.1 . 198.51.100.200-198.51.100.220\n\t\t}\n\t}\n"
	"\n\tset timed {\n\t\ttype ipv4_addr . inet_proto\n\t\tsize 768\n\t\tflags timeout\n"
	"\t\telements = {\n"
	"\t\t\t198.51.100.1 . tcp timeout 60s,\n\t\t\t198.51.100.2 . tcp timeout 60s\n\t\t}\n\t}\n"
	"\n\tchain guard-2 {\n\t\tip daddr . ip saddr @blocked drop\n\t}\n"
	"\n\tchain guard-1 {\n\t\tip daddr . ip saddr @blocked drop\n\t}\n"
	"\n\tchain forward {\n\t\ttype filter hook forward priority 0; policy accept;\n"
	"\t\tip daddr vmap @guarded\n\t}\n}\n";

/* A small value of the other layout, for one family. */
static struct svcr_nft *guard_small(void)
{
	const struct svcr_nft_stmt dispatch = { .op = OP_VMAP,
						.set = SET_GUARDED,
						.fields = { F_DADDR } };
	struct svcr_nft *n = svcr_nft_new_tables(&guard_layout, GUARD_NAME);
	struct svcr_nft_table *t = svcr_nft_table(n, GUARD_NAME, SVCR_IPV4);

	t->present = true;
	guard_rule(n, t, (struct svcr_nft_chain_id){ CHAIN_FORWARD, 0 }, &dispatch, 1);
	guard_add(n, t, 1, 1, guard_names[0]);
	guard_add(n, t, 2, 2, guard_names[1]);
	for (size_t i = 0; i < GUARD_SETS; i++)
		svcr_nft_fit(NULL, &t->sets[i]);
	return n;
}

START_TEST(two_text)
{
	struct svcr_nft *n = guard_small();
	struct svcrules_ruleset *both = two_build(1, WITH_BOTH);
	struct gen_text t = { NULL, 0 };
	struct svcr_out o = { .write = gen_write, .arg = &t };
	char *text = gen_printed(both, "nft"), *json = gen_printed(both, "json");

	svcr_nft_out(&o, n);
	ck_assert_int_eq(svcr_out_end(&o), 0);
	ck_assert_str_eq(t.p, guard_text);
	/* of both, the tables come in the order of the value */
	ck_assert_ptr_nonnull(strstr(text, "table ip6 svcrules {"));
	ck_assert(strstr(text, "table ip guards {") > strstr(text, "table ip6 svcrules {"));
	ck_assert_ptr_nonnull(strstr(json, "\"guards\""));
	ck_assert_ptr_nonnull(strstr(json, "\"svcrules\""));
	free(t.p);
	free(text);
	free(json);
	svcr_nft_free(n);
	svcrules_ruleset_free(both);
}
END_TEST

/* ---- Described ----------------------------------------------------------- */

/* Each refused message is described with the noun of its own layout. */
START_TEST(two_describe)
{
	struct svcrules_ruleset *rs = two_build((uint64_t)_i, WITH_BOTH), *empty = two_build(0, 0);
	struct svcrules_changes *c = gen_diff(empty, rs);
	struct svcrules_messages m = gen_encode(c, 0, SVCRULES_ADD, 0);
	const struct nlmsghdr *nlh = m.buf;
	size_t named = 0;
	int left = (int)m.len;

	for (; mnl_nlmsg_ok(nlh, left); nlh = mnl_nlmsg_next(nlh, &left)) {
		bool guard = strcmp(two_table_of(nlh), GUARD_NAME) == 0;
		char *text = svcr_nft_describe(gen_nft_changes(c), nlh->nlmsg_seq, -EINVAL);

		ck_assert_ptr_nonnull(text);
		ck_assert_ptr_null(strstr(text, guard ? "Service " : "Guard "));
		if (guard && (nlh->nlmsg_type & 0xff) == NFT_MSG_NEWSETELEM) {
			ck_assert_int_eq(strncmp(text, "Guard ", 6), 0);
			named++;
		}
		free(text);
	}
	ck_assert_uint_gt(named, 0);
	free(m.buf);
	svcrules_changes_free(c);
	svcrules_ruleset_free(empty);
	svcrules_ruleset_free(rs);
}
END_TEST

/* The text of a refusal, and the number of the changes that no name covers. */
START_TEST(two_words)
{
	struct svcr_nft *n = guard_small(), *empty = svcr_nft_new_tables(&guard_layout, GUARD_NAME);
	struct gen_text t = { NULL, 0 };
	struct svcr_out o = { .write = gen_write, .arg = &t };
	struct svcr_nft_changes *c;
	struct svcrules_messages m;
	char *text;

	ck_assert_int_eq(svcr_nft_diff(empty, n, &c), 0);
	ck_assert_int_eq(svcr_nft_encode(c, &m), 0);
	ck_assert_uint_eq(m.count, 13);
	text = svcr_nft_describe(c, 11, -ENFILE);
	ck_assert_str_eq(text,
			 "Guard a/one, a/two: cannot add to map guarded (ip): the set is full");
	free(text);
	text = svcr_nft_describe(c, 2, -ENOENT);
	ck_assert_str_eq(text, "cannot add chain forward (ip): no such object, or this kernel "
			       "lacks a module for it");
	free(text);
	ck_assert_uint_eq(svcr_nft_out_notes(&o, c), 1); /* the table */
	ck_assert_int_eq(svcr_out_end(&o), 0);
	ck_assert_ptr_null(t.p);
	free(t.p);
	free(m.buf);
	svcr_nft_changes_free(c);
	svcr_nft_free(empty);
	svcr_nft_free(n);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("two-layouts");
	TCase *tc = tcase_create("two-layouts");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	srunner_set_fork_status(runner, CK_NOFORK);
	tcase_add_loop_test(tc, two_encode, 0, SEEDS);
	tcase_add_loop_test(tc, two_round, 0, SEEDS);
	tcase_add_test(tc, two_names);
	tcase_add_loop_test(tc, two_change_one, 0, SEEDS);
	tcase_add_loop_test(tc, two_remove_one, 0, SEEDS);
	tcase_add_loop_test(tc, two_pack, 0, SEEDS);
	tcase_add_test(tc, two_text);
	tcase_add_loop_test(tc, two_describe, 0, SEEDS);
	tcase_add_test(tc, two_words);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
