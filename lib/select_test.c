/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kinds/kinds.h"
#include "select.h"

#include <check.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static long select_fill(void *arg, char *buf, size_t size)
{
	const char **text = arg;
	size_t n = strlen(*text) < size ? strlen(*text) : size;

	memcpy(buf, *text, n);
	*text += n;
	return (long)n;
}

/* ---- A view as text ---------------------------------------------------- */

struct out {
	char text[4096];
	size_t n;
};

static void select_add(struct out *o, const char *fmt, ...) __attribute__((format(printf, 2, 3)));
static void select_add(struct out *o, const char *fmt, ...)
{
	va_list ap;

	va_start(ap, fmt);
	o->n += (size_t)vsnprintf(o->text + o->n, sizeof(o->text) - o->n, fmt, ap);
	va_end(ap);
	ck_assert_uint_lt(o->n, sizeof(o->text));
}

static void select_add_addrs(struct out *o, const char *what, const struct svcr_endpoint_addrs *t)
{
	char text[SVCR_ADDR_TEXT];

	if (t->n)
		select_add(o, " %s", what);
	for (size_t i = 0; i < t->n; i++)
		select_add(o, "%s%s:%u", i ? "," : "", svcr_addr_text(&t->v[i].addr, text),
			   t->v[i].port);
}

/*
 * "C 10.0.0.1 tcp 80 a =10.1.0.1:8080 @10.1.0.1:8080": kind, key, service,
 * cluster and local endpoints.
 */
static void select_add_vip(struct out *o, const struct svcr_vip *v)
{
	char text[SVCR_ADDR_TEXT];

	select_add(o, "%c %s %s %u %s", "CBXN"[v->kind], svcr_addr_text(&v->addr, text),
		   svcr_protocol_name(v->protocol), v -> port, v -> service -> name);
	if (v->local)
		select_add(o, " local");
	if (v->sources)
		select_add(o, " guarded");
	for (size_t i = 0; v->sources && i < v->sources->n; i++) {
		select_add(o, " %s", svcr_addr_text(&v->sources->v[i].first, text));
		select_add(o, "-%s", svcr_addr_text(&v->sources->v[i].last, text));
	}
	select_add_addrs(o, "=", &v->choice->cluster);
	select_add_addrs(o, "@", &v->choice->local);
	select_add(o, "\n");
}

static void select_add_diags(struct out *o, const struct svcrules_diags *d)
{
	for (size_t i = 0; i < svcrules_diags_count(d); i++) {
		const struct svcrules_diag *g = svcrules_diags_get(d, i);

		if (g->object) /* "no-endpoints", of the whole input, is in a golden case */
			select_add(o, "! %s %s\n", g->check, g->object);
	}
}

static void select_options(struct svcrules_options *o, const char *text, struct svcrules_diags *d)
{
	char *copy = strdup(text), *save = NULL;

	for (char *p = strtok_r(copy, " ", &save); p; p = strtok_r(NULL, " ", &save)) {
		char *value = strchr(p, '=');

		ck_assert_ptr_nonnull(value);
		*value = '\0';
		ck_assert_int_eq(svcrules_options_set(o, p, value + 1, d), 0);
	}
	free(copy);
}

/* ---- Inputs ------------------------------------------------------------ */

#define SVC(name, created, spec, status) \
	"{'kind':'Service','metadata':{'name':'" name "','creationTimestamp':" created "}," \
	"'spec':{" spec "},'status':{'loadBalancer':{'ingress':[" status "]}}}"
#define A(spec) SVC("a", "null", "'clusterIP':'10.0.0.1','ports':[{'port':80}]" spec, "")
#define NP(name, ip, created) \
	SVC(name, created, \
	    "'type':'NodePort','clusterIP':'" ip "','ports':[{'port':80,'nodePort':30080}]", "")
#define LB(ip, spec, status) \
	SVC("a", "null", "'type':'LoadBalancer','clusterIP':'" ip "','ports':[{'port':80}]" spec, \
	    status)
#define SLICE(name, rest) \
	"{'kind':'EndpointSlice'," \
	"'metadata':{'name':'" name "','labels':{'kubernetes.io/service-name':'a'}}," \
	"'addressType':'IPv4','ports':[{'port':8080}],'endpoints':[" rest "]}"
