/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kinds/kinds.h"
#include "model.h"

#include <check.h>
#include <errno.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

struct source {
	const char *text;
	size_t step; /* bytes of a piece at most; 0: any */
	long end;    /* returned at the end of the text */
};

static long read_fill(void *arg, char *buf, size_t size)
{
	struct source *s = arg;
	size_t n = strlen(s->text);

	if (!n)
		return s->end;
	n = n < size ? n : size;
	if (s->step && n > s->step)
		n = s->step;
	memcpy(buf, s->text, n);
	s->text += n;
	return (long)n;
}

static int read_text(struct svcrules_model *m, const char *name, const char *text,
		     struct svcrules_diags *d)
{
	struct source s = { text, 3, 0 };

	return svcrules_model_read(m, name, read_fill, &s, d);
}

#define META(name) "'metadata':{'name':'" name "','namespace':'ns'}"
#define SVC(spec) \
	"{'apiVersion':'v1','kind':'Service'," META("a") "," \
							 "'spec':{'clusterIP':'10.0.0.1'," spec \
							 "}}"
#define SLICE(rest) \
	"{'apiVersion':'discovery.k8s.io/v1','kind':'EndpointSlice'," META("e") "," rest "}"
#define ITEM(name) \
	"{'apiVersion':'v1','kind':'Service'," META(name) ",'spec':{'clusterIP':'10.0.0.1'}}"
#define EVENT(type, object) "{'type':'" type "','object':" object "}"
#define UNTYPED "{" META("a") ",'spec':{'clusterIP':'10.0.0.1'}}"

/* Returns a malloc'ed copy of a text with " for each '. */
static char *read_quoted(const char *text)
{
	char *p = strdup(text);

	ck_assert_ptr_nonnull(p);
	for (char *q = p; *q; q++)
		if (*q == '\'')
			*q = '"';
	return p;
}

