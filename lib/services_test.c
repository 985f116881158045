/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of services: what is in it, and the reason of each refusal. */
#include "kinds/kinds.h"
#include "near.h"
#include "services.h"
#include "timestamp.h"

#include <check.h>
#include <errno.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static long services_fill(void *arg, char *buf, size_t size)
{
	const char **text = arg;
	size_t n = strlen(*text) < size ? strlen(*text) : size;

	memcpy(buf, *text, n);
	*text += n;
	return (long)n;
}

/* ---- Inputs ------------------------------------------------------------------ */

#define META(name, more) "{'name':'" name "','namespace':'production'" more "}"
#define SERVICE_OF(name, created, spec) \
	"{'kind':'Service','apiVersion':'v1'," \
	"'metadata':" META(name, ",'creationTimestamp':'" created "'") "," \
								       "'spec':{" spec "}}"
#define IP "'clusterIP':'10.96.0.10'"
#define PORTS ",'ports':[{'name':'http','port':80,'targetPort':8080}]"
#define WEB(more) SERVICE_OF("web", "2026-01-02T00:00:00Z", IP PORTS more)
#define SELECTS ",'selector':{'app':'web'}"
#define NAMED ",'ports':[{'name':'http','port':80,'targetPort':'http'}]"
#define SLICE_OF(service, type, port, endpoints) \
	"{'kind':'EndpointSlice','apiVersion':'discovery.k8s.io/v1'," \
	"'metadata':" META(service "-" type, ",'labels':{'kubernetes.io/service-name':'" service \
					     "'}") ",'addressType':'" type "','ports':[" port \
						   "],'endpoints':[" endpoints "]}"
#define HTTP "{'name':'http','port':8080}"
#define AT(addr, ready, node) \
	"{'addresses':['" addr "'],'conditions':{'ready':" ready "},'nodeName':'" node "'}"
#define POD_OF(name, labels, spec, status) \
	"{'kind':'Pod','apiVersion':'v1','metadata':" META( \
		name, ",'labels':{" labels "}") ",'spec':{'nodeName':'node1'" spec \
						"},'status':{" status "}}"
#define READY(value) \
	",'conditions':[{'type':'Initialized','status':'True'},{'type':'Ready'," \
	"'status':'" value "','lastTransitionTime':'2026-11-20T10:00:00Z'}]"
#define LABEL(value) "'app':'" value "'"
#define DELETED_POD \
	"{'kind':'Pod','apiVersion':'v1','metadata':{'name':'p','namespace':'production'," \
	"'deletionTimestamp':'2026-11-20T10:00:00Z','labels':{'app':'web'}}," \
	"'status':{'podIP':'10.1.0.1'" READY("True") "}}"
#define POD(name, ip, app) POD_OF(name, LABEL(app), "", "'podIP':'" ip "'" READY("True"))

/* ---- Reasons ------------------------------------------------------------------ */

