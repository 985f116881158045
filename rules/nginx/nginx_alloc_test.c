/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fails every allocation in turn while the target nginx works; see alloc_test.h. */
#include "rules/alloc_test.h"
#include "rules/built_test.h"
#include "testdata/certs/certs.h"

#include <check.h>
#include <errno.h>
#include <jansson.h>

/* clang-format off */
#define COMMON \
	"{\"kind\":\"Service\",\"metadata\":{\"name\":\"w\"},\"spec\":{" \
	"\"clusterIP\":\"10.0.0.1\",\"ports\":[{\"name\":\"p\",\"port\":80}]}}" \
	"{\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"w-1\",\"labels\":" \
	"{\"kubernetes.io/service-name\":\"w\"}},\"ports\":[{\"name\":\"p\",\"port\":1}]," \
	"\"endpoints\":[{\"addresses\":[\"10.1.0.1\"]},{\"addresses\":[\"fd00::1\"]}]}" \
	"{\"kind\":\"Secret\",\"metadata\":{\"name\":\"s\"},\"type\":\"kubernetes.io/tls\"," \
	"\"data\":{\"tls.crt\":\"" CERTS_SITE_CRT "\"," \
	"\"tls.key\":\"" CERTS_SITE_KEY "\"}}" \
	"{\"kind\":\"Secret\",\"metadata\":{\"name\":\"u\"}," \
	"\"data\":{\"auth\":\"YTpi\"},\"stringData\":{\"auth\":\"a:b\"}}"
#define PATH(path, type, service) \
	"{\"path\":\"" path "\",\"pathType\":\"" type "\",\"backend\":{\"service\":{\"name\":\"" \
	service "\",\"port\":{\"name\":\"p\"}}}}"
#define INGRESS(name, annotations, paths) \
	"{\"kind\":\"Ingress\",\"metadata\":{\"name\":\"" name "\",\"annotations\":{" annotations \
	"}},\"spec\":{\"ingressClassName\":\"nginx\"," \
	"\"defaultBackend\":{\"service\":{\"name\":" \
	"\"w\",\"port\":{\"number\":80}}},\"tls\":[{\"hosts\":[\"a.b\",\"c.b\"]," \
	"\"secretName\":\"s\"},{\"hosts\":[\"a.b\"],\"secretName\":\"u\"}," \
	"{\"secretName\":\"s\"}]," \
	"\"rules\":[{\"host\":\"a.b\",\"http\":{\"paths\":[" paths "]}},{\"host\":\"*.b\"}]}}"
#define PREFIX "\"nginx.ingress.kubernetes.io/"

static const char *const inputs[] = {
	COMMON INGRESS("a", PREFIX "proxy-body-size\":\"8m\","
		       PREFIX "denylist-source-range\":\"10.0.0.0/8\","
		       PREFIX "allowlist-source-range\":\"10.0.0.1,::/0\"",
		       PATH("/x", "Prefix", "w") "," PATH("/y/", "Exact", "w") ","
		       PATH("/z/", "Prefix", "gone"))
	INGRESS("b", "", PATH("/x", "Prefix", "w")),
	COMMON INGRESS("a", PREFIX "rewrite-target\":\"/$1\"",
		       PATH("/x(.*)", "Prefix", "w") "," PATH("/e", "Exact", "w"))
	INGRESS("b", "", PATH("/x.y", "Prefix", "w"))
	INGRESS("c", PREFIX "use-regex\":\"true\"," PREFIX "enable-cors\":\"true\","
		PREFIX "cors-allow-origin\":\"https://*.a.b\"," PREFIX "limit-rps\":\"5\","
		PREFIX "limit-connections\":\"5\"," PREFIX "limit-whitelist\":\"10.0.0.1\","
		PREFIX "auth-type\":\"basic\"," PREFIX "auth-secret\":\"u\","
		PREFIX "auth-secret-type\":\"auth-map\"," PREFIX "custom-http-errors\":\"404\","
		PREFIX "default-backend\":\"w\"," PREFIX "app-root\":\"/a\","
		PREFIX "load-balance\":\"ewma\"," PREFIX "x-forwarded-prefix\":\"/p\"",
		PATH("/%41/", "Exact", "w"))
	INGRESS("d", PREFIX "backend-protocol\":\"GRPC\"," PREFIX "auth-type\":\"basic\","
		PREFIX "auth-secret\":\"u\"," PREFIX "permanent-redirect\":\"http://a\"",
		PATH("/d", "Prefix", "w")),
	COMMON INGRESS("a", PREFIX "server-snippet\":\"x\"", PATH("/x", "Prefix", "w")),
};
/* clang-format on */

