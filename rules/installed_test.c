/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a rule set serves in words of services; in what it differs from one that was left. */
#include "rules/built_test.h"
#include "rules/ipvs/inputs_test.h"
#include "rules/ipvs/servers.h"

#include <check.h>
#include <errno.h>

#define SEEDS 80

/* What comes back of the bytes of a rule set. */
static struct svcrules_ruleset *installed_left(const struct svcrules_ruleset *rs)
{
	struct gen_text t = { NULL, 0 };
	struct svcrules_ruleset *left;

	ck_assert_int_eq(svcrules_pack(rs, gen_write, &t), 0);
	ck_assert_int_eq(svcrules_unpack(rs, t.p, t.len, &left), 0);
	free(t.p);
	return left;
}

/* The lines of the difference; malloc'ed. */
static char *drift_text(const struct svcrules_ruleset *left, const struct svcrules_ruleset *have)
{
	struct gen_text t = { NULL, 0 };

	gen_write(&t, "", 0);
	ck_assert_int_eq(svcrules_drift(left, have, gen_write, &t), 0);
	return t.p;
}

static void installed_drift(const struct svcrules_ruleset *left,
			    const struct svcrules_ruleset *have, const char *expected)
{
	char *text = drift_text(left, have);

	ck_assert_str_eq(text, expected);
	free(text);
}

static const char *const installed_targets[] = { "nftables", "ipvs" };

/* The interface is up, as apply leaves it. */
static void installed_link_up(const struct svcrules_ruleset *rs)
{
	struct svcr_link *l = svcr_ipvs_parts(rs).link;

	if (l)
		l->present = l->up = true;
}

/*
 * There is a difference exactly if there is something to change: only the capacity of sets, which
 * is no difference, may be another one.
 */
START_TEST(drift_like_diff)
{
	const char *target = installed_targets[_i % 2];
	struct gen_cluster a = gen_cluster((uint64_t)_i, (size_t)_i % 9),
			   b = gen_cluster((uint64_t)_i + (_i % 3 ? 1000 : 0), (size_t)_i % 9);
	struct svcrules_ruleset *was = gen_build(target, &a, 0), *left = installed_left(was),
				*have = gen_build(target, &b, 1);
	bool same = gen_same(left, have);
	char *text;

	installed_link_up(was);
	installed_link_up(have);
	installed_drift(left, was, "");
	text = drift_text(left, have);
	ck_assert_msg(same == !*text, "%s: %s", same ? "same" : "different", text);
	free(text);
	svcrules_ruleset_free(was);
	svcrules_ruleset_free(left);
	svcrules_ruleset_free(have);
	free(a.v);
	free(b.v);
}
END_TEST

START_TEST(drift_of_nothing)
{
	const char *target = installed_targets[_i];
	struct svcrules_ruleset *was = gen_build_text(
		target, WEB SLICE("web", "TCP", ENDPOINT("10.244.2.1")), 0);
	struct svcrules_ruleset *left = installed_left(was), *none = svcrules_ruleset_empty(was);

	installed_drift(left, none,
			_i ? "table ip svcrules-ipvs: removed\ninterface svcrules0: removed\n"
			     "ipvs: 2 virtual servers removed\n" :
			     "table ip svcrules: removed\n");
	svcrules_ruleset_free(left);
	left = installed_left(none);
	svcr_ruleset_find(was, &svcr_nft_ops);
	installed_drift(left, none, "");
	if (!_i)
		installed_drift(left, was, "table ip svcrules: added\n");
	svcrules_ruleset_free(none);
	svcrules_ruleset_free(left);
	svcrules_ruleset_free(was);
}
END_TEST

/* A draining real server may go, and one with weight may not. */
START_TEST(drift_of_servers)
{
	struct svcrules_ruleset *was = gen_build_text(
		"ipvs",
		WEB SLICE("web", "TCP",
			  ENDPOINT("10.244.2.1") "," ENDPOINT("10.244.2.2") "," ENDPOINT(
				  "10.244.2.3")),
		0);
	struct svcr_ipvs *v = svcr_ipvs_parts(was).ipvs;
	struct svcr_link *l = svcr_ipvs_parts(was).link;
	struct svcrules_ruleset *left;

	v->servers.v[0].reals[0].weight = 0;
	left = installed_left(was);
	l->present = l->up = true;
	installed_drift(left, was, "");
	memmove(v->servers.v[0].reals, v->servers.v[0].reals + 1,
		2 * sizeof(struct svcr_ipvs_real));
	v->servers.v[0].nreals = 2;
	installed_drift(left, was, "");
	v->servers.v[0].nreals = 1;
	v->servers.v[0].reals[0].weight = 7;
	v->servers.v[1].persistence = 5;
	l->up = false;
	l->addresses.n = 0;
	installed_drift(left, was,
			"interface svcrules0: 1 address removed\ninterface svcrules0: down\n"
			"ipvs: 1 virtual server changed\nipvs: 1 real server removed\n"
			"ipvs: 1 real server changed\n");
	l->foreign = true;
	installed_drift(left, was,
			"interface svcrules0: made by another program\n"
			"ipvs: 1 virtual server changed\nipvs: 1 real server removed\n"
			"ipvs: 1 real server changed\n");
	svcrules_ruleset_free(left);
	svcrules_ruleset_free(was);
}
END_TEST

