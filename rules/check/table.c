/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/check/check.h"

#define S SVCR_HAS_SERVICES
#define E SVCR_HAS_ENDPOINTS
#define P SVCR_HAS_PODS
#define L SVCR_HAS_SLICES
#define N SVCR_HAS_NODES
#define NP SVCR_HAS_POLICIES
#define I SVCR_HAS_INGRESSES
#define NOTICE SVCRULES_NOTICE, false
#define WARNING SVCRULES_WARNING, false
#define OFF SVCRULES_NOTICE, true
/* found while reading or building, with a severity of its own */
#define READING(help) 0, 0, help, NULL

/* clang-format off */
const struct svcr_check svcr_check_table[] = {
	{ "address", WARNING, READING("a value is not an IP address, or no endpoint can have it") },
	{ "affinity-short", WARNING, S, 0, "session affinity forgets a client within 30 seconds", svcr_check_affinity },
	{ "affinity-udp", WARNING, S, 0, "session affinity of UDP is shorter than the kernel remembers a flow", svcr_check_affinity },
	{ "annotation", WARNING, READING("an annotation of ingress-nginx is not supported, or has a wrong value") },
	{ "backend", WARNING, READING("the Service of an Ingress's path is of type ExternalName") },
	{ "balancer-node-address", NOTICE, S, N, "a load-balancer IP is also the address of a node", svcr_check_addresses },
	{ "cidr", WARNING, READING("a value is not a prefix such as 192.0.2.0/24") },
	{ "cluster-ip-outside", WARNING, S, 0, "a cluster IP is outside --service-cidr", svcr_check_ranges },
	{ "cluster-ip-twice", WARNING, S, 0, "two services have one cluster IP", svcr_check_cluster_ips },
	{ "conflict", WARNING, READING("two services claim the same address, protocol and port") },
	{ "dns-blocked", WARNING, NP, 0, "a policy isolates pods in egress, and none lets them ask the cluster's DNS", svcr_check_dns_blocked },
	{ "dual-stack", WARNING, S, E, "a service has more endpoints in one family than in the other", svcr_check_dual_stack },
	{ "duplicate", WARNING, READING("the input has the same object in two versions") },
	{ "external-cidr", WARNING, S, 0, "an external address is outside --allow-external-cidr", svcr_check_external },
	{ "external-in-service-cidr", WARNING, S, 0, "an external address is inside --service-cidr", svcr_check_ranges },
	{ "external-ips", NOTICE, S, 0, "spec.externalIPs lets a tenant take any address (CVE-2020-8554)", svcr_check_external },
	{ "external-name-address", WARNING, S, 0, "externalName is an IP address, which DNS cannot answer as a name", svcr_check_external_names },
	{ "external-name-loop", WARNING, S, 0, "externalName leads back to the service itself", svcr_check_external_names },
	{ "external-name-missing", WARNING, S, 0, "externalName names a service that is not in the input", svcr_check_external_names },
	{ "fqdn-endpoints", WARNING, S, E, "the slices of a service have names in place of addresses", svcr_check_reasons },
	{ "health-check", WARNING, READING("a service has a healthCheckNodePort, which svcrules does not serve") },
	{ "hostname-twice", WARNING, P, 0, "two pods have one hostname and subdomain, and so one name in DNS", svcr_check_hostnames },
	{ "ingress-path", WARNING, I, 0, "a path of an Ingress is hidden by the same path of another one", svcr_check_paths },
	{ "ingress-port", WARNING, I, S, "an Ingress leads to a port that the Service has not", svcr_check_ingresses },
	{ "ingress-secret", WARNING, I, SVCR_HAS_SECRETS, "an Ingress names a Secret that is not in its namespace", svcr_check_ingresses },
	{ "ingress-service", WARNING, I, S, "an Ingress leads to a Service that is not in its namespace", svcr_check_ingresses },
	{ "ingress-without-tls", OFF, I, 0, "a host of an Ingress has no certificate", svcr_check_ingresses },
	{ "legacy-endpoints", NOTICE, L, 0, "a service has Endpoints (deprecated) and no EndpointSlice", svcr_check_legacy },
	{ "name", WARNING, READING("a name is too long, or has characters that are not allowed") },
	{ "namespace-top-level", WARNING, S, 0, "a namespace is called as a top-level domain, whose names it hides from pods", svcr_check_namespaces },
	{ "no-endpoint", WARNING, S, E, "the slices of a service are empty", svcr_check_reasons },
	{ "no-family", WARNING, S, 0, "a service has an external address of a family in which it has no cluster IP", svcr_check_external },
	{ "no-namespace", WARNING, READING("pods are in a namespace whose object is missing, and policies ask for its labels") },
	{ "no-pod", WARNING, S, E, "pods match the selector of a service, and none can be an endpoint", svcr_check_reasons },
	{ "no-ports", WARNING, S, 0, "a service has no port", svcr_check_ports },
	{ "no-slice", WARNING, S, E, "no EndpointSlice names the service", svcr_check_reasons },
	{ "no-such-port", WARNING, S, E, "the slices of a service have other ports", svcr_check_reasons },
	{ "nobody-admitted", WARNING, S, 0, "loadBalancerSourceRanges have no prefix of a load-balancer IP's family", svcr_check_ports },
	{ "node-address", WARNING, S, N, "a cluster IP or external IP is also the address of a node", svcr_check_addresses },
	{ "node-port-range", WARNING, S, 0, "a node port is outside --node-port-range (30000-32767)", svcr_check_node_port_range },
	{ "node-port-twice", WARNING, S, 0, "two services have one node port", svcr_check_node_ports },
	{ "not-on-this-node", NOTICE, S, E | SVCR_HAS_NODE_NAME, "traffic policy Local, and no ready endpoint is on this node", svcr_check_reasons },
	{ "not-ready", WARNING, S, E, "a service has endpoints, and none is ready", svcr_check_reasons },
	{ "path", WARNING, READING("a path of an Ingress has a character that it may not have, or is no right regular expression") },
	{ "peer", WARNING, READING("a peer of a NetworkPolicy has no selector and no ipBlock, or both") },
	{ "peer-matches-nothing", WARNING, NP, P, "a peer of a NetworkPolicy matches no pod or no namespace", svcr_check_peers },
	{ "pending", OFF, S, 0, "a service has no cluster IP yet, as in a manifest", svcr_check_cluster_ips },
	{ "policy-shadowed", NOTICE, NP, 0, "another NetworkPolicy allows all that a rule allows", svcr_check_shadowed },
	{ "policy-types", NOTICE, READING("a NetworkPolicy has rules of a direction that policyTypes does not name") },
	{ "port-name", WARNING, NP, P, "a NetworkPolicy names a port that no pod has", NULL },
	{ "port-names", WARNING, S, 0, "a service has several ports, and one has no name or that of another", svcr_check_ports },
	{ "port-twice", WARNING, S, 0, "a service has the same port and protocol twice", svcr_check_ports },
	{ "range", WARNING, READING("a number is out of range") },
	{ "secret", WARNING, READING("the certificate or the key of a Secret is missing, or no PEM") },
	{ "selector", WARNING, READING("a requirement of a NetworkPolicy's selector is not complete") },
	{ "selector-no-pod", WARNING, S, P, "the selector of a service matches no pod", svcr_check_reasons },
	{ "selects-no-pod", WARNING, NP, P, "a NetworkPolicy selects no pod of its namespace", NULL },
	{ "single-endpoint", OFF, S, E, "a service has a single endpoint that is ready", svcr_check_dual_stack },
	{ "slice-unknown-service", WARNING, L, S, "a slice belongs to a service that is not in the input", svcr_check_slices },
	{ "slice-without-service", NOTICE, L, 0, "a slice has no label kubernetes.io/service-name", svcr_check_slices },
	{ "subdomain-missing", WARNING, P, S, "the subdomain of a pod is no headless service of its namespace", svcr_check_subdomains },
	{ "target-port-name", WARNING, S, P, "targetPort is a name that no container has", svcr_check_reasons },
	{ "too-many-elements", WARNING, READING("a service takes more elements than --max-elements") },
	{ "too-many-ranges", WARNING, READING("a service has more source ranges than --max-source-ranges") },
	{ "unknown-field", WARNING, READING("a NetworkPolicy has a field that is not known here") },
	{ "unusable-address", WARNING, READING("an address is a loopback, link-local, multicast or unspecified address") },
	{ "unusable-endpoints", WARNING, S, E, "all endpoints have addresses that no endpoint can have", svcr_check_reasons },
	{ "value", WARNING, READING("a value is none of the words that the field may have") },
	{ "vip-is-endpoint", WARNING, S, L, "an address of a service is also that of an endpoint", svcr_check_addresses },
	{ "vip-in-pod-cidr", WARNING, S, N, "an address of a service is inside a pod CIDR", svcr_check_addresses },
	{ "wrong-family", WARNING, S, E, "a service has endpoints of the other family alone", svcr_check_reasons },
	{ "wrong-protocol", WARNING, S, E, "the slices of a service have the port for another protocol", svcr_check_reasons },
	{ NULL, 0, false, 0, 0, NULL, NULL }
};
/* clang-format on */