/* Texts, the first diagnostic (check NULL: none), the result, and the contents of the model. */
static const struct {
	const char *text, *check, *object, *field;
	int result;
	size_t services, slices, nodes;
	const char *ignored;
} cases[] = {
	/* documents */
	{ "", "empty", NULL, NULL, -EINVAL, 0, 0, 0, NULL },
	{ " \n", "empty", NULL, NULL, -EINVAL, 0, 0, 0, NULL },
	{ "7", "not-kubernetes", NULL, NULL, -EINVAL, 0, 0, 0, NULL },
	{ "{}", "not-kubernetes", NULL, NULL, -EINVAL, 0, 0, 0, NULL },
	{ "{'kind':null}", "not-kubernetes", NULL, NULL, -EINVAL, 0, 0, 0, NULL },
	{ "{'kind':3}", "type", NULL, "kind", -EINVAL, 0, 0, 0, NULL },
	{ "{'kind':'Service',", "json", NULL, NULL, -EINVAL, 0, 0, 0, NULL },
	{ ITEM("a") ITEM("b"), NULL, NULL, NULL, 0, 2, 0, 0, NULL },
	{ ITEM("a") ITEM("a"), NULL, NULL, NULL, 0, 1, 0, 0, NULL },
	/* lists */
	{ "{'apiVersion':'v1','kind':'List','items':[" ITEM("a") "," ITEM("b") "]}", NULL, NULL,
	  NULL, 0, 2, 0, 0, NULL },
	{ "{'apiVersion':'v1','items':[" ITEM("a") "," ITEM("b") "],'kind':'List'}", NULL, NULL,
	  NULL, 0, 2, 0, 0, NULL },
	{ "{'items':[" ITEM("a") "],'kind':'Thing'}", "not-kubernetes", NULL, "kind", -EINVAL, 1, 0,
	  0, NULL },
	{ "{'apiVersion':'v1','items':[],'kind':'List'}", NULL, NULL, NULL, 0, 0, 0, 0, NULL },
	{ "{'kind':'List','items':null}", NULL, NULL, NULL, 0, 0, 0, 0, NULL },
	{ "{'kind':'List','items':[{},7]}", "not-kubernetes", NULL, "items[0]", -EINVAL, 0, 0, 0,
	  NULL },
	{ "{'items':[{'items':[" ITEM("a") "],'kind':'List'}," ITEM("b") "],'kind':'List'}", NULL,
	  NULL, NULL, 0, 2, 0, 0, NULL },
	{ "{'kind':'List','items':[{'items':[" ITEM("a") "],'kind':'List'}," ITEM("b") "]}", NULL,
	  NULL, NULL, 0, 2, 0, 0, NULL },
	{ "{'kind':'List','items':[" ITEM(
		  "a") ",{'apiVersion':'v1','items':[" UNTYPED
		       "],'kind':'ServiceList'},{'apiVersion':'discovery.k8s.io/v1','items':[],"
		       "'kind':'EndpointSliceList'}]}",
	  NULL, NULL, NULL, 0, 1, 0, 0, NULL },
	/* arrays */
	{ "[]", NULL, NULL, NULL, 0, 0, 0, 0, NULL },
	{ "[" ITEM("a") "," ITEM("b") "]", NULL, NULL, NULL, 0, 2, 0, 0, NULL },
	{ "[{'kind':'List','items':[" ITEM("a") "]},[" ITEM("b") "],[[" ITEM("c") "]]]", NULL, NULL,
	  NULL, 0, 3, 0, 0, NULL },
	{ "[{'apiVersion':'v1','items':[" UNTYPED "],'kind':'ServiceList'}]", NULL, NULL, NULL, 0,
	  1, 0, 0, NULL },
	{ "[" UNTYPED "," UNTYPED "]", "not-kubernetes", NULL, "[0]", -EINVAL, 0, 0, 0, NULL },
	{ "[{'kind':'Service','metadata':{}}]", "name", "Service [0]", "metadata.name", -EINVAL, 0,
	  0, 0, NULL },
	{ "[7]", "not-kubernetes", NULL, "[0]", -EINVAL, 0, 0, 0, NULL },
	/* watch events */
	{ EVENT("ADDED", ITEM("a")) EVENT("ADDED", ITEM("b")), NULL, NULL, NULL, 0, 2, 0, 0, NULL },
	{ "{'object':" ITEM("a") ",'type':'ADDED'}" EVENT("MODIFIED", ITEM("a")), NULL, NULL, NULL,
	  0, 1, 0, 0, NULL },
	{ EVENT("ADDED", ITEM("a")) EVENT("ADDED", ITEM("b")) EVENT("DELETED", ITEM("a")), NULL,
	  NULL, NULL, 0, 1, 0, 0, NULL },
	{ EVENT("DELETED", ITEM("a")), NULL, NULL, NULL, 0, 0, 0, 0, NULL },
	{ EVENT("DELETED", ITEM("a")) EVENT("ADDED", ITEM("a")), NULL, NULL, NULL, 0, 1, 0, 0,
	  NULL },
	{ EVENT("BOOKMARK", ITEM("a")), NULL, NULL, NULL, 0, 0, 0, 0, NULL },
	{ EVENT("ERROR", "{'kind':'Status','apiVersion':'v1','message':'too old'}"), "status", NULL,
	  NULL, -EINVAL, 0, 0, 0, NULL },
	{ EVENT("OTHER", ITEM("a")), "not-kubernetes", NULL, NULL, -EINVAL, 0, 0, 0, NULL },
	{ EVENT("ADDED", "{'kind':'ConfigMap'}") EVENT("MODIFIED", "{'kind':'ConfigMap'}"), NULL,
	  NULL, NULL, 0, 0, 0, 0, "ConfigMap" },
	{ "[" EVENT("ADDED", ITEM("a")) "]", NULL, NULL, NULL, 0, 1, 0, 0, NULL },
	/* answers that are no objects */
	{ "{'kind':'Status','apiVersion':'v1','status':'Failure','message':'x','reason':'y'}",
	  "status", NULL, NULL, -EINVAL, 0, 0, 0, NULL },
	{ "{'kind':'Status','apiVersion':'v1','status':'Success'}", NULL, NULL, NULL, 0, 0, 0, 0,
	  "Status" },
	{ "{'kind':'Table','apiVersion':'meta.k8s.io/v1','rows':[]}", "table", NULL, NULL, -EINVAL,
	  0, 0, 0, NULL },
	{ "{'kind':'Template','apiVersion':'template.openshift.io/v1','objects':[" ITEM("a") "]}",
	  NULL, NULL, NULL, 0, 0, 0, 0, "Template" },
	{ "{'kind':'ServiceList','apiVersion':'v1','items':[" UNTYPED "]}", NULL, NULL, NULL, 0, 1,
	  0, 0, NULL },
	{ "{'apiVersion':'v1','items':[" UNTYPED "],'kind':'ServiceList'}", NULL, NULL, NULL, 0, 1,
	  0, 0, NULL },
	{ "{'kind':'NodeList','apiVersion':'v1','items':[{'metadata':{'name':'n1'}}]}", NULL, NULL,
	  NULL, 0, 0, 0, 1, NULL },
	{ "{'kind':'ServiceList','items':[{'metadata':{}}]}", "name", "Service items[0]",
	  "metadata.name", -EINVAL, 0, 0, 0, NULL },
	{ "{'kind':'ConfigMapList','apiVersion':'v1','items':[{}]}", NULL, NULL, NULL, 0, 0, 0, 0,
	  "ConfigMap" },
	/* kinds */
	{ "{'kind':'ConfigMap','apiVersion':'v1','spec':{'ports':3}}", NULL, NULL, NULL, 0, 0, 0, 0,
	  "ConfigMap" },
	{ "{'kind':'Service','apiVersion':'serving.knative.dev/v1','spec':3}", NULL, NULL, NULL, 0,
	  0, 0, 0, "Service (serving.knative.dev/v1)" },
	{ "{'spec':{'clusterIP':'10.0.0.1'},'metadata':{'name':'a'},'kind':'Service'}", NULL, NULL,
	  NULL, 0, 1, 0, 0, NULL },
	{ "{'endpoints':null,'ports':null,'addressType':'IPv4','kind':'EndpointSlice',"
	  "'metadata':{'name':'e','labels':{'kubernetes.io/service-name':'a'}}}",
	  NULL, NULL, NULL, 0, 0, 1, 0, NULL },
	/* services */
	{ SVC("'ports':[{'port':0}]"), "range", "Service ns/a", "spec.ports[0].port", -EINVAL, 1, 0,
	  0, NULL },
	{ SVC("'ports':[{'port':65536}]"), "range", "Service ns/a", "spec.ports[0].port", -EINVAL,
	  1, 0, 0, NULL },
	{ SVC("'ports':[{'port':'80'}]"), "type", "Service ns/a", "spec.ports[0].port", -EINVAL, 1,
	  0, 0, NULL },
	{ SVC("'ports':[{}]"), "range", "Service ns/a", "spec.ports[0]", -EINVAL, 1, 0, 0, NULL },
	{ SVC("'ports':[{'port':1,'nodePort':70000}]"), "range", "Service ns/a",
	  "spec.ports[0].nodePort", -EINVAL, 1, 0, 0, NULL },
	{ SVC("'ports':[{'port':65535,'nodePort':0,'name':null,'protocol':null}]"), NULL, NULL,
	  NULL, 0, 1, 0, 0, NULL },
	{ SVC("'ports':[{'port':1,'protocol':'tcp'}]"), "value", "Service ns/a",
	  "spec.ports[0].protocol", 0, 1, 0, 0, NULL },
	{ SVC("'ports':[{'port':1,'name':'a\\nb'}]"), "name", "Service ns/a", "spec.ports[0].name",
	  0, 1, 0, 0, NULL },
	{ SVC("'type':'X'"), "value", "Service ns/a", "spec.type", 0, 1, 0, 0, NULL },
	{ SVC("'sessionAffinity':'x'"), "value", "Service ns/a", "spec.sessionAffinity", 0, 1, 0, 0,
	  NULL },
	{ SVC("'sessionAffinityConfig':{'clientIP':{'timeoutSeconds':86401}}"), "range",
	  "Service ns/a", "spec.sessionAffinityConfig.clientIP.timeoutSeconds", -EINVAL, 1, 0, 0,
	  NULL },
	{ SVC("'internalTrafficPolicy':'local'"), "value", "Service ns/a",
	  "spec.internalTrafficPolicy", 0, 1, 0, 0, NULL },
	{ SVC("'externalIPs':['1.2.3']"), "address", "Service ns/a", "spec.externalIPs[0]", 0, 1, 0,
	  0, NULL },
	{ SVC("'loadBalancerSourceRanges':[' 10.0.0.0/8 ','10.0.0.0']"), "cidr", "Service ns/a",
	  "spec.loadBalancerSourceRanges[1]", 0, 1, 0, 0, NULL },
	{ "{'kind':'Service','metadata':{'name':'a\\u0022b'}}", "name", "Service", "metadata.name",
	  0, 0, 0, 0, NULL },
	{ "{'kind':'Service','metadata':{'name':'a'},'spec':{'clusterIP':''}}", "pending",
	  "Service default/a", "spec.clusterIP", 0, 1, 0, 0, NULL },
	{ "{'kind':'Service','metadata':{'name':'a'},'spec':{'clusterIPs':['10.0.0.300']}}",
	  "address", "Service default/a", "spec.clusterIPs[0]", 0, 1, 0, 0, NULL },
	{ "{'kind':'Service','metadata':{'name':'a'},'spec':{'type':'ExternalName'}}", NULL, NULL,
	  NULL, 0, 1, 0, 0, NULL },
	/* slices */
	{ SLICE("'addressType':'IPv4','endpoints':[{'addresses':['::1']}]"), "address",
	  "EndpointSlice ns/e", "endpoints[0].addresses[0]", 0, 0, 1, 0, NULL },
	{ SLICE("'endpoints':[{'addresses':['x']}],'addressType':'IPv4'"), "address",
	  "EndpointSlice ns/e", "endpoints[0].addresses[0]", 0, 0, 1, 0, NULL },
	{ SLICE("'addressType':'FQDN','endpoints':[{'addresses':['x.y']}]"), NULL, NULL, NULL, 0, 0,
	  1, 0, NULL },
	{ SLICE("'endpoints':[{'addresses':['x.y']}],'addressType':'FQDN'"), NULL, NULL, NULL, 0, 0,
	  1, 0, NULL },
	{ SLICE("'addressType':'ipv4'"), "value", "EndpointSlice ns/e", "addressType", 0, 0, 1, 0,
	  NULL },
	{ SLICE("'addressType':'IPv4',"
		"'endpoints':[{'hints':{'forNodes':[{'name':'x'}],'forZones':[{'name':1}]}}]"),
	  "type", "EndpointSlice ns/e", "endpoints[0].hints.forZones[0].name", -EINVAL, 0, 1, 0,
	  NULL },
	/* Endpoints: a slice for each subset */
	{ "{'kind':'Endpoints','subsets':[{'addresses':[{'ip':'10.1.0.1'}]},"
	  "{'notReadyAddresses':[{'ip':'10.1.0.2'}]}],"
	  "'metadata':{'name':'a'}}",
	  NULL, NULL, NULL, 0, 0, 2, 0, NULL },
	{ "{'kind':'Endpoints','subsets':[{'addresses':[{'ip':'x'}]}],'metadata':{'name':'a'}}",
	  "address", "Endpoints default/a", "subsets[0].addresses[0].ip", 0, 0, 1, 0, NULL },
	/* nodes */
	{ "{'kind':'Node','metadata':{'name':'n1'},'spec':{'podCIDR':'x'}}", "cidr", "Node n1",
	  "spec.podCIDR", 0, 0, 0, 1, NULL },
};