#define EP(ip, node, rest) "{'addresses':['" ip "'],'nodeName':'" node "'" rest "}"
#define COND(c) ",'conditions':{" c "}"
#define ZONE(z) ",'hints':{'forZones':[{'name':'" z "'}]}"
#define HNODE(n) ",'hints':{'forNodes':[{'name':'" n "'}]}"
#define NODE \
	"{'kind':'Node','metadata':{'name':'n1','labels':{'topology.kubernetes.io/zone':'z1'}}," \
	"'spec':{'podCIDR':'10.1.0.0/24'}," \
	"'status':{'addresses':[{'type':'InternalIP','address':'192.168.0.1'}," \
	"{'type':'ExternalIP','address':'198.51.100.1'},{'type':'Hostname','address':'n1'}]}}"
#define LEGACY \
	"{'kind':'Endpoints','metadata':{'name':'a'}," \
	"'subsets':[{'addresses':[{'ip':'10.1.0.9'}],'ports':[{'port':8080}]}]}"
#define DRAIN COND("'ready':false,'serving':true,'terminating':true")
#define DEAD COND("'ready':false")
#define A_TO "C 10.0.0.1 tcp 80 a"

static const struct {
	const char *input, *options, *expected;
} cases[] = {
	/* which services count */
	{ A(",'type':'ExternalName'"), "", "" },
	{ SVC("a", "null", "'clusterIP':'None','ports':[{'port':80}]", ""), "", "" },
	{ "{'kind':'Service',"
	  "'metadata':{'name':'a','labels':{'service.kubernetes.io/headless':''}},"
	  "'spec':{'clusterIP':'10.0.0.1','ports':[{'port':80}]}}",
	  "", "" },
	{ SVC("a", "null", "'clusterIP':'','ports':[{'port':80}]", ""), "",
	  "! pending Service default/a\n" },
	{ A(""), "", A_TO "\n" },
	{ A(""), "family=ipv6", "" },
	{ SVC("a", "null",
	      "'clusterIPs':['10.0.0.1','fd00::1'],'clusterIP':'10.0.0.9','ports':[{'port':80}]",
	      ""),
	  "", A_TO "\nC fd00::1 tcp 80 a\n" },
	/* merging */
	{ A("") SLICE("x", EP("10.1.0.2", "n1", "") "," EP("10.1.0.1", "n2", DEAD))
		  SLICE("y", EP("10.1.0.1", "n2", "") "," EP("10.1.0.2", "n1", "")),
	  "node-name=n1", A_TO " =10.1.0.1:8080,10.1.0.2:8080 @10.1.0.2:8080\n" },
	{ A("") LEGACY, "", A_TO " =10.1.0.9:8080\n" },
	{ A("") LEGACY SLICE("x", ""), "", A_TO "\n" },
	{ A("") SLICE("x", EP("127.0.0.1", "n1", "") "," EP("10.1.0.1", "n1", "")), "",
	  A_TO " =10.1.0.1:8080\n! unusable-address Service default/a\n" },
	/* ready, draining, local */
	{ A("") SLICE("x", EP("10.1.0.1", "n1", DRAIN) "," EP("10.1.0.2", "n2", "")),
	  "node-name=n1", A_TO " =10.1.0.2:8080 @10.1.0.1:8080\n" },
	{ A("") SLICE("x", EP("10.1.0.1", "n1", DRAIN) "," EP("10.1.0.2", "n2", DEAD)),
	  "node-name=n1", A_TO " =10.1.0.1:8080 @10.1.0.1:8080\n" },
	{ A("") SLICE("x", EP("10.1.0.1", "n1", "")), "", A_TO " =10.1.0.1:8080\n" },
	{ A(",'internalTrafficPolicy':'Local'"), "", A_TO " local\n" },
	/* hints */
	{ A("") NODE SLICE("x",
			   EP("10.1.0.1", "n1", ZONE("z1")) "," EP("10.1.0.2", "n2", ZONE("z2"))),
	  "node-name=n1", A_TO " =10.1.0.1:8080 @10.1.0.1:8080\n" },
	{ A("") SLICE("x", EP("10.1.0.1", "n1", ZONE("z1")) "," EP("10.1.0.2", "n2", ZONE("z2"))),
	  "zone=z2", A_TO " =10.1.0.2:8080\n" },
	{ A("") SLICE("x", EP("10.1.0.1", "n1", ZONE("z1")) "," EP("10.1.0.2", "n2", "")),
	  "zone=z1", A_TO " =10.1.0.1:8080,10.1.0.2:8080\n" },
	{ A("") SLICE("x", EP("10.1.0.1", "n1", ZONE("z1")) "," EP("10.1.0.2", "n2", DEAD)),
	  "zone=z1", A_TO " =10.1.0.1:8080\n" },
	{ A("") SLICE("x", EP("10.1.0.1", "n2", HNODE("n1")) "," EP("10.1.0.2", "n2", HNODE("n2"))),
	  "node-name=n1", A_TO " =10.1.0.1:8080\n" },
	/* external addresses */
	{ A(",'externalIPs':['192.0.2.1','fd00::1'],'externalTrafficPolicy':'Local'"), "",
	  A_TO "\nX 192.0.2.1 tcp 80 a local\n" },
	{ A(",'externalIPs':['127.0.0.1']"), "", A_TO "\n! unusable-address Service default/a\n" },
	{ A(",'externalIPs':['10.0.0.1']"), "", A_TO "\n" },
	{ LB("10.0.0.1", "",
	     "{'ip':'192.0.2.1'},{'ip':'192.0.2.2','ipMode':'Proxy'},{'hostname':'x'}"),
	  "", A_TO "\nB 192.0.2.1 tcp 80 a\n" },
	{ SVC("a", "null", "'clusterIP':'10.0.0.1','ports':[{'port':80}]", "{'ip':'192.0.2.1'}"),
	  "", A_TO "\n" },
	/* source ranges */
	{ LB("10.0.0.1", ",'loadBalancerSourceRanges':[' 10.0.0.0/8','10.1.0.0/16 ','fd00::/8']",
	     "{'ip':'192.0.2.1'}"),
	  "", A_TO "\nB 192.0.2.1 tcp 80 a guarded 10.0.0.0-10.255.255.255\n" },
	{ LB("10.0.0.1", ",'loadBalancerSourceRanges':['10.0.0.0/8']", "{'ip':'192.0.2.1'}"),
	  "node-ip=10.9.0.1",
	  A_TO "\nB 192.0.2.1 tcp 80 a guarded 10.0.0.0-10.255.255.255 192.0.2.1-192.0.2.1\n" },
	{ LB("10.0.0.1", ",'loadBalancerSourceRanges':['fd00::/8']", "{'ip':'192.0.2.1'}"), "",
	  A_TO "\nB 192.0.2.1 tcp 80 a guarded\n" },
	/* node ports: on a balancer's IP if --node-ip or the Node object names it */
	{ LB("10.0.0.1", "", "{'ip':'192.0.2.1'}") NP("b", "10.0.0.2", "null"), "node-ip=192.0.2.1",
	  A_TO "\nC 10.0.0.2 tcp 80 b\nB 192.0.2.1 tcp 80 a\nN 192.0.2.1 tcp 30080 b\n" },
	{ NODE LB("10.0.0.1", "", "{'ip':'192.168.0.1'}") NP("b", "10.0.0.2", "null"),
	  "node-name=n1 host-ip=192.0.2.7",
	  A_TO "\nC 10.0.0.2 tcp 80 b\nB 192.168.0.1 tcp 80 a\nN 192.168.0.1 tcp 30080 b\n"
	       "N 198.51.100.1 tcp 30080 b\n" },
	{ LB("10.0.0.1", "", "{'ip':'192.0.2.1'}") NP("b", "10.0.0.2", "null"),
	  "host-ip=192.0.2.1,192.0.2.2,10.0.0.2",
	  A_TO "\nC 10.0.0.2 tcp 80 b\nB 192.0.2.1 tcp 80 a\nN 192.0.2.2 tcp 30080 b\n" },
	{ LB("10.0.0.1", "", "{'ip':'192.0.2.1'}") NP("b", "10.0.0.2", "null"),
	  "node-ip=10.0.0.2,192.0.2.2 host-ip=192.0.2.9",
	  A_TO "\nC 10.0.0.2 tcp 80 b\nB 192.0.2.1 tcp 80 a\nN 192.0.2.2 tcp 30080 b\n" },
	{ NODE NP("a", "10.0.0.1", "null"), "node-name=n1",
	  A_TO "\nN 192.168.0.1 tcp 30080 a\nN 198.51.100.1 tcp 30080 a\n" },
	{ NODE NP("a", "10.0.0.1", "null"), "node-name=n1 nodeport-addresses=primary",
	  A_TO "\nN 192.168.0.1 tcp 30080 a\n" },
	{ NP("a", "10.0.0.1", "null"), "node-ip=192.168.0.1,127.0.0.1,fd00::1",
	  A_TO "\nN 192.168.0.1 tcp 30080 a\n" },
	{ NP("a", "10.0.0.1", "null"), "node-ip=192.168.0.1,10.9.0.1 nodeport-addresses=10.0.0.0/8",
	  A_TO "\nN 10.9.0.1 tcp 30080 a\n" },
	{ NP("a", "10.0.0.1", "null"), "node-ip=192.168.0.1 nodeport-addresses=10.0.0.0/8",
	  A_TO "\n" },
	{ NP("a", "10.0.0.1", "null"), "node-ip=192.168.0.1 nodeport-addresses=fd00::/8",
	  A_TO "\nN 192.168.0.1 tcp 30080 a\n" },
	{ NP("a", "10.0.0.1", "null"), "node-ip=192.168.0.1,10.0.0.1",
	  A_TO "\nN 192.168.0.1 tcp 30080 a\n" },
	{ SVC("a", "null", "'clusterIP':'10.0.0.1','ports':[{'port':80,'nodePort':30080}]", ""),
	  "node-ip=192.168.0.1", A_TO "\n" },
	{ SVC("a", "null",
	      "'type':'LoadBalancer','allocateLoadBalancerNodePorts':false,'clusterIP':'10.0.0.1',"
	      "'ports':[{'port':80,'nodePort':30080}]",
	      ""),
	  "node-ip=192.168.0.1", A_TO "\n" },
	/* conflicts */
	{ NP("a", "10.0.0.1", "'2020-01-01T00:00:00Z'")
		  NP("b", "10.0.0.2", "'2019-01-01T00:00:00Z'"),
	  "node-ip=192.168.0.1,192.168.0.2",
	  A_TO "\nC 10.0.0.2 tcp 80 b\nN 192.168.0.1 tcp 30080 b\n"
	       "N 192.168.0.2 tcp 30080 b\n! conflict Service default/a\n" },
	{ NP("a", "10.0.0.1", "null") NP("b", "10.0.0.2", "'2019-01-01T00:00:00Z'"),
	  "node-ip=192.168.0.1",
	  A_TO "\nC 10.0.0.2 tcp 80 b\nN 192.168.0.1 tcp 30080 b\n! conflict Service default/a\n" },
	{ NP("b", "10.0.0.2", "null") NP("a", "10.0.0.1", "null"), "node-ip=192.168.0.1",
	  A_TO "\nC 10.0.0.2 tcp 80 b\nN 192.168.0.1 tcp 30080 a\n! conflict Service default/b\n" },
	{ A("") SVC("b", "'2019-01-01T00:00:00Z'",
		    "'clusterIP':'10.0.0.2','externalIPs':['10.0.0.1'],'ports':[{'port':80},"
		    "{'port':80,'protocol':'UDP','name':'u'}]",
		    ""),
	  "",
	  A_TO "\nX 10.0.0.1 udp 80 b\nC 10.0.0.2 tcp 80 b\n"
	       "C 10.0.0.2 udp 80 b\n! conflict Service default/b\n" },
};

