/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fails every allocation in turn while checks are run and printed; see alloc_test.h. */
#include "rules/alloc_test.h"
#include "rules/built_test.h"

#include <check.h>
#include <errno.h>
#include <jansson.h>

/* clang-format off */
#define OBJECT(kind, name, rest) \
	"{\"kind\":\"" kind "\",\"metadata\":{\"name\":\"" name "\",\"namespace\":\"dev\"" rest "}"
#define SLICE(name, service) \
	"{\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"" name "\",\"namespace\":\"dev\"," \
	"\"labels\":{\"kubernetes.io/service-name\":\"" service "\"}}," \
	"\"ports\":[{\"name\":\"p\",\"port\":1}],\"endpoints\":[" \
	"{\"addresses\":[\"10.1.0.1\"]},{\"addresses\":[\"10.9.0.1\"]}]}"

static const char input[] =
	OBJECT("Service", "a", "},\"spec\":{\"type\":\"NodePort\",\"clusterIP\":\"10.9.0.1\","
	"\"externalIPs\":[\"192.0.2.1\"],\"sessionAffinity\":\"ClientIP\","
	"\"sessionAffinityConfig\":{\"clientIP\":{\"timeoutSeconds\":5}},"
	"\"selector\":{\"app\":\"a\"},\"ports\":["
	"{\"name\":\"p\",\"port\":80,\"nodePort\":80},{\"port\":80,\"targetPort\":\"x\"}]")
	OBJECT("Service", "b", "},\"spec\":{\"type\":\"NodePort\",\"clusterIP\":\"10.9.0.1\","
	"\"selector\":{\"app\":\"b\"},\"ports\":[{\"port\":80,\"nodePort\":80}]")
	OBJECT("Service", "c", "},\"spec\":{\"type\":\"ExternalName\","
	"\"externalName\":\"c.dev.svc.cluster.local\"")
	SLICE("a-1", "a") SLICE("x-1", "x")
	"{\"kind\":\"Node\",\"metadata\":{\"name\":\"n\"},\"spec\":{\"podCIDR\":\"10.1.0.0/24\"},"
	"\"status\":{\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"192.0.2.1\"}]}}"
	OBJECT("Pod", "p", ",\"labels\":{\"app\":\"p\"}},\"spec\":{\"hostname\":\"h\","
	"\"subdomain\":\"s\"},\"status\":{\"podIP\":\"10.1.0.1\"")
	OBJECT("Pod", "q", ",\"labels\":{\"app\":\"p\"}},\"spec\":{\"hostname\":\"h\","
	"\"subdomain\":\"s\"},\"status\":{\"podIP\":\"10.1.0.2\"")
	"{\"kind\":\"Namespace\",\"metadata\":{\"name\":\"dev\"}}"
	OBJECT("NetworkPolicy", "x", "},\"spec\":{\"podSelector\":{},\"policyTypes\":["
	"\"Ingress\",\"Egress\"],\"ingress\":[{\"from\":[{\"podSelector\":{\"matchLabels\":"
	"{\"app\":\"z\"}}},{\"namespaceSelector\":{\"matchLabels\":{\"a\":\"b\"}}}]}]")
	OBJECT("NetworkPolicy", "y", "},\"spec\":{\"podSelector\":{},\"ingress\":[{}]")
	OBJECT("Ingress", "i", "},\"spec\":{\"ingressClassName\":\"nginx\",\"tls\":[{\"hosts\":"
	"[\"a.b\"],\"secretName\":\"s\"}],\"rules\":[{\"host\":\"a.b\",\"http\":{\"paths\":["
	"{\"path\":\"/\",\"pathType\":\"Prefix\",\"backend\":{\"service\":{\"name\":\"w\","
	"\"port\":{\"number\":80}}}},{\"path\":\"/\",\"pathType\":\"Prefix\",\"backend\":"
	"{\"service\":{\"name\":\"a\",\"port\":{\"number\":81}}}}]}}]")
	OBJECT("StatefulSet", "w", "},\"spec\":{\"serviceName\":\"none\",\"template\":{"
	"\"metadata\":{\"labels\":{\"app\":\"w\"}},\"spec\":{\"containers\":[{\"ports\":["
	"{\"name\":\"q\",\"containerPort\":1}]}]}}")
	"{\"kind\":\"Secret\",\"metadata\":{\"name\":\"s\",\"namespace\":\"dev\"},"
	"\"type\":\"kubernetes.io/tls\",\"stringData\":{\"tls.crt\":\"x\",\"tls.key\":\"y\"}}";

