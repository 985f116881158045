/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of checks, levels and the list of findings. */
#include "rules/built_test.h"
#include "rules/check/findings.h"
#include "rules/json.h"

#include <check.h>
#include <errno.h>

START_TEST(table_in_order)
{
	struct svcrules_check c;
	size_t n = 0;

	for (const struct svcr_check *row = svcr_check_table; row->name; row++, n++) {
		if (n)
			ck_assert_msg(strcmp(row[-1].name, row->name) < 0, "%s", row->name);
		ck_assert_str_ne(row->help, "");
		/* what is not found while reading has something to look at */
		ck_assert_msg(!row->run || row->about, "%s", row->name);
		ck_assert_msg(!row->needs || svcr_check_needs(row->needs), "%s", row->name);
	}
	ck_assert_uint_lt(n, SVCR_CHECKS_MAX);
	ck_assert(svcrules_check_at(n - 1, &c));
	ck_assert(!svcrules_check_at(n, &c));
	ck_assert(!svcrules_check_at(SIZE_MAX, &c));
}
END_TEST

/* "-W no-x" must not mean two things. */
START_TEST(table_without_no)
{
	for (const struct svcr_check *row = svcr_check_table; row->name; row++)
		if (strncmp(row->name, "no-", 3) == 0)
			ck_assert_uint_eq(svcr_check_row(row->name + 3), SVCR_CHECKS_MAX);
}
END_TEST

static size_t find_in(struct svcrules_findings *f, const char *text)
{
	struct svcrules_model *m = svcrules_check_model();
	struct svcrules_options *o = svcrules_options_new();
	struct svcrules_diags *d = svcrules_diags_new();
	size_t n;

	ck_assert_int_eq(svcrules_model_read(m, "input", gen_fill, &text, d), 0);
	ck_assert_int_eq(svcrules_findings_add(f, d), 0);
	ck_assert_int_eq(svcrules_findings_run(f, m, o), 0);
	n = svcrules_findings_count(f, SVCRULES_WARNING);
	svcrules_diags_free(d);
	svcrules_options_free(o);
	svcrules_model_free(m);
	return n;
}

static const char bad_port[] = "{\"kind\":\"Service\",\"metadata\":{\"name\":\"a\"},\"spec\":{"
			       "\"type\":\"NodePort\",\"ports\":[{\"port\":80,\"nodePort\":80}]}}";

START_TEST(levels)
{
	struct svcrules_findings *f = svcrules_findings_new();

	ck_assert_uint_eq(find_in(f, bad_port), 1);
	ck_assert_str_eq(svcrules_findings_get(f, 0)->check, "node-port-range");
	ck_assert_ptr_null(svcrules_findings_get(f, 1));
	svcrules_findings_free(f);
	f = svcrules_findings_new();
	ck_assert_int_eq(svcrules_findings_level(f, "node-port-range", SVCRULES_CHECK_OFF), 0);
	ck_assert_int_eq(svcrules_findings_level(f, "node-port", SVCRULES_CHECK_OFF), -ENOENT);
	ck_assert_uint_eq(find_in(f, bad_port), 0);
	ck_assert_uint_eq(svcrules_findings_count(f, SVCRULES_ERROR), 0);
	svcrules_findings_free(f);
	f = svcrules_findings_new();
	ck_assert_int_eq(svcrules_findings_level(f, "node-port-range", SVCRULES_CHECK_ERROR), 0);
	ck_assert_uint_eq(find_in(f, bad_port), 0);
	ck_assert_uint_eq(svcrules_findings_count(f, SVCRULES_ERROR), 1);
	svcrules_findings_free(f);
}
END_TEST

START_TEST(missing)
{
	struct svcrules_findings *f = svcrules_findings_new();
	size_t n = 0, checks = 0, i = 0;
	const char *const *names;
	const char *what;

	find_in(f, bad_port);
	for (; (what = svcrules_findings_missing(f, i, &names, &n)); i++) {
		for (size_t k = 0; k < n; k++)
			ck_assert_uint_lt(svcr_check_row(names[k]), SVCR_CHECKS_MAX);
		if (strcmp(what, "EndpointSlices or Pods") == 0)
			checks = n;
	}
	ck_assert_uint_ge(checks, 8);
	svcrules_findings_free(f);
	/* without services nobody misses endpoints */
	f = svcrules_findings_new();
	find_in(f, "{\"kind\":\"Node\",\"metadata\":{\"name\":\"a\"}}");
	ck_assert_ptr_null(svcrules_findings_missing(f, 0, &names, &n));
	svcrules_findings_free(f);
}
END_TEST

/* Of very many findings the first are kept, and the others counted. */
START_TEST(very_many)
{
	struct svcrules_findings *f = svcrules_findings_new();
	char *text = malloc(2000 * 200), *p = text;
	uint64_t more = 0;
	size_t n = 0;

	for (int i = 0; i < 2000; i++)
		p += snprintf(p, 200,
			      "{\"kind\":\"Service\",\"metadata\":{\"name\":\"a%d\"},\"spec\":{"
			      "\"type\":\"NodePort\",\"ports\":[{\"port\":80,\"nodePort\":%d}]}}",
			      i, i + 1);
	ck_assert_uint_eq(find_in(f, text), 2000);
	for (; svcrules_findings_get(f, n); n++)
		more += svcrules_findings_get(f, n)->more;
	ck_assert_uint_eq(n, SVCR_FINDINGS_KEPT);
	ck_assert_uint_eq(more, 2000 - SVCR_FINDINGS_KEPT);
	svcrules_findings_free(f);
	free(text);
}
END_TEST