struct fixture {
	struct svcrules_model *m;
	struct svcrules_options *o;
	struct svcrules_diags *d;
	struct svcr_view view;
};

static void select_text(struct fixture *f, const char *input, const char *options)
{
	char *text = strdup(input);
	const char *rest = text;

	f->d = svcrules_diags_new();
	f->m = svcr_model_new(svcr_kinds);
	f->o = svcrules_options_new();
	for (char *p = text; *p; p++)
		if (*p == '\'')
			*p = '"';
	ck_assert_int_eq(svcrules_model_read(f->m, "f", select_fill, &rest, f->d), 0);
	select_options(f->o, options, f->d);
	ck_assert_int_eq(svcr_select(&f->view, f->m, f->o, f->d), 0);
	free(text);
}

static void select_free(struct fixture *f)
{
	svcr_view_release(&f->view);
	svcrules_options_free(f->o);
	svcrules_model_free(f->m);
	svcrules_diags_free(f->d);
}

START_TEST(select_cases)
{
	struct out out = { "", 0 };
	struct fixture f;

	select_text(&f, cases[_i].input, cases[_i].options);
	for (size_t i = 0; i < f.view.nvips; i++)
		select_add_vip(&out, &f.view.vips[i]);
	select_add_diags(&out, f.d);
	ck_assert_str_eq(out.text, cases[_i].expected);
	select_free(&f);
}
END_TEST