/* Manifests, whose workloads count as Pods. */
static const char manifests[] =
	OBJECT("Service", "a", "},\"spec\":{\"selector\":{\"app\":\"a\"},\"ports\":["
	"{\"port\":80,\"targetPort\":\"x\"}]")
	OBJECT("Service", "b", "},\"spec\":{\"selector\":{\"app\":\"b\"},\"ports\":[{\"port\":80}]")
	OBJECT("Deployment", "a", "},\"spec\":{\"template\":{"
	"\"metadata\":{\"labels\":{\"app\":\"a\"}},"
	"\"spec\":{\"containers\":[{\"ports\":[{\"name\":\"q\",\"containerPort\":1}]}]}}")
	OBJECT("StatefulSet", "w", "},\"spec\":{\"serviceName\":\"none\",\"template\":{"
	"\"metadata\":{\"labels\":{\"app\":\"w\"}}}")
	OBJECT("NetworkPolicy", "x", "},\"spec\":{"
	"\"podSelector\":{\"matchLabels\":{\"app\":\"z\"}},"
	"\"ingress\":[{\"ports\":[{\"port\":\"y\"}]}]");
/* clang-format on */

static const char *text = input;
static uint64_t sum;
static size_t found;

/* Closes the objects of the macro, which leaves one brace open. */
static size_t close_object(char *whole, size_t n)
{
	int depth = 0;

	for (size_t i = 0; i < n; i++)
		depth += (whole[i] == '{') - (whole[i] == '}');
	while (depth-- > 0)
		whole[n++] = '}';
	return n;
}

static char *whole_input(void)
{
	static char whole[2 * sizeof(input)];
	size_t n = 0;

	for (const char *p = text; *p; p++) {
		if (n && strncmp(p, "{\"kind\"", 7) == 0)
			n = close_object(whole, n);
		whole[n++] = *p;
	}
	n = close_object(whole, n);
	whole[n] = '\0';
	return whole;
}

static int check_hash(void *arg, const char *buf, size_t len)
{
	(void)arg;
	for (size_t i = 0; i < len; i++)
		sum = (sum ^ (unsigned char)buf[i]) * 1099511628211u;
	return 0;
}

static int print_formats(const struct svcrules_findings *f)
{
	static const char *const formats[] = { "text", "json", "sarif", "github" };
	int err = 0;

	for (size_t i = 0; i < 4 && !err; i++)
		err = svcrules_findings_print(f, formats[i], check_hash, NULL);
	return err;
}

static int read_input(struct svcrules_model *m, struct svcrules_findings *f,
		      struct svcrules_diags *d)
{
	const char *whole = whole_input();
	int err = svcrules_model_read(m, "input", gen_fill, &whole, d);

	return err ? err : svcrules_findings_add(f, d);
}

static int try_checks(void)
{
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_options *o = svcrules_options_new();
	struct svcrules_model *m = svcrules_check_model();
	struct svcrules_findings *f = svcrules_findings_new();
	struct svcrules_check c;
	int err = d && o && m && f ? 0 : -ENOMEM;

	if (!err)
		err = svcrules_options_set(o, "allow-external-cidr", "203.0.113.0/24", d);
	for (size_t i = 0; !err && svcrules_check_at(i, &c); i++)
		err = svcrules_findings_level(f, c.name, SVCRULES_CHECK_ON);
	if (!err)
		err = read_input(m, f, d);
	if (!err)
		err = svcrules_findings_run(f, m, o);
	if (!err)
		err = print_formats(f);
	found = err ? 0 : svcrules_findings_count(f, SVCRULES_WARNING);
	svcrules_findings_free(f);
	svcrules_model_free(m);
	svcrules_options_free(o);
	svcrules_diags_free(d);
	return err;
}

static void fail_each(const char *objects, size_t least)
{
	size_t left = 0, at;

	text = objects;
	ck_assert_int_eq(alloc_attempt(try_checks, 0, &left), 0);
	ck_assert_uint_eq(left, 0);
	ck_assert_uint_ge(found, least);
	for (at = 1; at < 100000; at++) {
		int err = alloc_attempt(try_checks, at, &left);

		ck_assert_msg(left == 0, "%zu left behind when allocation %zu fails", left, at);
		if (!alloc_state.failed)
			break;
		ck_assert_msg(err == -ENOMEM, "%d when allocation %zu fails", err, at);
	}
	ck_assert_uint_gt(at, 100);
}

START_TEST(check_every_failure)
{
	fail_each(input, 16);
}
END_TEST

START_TEST(check_every_failure_of_manifests)
{
	fail_each(manifests, 5);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("check-alloc");
	TCase *tc = tcase_create("check-alloc");
	SRunner *runner = srunner_create(suite);
	int bad;

	json_set_alloc_funcs(__wrap_malloc, __wrap_free);
	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_test(tc, check_every_failure);
	tcase_add_test(tc, check_every_failure_of_manifests);
	srunner_run_all(runner, CK_ENV);
	bad = srunner_ntests_failed(runner);
	srunner_free(runner);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