/* Bytes that were cut or changed are refused, or make a value that can be compared. */
START_TEST(drift_changed_bytes)
{
	struct svcrules_ruleset *was = gen_build_text(
		"ipvs", WEB SLICE("web", "TCP", ENDPOINT("10.244.2.1")), 0);
	struct gen_text t = { NULL, 0 };
	struct svcrules_ruleset *back;
	size_t taken = 0, refused = 0;

	ck_assert_int_eq(svcrules_pack(was, gen_write, &t), 0);
	for (size_t n = 0; n < t.len; n++) {
		char *copy = calloc(1, n + 1);

		ck_assert_ptr_nonnull(copy);
		memcpy(copy, t.p, n);
		ck_assert_int_eq(svcrules_unpack(was, copy, n, &back), -EBADMSG);
		free(copy);
	}
	for (size_t i = 0; i < t.len; i++) {
		char kept = t.p[i], *text;

		t.p[i] = (char)(kept ^ (1 << i % 8));
		if (svcrules_unpack(was, t.p, t.len, &back) == 0) {
			text = drift_text(back, was);
			free(text);
			svcrules_ruleset_free(back);
			taken++;
		} else {
			refused++;
		}
		t.p[i] = kept;
	}
	ck_assert_uint_gt(taken, 0);
	ck_assert_uint_gt(refused, 0);
	free(t.p);
	svcrules_ruleset_free(was);
}
END_TEST

/* Files are no rules of the kernel. */
START_TEST(drift_of_files)
{
	struct svcrules_ruleset *files = gen_build_text("dns", WEB, 0);
	struct gen_text t = { NULL, 0 };

	ck_assert_int_eq(svcrules_pack(files, gen_write, &t), -ENOTSUP);
	installed_drift(files, files, "");
	svcrules_ruleset_free(files);
}
END_TEST

/* ---- What is served ------------------------------------------------------------ */

/* "NS/NAME:PORT KIND ADDRESS:PORT/PROTOCOL [verdict] endpoints", a line for each. */
static char *installed_text(const struct svcrules_ruleset *rs)
{
	static const char *const verdicts[] = { "", " refused", " dropped", " left out" };
	const struct svcrules_installed_endpoint *e;
	const struct svcrules_installed_vip *v;
	struct svcrules_installed *l;
	char *text = NULL;
	size_t size;
	FILE *f = open_memstream(&text, &size);

	ck_assert_int_eq(svcrules_installed_new(rs, &l), 0);
	for (size_t i = 0; (v = svcrules_installed_vip(l, i)); i++) {
		fprintf(f, "%s/%s:%s %s %s:%u/%s%s%s%s%s", v->ns, v->name, v->port_name, v->kind,
			v->address, v->port, v->protocol, verdicts[v->verdict],
			*v->reason ? ": " : "", v->reason, v->local ? " local" : "");
		for (size_t k = 0; (e = svcrules_installed_endpoint(l, i, k)); k++)
			fprintf(f, "%s %s:%u%s", k ? "," : "", e->address, e->port,
				e->outside ? "*" : "");
		fputs("\n", f);
	}
	ck_assert_ptr_null(svcrules_installed_endpoint(l, svcrules_installed_vips(l), 0));
	svcrules_installed_free(l);
	fclose(f);
	return text;
}

START_TEST(installed_services)
{
	struct svcrules_ruleset *rs = gen_build_text(
		installed_targets[_i],
		WEB SLICE("web", "TCP", ENDPOINT("10.244.2.2") "," ENDPOINT("10.244.2.1")) DNS, 0);
	struct svcrules_ruleset *left = installed_left(rs);
	char *text = installed_text(left);

	ck_assert_str_eq(
		text, "a/dns:p cluster IP 10.96.0.2:80/udp refused: no EndpointSlice\n"
		      "a/web:p cluster IP 10.96.0.1:80/tcp 10.244.2.1:8080, 10.244.2.2:8080\n"
		      "a/web:p node port 192.0.2.1:30080/tcp 10.244.2.1:8080, 10.244.2.2:8080\n");
	free(text);
	svcrules_ruleset_free(left);
	svcrules_ruleset_free(rs);
}
END_TEST

#define LOCAL \
	"{\"kind\":\"Service\",\"metadata\":{\"name\":\"l\",\"namespace\":\"a\"},\"spec\":{" \
	"\"type\":\"LoadBalancer\",\"externalTrafficPolicy\":\"Local\"," \
	"\"clusterIP\":\"10.96.0.3\"," \
	"\"ports\":[{\"name\":\"p\",\"port\":80,\"nodePort\":30090}]}," \
	"\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":\"203.0.113.1\"}]}}}"