/* ---- The order of the input --------------------------------------------------- */

#define MANY 1500 /* more than are kept */
#define OBJECT_MAX 512

static void put_many_policies(char **p, int i)
{
	*p += snprintf(*p, OBJECT_MAX,
		       "{\"kind\":\"NetworkPolicy\",\"apiVersion\":\"networking.k8s.io/v1\","
		       "\"metadata\":{\"name\":\"p%d\"},\"spec\":{\"podSelector\":{},"
		       "\"ingress\":[{\"from\":[{\"podSelector\":{\"matchLabels\":"
		       "{\"a\":\"b\"}}}]}]}}",
		       i);
}

static void put_many_ingresses(char **p, int i)
{
	*p += snprintf(*p, OBJECT_MAX,
		       "{\"kind\":\"Ingress\",\"apiVersion\":\"networking.k8s.io/v1\","
		       "\"metadata\":{\"name\":\"i%d\",\"annotations\":{"
		       "\"kubernetes.io/ingress.class\":\"x\"}},\"spec\":{\"rules\":["
		       "{\"host\":\"h%d.example\",\"http\":{\"paths\":[{\"path\":\"/\","
		       "\"pathType\":\"Prefix\",\"backend\":{\"service\":{\"name\":\"s\","
		       "\"port\":{\"number\":80}}}}]}}]}}",
		       i, i);
}

/* Two workloads of the same name whose pods have the same name in DNS. */
static void put_workloads(char **p, int i)
{
	static const char *const kinds[] = { "Deployment", "DaemonSet" };

	if (i < 2)
		*p += snprintf(*p, OBJECT_MAX,
			       "{\"kind\":\"%s\",\"apiVersion\":\"apps/v1\",\"metadata\":{"
			       "\"name\":\"web\"},\"spec\":{\"template\":{\"spec\":{"
			       "\"hostname\":\"h\",\"subdomain\":\"sub\"}}}}",
			       kinds[i]);
}

static const struct {
	const char *check; /* that finds something in it */
	void (*put)(char **p, int i);
} ordered[] = {
	{ "peer-matches-nothing", put_many_policies },
	{ "ingress-service", put_many_ingresses },
	{ "deprecated-class", put_many_ingresses },
	{ "hostname-twice", put_workloads },
};

static char *find_in_order(int which, bool backwards)
{
	struct svcrules_findings *f = svcrules_findings_new();
	struct svcr_buffer found = { .len = 0 };
	char *text = malloc((MANY + 2) * OBJECT_MAX), *p = text;

	p += snprintf(p, OBJECT_MAX,
		      "{\"kind\":\"Service\",\"metadata\":{\"name\":\"other\"}}"
		      "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"pod\"}}");
	for (int i = 0; i < MANY; i++)
		ordered[which].put(&p, backwards ? MANY - 1 - i : i);
	ck_assert_int_eq(svcrules_findings_level(f, ordered[which].check, SVCRULES_CHECK_ON), 0);
	find_in(f, text);
	ck_assert_int_eq(svcrules_findings_print(f, "text", svcr_buffer_append, &found), 0);
	svcrules_findings_free(f);
	free(text);
	return found.p;
}

START_TEST(any_order)
{
	char *forwards = find_in_order(_i, false), *backwards = find_in_order(_i, true);

	ck_assert_ptr_nonnull(strstr(forwards, ordered[_i].check));
	ck_assert(strcmp(forwards, backwards) == 0);
	free(forwards);
	free(backwards);
}
END_TEST

static int fail_write(void *arg, const char *buf, size_t len)
{
	(void)arg, (void)buf, (void)len;
	return -EPIPE;
}

START_TEST(formats)
{
	struct svcrules_findings *f = svcrules_findings_new();
	static const char *const names[] = { NULL, "text", "json", "sarif", "github" };

	find_in(f, bad_port);
	ck_assert_int_eq(svcrules_findings_print(f, "xml", fail_write, NULL), -EINVAL);
	for (size_t i = 0; i < 5; i++)
		ck_assert_int_eq(svcrules_findings_print(f, names[i], fail_write, NULL), -EPIPE);
	svcrules_findings_free(f);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("checks");
	TCase *tc = tcase_create("checks");
	SRunner *runner = srunner_create(suite);
	int bad;

	suite_add_tcase(suite, tc);
	tcase_add_test(tc, table_in_order);
	tcase_add_test(tc, table_without_no);
	tcase_add_test(tc, levels);
	tcase_add_test(tc, missing);
	tcase_add_test(tc, very_many);
	tcase_add_loop_test(tc, any_order, 0, sizeof(ordered) / sizeof(ordered[0]));
	tcase_add_test(tc, formats);
	srunner_run_all(runner, CK_ENV);
	bad = srunner_ntests_failed(runner);
	srunner_free(runner);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