static const struct {
	const char *text, *kind, *phrase, *words;
} reasons[] = {
	{ WEB(""), "no-slice",
	  "no EndpointSlice has the label kubernetes.io/service-name=web; without a selector, "
	  "somebody has to make one",
	  "no EndpointSlice" },
	{ WEB(SELECTS) SLICE_OF("wep", "IPv4", HTTP, AT("10.1.0.1", "true", "node1")), "no-slice",
	  "no EndpointSlice has the label kubernetes.io/service-name=web", "no EndpointSlice" },
	{ WEB("") SLICE_OF("web", "IPv4", HTTP, ""), "no-endpoint", "its slices have no endpoint",
	  "no endpoint" },
	{ WEB("") "{'kind':'Endpoints','apiVersion':'v1','metadata':" META("web", "") "}",
	  "no-endpoint", "its Endpoints object has no address", "no endpoint" },
	{ WEB("") SLICE_OF("web", "FQDN", HTTP, "{'addresses':['a.example.com']}"),
	  "fqdn-endpoints", "its slices have names (addressType FQDN), no addresses",
	  "names instead of addresses" },
	{ WEB("") SLICE_OF("web", "IPv4",
			   "{'name':'web','port':1},{'name':'metrics','port':2},"
			   "{'name':'x','port':3},{'name':'htpp','port':4}",
			   AT("10.1.0.1", "true", "node1")),
	  "no-such-port",
	  "its slices have the ports htpp, metrics, web and 1 other, not http "
	  "(did you mean htpp?)",
	  "no endpoint has this port" },
	{ WEB("") SLICE_OF("web", "IPv4", "{'name':'web','port':1},{'name':'metrics','port':2}",
			   AT("10.1.0.1", "true", "node1")),
	  "no-such-port", "its slices have the ports metrics and web, not http",
	  "no endpoint has this port" },
	{ WEB("") SLICE_OF("web", "IPv4", "{'name':'web','port':1}",
			   AT("10.1.0.1", "true", "node1")),
	  "no-such-port", "its slices have the port web, not http (did you mean web?)",
	  "no endpoint has this port" },
	{ WEB("") SLICE_OF("web", "IPv4", "{'port':1}", AT("10.1.0.1", "true", "node1")),
	  "no-such-port", "its slices have the port one without a name, not http",
	  "no endpoint has this port" },
	{ WEB("") SLICE_OF("web", "IPv4", "{'name':'http'}", AT("10.1.0.1", "true", "node1")),
	  "no-such-port", "its slices have the port http without a number",
	  "no endpoint has this port" },
	{ WEB("") SLICE_OF("web", "IPv4", "{'name':'dns','port':1,'protocol':'UDP'}",
			   AT("10.1.0.1", "true", "node1")),
	  "no-such-port", "its slices have no port for TCP", "no endpoint has this port" },
	{ WEB("") SLICE_OF("web", "IPv4", "{'name':'http','port':8080,'protocol':'UDP'}",
			   AT("10.1.0.1", "true", "node1")),
	  "wrong-protocol", "its slices have the port http for UDP, not TCP",
	  "no endpoint has this protocol" },
	{ WEB("") SLICE_OF("web", "IPv6", HTTP, AT("fd00::1", "true", "node1")), "wrong-family",
	  "only IPv6 endpoints", "no endpoint of this family" },
	{ WEB("") SLICE_OF("web", "IPv4", HTTP, AT("127.0.0.1", "true", "node1")),
	  "unusable-endpoints", "127.0.0.1 is a loopback address, no endpoint can have it",
	  "unusable endpoint addresses" },
	{ WEB("") SLICE_OF("web", "IPv4", HTTP,
			   AT("10.1.0.1", "false", "node1") "," AT("10.1.0.2", "false", "node1")),
	  "not-ready", "2 endpoints, none is ready", "no endpoint is ready" },
	{ WEB("") SLICE_OF("web", "IPv4", HTTP, AT("10.1.0.1", "false", "node1")), "not-ready",
	  "1 endpoint, it is not ready", "no endpoint is ready" },
	{ WEB(",'internalTrafficPolicy':'Local'") SLICE_OF(
		  "web", "IPv4", HTTP,
		  AT("10.1.0.1", "true", "node2") "," AT("10.1.0.2", "true", "node2") "," AT(
			  "10.1.0.3", "true", "node2")),
	  "not-on-this-node", "policy Local: 3 endpoints, all on node2",
	  "no ready endpoint on this node" },
	{ WEB(",'internalTrafficPolicy':'Local'")
		  SLICE_OF("web", "IPv4", HTTP,
			   AT("10.1.0.1", "false", "node1") "," AT("10.1.0.2", "true", "node2")),
	  "not-on-this-node",
	  "policy Local: the only endpoint on this node is not ready, 1 on other nodes is",
	  "no ready endpoint on this node" },
	{ WEB("") SERVICE_OF("old", "2025-01-01T00:00:00Z", IP PORTS), "conflict",
	  "left out: 10.96.0.10:80 belongs to the older Service production/old",
	  "belongs to another service" },
	{ SERVICE_OF("web", "2026-01-02T00:00:00Z", "'clusterIP':'127.0.0.1'" PORTS),
	  "unusable-address", "left out: 127.0.0.1 is a loopback address, no service can have it",
	  "unusable address" },
	/* with Pods */
	{ WEB(SELECTS) POD("a-1", "10.1.0.1", "web-v2") POD("a-2", "10.1.0.2", "web-v2")
		  POD("b-1", "10.1.0.3", "db"),
	  "no-pod",
	  "the selector app=web matches no pod of namespace production; most of its pods have "
	  "app=web-v2 (did you mean it?)",
	  "no pod matches" },
	{ WEB(SELECTS) POD("a-1", "10.1.0.1", "wbe") POD("b-1", "10.1.0.2", "database")
		  POD("b-2", "10.1.0.3", "database"),
	  "no-pod",
	  "the selector app=web matches no pod of namespace production; 1 of its 3 pods has "
	  "app=wbe (did you mean it?)",
	  "no pod matches" },
	{ WEB(SELECTS) POD_OF("a-1", "'tier':'web'", "", "'podIP':'10.1.0.1'" READY("True")),
	  "no-pod",
	  "the selector app=web matches no pod of namespace production; its only pod has no "
	  "label app",
	  "no pod matches" },
	{ WEB(SELECTS) POD_OF("a-1", LABEL("web"), "",
			      "'phase':'Failed','podIP':'10.1.0.1'" READY("True")),
	  "no-pod", "the selector app=web matches only pods that have ended", "no pod matches" },
	{ WEB(SELECTS) POD_OF("web-1", LABEL("web"), "", "'podIP':'10.1.0.1'" READY("False"))
		  POD_OF("web-2", LABEL("web"), "", "'podIP':'10.1.0.2'"),
	  "not-ready", "2 pods match, none is ready (web-1 since 2026-11-20T10:00:00Z)",
	  "no endpoint is ready" },
	{ WEB(SELECTS) POD_OF("web-1", LABEL("web"), "", "'phase':'Pending'"), "no-pod",
	  "1 pod matches, none has an address (web-1)", "no pod matches" },
	{ SERVICE_OF("web", "2026-01-02T00:00:00Z", IP NAMED SELECTS)
		  POD("web-1", "10.1.0.1", "web") POD("web-2", "10.1.0.2", "web"),
	  "no-such-port",
	  "targetPort 'http' is a name that no container of the 2 matching pods has",
	  "no endpoint has this port" },
	/* with slices, too: they decide, and Pods explain */
	{ WEB(SELECTS) SLICE_OF("web", "IPv4", HTTP, "") POD("a-1", "10.1.0.1", "web-v2"),
	  "no-endpoint",
	  "the selector app=web matches no pod of namespace production; its only pod has "
	  "app=web-v2 (did you mean it?)",
	  "no endpoint" },
	{ WEB(SELECTS) SLICE_OF("web", "IPv4", HTTP, AT("10.1.0.1", "false", "node1"))
		  POD_OF("web-1", LABEL("web"), "", "'podIP':'10.1.0.1'" READY("False")),
	  "not-ready", "1 pod matches, it is not ready (web-1 since 2026-11-20T10:00:00Z)",
	  "no endpoint is ready" },
};

