/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is kept of Ingresses, IngressClasses and Secrets. */
#include "kinds.h"
#include "model.h"

#include <check.h>

#define TEXT_MAX 4096

static long ingress_fill(void *arg, char *buf, size_t size)
{
	const char **text = arg;
	size_t n = strlen(*text) < size ? strlen(*text) : size;

	n = n < 5 ? n : 5;
	memcpy(buf, *text, n);
	*text += n;
	return (long)n;
}

/* Reads YAML; *ret_said is what the first diagnostic says, with its field. */
static struct svcrules_model *ingress_read(const char *text, char said[TEXT_MAX])
{
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_model *m = svcr_model_new(svcr_kinds);
	const struct svcrules_diag *g;

	ck_assert(d && m);
	svcrules_model_read(m, "f", ingress_fill, &text, d);
	g = svcrules_diags_get(d, 0);
	snprintf(said, TEXT_MAX, "%s%s%s", g ? g->field : "", g ? ": " : "", g ? g->text : "");
	svcrules_diags_free(d);
	return m;
}

#define PATHS(x) "kind: Ingress\nmetadata: {name: i}\nspec: {rules: [{http: {paths: [{" x "}]}}]}\n"
#define WEB "backend: {service: {name: web, port: {number: 80}}}"
#define HOST(x) "kind: Ingress\nmetadata: {name: i}\nspec: {rules: [{host: " x "}]}\n"
#define SECRET(x) \
	"kind: Secret\nmetadata: {name: s}\ntype: kubernetes.io/tls\ndata: {tls.crt: '" x "'}\n"

static const struct {
	const char *text, *said;
} faults[] = {
	{ PATHS("pathType: Exact, path: /a, " WEB), "" },
	{ PATHS("path: /a, " WEB), "spec.rules[0].http.paths[0]: no pathType" },
	{ PATHS("pathType: Exact, path: a, " WEB),
	  "spec.rules[0].http.paths[0].path: 'a' does not begin with '/'" },
	{ PATHS("pathType: Regex, " WEB),
	  "spec.rules[0].http.paths[0].pathType: 'Regex' is not Exact, Prefix or "
	  "ImplementationSpecific" },
	{ PATHS("pathType: Exact"), "spec.rules[0].http.paths[0]: no backend" },
	{ PATHS("pathType: Exact, backend: {service: {name: web}}"),
	  "spec.rules[0].http.paths[0].backend: expected the name of a service and a port of it" },
	{ PATHS("pathType: Exact, backend: {resource: {kind: X}}"),
	  "spec.rules[0].http.paths[0].backend: a resource is not supported: expected a service" },
	{ HOST("'*.example.com'"), "" },
	{ HOST("x;y"), "spec.rules[0].host: 'x;y' is no host: expected a DNS name in lower case, "
		       "perhaps with '*.' before it" },
	{ HOST("10.0.0.1"), "spec.rules[0].host: '10.0.0.1' is no host: expected a DNS name in "
			    "lower case, perhaps with '*.' before it" },
	{ HOST("a..b"), "spec.rules[0].host: 'a..b' is no host: expected a DNS name in lower "
			"case, perhaps with '*.' before it" },
	{ SECRET("YWJj"), "" },
	{ SECRET("YWJ"), "data.tls.crt: not base64 of RFC 4648 (the value is not shown)" },
	{ SECRET("YW=j"), "data.tls.crt: not base64 of RFC 4648 (the value is not shown)" },
	{ SECRET("secret!!"), "data.tls.crt: not base64 of RFC 4648 (the value is not shown)" },
	{ SECRET("="), "data.tls.crt: not base64 of RFC 4648 (the value is not shown)" },
};

START_TEST(test_ingress_faults)
{
	char said[TEXT_MAX];
	struct svcrules_model *m = ingress_read(faults[_i].text, said);

	ck_assert_str_eq(said, faults[_i].said);
	svcrules_model_free(m);
}
END_TEST

