/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Words of nginx's configuration, what annotations and paths may hold, and where keys are shown. */
#include "kinds/kinds.h"
#include "rules/nginx/nginx.h"
#include "rules/nginx/target.h"

#include "testdata/certs/certs.h"

#include <check.h>
#include <errno.h>

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static const struct {
	const char *text, *word;
} words[] = {
	{ "", "\"\"" },         { "/a b", "\"/a b\"" },     { "a\"b", "\"a\\\"b\"" },
	{ "\\", "\"\\\\\"" },   { "\\\"", "\"\\\\\\\"\"" }, { "a; } b {", "\"a; } b {\"" },
	{ "\\t", "\"\\\\t\"" },
};

START_TEST(nginx_words)
{
	struct svcr_buffer text = { .len = 0 };
	struct svcr_out o = { .write = svcr_buffer_append, .arg = &text };

	svcr_nginx_quote(&o, words[_i].text);
	ck_assert_int_eq(svcr_out_end(&o), 0);
	ck_assert_str_eq(text.p, words[_i].word);
	free(text.p);
}
END_TEST

/* ---- Built -------------------------------------------------------------------------- */

#define INGRESS(annotation) \
	"kind: Ingress\nmetadata: {name: i, annotations: {nginx.ingress.kubernetes.io/" annotation \
	"}}\nspec: {ingressClassName: nginx, tls: [{hosts: [a.b], secretName: s}], " \
	"rules: [{host: a.b, http: {paths: [{pathType: Prefix, path: /, backend: " \
	"{service: {name: w, port: {number: 80}}}}]}}]}\n---\n"
#define SECRET \
	"kind: Secret\nmetadata: {name: s}\ntype: kubernetes.io/tls\n" \
	"data: {tls.crt: " CERTS_SITE_CRT ", tls.key: " CERTS_SITE_KEY "}\n"

static long nginx_fill_text(void *arg, char *buf, size_t size)
{
	const char **text = arg;
	size_t n = strlen(*text) < size ? strlen(*text) : size;

	memcpy(buf, *text, n);
	*text += n;
	return (long)n;
}

/* Builds; prints into *ret. */
static int nginx_compile(const char *text, const char *format, struct svcr_buffer *ret)
{
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_options *o = svcrules_options_new();
	struct svcrules_model *m = svcr_model_new(svcr_target_nginx.reads);
	struct svcrules_ruleset rs = { .target = &svcr_target_nginx };
	int err;

	ck_assert(d && o && m);
	ck_assert_int_eq(svcrules_model_read(m, "f", nginx_fill_text, &text, d), 0);
	ck_assert_int_eq(svcr_target_nginx.make(&rs, o, ""), 0);
	err = svcr_target_nginx.build(m, o, d, &rs);
	if (!err)
		err = svcrules_print(&rs, format, svcr_buffer_append, ret);
	svcr_nginx_ops.free(rs.parts[0]);
	free(rs.parts);
	svcrules_model_free(m);
	svcrules_options_free(o);
	svcrules_diags_free(d);
	return err;
}

START_TEST(nginx_shows_no_key)
{
	static const char *const formats[] = { "text", "json" };
	struct svcr_buffer text = { .len = 0 };

	ck_assert_int_eq(nginx_compile(INGRESS("ssl-redirect: 'true'") SECRET, formats[_i], &text),
			 0);
	ck_assert_ptr_nonnull(strstr(text.p, "tls_default_s.key"));
	ck_assert_ptr_null(strstr(text.p, "BEGIN"));
	free(text.p);
}
END_TEST

/* Nothing of these may reach the text. */
static const char *const hostile[] = {
	INGRESS("proxy-body-size: '1m; return 200'") SECRET,
	INGRESS("proxy-body-size: '-1'") SECRET,
	INGRESS("proxy-body-size: ''") SECRET,
	INGRESS("proxy-read-timeout: '60;'") SECRET,
	INGRESS("proxy-read-timeout: '0'") SECRET,
	INGRESS("rewrite-target: '/a b'") SECRET,
	INGRESS("rewrite-target: '/\"'") SECRET,
	INGRESS("rewrite-target: '/$host'") SECRET,
	INGRESS("rewrite-target: '/$'") SECRET,
	INGRESS("rewrite-target: 'http://x'") SECRET,
	INGRESS("rewrite-target: ''") SECRET,
	INGRESS("whitelist-source-range: 'all'") SECRET,
	INGRESS("whitelist-source-range: ''") SECRET,
	INGRESS("whitelist-source-range: '10.0.0.0/8; allow all'") SECRET,
	INGRESS("ssl-redirect: 'no'") SECRET,
	INGRESS("server-snippet: ''") SECRET,
	INGRESS("auth-tls-secret: 'x'") SECRET,
};

START_TEST(nginx_refuses)
{
	struct svcr_buffer text = { .len = 0 };

	ck_assert_int_eq(nginx_compile(hostile[_i], "text", &text), -EINVAL);
	ck_assert_ptr_null(text.p);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("nginx");
	TCase *tc = tcase_create("nginx");
	SRunner *runner = srunner_create(suite);
	int failed;

	tcase_add_loop_test(tc, nginx_words, 0, COUNT(words));
	tcase_add_loop_test(tc, nginx_shows_no_key, 0, 2);
	tcase_add_loop_test(tc, nginx_refuses, 0, COUNT(hostile));
	suite_add_tcase(suite, tc);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed != 0;
}
