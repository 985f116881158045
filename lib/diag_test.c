/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "diag.h"

#include <check.h>
#include <inttypes.h>

static void add(struct svcrules_diags *d, enum svcrules_severity severity, const char *check,
		const char *source, int times)
{
	for (int i = 0; i < times; i++)
		svcr_diag(d,
			  &(struct svcrules_diag){
				  .severity = severity, .check = check, .source = source },
			  "number %d", i);
}

/* "CHECK SEVERITY SOURCE: KEPT+MORE" of each group, in order of its first diagnostic. */
static const char *summary_of(const struct svcrules_diags *d)
{
	static char text[512];
	const struct svcrules_diag *g, *other;
	size_t n = 0;

	*text = '\0';
	for (size_t i = 0; (g = svcrules_diags_get(d, i)); i++) {
		uint64_t more = 0;
		size_t kept = 0;
		bool first = true;

		for (size_t k = 0; (other = svcrules_diags_get(d, k)); k++)
			if (other->severity == g->severity && strcmp(other->check, g->check) == 0 &&
			    strcmp(other->source, g->source) == 0) {
				first = first && k >= i;
				more += other->more;
				kept++;
			}
		if (first)
			n += (size_t)snprintf(text + n, sizeof(text) - n,
					      "%s %d %s: %zu+%" PRIu64 "; ", g->check, g->severity,
					      g->source, kept, more);
	}
	return text;
}

START_TEST(test_twenty_of_each_are_kept)
{
	struct svcrules_diags *d = svcrules_diags_new();

	add(d, SVCRULES_ERROR, "range", "a.json", 20);
	ck_assert_str_eq(summary_of(d), "range 2 a.json: 20+0; ");
	add(d, SVCRULES_ERROR, "range", "a.json", 1000);
	add(d, SVCRULES_ERROR, "range", "b.json", 21);
	add(d, SVCRULES_WARNING, "range", "a.json", 22);
	add(d, SVCRULES_ERROR, "type", "a.json", 3);
	ck_assert_str_eq(summary_of(d), "range 2 a.json: 20+1000; range 2 b.json: 20+1; "
					"range 1 a.json: 20+2; type 2 a.json: 3+0; ");
	ck_assert_uint_eq(svcrules_diags_count(d), 63);
	ck_assert_uint_eq(svcrules_diags_errors(d), 1020 + 21 + 3);
	ck_assert_str_eq(svcrules_diags_get(d, 19)->text, "number 19");
	svcrules_diags_free(d);
}
END_TEST

/* What an object added that is then read again as another kind leaves no trace. */
START_TEST(test_a_cut_undoes_what_was_counted)
{
	struct svcrules_diags *d = svcrules_diags_new();
	size_t mark;

	add(d, SVCRULES_ERROR, "range", "a.json", 10);
	mark = svcr_diags_mark(d);
	add(d, SVCRULES_ERROR, "range", "a.json", 30);
	add(d, SVCRULES_WARNING, "value", "a.json", 50);
	svcr_diags_cut(d, mark);
	ck_assert_str_eq(summary_of(d), "range 2 a.json: 10+0; ");
	ck_assert_uint_eq(svcrules_diags_errors(d), 10);

	add(d, SVCRULES_ERROR, "range", "a.json", 15);
	mark = svcr_diags_mark(d);
	add(d, SVCRULES_ERROR, "range", "a.json", 7);
	ck_assert_str_eq(summary_of(d), "range 2 a.json: 20+12; ");
	svcr_diags_cut(d, mark);
	ck_assert_str_eq(summary_of(d), "range 2 a.json: 20+5; ");
	ck_assert_uint_eq(svcrules_diags_errors(d), 25);
	svcrules_diags_free(d);
}
END_TEST

int main(void)
{
	Suite *s = suite_create("diag");
	TCase *t = tcase_create("diag");
	SRunner *r;
	int failed;

	tcase_add_test(t, test_twenty_of_each_are_kept);
	tcase_add_test(t, test_a_cut_undoes_what_was_counted);
	suite_add_tcase(s, t);
	r = srunner_create(s);
	srunner_run_all(r, CK_ENV);
	failed = srunner_ntests_failed(r);
	srunner_free(r);
	return failed != 0;
}