/* Packets from outside may have endpoints of their own. */
START_TEST(installed_local)
{
	struct svcrules_ruleset *rs = gen_build_text(
		"nftables", LOCAL SLICE("l", "TCP", ENDPOINT("10.244.2.1") "," HERE("10.244.1.1")),
		0);
	char *text = installed_text(rs);

	ck_assert_str_eq(text,
			 "a/l:p cluster IP 10.96.0.3:80/tcp 10.244.1.1:8080, 10.244.2.1:8080\n"
			 "a/l:p external IP 203.0.113.1:80/tcp local 10.244.1.1:8080, "
			 "10.244.1.1:8080*, 10.244.2.1:8080\n"
			 "a/l:p node port 192.0.2.1:30090/tcp local 10.244.1.1:8080, "
			 "10.244.1.1:8080*, 10.244.2.1:8080\n");
	free(text);
	svcrules_ruleset_free(rs);
}
END_TEST

/* What other programs add has no name, or another form of it. */
START_TEST(installed_odd_names)
{
	static const char *const comments[] = {
		NULL, "", "x", "/", "a/b", "a/b:", "a:b/c", "a/b,c"
	};
	struct svcrules_ruleset *rs = gen_build_text("nftables", DNS, 0);
	struct svcr_nft_table *t = svcr_services_table(gen_nft(rs), SVCR_IPV4);
	struct svcr_nft_set *s = &t->sets[SET_SERVICES];

	for (size_t i = 0; i < sizeof(comments) / sizeof(comments[0]); i++) {
		char *text;

		svcr_nft_set_comment(s, svcr_nft_elem(s, 0), comments[i]);
		text = installed_text(rs);
		ck_assert_ptr_nonnull(strstr(text, " cluster IP 10.96.0.2:80/udp refused"));
		free(text);
	}
	svcrules_ruleset_free(rs);
}
END_TEST

#define POD_IN(name, ip) \
	"{\"kind\":\"Pod\",\"metadata\":{\"name\":\"" name "\",\"namespace\":\"a\"," \
	"\"labels\":{\"app\":\"" name "\"}},\"spec\":{\"nodeName\":\"node1\"}," \
	"\"status\":{\"podIPs\":[{\"ip\":\"" ip "\"}]}}"
#define POLICY_IN(name, selector, types) \
	"{\"kind\":\"NetworkPolicy\",\"metadata\":{\"name\":\"" name "\",\"namespace\":\"a\"}," \
	"\"spec\":{\"podSelector\":{" selector "},\"policyTypes\":[" types "]}}"

START_TEST(installed_policies)
{
	static const struct {
		const char *name;
		bool ingress, egress;
		size_t pods;
	} expected[] = { { "all", true, true, 2 }, { "out", false, true, 1 } };
	struct svcrules_ruleset *rs = gen_build_text(
		"nftables",
		DNS POD_IN("x", "10.244.1.1") POD_IN("y", "10.244.1.2")
			POLICY_IN("all", "", "\"Ingress\",\"Egress\"") POLICY_IN(
				"out", "\"matchLabels\":{\"app\":\"x\"}", "\"Egress\"")
				POLICY_IN("none", "\"matchLabels\":{\"app\":\"z\"}", "\"Egress\""),
		GEN_NETWORK_POLICY);
	struct svcrules_installed *l;

	ck_assert_int_eq(svcrules_installed_new(rs, &l), 0);
	for (size_t i = 0; i < 2; i++) {
		const struct svcrules_installed_policy *p = svcrules_installed_policy(l, i);

		ck_assert_ptr_nonnull(p);
		ck_assert_str_eq(p->ns, "a");
		ck_assert_str_eq(p->name, expected[i].name);
		ck_assert_int_eq(p->ingress, expected[i].ingress);
		ck_assert_int_eq(p->egress, expected[i].egress);
		ck_assert_uint_eq(p->pods, expected[i].pods);
	}
	ck_assert_ptr_null(svcrules_installed_policy(l, 2));
	svcrules_installed_free(l);
	svcrules_ruleset_free(rs);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("installed");
	TCase *tc = tcase_create("installed");
	SRunner *runner = srunner_create(suite);
	int bad;

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, drift_like_diff, 0, SEEDS);
	tcase_add_loop_test(tc, drift_of_nothing, 0, 2);
	tcase_add_test(tc, drift_of_servers);
	tcase_add_test(tc, drift_changed_bytes);
	tcase_add_test(tc, drift_of_files);
	tcase_add_loop_test(tc, installed_services, 0, 2);
	tcase_add_test(tc, installed_local);
	tcase_add_test(tc, installed_odd_names);
	tcase_add_test(tc, installed_policies);
	srunner_run_all(runner, CK_ENV);
	bad = srunner_ntests_failed(runner);
	srunner_free(runner);
	return bad ? EXIT_FAILURE : EXIT_SUCCESS;
}