struct services_input {
	struct svcrules_diags *d;
	struct svcrules_options *o;
	struct svcrules_model *m;
	struct svcrules_services *l;
};

/* Each quote becomes a double quote. */
static void services_read(struct services_input *in, const char *text, bool explain)
{
	static const struct svcr_kind *const kinds[] = {
		&svcr_kind_service,   &svcr_kind_endpoint_slice,
		&svcr_kind_endpoints, &svcr_kind_node,
		&svcr_kind_pod,       NULL
	};
	char *copy = strdup(text);
	const char *at = copy;

	for (char *p = copy; *p; p++)
		*p = *p == '\'' ? '"' : *p;
	in->d = svcrules_diags_new();
	in->o = svcrules_options_new();
	in->m = svcr_model_new(kinds);
	in->m->explain = in->m->endpoint_pods = in->m->all_pods = explain;
	ck_assert_int_eq(svcrules_options_set(in->o, "node-name", "node1", in->d), 0);
	if (explain)
		ck_assert_int_eq(svcrules_options_set(in->o, "explain", NULL, in->d), 0);
	ck_assert_int_eq(svcrules_model_read(in->m, "f", services_fill, &at, in->d), 0);
	free(copy);
	ck_assert_int_eq(svcrules_services_new(in->m, in->o, in->d, &in->l), 0);
}