#define TWO SLICE("x", EP("10.1.0.1", "n1", "") "," EP("10.1.0.2", "n2", ""))

static const struct {
	const char *input, *options;
	size_t hairpin, node_ips, pod_ranges, endpoints;
} sums[] = {
	{ A("") TWO, "", 2, 0, 0, 2 },
	{ A("") TWO, "node-name=n1", 1, 0, 0, 2 },
	{ A("") TWO, "node-name=n9", 2, 0, 0, 2 },
	{ A("") NODE SLICE("x", EP("10.1.0.2", "n2", "")), "node-name=n1", 0, 2, 1, 1 },
	{ A("") NODE TWO, "node-name=n1 node-ip=10.9.0.1 cluster-cidr=", 1, 1, 0, 2 },
};

START_TEST(select_sums)
{
	struct fixture f;

	select_text(&f, sums[_i].input, sums[_i].options);
	ck_assert_uint_eq(f.view.nhairpin, sums[_i].hairpin);
	ck_assert_uint_eq(f.view.nnode_ips, sums[_i].node_ips);
	ck_assert_uint_eq(f.view.npod_ranges[SVCR_IPV4], sums[_i].pod_ranges);
	ck_assert_uint_eq(f.view.nendpoints, sums[_i].endpoints);
	ck_assert_uint_eq(f.view.nports, 1);
	ck_assert_uint_eq(f.view.ncluster_ips, 1);
	select_free(&f);
}
END_TEST

