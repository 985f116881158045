/* SPDX-License-Identifier: GPL-2.0-or-later */
/* How much names differ: examples, and random names against a plain table of all distances. */
#include "near.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define NAMES 20000

static size_t lesser(size_t a, size_t b)
{
	return a < b ? a : b;
}

/* The definition: to insert, delete, replace, or swap neighbours. */
static size_t table_distance(const char *a, const char *b)
{
	static size_t t[65][65];
	size_t na = strlen(a), nb = strlen(b);

	for (size_t i = 0; i <= na; i++)
		for (size_t k = 0; k <= nb; k++) {
			if (!i || !k) {
				t[i][k] = i + k;
				continue;
			}
			t[i][k] = lesser(t[i - 1][k], t[i][k - 1]) + 1;
			t[i][k] = lesser(t[i][k], t[i - 1][k - 1] + (a[i - 1] != b[k - 1]));
			if (i > 1 && k > 1 && a[i - 1] == b[k - 2] && a[i - 2] == b[k - 1])
				t[i][k] = lesser(t[i][k], t[i - 2][k - 2] + 1);
		}
	return t[na][nb] * 2 > (na > nb ? na : nb) ? SVCR_FAR : t[na][nb];
}

START_TEST(examples)
{
	static const struct {
		const char *a, *b;
		size_t distance;
	} cases[] = {
		{ "", "", 0 },
		{ "a", "", SVCR_FAR },
		{ "", "a", SVCR_FAR },
		{ "web", "web", 0 },
		{ "web", "wbe", 1 },
		{ "web", "we", 1 },
		{ "web", "webs", 1 },
		{ "web", "wep", 1 },
		{ "http", "htpp", 1 },
		{ "ab", "ba", 1 },
		{ "abcd", "badc", 2 },
		{ "abcd", "wxyz", SVCR_FAR },
		{ "abcde", "ac", SVCR_FAR },
		{ "\xe4\xb8", "\xe4\xb9", 1 },
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		ck_assert_uint_eq(svcr_near(cases[i].a, cases[i].b), cases[i].distance);
		ck_assert_uint_eq(svcr_near(cases[i].b, cases[i].a), cases[i].distance);
	}
}
END_TEST

static void random_name(char *buf, size_t letters)
{
	size_t len = (size_t)rand() % 64;

	for (size_t i = 0; i < len; i++)
		buf[i] = (char)('a' + (size_t)rand() % letters);
	buf[len] = '\0';
}

/* Changes a few characters, so that names are near. */
static void change_name(char *name)
{
	for (size_t n = strlen(name), k = (size_t)rand() % 12; n > 1 && k; k--) {
		size_t at = (size_t)rand() % (n - 1);
		char c = name[at];

		name[at] = name[at + 1];
		name[at + 1] = rand() % 2 ? c : 'a';
	}
}

START_TEST(random_names)
{
	size_t near = 0;

	srand(1);
	for (size_t i = 0; i < NAMES; i++) {
		char a[65], b[65];

		random_name(a, 1 + i % 20);
		random_name(b, 1 + i % 20);
		if (i % 2) {
			memcpy(b, a, sizeof(b));
			change_name(b);
		}
		ck_assert_msg(svcr_near(a, b) == table_distance(a, b), "%s and %s", a, b);
		near += svcr_near(a, b) != SVCR_FAR;
	}
	ck_assert_uint_gt(near, NAMES / 4);
}
END_TEST

START_TEST(long_names)
{
	char a[65], b[65];

	memset(a, 'a', sizeof(a));
	memset(b, 'a', sizeof(b));
	a[63] = b[63] = '\0';
	ck_assert_uint_eq(svcr_near(a, b), 0);
	b[0] = b[62] = 'b';
	ck_assert_uint_eq(svcr_near(a, b), 2);
	b[63] = 'a';
	b[64] = '\0';
	ck_assert_uint_eq(svcr_near(a, b), SVCR_FAR); /* 64 characters */
}
END_TEST

/* The answer does not depend on which name was looked at first. */
START_TEST(nearest_of_many)
{
	static const char *const names[] = { "web-b", "web-a", "wab", "database", "" };
	static const struct {
		const char *word, *best;
	} cases[] = { { "wcb", "wab" },
		      { "web-", "web-a" },
		      { "databse", "database" },
		      { "xyz", NULL },
		      { "", "" } };
	size_t n = sizeof(names) / sizeof(names[0]);

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct svcr_nearest a = { .word = cases[i].word }, b = a;

		for (size_t k = 0; k < n; k++) {
			svcr_nearest_try(&a, names[k]);
			svcr_nearest_try(&b, names[n - 1 - k]);
		}
		ck_assert_pstr_eq(a.best, cases[i].best);
		ck_assert_pstr_eq(b.best, cases[i].best);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("near");
	TCase *tc = tcase_create("near");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_test(tc, nearest_of_many);
	tcase_add_test(tc, examples);
	tcase_add_test(tc, random_names);
	tcase_add_test(tc, long_names);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