static void services_release(struct services_input *in)
{
	svcrules_services_free(in->l);
	svcrules_model_free(in->m);
	svcrules_options_free(in->o);
	svcrules_diags_free(in->d);
}

/* The reason is that of the address of production/web, and has no effect on the words. */
START_TEST(services_reasons)
{
	struct services_input in;
	struct svcrules_vip v;
	size_t i;

	services_read(&in, reasons[_i].text, true);
	i = svcrules_services_find(in.l, "production", "web");
	ck_assert_int_eq(svcrules_services_vip(in.l, i, 0, &v), 0);
	ck_assert_int_ne(v.verdict, SVCRULES_SERVED);
	ck_assert_str_eq(v.reason.kind, reasons[_i].kind);
	ck_assert_str_eq(v.reason.text, reasons[_i].phrase);
	for (int why = 0; why < SVCR_WHY__COUNT; why++)
		if (strcmp(svcr_why_name((enum svcr_why)why), reasons[_i].kind) == 0)
			ck_assert_str_eq(svcr_why_words((enum svcr_why)why), reasons[_i].words);
	services_release(&in);
}
END_TEST

/* Without the option, the kind of the reason is the same. */
START_TEST(services_kind_alone)
{
	struct services_input in;
	struct svcrules_vip v;

	services_read(&in, reasons[_i].text, false);
	ck_assert_int_eq(svcrules_services_vip(
				 in.l, svcrules_services_find(in.l, "production", "web"), 0, &v),
			 0);
	ck_assert_str_eq(v.reason.kind, reasons[_i].kind);
	services_release(&in);
}
END_TEST

START_TEST(services_words_are_few)
{
	for (int i = 1; i < SVCR_WHY__COUNT; i++) {
		const char *words = svcr_why_words((enum svcr_why)i);

		ck_assert_uint_gt(strlen(svcr_why_name((enum svcr_why)i)), 0);
		ck_assert_uint_gt(strlen(words), 0);
		ck_assert_uint_le(strlen(words), 32);
		ck_assert_ptr_null(strpbrk(words, "0123456789,:\""));
	}
}
END_TEST

/* ---- The list -------------------------------------------------------------------- */

/* clang-format off */
static const char list_text[] =
	SERVICE_OF("web", "2026-01-02T00:00:00Z",
		   "'type':'NodePort'," IP ",'externalIPs':['203.0.113.1'],"
		   "'selector':{'tier':'front','app':'web'},"
		   "'ports':[{'name':'http','port':80,'nodePort':30080,'targetPort':'http'}]")
	SLICE_OF("web", "IPv4", HTTP ",{'name':'odd','port':9}",
		 AT("10.1.0.2", "true", "node1") "," AT("10.1.0.1", "false", "node2"))
	"{'kind':'Service','apiVersion':'v1','metadata':{'name':'a'},'spec':{'clusterIP':'None'}}"
	"{'kind':'Node','apiVersion':'v1','metadata':{'name':'node1'},"
	"'status':{'addresses':[{'type':'InternalIP','address':'192.0.2.1'}]}}";
/* clang-format on */

