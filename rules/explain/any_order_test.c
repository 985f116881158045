/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is explained does not depend on the order of the input. */
#include "rules/built_test.h"
#include "rules/json.h"

#include <check.h>
#include <errno.h>

#define OBJECT(kind, api, ns, name, more) \
	"{\"kind\":\"" kind "\",\"apiVersion\":\"" api "\",\"metadata\":{\"name\":\"" name "\"," \
	"\"namespace\":\"" ns "\"" more "}"
#define POD(name, ip) \
	OBJECT("Pod", "v1", "p", name, \
	       ",\"labels\":{\"app\":\"a\"}}," \
	       "\"spec\":{\"nodeName\":\"n1\"},\"status\":{\"phase\":\"Running\"," \
	       "\"podIP\":\"" ip "\"")
#define SERVICE(ns, ip) \
	OBJECT("Service", "v1", ns, "web", \
	       "},\"spec\":{\"clusterIP\":\"" ip "\"," \
	       "\"ports\":[{\"port\":80}]")
#define POLICY(name) \
	OBJECT("NetworkPolicy", "networking.k8s.io/v1", "p", name, \
	       "},\"spec\":{\"podSelector\":{},\"ingress\":[{\"from\":[" \
	       "{\"podSelector\":{}}]}]")

/* clang-format off */
static const char *const objects[] = {
	OBJECT("Node", "v1", "", "n1", "},\"spec\":{\"podCIDR\":\"10.1.0.0/24\"},"
	       "\"status\":{\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"192.0.2.1\"}]"),
	OBJECT("Node", "v1", "", "n2", "},\"status\":{\"addresses\":["
	       "{\"type\":\"InternalIP\",\"address\":\"192.0.2.2\"}]"),
	OBJECT("Node", "v1", "", "n3", "},\"status\":{\"addresses\":["
	       "{\"type\":\"ExternalIP\",\"address\":\"192.0.2.2\"}]"),
	OBJECT("Namespace", "v1", "", "p", ""),
	POD("client", "10.1.0.1"), POD("one", "10.1.0.2"), POD("two", "10.1.0.2"),
	POD("three", "10.1.0.3"),
	SERVICE("q", "10.96.0.1"), SERVICE("r", "10.96.0.2"), SERVICE("s", "10.96.0.3"),
	POLICY("b"), POLICY("a"), POLICY("c"),
};
/* clang-format on */

#define OBJECTS (sizeof(objects) / sizeof(objects[0]))

static const struct {
	const char *from, *to;
	int result;
	const char *said; /* among the answer, or the errors */
} questions[] = {
	{ "p/client", "10.1.0.2:80", 0, "p/one" },
	{ "p/client", "10.1.0.3:80", 0, "p/a: allows ingress" },
	{ "p/client", "192.0.2.2:30080", 0, "of n2, whose rules decide" },
	{ "p/client", "x/web", -ENOENT, "but q/web" },
	{ "p/cliemt", "10.1.0.2:80", -ENOENT, "p/client?" },
	{ "p/client", "web.x", 0, "web.q.svc" },
};

/* The answer, or what is wrong with the question; malloc'ed. */
static char *any_order_ask(const struct svcrules_model *m, const struct svcrules_options *o, int i)
{
	const struct svcrules_question q = { questions[i].from, questions[i].to, 6, 5 };
	struct svcrules_diags *d = svcrules_diags_new(), *said = svcrules_diags_new();
	struct svcrules_ruleset *rs, *dns;
	struct svcrules_explanation *e = NULL;
	struct svcr_buffer text = { .len = 0 };

	ck_assert_int_eq(svcrules_build(m, o, "nftables", d, &rs), 0);
	ck_assert_int_eq(svcrules_build(m, o, "dns", d, &dns), 0);
	ck_assert_int_eq(svcrules_explain(rs, dns, m, o, &q, said, &e), questions[i].result);
	if (e)
		ck_assert_int_eq(svcrules_explanation_print(e, NULL, svcr_buffer_append, &text), 0);
	else
		text.p = strdup(svcrules_diags_get(said, 0)->text);
	svcrules_explanation_free(e);
	svcrules_ruleset_free(rs);
	svcrules_ruleset_free(dns);
	svcrules_diags_free(d);
	svcrules_diags_free(said);
	return text.p;
}

static char *any_order_answer(int i, bool backwards)
{
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_options *o = svcrules_options_new();
	struct svcrules_model *m;
	char *answer;

	ck_assert_int_eq(svcrules_options_set(o, "node-name", "n1", d), 0);
	ck_assert_int_eq(svcrules_options_set(o, "network-policy", NULL, d), 0);
	m = svcrules_model_explaining("nftables", o, true);
	for (size_t k = 0; k < OBJECTS; k++) {
		const char *text = objects[backwards ? OBJECTS - 1 - k : k];
		char object[512], *p = object;

		snprintf(object, sizeof(object), "%s}", text);
		ck_assert_int_eq(svcrules_model_read(m, "input", gen_fill, (void *)&p, d), 0);
	}
	answer = any_order_ask(m, o, i);
	svcrules_model_free(m);
	svcrules_options_free(o);
	svcrules_diags_free(d);
	return answer;
}

START_TEST(any_order_explained)
{
	char *forwards = any_order_answer(_i, false), *backwards = any_order_answer(_i, true);

	ck_assert_msg(strstr(forwards, questions[_i].said), "%s", forwards);
	ck_assert_str_eq(forwards, backwards);
	free(forwards);
	free(backwards);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("explain-any-order");
	TCase *tc = tcase_create("explain-any-order");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, any_order_explained, 0, sizeof(questions) / sizeof(questions[0]));
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
