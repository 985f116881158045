/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inputs with a service or two. */
#ifndef SVCR_IPVS_INPUTS_TEST_H
#define SVCR_IPVS_INPUTS_TEST_H

#define SERVICE(name, type, ip, more, ports) \
	"{\"kind\":\"Service\",\"apiVersion\":\"v1\",\"metadata\":{\"name\":\"" name "\"," \
	"\"namespace\":\"a\"" more "}," \
	"\"spec\":{\"type\":\"" type "\",\"clusterIPs\":[\"" ip "\"],\"ports\":[" ports "]}}"
#define PORT(protocol, node) \
	"{\"name\":\"p\",\"port\":80,\"protocol\":\"" protocol "\",\"nodePort\":" node "}"
#define SLICE(name, protocol, endpoints) \
	"{\"kind\":\"EndpointSlice\",\"apiVersion\":\"discovery.k8s.io/v1\"," \
	"\"addressType\":\"IPv4\",\"metadata\":{" \
	"\"name\":\"" name \
	"-1\",\"namespace\":\"a\",\"labels\":{\"kubernetes.io/service-name\":\"" name "\"}}," \
	"\"ports\":[{\"name\":\"p\",\"port\":8080,\"protocol\":\"" protocol \
	"\"}],\"endpoints\":[" endpoints "]}"
#define ENDPOINT(ip) "{\"addresses\":[\"" ip "\"],\"nodeName\":\"node2\"}"
#define HERE(ip) "{\"addresses\":[\"" ip "\"],\"nodeName\":\"node1\"}"
#define WEB SERVICE("web", "NodePort", "10.96.0.1", "", PORT("TCP", "30080"))
#define DNS SERVICE("dns", "ClusterIP", "10.96.0.2", "", PORT("UDP", "0"))

#endif
