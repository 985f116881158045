/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Fails every allocation in turn while zones are built, printed and compared; see alloc_test.h. */
#include "rules/alloc_test.h"
#include "rules/built_test.h"

#include <check.h>
#include <errno.h>
#include <jansson.h>

/* clang-format off */
#define SERVICE(name, spec) \
	"{\"kind\":\"Service\",\"metadata\":{\"name\":\"" name "\",\"namespace\":\"x\"}," \
	"\"spec\":{" spec "}}"
#define SLICE(name, of, endpoints) \
	"{\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"" name "\",\"namespace\":\"x\"," \
	"\"labels\":{\"kubernetes.io/service-name\":\"" of "\"}}," \
	"\"ports\":[{\"name\":\"p\",\"port\":1},{\"name\":\"q\",\"port\":2}],\"endpoints\":[" \
	endpoints "]}"
#define PORTS "\"ports\":[{\"name\":\"p\",\"port\":80},{\"name\":\"" \
	"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\"port\":81}]"
#define COMMON \
	SERVICE("web", "\"clusterIPs\":[\"10.96.0.1\",\"fd00::1\",\"127.0.0.1\"]," PORTS) \
	SERVICE("ext", "\"type\":\"ExternalName\",\"externalName\":\"a.example.com.\"") \
	"{\"kind\":\"Namespace\",\"metadata\":{\"name\":\"y\"}}"

static const char *const inputs[] = {
	COMMON SERVICE("db", "\"clusterIP\":\"None\",\"publishNotReadyAddresses\":true")
	SLICE("db-2", "db", "{\"addresses\":[\"10.0.0.3\",\"10.0.0.4\"],\"hostname\":\"b\"},"
	      "{\"addresses\":[\"fd00::5\"]}")
	SLICE("db-1", "db", "{\"addresses\":[\"10.0.0.3\"],\"hostname\":\"a\"}"),
	COMMON SERVICE("db", "\"clusterIP\":\"None\"")
	"{\"kind\":\"Endpoints\",\"metadata\":{\"name\":\"db\",\"namespace\":\"x\"},\"subsets\":[{"
	"\"addresses\":[{\"ip\":\"10.0.0.9\",\"hostname\":\"c\"}],\"ports\":[{\"name\":\"p\","
	"\"port\":1}]}]}",
	COMMON SERVICE("Bad", "\"clusterIP\":\"10.96.0.9\""), /* an error of the reader */
};
/* clang-format on */

static const struct {
	const char *name, *value;
} settings[] = {
	{ "cluster-domain", "k8s.example.com." },
	{ "name-server", "ns1.k8s.example.com=10.0.0.1,fd00::2" },
	{ "name-server", "ns0.k8s.example.com=10.0.0.2" },
	{ "reverse-zone", "10.0.0.0/8" },
	{ "reverse-zone", "10.0.0.0/16" },
};

static bool with_settings;

static int zones_build(const char *text, struct svcrules_ruleset **ret)
{
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_options *o = svcrules_options_new();
	struct svcrules_model *m = NULL;
	int err = o && d ? 0 : -ENOMEM;

	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings) && with_settings && !err; i++)
		err = svcrules_options_set(o, settings[i].name, settings[i].value, d);
	if (!err && !(m = svcrules_model_new("dns", o)))
		err = -ENOMEM;
	if (!err)
		err = svcrules_model_read(m, "input", gen_fill, &text, d);
	if (!err)
		err = svcrules_build(m, o, "dns", d, ret);
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

static int print_all(const struct svcrules_ruleset *rs)
{
	int err = svcrules_print(rs, "text", alloc_hash, NULL);
	struct svcrules_file f;

	if (!err)
		err = svcrules_print(rs, "json", alloc_hash, NULL);
	for (size_t i = 0; !err && svcrules_ruleset_file(rs, 0, i, &f); i++)
		err = svcrules_file_print(rs, 0, i, alloc_hash, NULL);
	return err;
}

static int print_changes(const struct svcrules_ruleset *from, struct svcrules_ruleset *to)
{
	struct svcrules_changes *c;
	int err = svcrules_diff(from, to, &c);

	if (err)
		return err;
	err = svcrules_changes_print(c, "text", false, alloc_hash, NULL);
	if (!err)
		err = svcrules_changes_print(c, "json", false, alloc_hash, NULL);
	svcrules_changes_free(c);
	return err;
}

static int try_zones(void)
{
	struct svcrules_ruleset *from = NULL, *to = NULL, *nothing = NULL;
	int err = zones_build(inputs[0], &from);

	if (!err)
		err = zones_build(inputs[1], &to);
	if (!err)
		err = print_all(from);
	if (!err)
		err = print_changes(from, to);
	if (!err && !(nothing = svcrules_ruleset_empty(from)))
		err = -ENOMEM;
	if (!err)
		err = print_changes(from, nothing);
	svcrules_ruleset_free(from);
	svcrules_ruleset_free(to);
	svcrules_ruleset_free(nothing);
	return err;
}

static int try_error(void)
{
	struct svcrules_ruleset *rs = NULL;

	return zones_build(inputs[2], &rs);
}

static const struct {
	int (*call)(void);
	bool with_settings;
	int result;
} tries[] = { { try_zones, false, 0 }, { try_zones, true, 0 }, { try_error, false, -EINVAL } };

START_TEST(zones_every_failure)
{
	with_settings = tries[_i].with_settings;
	ck_assert_uint_ge(alloc_every(tries[_i].call, tries[_i].result, "dns"), 5);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("zones-alloc");
	TCase *tc = tcase_create("zones-alloc");
	SRunner *runner = srunner_create(suite);
	int bad;

	json_set_alloc_funcs(__wrap_malloc, __wrap_free);
	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, zones_every_failure, 0, (int)(sizeof(tries) / sizeof(*tries)));
	srunner_run_all(runner, CK_ENV);
	bad = srunner_ntests_failed(runner);
	srunner_free(runner);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