static void assert_services(struct svcrules_services *l)
{
	struct svcrules_service s;

	ck_assert_uint_eq(svcrules_services_count(l), 2);
	ck_assert_uint_eq(svcrules_services_find(l, "production", "other"), SIZE_MAX);
	ck_assert_int_eq(svcrules_services_get(l, 2, &s), -ENOENT);
	ck_assert_int_eq(svcrules_services_get(l, 0, &s), 0);
	ck_assert_str_eq(s.name, "a");
	ck_assert_str_eq(s.cluster_ips, "None");
	ck_assert_str_eq(s.left_out.kind, "headless");
	ck_assert_int_eq(svcrules_services_get(l, 1, &s), 0);
	ck_assert_str_eq(s.type, "NodePort");
	ck_assert_str_eq(s.cluster_ips, "10.96.0.10");
	ck_assert_str_eq(s.external_ips, "203.0.113.1");
	ck_assert_str_eq(s.selector, "app=web,tier=front");
	ck_assert_ptr_null(s.left_out.kind);
	ck_assert_int_eq(s.created, INT64_C(1767312000000000000));
	ck_assert_uint_eq(s.nports, 1);
	ck_assert_uint_eq(s.nvips, 3);
	ck_assert_uint_eq(s.nendpoints, 4);
	ck_assert_uint_eq(s.total, 2);
	ck_assert_uint_eq(s.ready, 1);
	ck_assert_uint_eq(s.slices, 1);
}

static void assert_endpoints(struct svcrules_services *l)
{
	struct svcrules_endpoint e;

	ck_assert_int_eq(svcrules_services_endpoint(l, 1, 0, &e), 0);
	ck_assert_str_eq(e.address, "10.1.0.1");
	ck_assert(!e.ready && !e.used && !e.local);
	ck_assert_int_eq(svcrules_services_endpoint(l, 1, 1, &e), 0);
	ck_assert(e.ready && e.used && e.local);
	ck_assert_int_eq(svcrules_services_endpoint(l, 1, 2, &e), 0);
	ck_assert_str_eq(e.port_name, "odd");
	ck_assert_uint_eq(e.at, SIZE_MAX);
	ck_assert_int_eq(svcrules_services_endpoint(l, 1, 4, &e), -ENOENT);
}

START_TEST(services_list)
{
	struct svcrules_service_port p;
	struct services_input in;
	struct svcrules_vip v;

	services_read(&in, list_text, true);
	assert_services(in.l);
	ck_assert_int_eq(svcrules_services_port(in.l, 1, 0, &p), 0);
	ck_assert_str_eq(p.target, "http");
	ck_assert_uint_eq(p.node_port, 30080);
	ck_assert_uint_eq(p.ready, 1);
	ck_assert_ptr_null(p.reason.kind);
	ck_assert_int_eq(svcrules_services_vip(in.l, 1, 2, &v), 0);
	ck_assert_str_eq(v.kind, "node port");
	ck_assert_str_eq(v.address, "192.0.2.1");
	ck_assert_uint_eq(v.port, 30080);
	ck_assert_int_eq(v.verdict, SVCRULES_SERVED);
	ck_assert_uint_eq(v.used, 1);
	assert_endpoints(in.l);
	services_release(&in);
}
END_TEST

/* ---- Endpoints from Pods ------------------------------------------------------------ */