static const struct {
	const char *name, *value;
} settings[] = { { "ingress-class", "nginx" },
		 { "hsts", NULL },
		 { "trust-forwarded", "10.0.0.0/8" },
		 { "ignore-annotation", "server-snippet" } };

static bool with_settings;
static uint64_t sum;

static int nginx_hash(void *arg, const char *buf, size_t len)
{
	(void)arg;
	for (size_t i = 0; i < len; i++)
		sum = (sum ^ (unsigned char)buf[i]) * 1099511628211u;
	return 0;
}

static int nginx_build_text(const char *text, struct svcrules_ruleset **ret)
{
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_options *o = svcrules_options_new();
	struct svcrules_model *m = NULL;
	int err = o && d ? 0 : -ENOMEM;

	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings) && with_settings && !err; i++)
		err = svcrules_options_set(o, settings[i].name, settings[i].value, d);
	if (!err && !(m = svcrules_model_new("nginx", o)))
		err = -ENOMEM;
	if (!err)
		err = svcrules_model_read(m, "input", gen_fill, &text, d);
	if (!err)
		err = svcrules_build(m, o, "nginx", d, ret);
	if (d && svcrules_diags_failed(d)) {
		svcrules_ruleset_free(*ret);
		*ret = NULL;
		err = -ENOMEM;
	}
	svcrules_model_free(m);
	svcrules_options_free(o);
	svcrules_diags_free(d);
	return err;
}

static int nginx_print_all(const struct svcrules_ruleset *rs)
{
	int err = svcrules_print(rs, "text", nginx_hash, NULL);
	struct svcrules_file f;

	if (!err)
		err = svcrules_print(rs, "json", nginx_hash, NULL);
	for (size_t i = 0; !err && svcrules_ruleset_file(rs, 0, i, &f); i++)
		err = svcrules_file_print(rs, 0, i, nginx_hash, NULL);
	return err;
}

static int nginx_print_both(const struct svcrules_ruleset *from, struct svcrules_ruleset *to)
{
	struct svcrules_changes *c;
	int err = svcrules_diff(from, to, &c);

	if (err)
		return err;
	err = svcrules_changes_print(c, "text", false, nginx_hash, NULL);
	if (!err)
		err = svcrules_changes_print(c, "json", false, nginx_hash, NULL);
	svcrules_changes_free(c);
	return err;
}

static int try_nginx(void)
{
	struct svcrules_ruleset *from = NULL, *to = NULL, *nothing = NULL;
	int err = nginx_build_text(inputs[0], &from);

	if (!err)
		err = nginx_build_text(inputs[1], &to);
	if (!err)
		err = nginx_print_all(from);
	if (!err)
		err = nginx_print_both(from, to);
	if (!err && !(nothing = svcrules_ruleset_empty(from)))
		err = -ENOMEM;
	if (!err)
		err = nginx_print_both(from, nothing);
	svcrules_ruleset_free(from);
	svcrules_ruleset_free(to);
	svcrules_ruleset_free(nothing);
	return err;
}

static int try_refusal(void)
{
	struct svcrules_ruleset *rs = NULL;

	return nginx_build_text(inputs[2], &rs);
}

static const struct {
	int (*call)(void);
	bool with_settings;
	int result;
} tries[] = { { try_nginx, false, 0 }, { try_nginx, true, 0 }, { try_refusal, false, -EINVAL } };

START_TEST(nginx_every_failure)
{
	size_t left = 0, at;

	with_settings = tries[_i].with_settings;
	ck_assert_int_eq(alloc_attempt(tries[_i].call, 0, &left), tries[_i].result);
	ck_assert_uint_eq(left, 0);
	for (at = 1; at < 100000; at++) {
		int err = alloc_attempt(tries[_i].call, at, &left);

		ck_assert_msg(left == 0, "%zu left behind when allocation %zu fails", left, at);
		if (!alloc_state.failed)
			break;
		ck_assert_msg(err == -ENOMEM || (err && err == tries[_i].result),
			      "%d when allocation %zu fails", err, at);
	}
	ck_assert_uint_gt(at, 5);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("nginx-alloc");
	TCase *tc = tcase_create("nginx-alloc");
	SRunner *runner = srunner_create(suite);
	int bad;

	json_set_alloc_funcs(__wrap_malloc, __wrap_free);
	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, nginx_every_failure, 0, (int)(sizeof(tries) / sizeof(*tries)));
	srunner_run_all(runner, CK_ENV);
	bad = srunner_ntests_failed(runner);
	srunner_free(runner);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