static void assert_text(const char *a, const char *b)
{
	if (a && b)
		ck_assert_str_eq(a, b);
	else
		ck_assert_msg(a == b, "found %s, expected %s", a ? a : "nothing",
			      b ? b : "nothing");
}

START_TEST(read_cases)
{
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_model *m = svcr_model_new(svcr_kinds);
	char *text = read_quoted(cases[_i].text);
	const struct svcrules_diag *g;
	size_t n = 0;

	ck_assert_int_eq(read_text(m, "f", text, d), cases[_i].result);
	g = svcrules_diags_get(d, 0);
	assert_text(g ? g->check : NULL, cases[_i].check);
	assert_text(g ? g->object : NULL, cases[_i].object);
	assert_text(g ? g->field : NULL, cases[_i].field);
	ck_assert_uint_eq(svcrules_model_services(m), cases[_i].services);
	ck_assert_uint_eq(m->slices.n, cases[_i].slices);
	ck_assert_uint_eq(m->nodes.n, cases[_i].nodes);
	assert_text(svcrules_model_ignored(m, 0, &n), cases[_i].ignored);
	free(text);
	svcrules_model_free(m);
	svcrules_diags_free(d);
}
END_TEST

/* An input that is cut anywhere is an error unless it is complete, and nothing leaks. */
START_TEST(read_cut)
{
	char *text = read_quoted(cases[_i].text);

	for (size_t n = strlen(text); n-- > 0;) {
		struct svcrules_diags *d = svcrules_diags_new();
		struct svcrules_model *m = svcr_model_new(svcr_kinds);
		int err;

		text[n] = '\0';
		err = read_text(m, "f", text, d);
		ck_assert(err == 0 || err == -EINVAL);
		ck_assert_int_eq(err == 0, svcrules_diags_errors(d) == 0);
		svcrules_model_free(m);
		svcrules_diags_free(d);
	}
	free(text);
}
END_TEST

START_TEST(read_broken)
{
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_model *m = svcr_model_new(svcr_kinds);

	ck_assert_int_eq(read_text(m, "f", "{\n \"kind\": x}", d), -EINVAL);
	ck_assert_uint_eq(svcrules_diags_count(d), 1);
	ck_assert_uint_eq(svcrules_diags_get(d, 0)->line, 2);
	ck_assert_uint_gt(svcrules_diags_get(d, 0)->column, 1);
	svcrules_model_free(m);
	svcrules_diags_free(d);
}
END_TEST

START_TEST(read_fill_error)
{
	struct source s = { "{\"kind\":", 0, -EIO };
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_model *m = svcr_model_new(svcr_kinds);

	ck_assert_int_eq(svcrules_model_read(m, "f", read_fill, &s, d), -EIO);
	svcrules_model_free(m);
	svcrules_diags_free(d);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("read");
	TCase *tc = tcase_create("read");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, read_cases, 0, (int)ARRAY_SIZE(cases));
	tcase_add_loop_test(tc, read_cut, 0, (int)ARRAY_SIZE(cases));
	tcase_add_test(tc, read_broken);
	tcase_add_test(tc, read_fill_error);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
