/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is kept of Ingresses, IngressClasses and Secrets. */
#include "kinds.h"
#include "model.h"

#include <check.h>

#define TEXT_MAX 4096

static long ingress_fill(void *arg, char *buf, size_t size)
{
	const char **text = arg;
	size_t n = strnlen(*text, size < 5 ? size : 5);

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

#define DATA(x) "kind: Secret\nmetadata: {name: s}\n" x "\n"
#define BAD_KEY \
	"a key is not 1-253 of the characters -._a-zA-Z0-9, or is '.' or starts with '..' (it is " \
	"not shown)"

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
	{ DATA("data: {a b: YWJj}"), "data: " BAD_KEY },
	{ DATA("data: {'': YWJj}"), "data: " BAD_KEY },
	{ DATA("data: {.: YWJj}"), "data: " BAD_KEY },
	{ DATA("stringData: {..a: YWJj}"), "stringData: " BAD_KEY },
	{ DATA("stringData: {.a: x, A-Z_0.9: z}"), "" },
	{ DATA("stringData: {a: 1}"), "stringData.a: found a number, expected a string" },
	{ DATA("data: [c2VjcmV0]"), "data: found a list, expected an object" },
	{ DATA("data: c2VjcmV0"), "data: found a string, expected an object" },
	{ DATA("data: null\nstringData: {a: null}"), "" },
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
	{ "YWJjZA==", "abcd" }, { "YW\\nJj", "abc" }, { "", "" },
};

START_TEST(test_ingress_secret)
{
	char text[TEXT_MAX], said[TEXT_MAX];
	struct svcrules_model *m;
	const struct svcr_secret *s;
	const struct svcr_secret_bytes *key;

	snprintf(
		text, sizeof(text),
		"{\"kind\":\"Secret\",\"type\":\"kubernetes.io/tls\",\"metadata\":{\"name\":\"s\"},"
		"\"data\":{\"tls.key\":\"%s\"}}",
		decoded[_i].text);
	m = ingress_read(text, said);
	s = m->secrets.v;
	ck_assert_str_eq(said, "");
	ck_assert_uint_eq(m->secrets.n, 1);
	ck_assert_ptr_null(svcr_secret_get(s, "tls.crt"));
	key = svcr_secret_get(s, "tls.key");
	ck_assert_ptr_nonnull(key);
	ck_assert_uint_eq(key->len, strlen(decoded[_i].bytes));
	ck_assert_mem_eq(key->p, decoded[_i].bytes, key->len + 1);
	svcrules_model_free(m);
}
END_TEST

static const struct {
	const char *text;
	const char *type; /* NULL: nothing is kept */
	const char *a, *b;
} secrets[] = {
	{ DATA("data: {a: YWJj}\nstringData: {b: x}"), "Opaque", "abc", "x" },
	{ DATA("type: ''\ndata: {a: YWJj, b: ''}"), "Opaque", "abc", "" },
	{ DATA("type: Opaque\nstringData: {a: YWJj}\ndata: {a: eA==}"), "Opaque", "YWJj", NULL },
	{ DATA("data: {b: eA==, a: eA==}\nstringData: {b: null}"), "Opaque", "x", "" },
	{ DATA("type: kubernetes.io/tls\ndata: {b: eA==}"), "kubernetes.io/tls", NULL, "x" },
	{ DATA("data: {b: eA==}\ntype: kubernetes.io/basic-auth"), "kubernetes.io/basic-auth", NULL,
	  "x" },
	{ DATA("data: {b: eA==}\ntype: kubernetes.io/service-account-token"), NULL, NULL, NULL },
	{ DATA("data: {b: eA==}\ntype: helm.sh/release.v1"), NULL, NULL, NULL },
};

static void secret_value_is(const struct svcr_secret *s, const char *key, const char *text)
{
	const struct svcr_secret_bytes *b = svcr_secret_get(s, key);

	ck_assert_int_eq(!b, !text);
	if (b)
		ck_assert_str_eq(b->p, text);
	if (b)
		ck_assert_uint_eq(b->len, strlen(text));
}

/* Both fields of three types are kept; of other types nothing. */
START_TEST(test_ingress_secret_types)
{
	char said[TEXT_MAX];
	struct svcrules_model *m = ingress_read(secrets[_i].text, said);

	ck_assert_str_eq(said, "");
	ck_assert_uint_eq(m->secrets.n, secrets[_i].type != NULL);
	ck_assert_int_eq(!m->secret_bytes, !secrets[_i].type);
	if (m->secrets.n) {
		ck_assert_str_eq(m->secrets.v[0].type, secrets[_i].type);
		secret_value_is(m->secrets.v, "a", secrets[_i].a);
		secret_value_is(m->secrets.v, "b", secrets[_i].b);
	}
	svcrules_model_free(m);
}
END_TEST

/* More than an API server takes is an error, which shows no value. */
START_TEST(test_ingress_secret_size)
{
	static const char head[] = DATA("stringData:\n  b: x\n  a: ");
	char said[TEXT_MAX], *text = calloc(1, sizeof(head) + (1 << 20) + 1);
	struct svcrules_model *m;

	ck_assert_ptr_nonnull(text);
	memcpy(text, head, sizeof(head) - 2); /* its last line goes on */
	memset(text + sizeof(head) - 2, 'y', (1 << 20) - (_i ? 0 : 1));
	m = ingress_read(text, said);
	ck_assert_str_eq(said, _i ? "data: 1048577 bytes of data, expected at most 1048576" : "");
	svcrules_model_free(m);
	free(text);
}
END_TEST

/* Other types of Secrets are not kept, and a class that is the default says so. */
START_TEST(test_ingress_others)
{
	char said[TEXT_MAX];
	struct svcrules_model *m = ingress_read(
		"kind: Secret\nmetadata: {name: s}\ntype: x/y\ndata: {tls.key: YWJj}\n---\n"
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
	tcase_add_loop_test(tc, test_ingress_secret_types, 0, sizeof(secrets) / sizeof(*secrets));
	tcase_add_loop_test(tc, test_ingress_secret_size, 0, 2);
	tcase_add_test(tc, test_ingress_others);
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
