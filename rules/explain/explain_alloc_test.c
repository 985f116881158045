/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fails every allocation in turn while connections are explained; see alloc_test.h. */
#include "rules/alloc_test.h"
#include "rules/built_test.h"

#include <check.h>
#include <errno.h>
#include <jansson.h>

/* clang-format off */
#define SERVICE(name, spec) \
	"{\"kind\":\"Service\",\"metadata\":{\"name\":\"" name "\"},\"spec\":{" spec "}}"
#define SLICE(name) \
	"{\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"" name "-1\",\"labels\":" \
	"{\"kubernetes.io/service-name\":\"" name "\"}},\"ports\":[{\"name\":\"p\",\"port\":1}]," \
	"\"endpoints\":[{\"addresses\":[\"10.1.0.1\"]},{\"addresses\":[\"10.1.0.2\"]}]}"
#define POD(name, ip, node, app) \
	"{\"kind\":\"Pod\",\"metadata\":{\"name\":\"" name "\",\"labels\":{\"app\":\"" app "\"}}," \
	"\"spec\":{\"nodeName\":\"" node "\"},\"status\":{\"podIP\":\"" ip "\"}}"
#define PORTS "\"ports\":[{\"name\":\"p\",\"port\":80}]"

static const char input[] =
	SERVICE("web", "\"clusterIP\":\"10.0.0.1\",\"sessionAffinity\":\"ClientIP\"," PORTS)
	SLICE("web")
	SERVICE("none", "\"clusterIP\":\"10.0.0.2\",\"selector\":{\"app\":\"x\"}," PORTS)
	SERVICE("db", "\"clusterIP\":\"None\"," PORTS)
	SLICE("db")
	SERVICE("alias", "\"type\":\"ExternalName\","
		"\"externalName\":\"web.default.svc.cluster.local\"")
	POD("a", "10.1.0.1", "n1", "web") POD("b", "10.1.0.2", "n2", "web")
	POD("c", "10.1.0.3", "n1", "c")
	"{\"kind\":\"Node\",\"metadata\":{\"name\":\"n1\"}," \
	"\"spec\":{\"podCIDR\":\"10.1.0.0/16\"}," \
	"\"status\":{\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"192.0.2.1\"}]}}"
	"{\"kind\":\"NetworkPolicy\",\"apiVersion\":\"networking.k8s.io/v1\"," \
	"\"metadata\":{\"name\":\"p\"}," \
	"\"spec\":{\"podSelector\":{\"matchLabels\":{\"app\":\"web\"}},\"ingress\":[{\"from\":[" \
	"{\"podSelector\":{\"matchExpressions\":[{\"key\":\"app\",\"operator\":\"In\"," \
	"\"values\":[\"c\",\"d\"]}]}},{\"ipBlock\":{\"cidr\":\"198.51.100.0/25\"}}]}]}}";

static const char *const questions[][2] = {
	{ "default/c", "default/web" },
	{ "default/a", "default/web:81" },
	{ "default/c", "default/none" },
	{ "default/c", "db:80" },
	{ "default/c", "alias:p" },
	{ "default/c", "default/db:p" },
	{ "default/c", "nobody.default" },
	{ "default/c", "webb" },
	{ "outside", "10.1.0.1:80" },
	{ "198.51.100.200", "10.1.0.2:80" },
	{ "node", "10.1.0.1:80" },
	{ "default/d", "default/web" },
	{ "default/c", "default/wbe" },
	{ "default/c", "default/web:q" },
};
/* clang-format on */

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const char *alloc_target;
static size_t alloc_question;

static int explain_alloc_options(struct svcrules_options *o, struct svcrules_diags *d)
{
	static const char *const settings[][2] = { { "node-name", "n1" },
						   { "network-policy", NULL },
						   { "explain", NULL } };
	int err = o && d ? 0 : -ENOMEM;

	for (size_t i = 0; i < ARRAY_SIZE(settings) && !err; i++)
		err = svcrules_options_set(o, settings[i][0], settings[i][1], d);
	return err;
}