START_TEST(test_ingress_fields)
{
	static const char text[] =
		"kind: Ingress\nmetadata: {name: i, namespace: ns, creationTimestamp: "
		"'1970-01-01T00:00:01Z', annotations: {b: 1x, a: 2x}}\nspec:\n"
		"  ingressClassName: c\n  tls: [{hosts: [h.x], secretName: s}]\n"
		"  defaultBackend: {service: {name: d, port: {name: p}}}\n"
		"  rules: [{host: h.x, http: {paths: [{pathType: Prefix, " WEB "},\n"
		"    {pathType: Exact, path: /e, " WEB "}]}}, {}]\n";
	char said[TEXT_MAX];
	struct svcrules_model *m = ingress_read(text, said);
	const struct svcr_ingress *i = m->ingresses.v;

	ck_assert_str_eq(said, "");
	ck_assert_uint_eq(m->ingresses.n, 1);
	ck_assert_str_eq(i->ns, "ns");
	ck_assert_str_eq(i->class, "c");
	ck_assert_int_eq(i->created, 1000000000);
	ck_assert_str_eq(svcr_map_get(&i->annotations, "a"), "2x");
	ck_assert_str_eq(i->fallback.port_name, "p");
	ck_assert_str_eq(i->tls.v[0].hosts.v[0], "h.x");
	ck_assert_uint_eq(i->rules.n, 2);
	ck_assert_str_eq(i->rules.v[0].host, "h.x");
	ck_assert_str_eq(i->rules.v[0].paths.v[0].path, "/");
	ck_assert_uint_eq(i->rules.v[0].paths.v[0].backend.port, 80);
	ck_assert_int_eq(i->rules.v[0].paths.v[1].type, SVCR_PATH_EXACT);
	ck_assert_ptr_null(i->rules.v[1].host);
	svcrules_model_free(m);
}
END_TEST

static const struct {
	const char *text, *bytes;
} decoded[] = {
	{ "YQ==", "a" },        { "YWI=", "ab" },     { "YWJj", "abc" },
	{ "YWJjZA==", "abcd" }, { "YW\\nJj", "abc" }, { "", NULL },
};

START_TEST(test_ingress_secret)
{
	char text[TEXT_MAX], said[TEXT_MAX];
	struct svcrules_model *m;
	const struct svcr_tls_secret *s;

	snprintf(
		text, sizeof(text),
		"{\"kind\":\"Secret\",\"type\":\"kubernetes.io/tls\",\"metadata\":{\"name\":\"s\"},"
		"\"data\":{\"tls.key\":\"%s\"}}",
		decoded[_i].text);
	m = ingress_read(text, said);
	s = m->secrets.v;
	ck_assert_str_eq(said, "");
	ck_assert_uint_eq(m->secrets.n, 1);
	ck_assert_ptr_null(s->certificate);
	if (decoded[_i].bytes) {
		ck_assert_uint_eq(s->key->len, strlen(decoded[_i].bytes));
		ck_assert_mem_eq(s->key->p, decoded[_i].bytes, s->key->len);
	} else {
		ck_assert(s->key && !s->key->len);
	}
	svcrules_model_free(m);
}
END_TEST

/* Other types of Secrets are not kept, and a class that is the default says so. */
START_TEST(test_ingress_others)
{
	char said[TEXT_MAX];
	struct svcrules_model *m = ingress_read(
		"kind: Secret\nmetadata: {name: s}\ntype: Opaque\ndata: {tls.key: YWJj}\n---\n"
		"kind: IngressClass\nmetadata: {name: c, annotations: "
		"{ingressclass.kubernetes.io/is-default-class: 'true'}}\nspec: {controller: x/y}\n",
		said);

	ck_assert_uint_eq(m->secrets.n, 0);
	ck_assert_uint_eq(m->ingress_classes.n, 1);
	ck_assert(m->ingress_classes.v[0].is_default);
	ck_assert_str_eq(m->ingress_classes.v[0].controller, "x/y");
	svcrules_model_free(m);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("ingress");
	TCase *tc = tcase_create("ingress");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tc, test_ingress_faults, 0, sizeof(faults) / sizeof(*faults));
	tcase_add_test(tc, test_ingress_fields);
	tcase_add_loop_test(tc, test_ingress_secret, 0, sizeof(decoded) / sizeof(*decoded));
	tcase_add_test(tc, test_ingress_others);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
