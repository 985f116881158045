/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables found, stopped and deleted, each test in a network namespace of its own. Exit code 77:
 * not permitted here.
 */
#include "kernel/tables.h"
#include "exit.h"
#include "kernel/make.h"
#include "kernel/nft.h"
#include "kernel/rules_test.h"

static const char tables_objects[] = RULES_TCP RULES_UDP; /* for both families */

/* Applies the objects as tables of that name. */
static void tables_test_make(const char *name)
{
	struct transition t = { .session = &rules_session };

	ck_assert_int_eq(svcrules_options_set(rules_options, "table", name, NULL), 0);
	t.want = rules_test_build(tables_objects);
	ck_assert_int_eq(make_all(&t), EXIT_DONE);
	make_release(&t);
	svcrules_ruleset_free(t.want);
}

/* The tables reported as deleted. */
static char tables_deleted[256];

static void tables_test_deleted(const char *family, const char *name, void *arg)
{
	size_t used = strlen(tables_deleted);

	++*(size_t *)arg;
	snprintf(tables_deleted + used, sizeof(tables_deleted) - used, "%s %s, ", family, name);
}

static size_t tables_test_delete(const struct tables_choice *choice, int want_code)
{
	size_t n = 0;

	tables_deleted[0] = '\0';
	ck_assert_int_eq(tables_delete(&rules_session, choice, tables_test_deleted, &n), want_code);
	return n;
}

START_TEST(test_tables_delete_all)
{
	ck_assert_uint_eq(
		tables_test_delete(&(struct tables_choice){ .report_foreign = true }, EXIT_DONE),
		0);
	tables_test_make("one");
	tables_test_make("two");
	rules_test_add_foreign(NFPROTO_IPV4, "three");
	ck_assert_uint_eq(
		tables_test_delete(&(struct tables_choice){ .report_foreign = true }, EXIT_DONE),
		4);
	ck_assert_str_eq(tables_deleted, "ip one, ip two, ip6 one, ip6 two, ");
	ck_assert(!nft_has_table(&rules_session, "one") && !nft_has_table(&rules_session, "two"));
	ck_assert(nft_has_table(&rules_session, "three"));
	ck_assert_uint_eq(rules_session.nfindings, 0);
}
END_TEST

START_TEST(test_tables_delete_one)
{
	const struct tables_choice choice = { .name = "one", .target = svcrules_target(0)->name };

	tables_test_make("one");
	tables_test_make("two");
	ck_assert_int_eq(tables_delete(&rules_session, &choice, NULL, NULL), EXIT_DONE);
	ck_assert(!nft_has_table(&rules_session, "one") && nft_has_table(&rules_session, "two"));
}
END_TEST

/* Only tables of the target chosen are deleted: their names show whose they are. */
START_TEST(test_tables_delete_of_target)
{
	const struct tables_choice other = { .target = svcrules_target(1)->name };
	const struct tables_choice own = { .target = svcrules_target(0)->name };

	tables_test_make("one");
	ck_assert_uint_eq(tables_test_delete(&other, EXIT_DONE), 0);
	ck_assert(nft_has_table(&rules_session, "one"));
	ck_assert_uint_eq(tables_test_delete(&own, EXIT_DONE), 2);
	ck_assert(!nft_has_table(&rules_session, "one"));
}
END_TEST

/* A table of that name that another program made is an error, or is passed over. */
START_TEST(test_tables_delete_foreign)
{
	struct tables_choice choice = { .name = "one", .report_foreign = true };
	size_t n = 0;

	ck_assert_int_eq(svcrules_options_set(rules_options, "family", "ipv4", NULL), 0);
	tables_test_make("one");
	rules_test_add_foreign(NFPROTO_IPV6, "one");
	ck_assert_int_eq(tables_delete(&rules_session, &choice, tables_test_deleted, &n),
			 EXIT_KERNEL);
	ck_assert_uint_eq(n, 0);
	ck_assert_str_eq(
		rules_test_finding(),
		"table ip6 one was not made by svcrules and is left alone; --table names another");
	ck_assert(nft_unchanged(&rules_session, rules_test_generation(), "one", true, true));
	choice.report_foreign = false;
	ck_assert_uint_eq(tables_test_delete(&choice, EXIT_DONE), 1);
	ck_assert_str_eq(tables_deleted, "ip one, ");
	ck_assert(nft_unchanged(&rules_session, rules_test_generation(), "one", false, true));
	ck_assert_uint_eq(rules_session.nfindings, 1);
}
END_TEST

