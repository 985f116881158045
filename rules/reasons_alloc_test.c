/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Endpoints from Pods, reasons and the list of services while every allocation fails in turn: the
 * result is -ENOMEM, and nothing is left behind.
 */
#include "rules/alloc_test.h"
#include "rules/built_test.h"

#define SERVICE(name, ip, spec) \
	"{\"kind\":\"Service\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"" name "\"}," \
	"\"spec\":{\"clusterIP\":\"" ip "\"" spec "}}"
#define PORTS ",\"ports\":[{\"name\":\"http\",\"port\":80,\"targetPort\":\"http\"}]"
#define SLICE(service, ports, endpoint) \
	"{\"kind\":\"EndpointSlice\",\"apiVersion\":\"discovery.k8s.io/v1\"," \
	"\"metadata\":{\"name\":\"" service "\",\"labels\":{" \
	"\"kubernetes.io/service-name\":\"" service "\"}},\"addressType\":\"IPv4\"," \
	"\"ports\":[" ports "],\"endpoints\":[{\"addresses\":[\"10.1.1.1\"]," endpoint "}]}"
#define POD(name, labels, port, ready) \
	"{\"kind\":\"Pod\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"" name "\"," \
	"\"labels\":{" labels "}},\"spec\":{\"nodeName\":\"n1\",\"hostname\":\"" name "\"," \
	"\"subdomain\":\"b\",\"containers\":[{\"ports\":[{\"name\":\"http\"," \
	"\"containerPort\":" port "}]}]},\"status\":{\"podIP\":\"10.1.0." port "\"," \
	"\"conditions\":[{\"type\":\"Ready\",\"status\":\"" ready "\"," \
	"\"lastTransitionTime\":\"2026-11-20T10:00:00Z\"}]}}"

/* Services with endpoints from pods, with none that match, none ready, slices of other ports. */
/* clang-format off */
static const char input[] =
	SERVICE("a", "10.96.0.1", PORTS ",\"selector\":{\"app\":\"a\"}")
	SERVICE("b", "None", PORTS ",\"selector\":{\"app\":\"a\"}")
	SERVICE("c", "10.96.0.3", PORTS ",\"selector\":{\"app\":\"ab\",\"tier\":\"x\"}")
	SERVICE("d", "10.96.0.4", PORTS ",\"selector\":{\"app\":\"d\"}")
	SERVICE("e", "10.96.0.5", PORTS)
	SERVICE("f", "10.96.0.1", PORTS)
	SERVICE("g", "10.96.0.7", PORTS ",\"internalTrafficPolicy\":\"Local\"")
	SLICE("e", "{\"name\":\"htpp\",\"port\":1},{\"name\":\"x\",\"port\":2}",
	      "\"targetRef\":{\"kind\":\"Pod\",\"name\":\"p\"}")
	SLICE("g", "{\"name\":\"http\",\"port\":1}", "\"nodeName\":\"n2\"")
	POD("p", "\"app\":\"a\",\"tier\":\"x\"", "80", "True")
	POD("q", "\"app\":\"a\",\"tier\":\"y\"", "81", "True")
	POD("r", "\"app\":\"d\"", "82", "False");
/* clang-format on */

static int list_everything(struct svcrules_services *l)
{
	struct svcrules_service s;
	struct svcrules_vip v;
	struct svcrules_endpoint e;
	int err = 0;

	for (size_t i = 0; i < svcrules_services_count(l) && !err; i++) {
		err = svcrules_services_get(l, i, &s);
		for (size_t k = 0; !err && k < s.nvips; k++) {
			err = svcrules_services_vip(l, i, k, &v);
			if (!err && v.reason.text)
				alloc_hash(NULL, v.reason.text, strlen(v.reason.text));
		}
		for (size_t k = 0; !err && k < s.nendpoints; k++) {
			err = svcrules_services_endpoint(l, i, k, &e);
			if (!err)
				alloc_hash(NULL, e.address, strlen(e.address));
		}
	}
	return err;
}

/* What is done with the model that was read. */
static const char *tried_target; /* NULL: the list of services */

static int try_model(const struct svcrules_model *m, const struct svcrules_options *o,
		     struct svcrules_diags *d)
{
	struct svcrules_services *l = NULL;
	struct svcrules_ruleset *rs = NULL;
	int err;

	if (tried_target)
		err = svcrules_build(m, o, tried_target, d, &rs);
	else
		err = svcrules_services_new(m, o, d, &l);
	if (!err && l)
		err = list_everything(l);
	if (!err && rs)
		err = svcrules_print(rs, NULL, alloc_hash, NULL);
	svcrules_services_free(l);
	svcrules_ruleset_free(rs);
	return err;
}

static int try_reasons(void)
{
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_options *o = svcrules_options_new();
	struct svcrules_model *m = NULL;
	const char *text = input;
	int err = d && o ? svcrules_options_set(o, "explain", NULL, d) : -ENOMEM;

	if (!err)
		err = svcrules_options_set(o, "node-name", "n1", d);
	if (!err)
		m = svcrules_model_new(tried_target, o);
	if (!err)
		err = m ? svcrules_model_read(m, "input", gen_fill, &text, d) : -ENOMEM;
	if (!err)
		err = try_model(m, o, d);
	if (d && svcrules_diags_failed(d))
		err = -ENOMEM;
	svcrules_model_free(m);
	svcrules_options_free(o);
	svcrules_diags_free(d);
	return err;
}

static const char *const tried_targets[] = { NULL, "nftables", "ipvs", "iptables", "dns" };

START_TEST(reasons_every_failure)
{
	tried_target = tried_targets[_i];
	ck_assert_uint_ge(alloc_every(try_reasons, 0, tried_target ? tried_target : "services"),
			  50);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("reasons-alloc");
	TCase *tc = tcase_create("reasons-alloc");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, reasons_every_failure, 0,
			    sizeof(tried_targets) / sizeof(*tried_targets));
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