/* What a service with targetPort 'http' and a selector gets from pods: "address:port state". */
static const struct {
	const char *spec, *pods, *expected;
} made[] = {
	{ IP NAMED SELECTS,
	  POD_OF("p", LABEL("web"),
		 ",'containers':[{'ports':[{'name':'http','containerPort':81}]}]",
		 "'podIPs':[{'ip':'10.1.0.1'}]" READY("True"))
		  POD_OF("q", LABEL("web"),
			 ",'containers':[{'ports':[{'name':'http','containerPort':82}]}]",
			 "'podIPs':[{'ip':'10.1.0.2'}]" READY("True")),
	  "10.1.0.1:81 ready serving p; 10.1.0.2:82 ready serving q; " },
	/* the protocol belongs to the name; of containers the first counts */
	{ IP NAMED SELECTS,
	  POD_OF("p", LABEL("web"),
		 ",'containers':[{'ports':[{'name':'http','containerPort':1,'protocol':'UDP'}]},"
		 "{'ports':[{'name':'http','containerPort':2}]},"
		 "{'ports':[{'name':'http','containerPort':3}]}]",
		 "'podIP':'10.1.0.1'" READY("True")),
	  "10.1.0.1:2 ready serving p; " },
	/* an init container counts if it restarts */
	{ IP NAMED SELECTS,
	  POD_OF("p", LABEL("web"),
		 ",'initContainers':[{'ports':[{'name':'http','containerPort':1}]},"
		 "{'restartPolicy':'Always','ports':[{'name':'http','containerPort':2}]}]",
		 "'podIP':'10.1.0.1'" READY("True")),
	  "10.1.0.1:2 ready serving p; " },
	{ IP ",'ports':[{'name':'http','port':80}]" SELECTS, POD("p", "10.1.0.1", "web"),
	  "10.1.0.1:80 ready serving p; " },
	{ IP PORTS SELECTS, POD_OF("p", LABEL("web"), "", "'podIP':'10.1.0.1'" READY("False")),
	  "10.1.0.1:8080 p; " },
	{ IP PORTS SELECTS, POD_OF("p", LABEL("web"), "", "'podIP':'10.1.0.1'"),
	  "10.1.0.1:8080 p; " },
	{ IP PORTS SELECTS ",'publishNotReadyAddresses':true",
	  POD_OF("p", LABEL("web"), "", "'podIP':'10.1.0.1'" READY("False")),
	  "10.1.0.1:8080 ready p; " },
	{ IP PORTS SELECTS,
	  POD_OF("p", LABEL("web"), "", "'phase':'Succeeded','podIP':'10.1.0.1'" READY("True")),
	  "" },
	{ IP PORTS SELECTS ",'publishNotReadyAddresses':true",
	  POD_OF("p", LABEL("web"), "", "'phase':'Failed','podIP':'10.1.0.1'"), "" },
	{ IP PORTS SELECTS ",'publishNotReadyAddresses':true",
	  POD_OF("p", LABEL("web"), "", "'phase':'Pending'"), "" },
	{ IP PORTS SELECTS,
	  POD_OF("p", LABEL("web"), ",'hostNetwork':true", "'podIP':'192.0.2.7'" READY("True")),
	  "192.0.2.7:8080 ready serving p; " },
	{ IP PORTS SELECTS, DELETED_POD, "10.1.0.1:8080 serving terminating p; " },
	{ IP PORTS SELECTS ",'clusterIPs':['10.96.0.10','fd00::10']",
	  POD_OF("p", LABEL("web"), "",
		 "'podIPs':[{'ip':'10.1.0.1'},{'ip':'fd00::1'}]" READY("True")),
	  "10.1.0.1:8080 ready serving p; fd00::1:8080 ready serving p; " },
	{ IP PORTS SELECTS,
	  POD_OF("p", LABEL("web"), "",
		 "'podIPs':[{'ip':'10.1.0.1'},{'ip':'fd00::1'}]" READY("True")),
	  "10.1.0.1:8080 ready serving p; " },
	{ "'clusterIP':'None','ipFamilies':['IPv6']" PORTS SELECTS,
	  POD_OF("p", LABEL("web"), "",
		 "'podIPs':[{'ip':'10.1.0.1'},{'ip':'fd00::1'}]" READY("True")),
	  "fd00::1:8080 ready serving p; " },
	/* all labels must match, in the namespace of the service */
	{ IP PORTS ",'selector':{'app':'web','tier':'front'}", POD("p", "10.1.0.1", "web"), "" },
	{ IP PORTS SELECTS,
	  "{'kind':'Pod','apiVersion':'v1','metadata':{'name':'p','namespace':'other',"
	  "'labels':{'app':'web'}},'status':{'podIP':'10.1.0.1'" READY("True") "}}",
	  "" },
	{ IP PORTS, POD("p", "10.1.0.1", "web"), "" },
	{ IP PORTS ",'selector':{}", POD("p", "10.1.0.1", "web"), "" },
	/* a slice of its own, and an Endpoints object without any address, are the last word */
	{ IP PORTS SELECTS, SLICE_OF("web", "IPv4", HTTP, "") POD("p", "10.1.0.1", "web"), "" },
	{ IP PORTS SELECTS,
	  "{'kind':'Endpoints','apiVersion':'v1','metadata':" META("web", "") "}" POD(
		  "p", "10.1.0.1", "web"),
	  "" },
	/* a slice of another service is not */
	{ IP PORTS SELECTS,
	  SLICE_OF("db", "IPv4", HTTP, AT("10.1.0.9", "true", "node1")) POD("p", "10.1.0.1", "web"),
	  "10.1.0.1:8080 ready serving p; " },
	/* headless without ports */
	{ "'clusterIP':'None'" SELECTS, POD("p", "10.1.0.1", "web"),
	  "10.1.0.1:0 ready serving p; " },
};

