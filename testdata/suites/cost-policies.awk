# SPDX-License-Identifier: GPL-2.0-or-later
# cost-policies.awk -v kind=KIND -v n=N: prints pods and policies, of which one thing occurs N
# times. The namespace `t` is the tenant's: 3 of its pods are on node1, others elsewhere. (Each
# list is printed as it is made: awk copies long texts.)
function ip(first, i) { return first "." int(i / 65536) % 256 "." int(i / 256) % 256 "." i % 256 }
function object(kind, ns, name, labels) {
	printf "{\"kind\":\"%s\",\"metadata\":{%s\"name\":\"%s\",\"labels\":{%s}}", kind, ns == "" ? "" : "\"namespace\":\"" ns "\",", name, labels
}
function pod(ns, name, labels, address, node, ports) {
	object("Pod", ns, name, labels)
	print ",\"spec\":{\"nodeName\":\"" node "\",\"containers\":[{\"ports\":[" ports "]}]},\"status\":{\"podIP\":\"" address "\"}}"
}
function policy(name, selector, type) {
	object("NetworkPolicy", "t", name, "")
	printf ",\"spec\":{\"podSelector\":{%s},\"policyTypes\":[\"%s\"],\"%s\":[", selector, type, tolower(type)
	first = 1
}
function rule() {
	printf first ? "{" : ",{"
	first = 0
}
function end_policy() { print "]}}" }
function label(key, value) { return "\"" key "\":\"" value "\"" }
function match_labels(text) { return "\"matchLabels\":{" text "}" }
function expression(key, op, value) {
	return "\"matchExpressions\":[{\"key\":\"" key "\",\"operator\":\"" op "\"" (value == "" ? "" : ",\"values\":[" value "]") "}]"
}
function port(number) { return "{\"port\":" number % 65535 + 1 "}" }
# N pods elsewhere, each with labels of its own.
function unique_pods(k,  i) {
	for (i = 0; i < k; i++)
		pod("t", "u" i, label("id", "v" i), ip(11, i), "node2", "")
}
# A policy with k rules, each of which allows pods by a selector of its own.
function selecting_rules(k, op, ports,  i) {
	policy("p", "", "Ingress")
	for (i = 0; i < k; i++) {
		rule()
		printf "\"from\":[{\"podSelector\":{%s}}]", op == "" ? match_labels(label("id", "v" i)) : expression("id", op, "\"v" i "\"")
		printf ports ? ",\"ports\":[" port(i) "]}" : "}"
	}
	end_policy()
}
function blocks(k, nested,  i, depth) {
	policy("p", "", "Ingress")
	for (i = 0; i < k; i++) {
		depth = 8 + i % 25
		rule()
		printf "\"from\":[{\"ipBlock\":{\"cidr\":\"%s/%d\"}}],\"ports\":[%s]}", ip(20, nested ? int(i / 25) * 4 : i * 2),
			nested ? depth : 32, port(nested == 1 ? i : i % 25)
	}
	end_policy()
}
BEGIN {
	for (i = 0; i < 3; i++)
		pod("t", "local" i, label("app", "a" i), ip(10, i + 1), "node1", "{\"name\":\"http\",\"containerPort\":8080}")
	pod("other", "local", label("app", "a"), "10.1.0.1", "node1", "")
	object("NetworkPolicy", "other", "deny", "")
	print ",\"spec\":{\"podSelector\":{},\"ingress\":[{\"from\":[{\"podSelector\":{}}],\"ports\":[{\"port\":80}]}]}}"
	if (kind == "policy-rules") {
		unique_pods(n)
		selecting_rules(n, "", 1)
	} else if (kind == "policy-not-in") {
		unique_pods(n)
		selecting_rules(n, "NotIn", 0)
	} else if (kind == "policy-not-in-ports") {
		unique_pods(100)
		selecting_rules(n, "NotIn", 1)
	} else if (kind == "policy-lead") { # selectors that begin with the same label
		for (i = 0; i < n; i++)
			pod("t", "u" i, label("app", "x") "," label("id", "v" i), ip(11, i), "node2", "")
		policy("p", "", "Ingress")
		for (i = 0; i < n; i++) {
			rule()
			printf "\"from\":[{\"podSelector\":{%s,%s}}]}", match_labels(label("app", "x")), expression("id", "NotIn", "\"v" i "\"")
		}
		end_policy()
	} else if (kind == "policies") {
		unique_pods(100)
		for (i = 0; i < n; i++) {
			policy("p" i, i % 2 ? "" : match_labels(label("app", "a" i % 5)), i % 3 ? "Ingress" : "Egress")
			rule()
			printf "\"%s\":[{\"podSelector\":{%s}}],\"ports\":[%s]}", i % 3 ? "from" : "to", match_labels(label("id", "v" i % 100)), port(i)
			end_policy()
		}
	} else if (kind == "policy-blocks") {
		blocks(n, 0)
	} else if (kind == "policy-nested-blocks") {
		blocks(n, 1)
	} else if (kind == "policy-nested-blocks-few-ports") {
		blocks(n, 2)
	} else if (kind == "policy-excepts") {
		policy("p", "", "Egress")
		for (k = 0; k < 4; k++) {
			rule()
			printf "\"to\":[{\"ipBlock\":{\"cidr\":\"20.0.0.0/%d\",\"except\":[", 8 + k % 2
			for (i = 0; i < n / 4; i++)
				printf "%s\"%s/32\"", i ? "," : "", ip(20, 2 * i + k)
			printf "]}}],\"ports\":[%s]}", port(k)
		}
		end_policy()
	} else if (kind == "policy-ports") {
		unique_pods(100)
		policy("p", "", "Ingress")
		for (k = 0; k < 4; k++) {
			rule()
			printf "\"from\":[{\"podSelector\":{%s}}],\"ports\":[", k ? match_labels(label("id", "v" k)) : ""
			for (i = 0; i < n / 4; i++)
				printf "%s{\"port\":%d%s}", i ? "," : "", (2 * i + k) % 65000 + 1, k % 2 ? ",\"endPort\":" (2 * i + k) % 65000 + 3 : ""
			printf "]}"
		}
		end_policy()
	} else if (kind == "policy-namespaces") {
		for (i = 0; i < n; i++) {
			object("Namespace", "", "n" i, label("id", "v" i))
			print "}"
			pod("n" i, "u", label("app", "x"), ip(11, i), "node2", "")
		}
		policy("p", "", "Ingress")
		for (i = 0; i < n; i++) {
			rule()
			printf "\"from\":[{\"namespaceSelector\":{%s}}],\"ports\":[%s]}", match_labels(label("id", "v" i)), port(i)
		}
		end_policy()
	} else if (kind == "policy-namespaces-not-in") {
		for (i = 0; i < n; i++) {
			object("Namespace", "", "n" i, label("id", "v" i))
			print "}"
			pod("n" i, "u", label("app", "x"), ip(11, i), "node2", "")
		}
		policy("p", "", "Ingress")
		for (i = 0; i < n; i++) {
			rule()
			printf "\"from\":[{\"namespaceSelector\":{%s}}]}", expression("id", "NotIn", "\"v" i "\"")
		}
		end_policy()
	} else if (kind == "policy-names") { # named ports of destinations, and ipBlocks for them
		for (i = 0; i < n; i++)
			pod("t", "u" i, label("id", "v" i), ip(11, i), "node2", "{\"name\":\"p" i % 1000 "\",\"containerPort\":" i % 60000 + 1 "}")
		policy("p", "", "Egress")
		for (i = 0; i < n; i++) {
			rule()
			printf "%s\"ports\":[{\"port\":\"p%d\"}]}", i % 2 ? "\"to\":[{\"ipBlock\":{\"cidr\":\"" ip(11, i) "/32\"}}]," : "", i % 1000
		}
		end_policy()
	} else if (kind == "policy-names-of-one") { # a pod with many named ports, and rules that name them
		printf "{\"kind\":\"Pod\",\"metadata\":{\"namespace\":\"t\",\"name\":\"named\"},\"spec\":{\"nodeName\":\"node1\",\"containers\":[{\"ports\":["
		for (i = 0; i < n; i++)
			printf "%s{\"name\":\"p%d\",\"containerPort\":%d}", i ? "," : "", i, i % 65535 + 1
		print "]}]},\"status\":{\"podIP\":\"10.0.0.9\"}}"
		policy("p", "", "Ingress")
		for (i = 0; i < n; i++) {
			rule()
			printf "\"ports\":[{\"port\":\"p%d\"}]}", i
		}
		end_policy()
		policy("q", "", "Egress")
		for (i = 0; i < n; i++) {
			rule()
			printf "\"ports\":[{\"port\":\"p%d\"}]}", i
		}
		end_policy()
	}
}
