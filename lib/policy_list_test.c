/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of NetworkPolicies: its order, selectors as text, and the pods that are counted. */
#include "svcrules.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

static long policies_fill(void *arg, char *buf, size_t size)
{
	const char **text = arg;
	size_t n = strlen(*text) < size ? strlen(*text) : size;

	memcpy(buf, *text, n);
	*text += n;
	return (long)n;
}

#define POLICY(name, selector) \
	"{\"kind\":\"NetworkPolicy\",\"apiVersion\":\"networking.k8s.io/v1\",\"metadata\":{" \
	"\"name\":\"" name "\"},\"spec\":{\"podSelector\":{" selector "}}}"
#define POD(name, node) \
	"{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"" name "\"," \
	"\"labels\":{\"a\":\"b\"}},\"spec\":{\"nodeName\":\"" node "\"}," \
	"\"status\":{\"phase\":\"Running\",\"podIP\":\"10.1.0.1\"}}"
#define EXPRESSION(key, op, values) \
	"{\"key\":\"" key "\",\"operator\":\"" op "\",\"values\":[" values "]}"

/* clang-format off */
static const char input[] =
	POLICY("some", "\"matchLabels\":{\"a\":\"b\"},\"matchExpressions\":["
	       EXPRESSION("c", "NotIn", "\"d\"") ","
	       EXPRESSION("e", "In", "\"f\",\"g\"") ","
	       EXPRESSION("h", "Exists", "") ","
	       EXPRESSION("i", "DoesNotExist", "") "]")
	POLICY("all", "")
	POD("p", "n1") POD("q", "n2");
/* clang-format on */

struct listed_input {
	struct svcrules_options *o;
	struct svcrules_diags *d;
	struct svcrules_model *m;
	struct svcrules_policies *l;
};

static void list_input(struct listed_input *in, const char *node)
{
	const char *text = input;

	in->o = svcrules_options_new();
	in->d = svcrules_diags_new();
	ck_assert_int_eq(svcrules_options_set(in->o, "network-policy", NULL, in->d), 0);
	if (node)
		ck_assert_int_eq(svcrules_options_set(in->o, "node-name", node, in->d), 0);
	in->m = svcrules_model_new(NULL, in->o);
	ck_assert_int_eq(svcrules_model_read(in->m, "input", policies_fill, &text, in->d), 0);
	ck_assert_int_eq(svcrules_policies_new(in->m, in->o, &in->l), 0);
	ck_assert_uint_eq(svcrules_policies_count(in->l), 2);
	ck_assert_ptr_null(svcrules_policies_get(in->l, 2));
}

static void release_input(struct listed_input *in)
{
	svcrules_policies_free(in->l);
	svcrules_model_free(in->m);
	svcrules_diags_free(in->d);
	svcrules_options_free(in->o);
}

START_TEST(policies_in_order)
{
	struct listed_input in;
	const struct svcrules_policy *p;

	list_input(&in, "n1");
	p = svcrules_policies_get(in.l, 0);
	ck_assert_str_eq(p->name, "all");
	ck_assert_str_eq(p->selector, "");
	ck_assert(p->counted);
	ck_assert_uint_eq(p->pods, 2);
	ck_assert_uint_eq(p->here, 1);
	p = svcrules_policies_get(in.l, 1);
	ck_assert_str_eq(p->name, "some");
	ck_assert_str_eq(p->selector, "a=b,c notin (d),e in (f,g),h,!i");
	ck_assert_uint_eq(p->pods, 0);
	release_input(&in);
}
END_TEST

/* No pod is on a node that has no name. */
START_TEST(policies_without_node)
{
	struct listed_input in;

	list_input(&in, NULL);
	ck_assert(svcrules_policies_get(in.l, 0)->counted);
	ck_assert_uint_eq(svcrules_policies_get(in.l, 0)->pods, 2);
	ck_assert_uint_eq(svcrules_policies_get(in.l, 0)->here, 0);
	release_input(&in);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("policies");
	TCase *tc = tcase_create("policies");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_test(tc, policies_in_order);
	tcase_add_test(tc, policies_without_node);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
