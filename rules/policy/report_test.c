/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of network policies in words of policies and pods. */
#include "rules/built_test.h"

#include <check.h>

#define POD(name, node, app, ports, ip) \
	"---\nkind: Pod\nmetadata: {namespace: prod, name: " name ", labels: {app: " app "}}\n" \
	"spec: {nodeName: " node ", containers: [{ports: " ports "}]}\n" \
	"status: {podIPs: [{ip: " ip "}]}\n"
#define API(ip) POD("api-1", "node1", "api", "[{name: http, containerPort: 8080}]", ip)
#define WEB(name, ip) POD(name, "node2", "web", "[]", ip)
#define POLICY(spec) \
	"---\nkind: NetworkPolicy\nmetadata: {namespace: prod, name: api}\n" \
	"spec: {podSelector: {matchLabels: {app: api}}, " spec "}\n"
#define FROM_WEB(port) \
	"ingress: [{from: [{podSelector: {matchLabels: {app: web}}}], ports: [" port "]}]"
#define HERE API("10.1.0.1") WEB("web-1", "10.1.1.1")
#define BLOCK(cidr) "ingress: [{from: [{ipBlock: {cidr: " cidr "}}]}]"

static const struct {
	const char *from, *to, *expected;
} changes[] = {
	/* a peer more, another one, one less */
	{ HERE POLICY(FROM_WEB("{port: 8080}")),
	  HERE WEB("web-2", "10.1.1.2") POLICY(FROM_WEB("{port: 8080}")),
	  "  ~ ingress from 2 pods to 8080/tcp  + 10.1.1.2\n" },
	{ HERE POLICY(FROM_WEB("{port: 8080}")),
	  API("10.1.0.1") WEB("web-1", "10.1.1.9") POLICY(FROM_WEB("{port: 8080}")),
	  "  ~ ingress from 1 pod to 8080/tcp  + 10.1.1.9  - 10.1.1.1\n" },
	{ HERE POLICY(FROM_WEB("{port: http}")), API("10.1.0.1") POLICY(FROM_WEB("{port: http}")),
	  "  - ingress from 1 pod to 8080/tcp\n" },
	/* an isolated pod more, and all of them gone */
	{ HERE POLICY(FROM_WEB("{port: 53, protocol: UDP}")),
	  HERE POD("api-2", "node1", "api", "[]", "10.1.0.2")
		  POLICY(FROM_WEB("{port: 53, protocol: UDP}")),
	  "  ~ isolates the ingress of 2 pods  + prod/api-2 (10.1.0.2)\n" },
	{ HERE POLICY(FROM_WEB("{port: 1, endPort: 9}, {protocol: SCTP}")), HERE,
	  "  - isolates the ingress of 1 pod\n"
	  "  - ingress from 1 pod to 1-9/tcp, sctp\n" },
	{ HERE, HERE POLICY("policyTypes: [Ingress, Egress], egress: [{}]"),
	  "  + isolates the ingress of 1 pod\n" },
	/* other ports; all addresses, all pods, ranges of addresses */
	{ HERE POLICY(FROM_WEB("{port: 80}")), HERE POLICY(FROM_WEB("{port: 81}")),
	  "  - ingress from 1 pod to 80/tcp\n"
	  "  + ingress from 1 pod to 81/tcp\n" },
	{ HERE POLICY(FROM_WEB("{port: 80}")), HERE POLICY("ingress: [{ports: [{port: 80}]}]"),
	  "  + ingress from all addresses to 80/tcp\n"
	  "  - ingress from 1 pod to 80/tcp\n" },
	{ HERE POLICY("ingress: []"),
	  HERE POLICY("policyTypes: [Ingress, Egress], egress: [{to: [{namespaceSelector: {}}]}]"),
	  "  + isolates the egress of 1 pod\n"
	  "  + egress to all pods at all ports\n" },
	{ HERE POLICY(BLOCK("192.0.2.0/24")), HERE POLICY(BLOCK("198.51.100.0/24")),
	  "  ~ ingress from 1 range of addresses to all ports  + 198.51.100.0/24"
	  "  - 192.0.2.0/24\n" },
	{ HERE POLICY(BLOCK("192.0.2.0/24")), HERE POLICY("ingress: []"),
	  "  - ingress from 1 range of addresses to all ports\n" },
	/* IPv6, and nothing */
	{ API("'fd00::1'") POLICY(FROM_WEB("{port: 80}")),
	  API("'fd00::1'") WEB("web-1", "'fd00::9'") POLICY(FROM_WEB("{port: 80}")),
	  "  + ingress from 1 pod to 80/tcp (IPv6)\n" },
	{ HERE POLICY("ingress: []"), HERE POLICY("ingress: []"), "" },
};

/* What is printed before other differences, which name no policy. */
START_TEST(report_policies)
{
	struct svcrules_ruleset *from = gen_build_text(NULL, changes[_i].from, GEN_NETWORK_POLICY);
	struct svcrules_ruleset *to = gen_build_text(NULL, changes[_i].to, GEN_NETWORK_POLICY);
	struct svcrules_changes *c = gen_diff(from, to);
	struct gen_text t = { NULL, 0 };
	const char *head = "~ NetworkPolicy prod/api\n";
	char *line, *end;

	gen_write(&t, "", 0);
	ck_assert_int_eq(svcrules_changes_print(c, "text", false, gen_write, &t), 0);
	line = *changes[_i].expected ? t.p + strlen(head) : t.p;
	ck_assert_mem_eq(t.p, head, (size_t)(line - t.p));
	for (end = line; *end == ' ';)
		end = strchr(end, '\n') + 1;
	ck_assert_ptr_null(strstr(end, "prod/api"));
	*end = '\0';
	ck_assert_str_eq(line, changes[_i].expected);
	free(t.p);
	svcrules_changes_free(c);
	svcrules_ruleset_free(from);
	svcrules_ruleset_free(to);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("policy-report");
	TCase *tc = tcase_create("policy-report");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, report_policies, 0, sizeof(changes) / sizeof(changes[0]));
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