static void services_endpoints_text(struct svcrules_services *l, size_t i, char *text, size_t size)
{
	struct svcrules_service s;
	size_t n = 0;

	ck_assert_int_eq(svcrules_services_get(l, i, &s), 0);
	text[0] = '\0';
	for (size_t k = 0; k < s.nendpoints; k++) {
		struct svcrules_endpoint e;

		ck_assert_int_eq(svcrules_services_endpoint(l, i, k, &e), 0);
		n += (size_t)snprintf(text + n, size - n, "%s:%u%s%s%s %s; ", e.address, e.port,
				      e.ready ? " ready" : "", e.serving ? " serving" : "",
				      e.terminating ? " terminating" : "", e.pod ? e.pod : "?");
		ck_assert_uint_lt(n, size);
	}
}

/* In both orders of the input, which has services last or first. */
START_TEST(services_from_pods)
{
	char input[4096], text[1024];

	for (int first = 0; first < 2; first++) {
		struct services_input in;

		if (first)
			snprintf(input, sizeof(input), "%s%s%s%s",
				 "{'kind':'Service','apiVersion':'v1','metadata':" META(
					 "web", "") ",'spec':{",
				 made[_i].spec, "}}", made[_i].pods);
		else
			snprintf(input, sizeof(input), "%s%s%s%s", made[_i].pods,
				 "{'kind':'Service','apiVersion':'v1','metadata':" META(
					 "web", "") ",'spec':{",
				 made[_i].spec, "}}");
		services_read(&in, input, false);
		services_endpoints_text(in.l, 0, text, sizeof(text));
		ck_assert_str_eq(text, made[_i].expected);
		services_release(&in);
	}
}
END_TEST

/* A hostname belongs to an endpoint if the pod's subdomain is the service. */
START_TEST(services_hostname)
{
	static const char text[] = "{'kind':'Service','apiVersion':'v1','metadata':" META(
		"db", "") ",'spec':{"
			  "'clusterIP':'None','selector':{'app':'web'}}}"
			  "{'kind':'Service','apiVersion':'v1','metadata':" META(
				  "other",
				  "") ",'spec':{"
				      "'clusterIP':'None','selector':{'app':'web'}}}" POD_OF(
					      "p", LABEL("web"),
					      ",'hostname':'db-0','subdomain':'db'",
					      "'podIP':'10.1.0.1'" READY("True"));
	struct services_input in;
	struct svcrules_endpoint e;

	services_read(&in, text, false);
	ck_assert_int_eq(svcrules_services_endpoint(in.l, 0, 0, &e), 0);
	ck_assert_str_eq(e.hostname, "db-0");
	ck_assert_str_eq(e.node, "node1");
	ck_assert_int_eq(svcrules_services_endpoint(in.l, 1, 0, &e), 0);
	ck_assert_ptr_null(e.hostname);
	services_release(&in);
}
END_TEST

/* ---- Which Pods are read ---------------------------------------------------------------- */

