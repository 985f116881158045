/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a comparison says of addresses that begin to refuse: each cause has words of its own. */
#include "rules/built_test.h"

#include <check.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define SERVICE(name, created, spec) \
	"{'kind':'Service','apiVersion':'v1','metadata':{'name':'" name "'," \
	"'namespace':'production','creationTimestamp':'" created "'}," \
	"'spec':{'clusterIP':'10.96.0.10','ports':[{'name':'http','port':80}]" spec "}}"
#define WEB(spec) SERVICE("web", "2026-01-01T00:00:00Z", spec)
#define SLICE(service, type, port, endpoints) \
	"{'kind':'EndpointSlice','apiVersion':'discovery.k8s.io/v1','metadata':{'name':'x'," \
	"'namespace':'production','labels':{'kubernetes.io/service-name':'" service "'}}," \
	"'addressType':'" type "','ports':[" port "],'endpoints':[" endpoints "]}"
#define HTTP "{'name':'http','port':8080}"
#define AT(addr, node, ready) \
	"{'addresses':['" addr "'],'nodeName':'" node "','conditions':{'ready':" ready "}}"
#define TWO AT("10.244.1.1", "node1", "true") "," AT("10.244.2.1", "node2", "true")
#define SERVED WEB("") SLICE("web", "IPv4", HTTP, TWO)

static const struct {
	const char *text, *options, *line;
} causes[] = {
	{ WEB("") SLICE("wep", "IPv4", HTTP, TWO), "",
	  "! http 10.96.0.10:80/tcp  2 endpoints -> refused: no EndpointSlice has the label "
	  "kubernetes.io/service-name=web; without a selector, somebody has to make one\n" },
	{ WEB("") SLICE("web", "IPv4", "{'name':'web','port':8080},{'name':'metrics','port':9090}",
			TWO),
	  "",
	  "! http 10.96.0.10:80/tcp  2 endpoints -> refused: its slices have the ports metrics "
	  "and web, not http\n" },
	{ WEB("") SLICE("web", "IPv4", "{'name':'http','port':8080,'protocol':'UDP'}", TWO), "",
	  "! http 10.96.0.10:80/tcp  2 endpoints -> refused: its slices have the port http for "
	  "UDP, not TCP\n" },
	{ WEB("") SLICE("web", "IPv4", HTTP,
			AT("10.244.1.1", "node1", "false") "," AT("10.244.2.1", "node2", "false")),
	  "", "! http 10.96.0.10:80/tcp  2 endpoints -> refused: 2 endpoints, none is ready\n" },
	{ WEB("") SLICE("web", "IPv6", HTTP, AT("fd00::1", "node1", "true")), "",
	  "! http 10.96.0.10:80/tcp  2 endpoints -> refused: only IPv6 endpoints\n" },
	{ WEB(",'internalTrafficPolicy':'Local'") SLICE(
		  "web", "IPv4", HTTP,
		  AT("10.244.2.1", "node2", "true") "," AT("10.244.2.2", "node2", "true") "," AT(
			  "10.244.2.3", "node2", "true")),
	  "",
	  "! http 10.96.0.10:80/tcp  2 endpoints -> dropped: policy Local: 3 endpoints, all on "
	  "node2\n" },
	{ SERVED SERVICE("old", "2025-01-01T00:00:00Z", ""), "",
	  "! http 10.96.0.10:80/tcp  2 endpoints -> refused: no EndpointSlice has the label "
	  "kubernetes.io/service-name=old; without a selector, somebody has to make one  was of "
	  "Service production/web:http  production/web:http is left out: 10.96.0.10:80 belongs to "
	  "the older Service production/old\n" },
	{ SERVED, "max-elements",
	  "- http 10.96.0.10:80/tcp  left out: its addresses, ports and endpoints make more than "
	  "1 elements (--max-elements)  - " },
};

static struct svcrules_ruleset *reasons_build(const char *target, const char *text,
					      const char *option)
{
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_options *o = gen_options(0, d);
	struct svcrules_ruleset *rs = NULL;
	struct svcrules_model *m;
	char *copy = strdup(text);
	const char *at = copy;

	for (char *p = copy; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	ck_assert_int_eq(svcrules_options_set(o, "explain", NULL, d), 0);
	if (*option)
		ck_assert_int_eq(svcrules_options_set(o, option, "1", d), 0);
	m = svcrules_model_new(target, o);
	ck_assert_int_eq(svcrules_model_read(m, "f", gen_fill, &at, d), 0);
	ck_assert_int_eq(svcrules_build(m, o, target, d, &rs), 0);
	svcrules_model_free(m);
	svcrules_options_free(o);
	svcrules_diags_free(d);
	free(copy);
	return rs;
}

static char *reasons_report(const struct svcrules_ruleset *from, struct svcrules_ruleset *to)
{
	struct svcrules_changes *c = gen_diff(from, to);
	struct gen_text t = { NULL, 0 };

	gen_write(&t, "", 0);
	ck_assert_int_eq(svcrules_changes_print(c, "text", false, gen_write, &t), 0);
	svcrules_changes_free(c);
	return t.p;
}

START_TEST(reasons_of_changes)
{
	const char *target = svcrules_target((size_t)_i % 2)->name, *text = causes[_i / 2].text;
	struct svcrules_ruleset *from = reasons_build(target, SERVED, "");
	struct svcrules_ruleset *to = reasons_build(target, text, causes[_i / 2].options);
	char *report = reasons_report(from, to);

	ck_assert_msg(strstr(report, causes[_i / 2].line), "%s", report);
	free(report);
	svcrules_ruleset_free(from);
	svcrules_ruleset_free(to);
}
END_TEST

/* A change that leaves the kind of the reason alone leaves the tables alone. */
START_TEST(reasons_leave_the_kernel_alone)
{
	const char *target = svcrules_target((size_t)_i)->name;
	struct svcrules_ruleset *from = reasons_build(target, causes[3].text, "");
	struct svcrules_ruleset *to = reasons_build(
		target, WEB("") SLICE("web", "IPv4", HTTP, AT("10.244.1.1", "node1", "false")), "");
	struct svcrules_changes *c = gen_diff(from, to);

	ck_assert(svcrules_changes_empty(c));
	svcrules_changes_free(c);
	svcrules_ruleset_free(from);
	svcrules_ruleset_free(to);
}
END_TEST

/* Of a reason that becomes another, both are shown. */
START_TEST(reasons_change)
{
	const char *target = svcrules_target((size_t)_i)->name;
	struct svcrules_ruleset *from = reasons_build(target, causes[3].text, "");
	struct svcrules_ruleset *to = reasons_build(target, causes[4].text, "");
	char *report = reasons_report(from, to);

	ck_assert_msg(strstr(report, "~ http 10.96.0.10:80/tcp  refused: 2 endpoints, none is "
				     "ready -> refused: only IPv6 endpoints\n"),
		      "%s", report);
	free(report);
	svcrules_ruleset_free(from);
	svcrules_ruleset_free(to);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reasons");
	TCase *tc = tcase_create("reasons");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, reasons_of_changes, 0, 2 * ARRAY_SIZE(causes));
	tcase_add_loop_test(tc, reasons_leave_the_kernel_alone, 0, 2);
	tcase_add_loop_test(tc, reasons_change, 0, 2);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
