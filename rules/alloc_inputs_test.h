/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects of all kinds that rules are made from: two inputs for tests of failing allocations. */
#ifndef SVCR_ALLOC_INPUTS_TEST_H
#define SVCR_ALLOC_INPUTS_TEST_H

#define SERVICE(name, ip, spec) \
	"{\"kind\":\"Service\",\"metadata\":{\"name\":\"" name "\"}," \
	"\"spec\":{\"clusterIP\":\"" ip "\"," spec "," \
	"\"ports\":[{\"name\":\"p\",\"port\":80,\"nodePort\":30080}," \
	"{\"name\":\"q\",\"port\":53,\"protocol\":\"UDP\"}]}," \
	"\"status\":{\"loadBalancer\":{\"ingress\":[{\"ip\":\"203.0.113.1\"}," \
	"{\"ip\":\"2001:db8::7\"}]}}}"
#define SLICE(name, endpoints) \
	"{\"kind\":\"EndpointSlice\",\"metadata\":{\"name\":\"" name "-1\"," \
	"\"labels\":{\"kubernetes.io/service-name\":\"" name "\"}}," \
	"\"addressType\":\"IPv4\",\"ports\":[{\"name\":\"p\",\"port\":8080}," \
	"{\"name\":\"q\",\"port\":53,\"protocol\":\"UDP\"}],\"endpoints\":[" endpoints "]}"
#define END(ip) \
	"{\"addresses\":[\"" ip "\"],\"nodeName\":\"n1\"," \
	"\"hints\":{\"forZones\":[{\"name\":\"z\"}]}}"
#define LEGACY \
	"{\"kind\":\"Endpoints\",\"metadata\":{\"name\":\"b\"}," \
	"\"subsets\":[{\"addresses\":[{\"ip\":\"10.244.0.9\"}]," \
	"\"ports\":[{\"name\":\"p\",\"port\":8080}]}]}"
#define NODE \
	"{\"kind\":\"Node\",\"metadata\":{\"name\":\"n1\"}," \
	"\"spec\":{\"podCIDR\":\"10.244.0.0/24\"}," \
	"\"status\":{\"addresses\":[{\"type\":\"InternalIP\",\"address\":\"192.0.2.1\"}]}}"
#define POD(name, node, ip, labels) \
	"{\"kind\":\"Pod\",\"metadata\":{\"name\":\"" name "\",\"labels\":{" labels "}}," \
	"\"spec\":{\"nodeName\":\"" node "\",\"containers\":[" \
	"{\"ports\":[{\"name\":\"p\",\"containerPort\":8080}]}]}," \
	"\"status\":{\"phase\":\"Running\",\"podIPs\":[{\"ip\":\"" ip "\"}," \
	"{\"ip\":\"fd00:244::" name "\"}]}}"
#define NAMESPACE(labels) \
	"{\"kind\":\"Namespace\",\"metadata\":{\"name\":\"default\",\"labels\":{" labels "}}}"
#define POLICY(name, app, spec) \
	"{\"kind\":\"NetworkPolicy\",\"metadata\":{\"name\":\"" name "\"}," \
	"\"spec\":{\"podSelector\":{\"matchLabels\":{\"app\":\"" app "\"}}," spec "}}"
#define APP_A "\"app\":\"a\""
#define APP_B "\"app\":\"b\""
/* rules with selectors, blocks and ports of all kinds, in both directions */
#define RULES \
	"\"ingress\":[{\"from\":[{\"podSelector\":{\"matchExpressions\":[" \
	"{\"key\":\"app\",\"operator\":\"In\",\"values\":[\"b\",\"c\"]}]}}," \
	"{\"ipBlock\":{\"cidr\":\"10.0.0.0/8\",\"except\":[\"10.1.0.0/16\"]}}]," \
	"\"ports\":[{\"port\":\"p\"},{\"port\":80,\"endPort\":90},{\"protocol\":\"UDP\"}]}," \
	"{\"from\":[{\"namespaceSelector\":{}}],\"ports\":[{\"port\":53}]}]," \
	"\"egress\":[{\"to\":[{\"namespaceSelector\":{\"matchLabels\":{\"x\":\"\"}}}]}," \
	"{\"to\":[{\"ipBlock\":{\"cidr\":\"fd00::/16\"}}],\"ports\":[{\"port\":\"p\"}]}," \
	"{\"ports\":[{\"port\":1},{\"port\":\"none\",\"protocol\":\"SCTP\"}]}]"
#define DENY "\"policyTypes\":[\"Ingress\",\"Near\"]"
#define PODS \
	POD("1", "n1", "10.244.0.1", APP_A) \
	"," POD("2", "n1", "10.244.0.2", APP_B) "," POD("3", "n2", "10.244.1.3", APP_B)
#define POLICIES \
	PODS "," NAMESPACE("\"x\":\"\"") "," POLICY("p", "a", RULES) "," POLICY("q", "b", DENY)
#define FEWER_POLICIES \
	PODS "," POD("4", "n1", "10.244.0.4", APP_A) "," NAMESPACE("") "," POLICY("p", "b", RULES)

#define LOCAL \
	"\"type\":\"LoadBalancer\",\"externalTrafficPolicy\":\"Local\"," \
	"\"loadBalancerSourceRanges\":[\"192.0.2.0/24\"]"
/* more than a chain's rules hold, so that there is a set of sources */
#define MANY_RANGES \
	"\"type\":\"LoadBalancer\",\"loadBalancerSourceRanges\":[" RANGES(1) "," RANGES( \
		2) "," RANGES(3) "," RANGES(4) "," RANGES(5) "]"
#define RANGES(n) \
	"\"10.1." #n "1.0/24\",\"10.2." #n "1.0/24\",\"10.3." #n "1.0/24\",\"10.4." #n "1.0/24\""
#define STICKY "\"sessionAffinity\":\"ClientIP\",\"externalIPs\":[\"198.51.100.1\",\"127.0.0.1\"]"

#define SERVICES_AC \
	SERVICE("a", "10.96.0.1", STICKY) \
	"," SERVICE("c", "fd00::1", LOCAL) "," SLICE( \
		"a", END("10.244.0.3") "," END("10.244.0.2") "," END("10.244.0.4"))

/* clang-format off */
static const char *const alloc_inputs[] = {
	"{\"kind\":\"List\",\"items\":[" SERVICE("a", "10.96.0.1", LOCAL) ","
		SERVICE("b", "10.96.0.2", STICKY) ","
		SLICE("a", END("10.244.0.1") "," END("10.244.0.2")) ","
		LEGACY "," NODE "," POLICIES ",{\"kind\":\"Secret\"}]}",
	"{\"items\":[" SERVICE("d", "10.96.0.4", MANY_RANGES) "," SERVICES_AC ","
		FEWER_POLICIES "],\"kind\":\"List\"}",
};
/* clang-format on */

#endif