/* The rules go, the maps stay: flows can still be judged by them. */
START_TEST(test_tables_stop)
{
	const struct tables_choice choice = { .name = "one", .target = svcrules_target(0)->name };
	struct svcrules_ruleset *have, *like;
	struct svcrules_stats stats;
	uint32_t generation;

	tables_test_make("one");
	like = svcrules_ruleset_new(NULL, rules_options, NULL);
	generation = rules_test_generation();
	ck_assert_int_eq(tables_stop(&rules_session, &choice), EXIT_DONE);
	ck_assert_uint_eq(rules_test_generation(), generation + 1);
	have = rules_test_read(like);
	svcrules_ruleset_stats(have, &stats);
	ck_assert(stats.ipv4 && stats.ipv6 && stats.serves);
	ck_assert(svcrules_serves(have, NFPROTO_IPV4, IPPROTO_UDP));
	svcrules_ruleset_free(have);
	svcrules_ruleset_free(like);
	ck_assert_int_eq(tables_stop(&rules_session, &(struct tables_choice){ .name = "none" }),
			 EXIT_DONE);
}
END_TEST

START_TEST(test_tables_not_permitted)
{
	tables_test_make("one");
	namespace_drop_capabilities();
	ck_assert_uint_eq(tables_test_delete(&(struct tables_choice){ .name = "one" }, EXIT_KERNEL),
			  0);
	ck_assert_ptr_nonnull(strstr(rules_test_finding(), ": needs CAP_NET_ADMIN (root)"));
}
END_TEST

START_TEST(test_tables_found)
{
	struct svcrules_ruleset *found = NULL;
	uint8_t family = 0;

	tables_test_make("one");
	rules_test_add_foreign(NFPROTO_IPV4, "two");
	ck_assert_int_eq(kernel_find(&rules_session, NULL, NULL, &found), 0);
	ck_assert_str_eq(svcrules_ruleset_table(found, 0, &family), "one");
	ck_assert_uint_eq(family, NFPROTO_IPV4);
	ck_assert_str_eq(svcrules_ruleset_table(found, 1, &family), "one");
	ck_assert_uint_eq(family, NFPROTO_IPV6);
	ck_assert_ptr_null(svcrules_ruleset_table(found, 2, &family));
	svcrules_ruleset_free(found);
	ck_assert_int_eq(kernel_find(&rules_session, NULL, "two", &found), 0);
	ck_assert_ptr_null(svcrules_ruleset_table(found, 0, &family));
	svcrules_ruleset_free(found);
	ck_assert_int_eq(kernel_find(&rules_session, svcrules_target(1)->name, NULL, &found), 0);
	ck_assert_ptr_null(svcrules_ruleset_table(found, 0, &family));
	svcrules_ruleset_free(found);
}
END_TEST

static void tables_tests(TCase *tc)
{
	tcase_add_checked_fixture(tc, rules_test_setup, rules_test_teardown);
	tcase_add_test(tc, test_tables_delete_all);
	tcase_add_test(tc, test_tables_delete_one);
	tcase_add_test(tc, test_tables_delete_of_target);
	tcase_add_test(tc, test_tables_delete_foreign);
	tcase_add_test(tc, test_tables_stop);
	tcase_add_test(tc, test_tables_not_permitted);
	tcase_add_test(tc, test_tables_found);
}

int main(void)
{
	return namespace_main("tables", tables_tests);
}
