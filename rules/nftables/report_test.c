/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of source ranges in words: of lists in rules and in sets. */
#include "rules/built_test.h"

#include <check.h>

#define LB "203.0.113.9:80/tcp"

/* Ranges from number `from` up to `to`, "198.18.2.0/24" ...; then `more`. */
static struct svcrules_ruleset *report_build(int from, int to, const char *more)
{
	struct svcrules_ruleset *rs;
	size_t len;
	char *text;
	FILE *f = open_memstream(&text, &len);

	fprintf(f, "{\"kind\":\"Service\",\"metadata\":{\"name\":\"web\",\"namespace\":\"prod\"},"
		   "\"spec\":{\"clusterIP\":\"10.96.0.1\",\"ports\":[{\"port\":80}],"
		   "\"type\":\"LoadBalancer\",\"loadBalancerSourceRanges\":[");
	for (int i = from; i < to; i++)
		fprintf(f, "%s\"198.18.%d.0/24\"", i > from ? "," : "", 2 * i);
	fprintf(f, "%s%s]},\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":\"203.0.113.9\"}]}}}",
		to > from && *more ? "," : "", more);
	fclose(f);
	rs = gen_build_text(NULL, text, 0);
	free(text);
	return rs;
}

static const struct {
	int from, to; /* the ranges after the change; before it: 0 to `before` */
	int before;
	const char *more, *expected;
} cases[] = {
	{ 0, 3, 2, "", "  + source 198.18.4.0/24\n" },
	{ 1, 2, 2, "\"198.51.100.7/32\"", "  + source 198.51.100.7  - source 198.18.0.0/24\n" },
	{ 0, 20, 19, "", "  + source 198.18.38.0/24\n" },
	{ 1, 19, 19, "\"198.18.3.0/24\"",
	  "  + source 198.18.2.0-198.18.4.255  - source 198.18.0.0/24  - source 198.18.2.0/24  "
	  "- source 198.18.4.0/24\n" },
	{ 1, 17, 17, "", "  - source 198.18.0.0/24\n" },
	{ 0, 17, 16, "", "  + source 198.18.32.0/24\n" },
	{ 0, 2, 2, "\"0.0.0.0/0\"",
	  "  - source 198.18.0.0/24  - source 198.18.2.0/24  - source ranges\n" },
	{ 0, 0, 1, "\"2001:db8::/32\"",
	  "  dropped: loadBalancerSourceRanges admit nobody  - source 198.18.0.0/24  "
	  "- source ranges\n" },
};

static char *report_text(const struct svcrules_ruleset *from, struct svcrules_ruleset *to)
{
	struct svcrules_changes *c = gen_diff(from, to);
	struct gen_text t = { NULL, 0 };

	gen_write(&t, "", 0);
	ck_assert_int_eq(svcrules_changes_print(c, "text", false, gen_write, &t), 0);
	svcrules_changes_free(c);
	return t.p;
}

/* The only line about a service, and what follows the service's name. */
START_TEST(report_sources)
{
	struct svcrules_ruleset *from = report_build(0, cases[_i].before, ""),
				*to = report_build(cases[_i].from, cases[_i].to, cases[_i].more);
	const char *start = "  ~ " LB;
	char *text = report_text(from, to), *line = strchr(text, '\n') + 1;
	const char *head = "~ Service prod/web\n";

	ck_assert_mem_eq(text, head, strlen(head));
	ck_assert_mem_eq(line, start, strlen(start));
	ck_assert_mem_eq(line + strlen(start), cases[_i].expected, strlen(cases[_i].expected));
	ck_assert_ptr_null(strstr(line + strlen(start), LB));
	free(text);
	svcrules_ruleset_free(from);
	svcrules_ruleset_free(to);
}
END_TEST

/* Of many sources the first are shown. */
START_TEST(report_many)
{
	struct svcrules_ruleset *from = report_build(0, 1, ""), *to = report_build(0, 101, "");
	char *text = report_text(from, to);
	size_t shown = 0;

	for (const char *p = text; (p = strstr(p, "+ source ")); p++)
		shown++;
	ck_assert_uint_eq(shown, 20);
	ck_assert_ptr_nonnull(strstr(text, "  + 80 more sources  "));
	free(text);
	svcrules_ruleset_free(from);
	svcrules_ruleset_free(to);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("report");
	TCase *tc = tcase_create("report");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, report_sources, 0, sizeof(cases) / sizeof(cases[0]));
	tcase_add_test(tc, report_many);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