#define HEALTH(name, ip) \
	SVC(name, "null", \
	    "'clusterIP':'" ip "','type':'LoadBalancer','externalTrafficPolicy':'Local'," \
	    "'healthCheckNodePort':30100,'ports':[{'port':80,'nodePort':30080}]", \
	    "")
#define LOCAL_AT(name, ip) SLICE(name, EP(ip, "n1", ""))

/* A warning about the whole names an example, which the order of the input does not decide. */
static const struct {
	const char *input, *check, *said;
} examples[] = {
	{ A("") LOCAL_AT("x", "10.1.0.1") LOCAL_AT("y", "10.1.0.2"), "pod-outside-pod-cidrs",
	  "such as 10.1.0.1 of" },
	{ A("") LOCAL_AT("y", "10.1.0.2") LOCAL_AT("x", "10.1.0.1"), "pod-outside-pod-cidrs",
	  "such as 10.1.0.1 of" },
	{ HEALTH("b", "10.0.0.2") HEALTH("c", "10.0.0.3"), "health-check", "such as default/b" },
	{ HEALTH("c", "10.0.0.3") HEALTH("b", "10.0.0.2"), "health-check", "such as default/b" },
};

START_TEST(select_example)
{
	const struct svcrules_diag *g = NULL;
	struct fixture f;

	select_text(&f, examples[_i].input, "node-name=n1 cluster-cidr=10.2.0.0/16");
	for (size_t i = 0; i < svcrules_diags_count(f.d); i++)
		if (strcmp(svcrules_diags_get(f.d, i)->check, examples[_i].check) == 0)
			g = svcrules_diags_get(f.d, i);
	ck_assert_ptr_nonnull(g);
	ck_assert_msg(strstr(g->text, examples[_i].said), "%s", g->text);
	select_free(&f);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("select");
	TCase *tc = tcase_create("select");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, select_cases, 0, (int)ARRAY_SIZE(cases));
	tcase_add_loop_test(tc, select_sums, 0, (int)ARRAY_SIZE(sums));
	tcase_add_loop_test(tc, select_example, 0, (int)ARRAY_SIZE(examples));
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