static const struct {
	const char *text;
	size_t pods;
	const char *check; /* of a diagnostic; NULL: none of these */
} reads[] = {
	{ WEB(SELECTS) SLICE_OF("web", "IPv4", HTTP, "") POD("p", "10.1.0.1", "web"), 0, NULL },
	{ WEB("") POD("p", "10.1.0.1", "web"), 0, NULL },
	{ WEB(SELECTS) POD("p", "10.1.0.1", "web"), 1, "endpoints-from-pods" },
	{ POD("p", "10.1.0.1", "web") WEB(SELECTS), 1, "endpoints-from-pods" },
	{ POD("p", "10.1.0.1", "web") WEB(SELECTS) SLICE_OF("web", "IPv4", HTTP, ""), 1, NULL },
	{ SLICE_OF("web", "IPv4", HTTP, "") POD("p", "10.1.0.1", "web") WEB(SELECTS), 1, NULL },
	{ WEB(SELECTS) SLICE_OF("web", "IPv4", HTTP, "") POD("p", "10.1.0.1", "web")
		  SERVICE_OF("late", "2026-01-02T00:00:00Z", "'clusterIP':'10.96.0.11'" SELECTS),
	  0, "pods-skipped" },
	{ WEB(SELECTS) POD("p", "10.1.0.1", "web") SLICE_OF("web", "IPv4", HTTP, "")
		  POD("q", "10.1.0.2", "web"),
	  2, NULL },
};

START_TEST(services_which_pods)
{
	struct services_input in;
	const char *found = NULL;

	services_read(&in, reads[_i].text, false);
	ck_assert_uint_eq(in.m->pods.n, reads[_i].pods);
	for (size_t i = 0; i < svcrules_diags_count(in.d); i++) {
		const char *check = svcrules_diags_get(in.d, i)->check;

		if (strcmp(check, "pods-skipped") == 0 || strcmp(check, "endpoints-from-pods") == 0)
			found = check;
	}
	ck_assert_pstr_eq(found, reads[_i].check);
	services_release(&in);
}
END_TEST

/* ---- Names and times ---------------------------------------------------------------------- */

START_TEST(services_near)
{
	ck_assert_uint_eq(svcr_near("http", "http"), 0);
	ck_assert_uint_eq(svcr_near("http", "htpp"), 1);
	ck_assert_uint_eq(svcr_near("htpt", "http"), 1);
	ck_assert_uint_eq(svcr_near("web", "web-v2"), 3);
	ck_assert_uint_eq(svcr_near("web", "database"), SVCR_FAR);
	ck_assert_uint_eq(svcr_near("", "a"), SVCR_FAR);
	ck_assert_uint_eq(svcr_near("", ""), 0);
}
END_TEST

START_TEST(services_time_text)
{
	static const char *const times[] = { "1970-01-01T00:00:00Z", "2026-11-20T10:00:00Z",
					     "2024-02-29T23:59:59Z", "1969-12-31T23:59:59Z",
					     "2000-12-31T00:00:01Z", "1700-03-01T12:30:00Z" };
	char text[SVCR_TIMESTAMP_TEXT];

	for (size_t i = 0; i < ARRAY_SIZE(times); i++) {
		int64_t ns;

		ck_assert(svcr_timestamp_parse(&ns, (struct svcr_str){ times[i], 20 }));
		ck_assert_str_eq(svcr_timestamp_text(ns, text), times[i]);
	}
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("services");
	TCase *tc = tcase_create("services");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, services_reasons, 0, ARRAY_SIZE(reasons));
	tcase_add_loop_test(tc, services_kind_alone, 0, ARRAY_SIZE(reasons));
	tcase_add_test(tc, services_words_are_few);
	tcase_add_test(tc, services_list);
	tcase_add_loop_test(tc, services_from_pods, 0, ARRAY_SIZE(made));
	tcase_add_test(tc, services_hostname);
	tcase_add_loop_test(tc, services_which_pods, 0, ARRAY_SIZE(reads));
	tcase_add_test(tc, services_near);
	tcase_add_test(tc, services_time_text);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