/* What explaining works on; it is made without failures. */
struct alloc_explained {
	struct svcrules_options *o;
	struct svcrules_model *m;
	struct svcrules_ruleset *rules, *names;
};

static struct alloc_explained alloc_made;

static void alloc_make(void)
{
	struct svcrules_diags *d = svcrules_diags_new();
	const char *text = input;

	alloc_made.o = svcrules_options_new();
	if (explain_alloc_options(alloc_made.o, d))
		abort();
	alloc_made.m = svcrules_model_explaining(alloc_target, alloc_made.o, true);
	if (svcrules_model_read(alloc_made.m, "input", gen_fill, &text, d) ||
	    svcrules_build(alloc_made.m, alloc_made.o, alloc_target, d, &alloc_made.rules) ||
	    svcrules_build(alloc_made.m, alloc_made.o, "dns", d, &alloc_made.names))
		abort();
	svcrules_diags_free(d);
}

static void alloc_release(void)
{
	svcrules_ruleset_free(alloc_made.rules);
	svcrules_ruleset_free(alloc_made.names);
	svcrules_model_free(alloc_made.m);
	svcrules_options_free(alloc_made.o);
}

static int alloc_explain(void)
{
	const struct svcrules_question q = { questions[alloc_question][0],
					     questions[alloc_question][1], 6, 5 };
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_explanation *e = NULL;
	int err = d ? svcrules_explain(alloc_made.rules, alloc_made.names, alloc_made.m,
				       alloc_made.o, &q, d, &e) :
		      -ENOMEM;

	if (d && svcrules_diags_failed(d))
		err = -ENOMEM;
	if (err == -EINVAL || err == -ENOENT)
		err = svcrules_diags_count(d) ? 0 : -EBADMSG;
	if (!err && e)
		err = svcrules_explanation_print(e, NULL, alloc_hash, NULL);
	if (!err && e)
		err = svcrules_explanation_print(e, "json", alloc_hash, NULL);
	svcrules_explanation_free(e);
	svcrules_diags_free(d);
	return err;
}

/* The model and the rule sets for explanations are made of what fails, too. */
static int alloc_model(void)
{
	struct svcrules_model *m = svcrules_model_explaining(alloc_target, alloc_made.o, true);

	svcrules_model_free(m);
	return m ? 0 : -ENOMEM;
}

/* Rules as the kernel tells them: their statements must be found first. */
static int alloc_understand(void)
{
	struct svcr_nft *n = gen_nft(alloc_made.rules);

	for (size_t i = 0; i < n->ntables; i++)
		for (size_t k = 0; k < n->tables[i].nchains; k++)
			for (size_t r = 0; r < n->tables[i].chains[k].nrules; r++)
				n->tables[i].chains[k].rules[r].nstmts = 0;
	return alloc_explain();
}

START_TEST(alloc_explain_fails)
{
	static const char *const targets[] = { "nftables", "ipvs" };

	alloc_target = targets[_i];
	alloc_make();
	for (alloc_question = 0; alloc_question < ARRAY_SIZE(questions); alloc_question++)
		ck_assert_uint_gt(alloc_every(alloc_explain, 0, questions[alloc_question][1]), 2);
	alloc_question = 0;
	alloc_every(alloc_understand, 0, "understanding rules");
	alloc_every(alloc_model, 0, "a model for explanations");
	alloc_release();
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("explain-alloc");
	TCase *tc = tcase_create("explain-alloc");
	SRunner *runner = srunner_create(suite);
	int bad;

	json_set_alloc_funcs(__wrap_malloc, __wrap_free);
	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, alloc_explain_fails, 0, 2);
	srunner_run_all(runner, CK_ENV);
	bad = srunner_ntests_failed(runner);
	srunner_free(runner);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
