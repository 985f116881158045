/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The objects as `kubectl get services,endpointslices -A -o json` prints them. */
#include "json.h"

const char *uid_text(uint64_t a, uint64_t b, char buf[static UID_SIZE])
{
	uint64_t x = scramble(a, b), y = scramble(b, a + 1);

	snprintf(buf, UID_SIZE, "%08x-%04x-4%03x-%04x-%012llx", (uint32_t)(x >> 32),
		 (unsigned)(x >> 16 & 0xffff), (unsigned)(x & 0xfff),
		 (unsigned)(0x8000 | (y >> 48 & 0x3fff)),
		 (unsigned long long)(y & 0xffffffffffffu));
	return buf;
}

const char *suffix_text(uint64_t x, size_t n, char *buf)
{
	static const char letters[] = "bcdfghjklmnpqrstvwxz2456789";

	for (size_t i = 0; i < n; i++, x /= sizeof(letters) - 1)
		buf[i] = letters[x % (sizeof(letters) - 1)];
	buf[n] = '\0';
	return buf;
}

static const char *type_name(const struct service *s)
{
	static const char *const names[] = { "ClusterIP", "NodePort", "LoadBalancer" };

	return names[s->type];
}

static const char *port_name(const struct service *s)
{
	return s->udp ? "dns" : "http";
}

static const char *protocol_name(const struct service *s)
{
	return s->udp ? "UDP" : "TCP";
}

static void created(const struct service *s, FILE *f)
{
	uint32_t t = s->number * 7 % 86400;

	fprintf(f, "\"creationTimestamp\": \"2026-0%u-%02uT%02u:%02u:%02uZ\"", 1 + s->number % 9,
		1 + s->number % 28, t / 3600, t / 60 % 60, t % 60);
}

/* kubectl apply leaves it behind; one service of three came that way. */
static void last_applied(const struct service *s, FILE *f)
{
	fprintf(f,
		I4 "\"annotations\": {\n" I5
		   "\"kubectl.kubernetes.io/last-applied-configuration\": "
		   "\"{\\\"apiVersion\\\":\\\"v1\\\",\\\"kind\\\":"
		   "\\\"Service\\\",\\\"metadata\\\":{\\\"annotations\\\":{},"
		   "\\\"labels\\\":{\\\"app\\\":\\\"%s\\\"},"
		   "\\\"name\\\":\\\"%s\\\",\\\"namespace\\\":\\\"%s\\\"},"
		   "\\\"spec\\\":{\\\"ports\\\":[{\\\"name\\\":"
		   "\\\"%s\\\",\\\"port\\\":%u,\\\"protocol\\\":\\\"%s\\\",\\\"targetPort\\\":%u}],"
		   "\\\"selector\\\":"
		   "{\\\"app\\\":\\\"%s\\\"},\\\"type\\\":\\\"%s\\\"}}\\n\"\n" I4 "},\n",
		s->app, s->name, s->namespace, port_name(s), s->port, protocol_name(s),
		s->target_port, s->name, type_name(s));
}

static void service_metadata(const struct service *s, FILE *f)
{
	char u[UID_SIZE];

	fputs(I3 "\"metadata\": {\n", f);
	if (s->number % 3 == 0)
		last_applied(s, f);
	fputs(I4, f);
	created(s, f);
	fprintf(f,
		",\n" I4 "\"labels\": {\n" I5 "\"app\": \"%s\",\n" I5
		"\"app.kubernetes.io/managed-by\": \"shop\"\n" I4 "},\n" I4 "\"name\": \"%s\",\n" I4
		"\"namespace\": \"%s\",\n" I4 "\"resourceVersion\": \"%u\",\n" I4
		"\"uid\": \"%s\"\n" I3 "},\n",
		s->app, s->name, s->namespace, 184000 + s->number * 3, uid_text(s->number, 0, u));
}

static void service_addresses(const struct cluster *c, const struct service *s, FILE *f)
{
	char ip[16];

	fprintf(f, I4 "\"clusterIP\": \"%s\",\n" I4 "\"clusterIPs\": [\n" I5 "\"%s\"",
		ip_text(s->ip, ip), ip);
	if (c->dual_stack)
		fprintf(f, ",\n" I5 "\"fd00:10:96::%x:%x\"", (s->number + 1) >> 16,
			(s->number + 1) & 0xffff);
	fputs("\n" I4 "],\n", f);
	if (s->type != CLUSTER_IP)
		fputs(I4 "\"externalTrafficPolicy\": \"Cluster\",\n", f);
	fprintf(f,
		I4 "\"internalTrafficPolicy\": \"Cluster\",\n" I4 "\"ipFamilies\": [\n" I5
		   "\"IPv4\"%s\n" I4 "],\n" I4 "\"ipFamilyPolicy\": \"%s\",\n",
		c->dual_stack ? ",\n" I5 "\"IPv6\"" : "",
		c->dual_stack ? "PreferDualStack" : "SingleStack");
}

static void service_status(const struct service *s, FILE *f)
{
	char ip[16];

	fputs(I3 "\"status\": {\n" I4 "\"loadBalancer\": {", f);
	if (s->type == LOAD_BALANCER)
		fprintf(f,
			"\n" I5 "\"ingress\": [\n" I6 "{\n" I7 "\"ip\": \"%s\",\n" I7
			"\"ipMode\": \"VIP\"\n" I6 "}\n" I5 "]\n" I4,
			ip_text(s->balancer_ip, ip));
	fputs("}\n" I3 "}\n", f);
}

static void service_write(const struct cluster *c, const struct service *s, FILE *f)
{
	fputs(I2 "{\n" I3 "\"apiVersion\": \"v1\",\n" I3 "\"kind\": \"Service\",\n", f);
	service_metadata(s, f);
	fputs(I3 "\"spec\": {\n", f);
	if (s->type == LOAD_BALANCER)
		fputs(I4 "\"allocateLoadBalancerNodePorts\": true,\n", f);
	service_addresses(c, s, f);
	fprintf(f, I4 "\"ports\": [\n" I5 "{\n" I6 "\"name\": \"%s\",\n", port_name(s));
	if (s->node_port)
		fprintf(f, I6 "\"nodePort\": %u,\n", s->node_port);
	fprintf(f,
		I6 "\"port\": %u,\n" I6 "\"protocol\": \"%s\",\n" I6 "\"targetPort\": %u\n" I5
		   "}\n" I4 "],\n" I4 "\"selector\": {\n" I5 "\"app\": \"%s\"\n" I4 "},\n" I4
		   "\"sessionAffinity\": \"None\",\n" I4 "\"type\": \"%s\"\n" I3 "},\n",
		s->port, protocol_name(s), s->target_port, s->name, type_name(s));
	service_status(s, f);
	fputs(I2 "}", f);
}

static void endpoint_write(const struct cluster *c, const struct service *s, uint32_t k, bool six,
			   FILE *f)
{
	char ip[48], set[16], pod[16], u[UID_SIZE];
	bool is_new;
	uint32_t address = endpoint_ip(c, s, k, &is_new), node = endpoint_node(s, k);

	ip_text(address, ip);
	if (six)
		snprintf(ip, sizeof(ip), "fd00:10:128::%x:%x", address >> 16, address & 0xffff);
	fprintf(f,
		I4 "{\n" I5 "\"addresses\": [\n" I6 "\"%s\"\n" I5 "],\n" I5 "\"conditions\": {\n" I6
		   "\"ready\": true,\n" I6 "\"serving\": true,\n" I6 "\"terminating\": false\n" I5
		   "},\n" I5 "\"nodeName\": \"node-%03u\",\n" I5 "\"targetRef\": {\n" I6
		   "\"kind\": \"Pod\",\n" I6 "\"name\": \"%s-%s-%s\",\n" I6
		   "\"namespace\": \"%s\",\n" I6 "\"uid\": \"%s\"\n" I5 "},\n" I5
		   "\"zone\": \"zone-%c\"\n" I4 "}",
		ip, node, s->name, suffix_text(scramble(s->number, 3), 9, set),
		suffix_text(scramble(address, 4), 5, pod), s->namespace, uid_text(address, 5, u),
		"abc"[node % 3]);
}

static void slice_metadata(const struct service *s, uint32_t slice, bool six, FILE *f)
{
	char id[16], u[UID_SIZE];

	fputs(I3
	      "\"metadata\": {\n" I4 "\"annotations\": {\n" I5
	      "\"endpoints.kubernetes.io/last-change-trigger-time\": \"2026-10-01T06:30:00Z\"\n" I4
	      "},\n" I4,
	      f);
	created(s, f);
	fprintf(f,
		",\n" I4 "\"generateName\": \"%s-\",\n" I4 "\"generation\": 3,\n" I4
		"\"labels\": {\n" I5 "\"app\": \"%s\",\n" I5
		"\"endpointslice.kubernetes.io/managed-by\": "
		"\"endpointslice-controller.k8s.io\",\n" I5
		"\"kubernetes.io/service-name\": \"%s\"\n" I4 "},\n",
		s->name, s->app, s->name);
	fprintf(f, I4 "\"name\": \"%s-%s\",\n" I4 "\"namespace\": \"%s\",\n", s->name,
		suffix_text(scramble(s->number, 1000 + 2 * slice + six), 5, id), s->namespace);
	fprintf(f,
		I4 "\"ownerReferences\": [\n" I5 "{\n" I6 "\"apiVersion\": \"v1\",\n" I6
		   "\"blockOwnerDeletion\": true,\n" I6 "\"controller\": true,\n" I6
		   "\"kind\": \"Service\",\n" I6 "\"name\": \"%s\",\n" I6 "\"uid\": \"%s\"\n" I5
		   "}\n" I4 "],\n",
		s->name, uid_text(s->number, 0, u));
	fprintf(f, I4 "\"resourceVersion\": \"%u\",\n" I4 "\"uid\": \"%s\"\n" I3 "},\n",
		900000 + s->number * 5 + slice, uid_text(s->number, 1000 + 2 * slice + six, u));
}

static void slice_write(const struct cluster *c, const struct service *s, uint32_t slice, bool six,
			FILE *f)
{
	uint32_t from = slice * SLICE_MAX, to = from + SLICE_MAX;

	if (to > s->endpoints)
		to = s->endpoints;
	fprintf(f,
		",\n" I2 "{\n" I3 "\"addressType\": \"IPv%c\",\n" I3
		"\"apiVersion\": \"discovery.k8s.io/v1\",\n" I3 "\"endpoints\": [",
		six ? '6' : '4');
	for (uint32_t k = from; k < to; k++) {
		fputs(k > from ? ",\n" : "\n", f);
		endpoint_write(c, s, k, six, f);
	}
	fputs(from < to ? "\n" I3 "],\n" : "],\n", f);
	fputs(I3 "\"kind\": \"EndpointSlice\",\n", f);
	slice_metadata(s, slice, six, f);
	fprintf(f,
		I3 "\"ports\": [\n" I4 "{\n" I5 "\"name\": \"%s\",\n" I5 "\"port\": %u,\n" I5
		   "\"protocol\": \"%s\"\n" I4 "}\n" I3 "]\n" I2 "}",
		port_name(s), s->target_port, protocol_name(s));
}

static void slices_write(const struct cluster *c, const struct service *s, FILE *f)
{
	uint32_t slices = s->endpoints ? (s->endpoints + SLICE_MAX - 1) / SLICE_MAX : 1;

	for (uint32_t i = 0; i < slices; i++) {
		slice_write(c, s, i, false, f);
		if (c->dual_stack)
			slice_write(c, s, i, true, f);
	}
}

void write_json(const struct cluster *c, FILE *f)
{
	fputs("{\n" I1 "\"apiVersion\": \"v1\",\n" I1 "\"items\": [\n", f);
	for (uint32_t i = 0; i < c->services; i++) {
		struct service s = service_get(c, i);

		fputs(i ? ",\n" : "", f);
		service_write(c, &s, f);
	}
	for (uint32_t i = 0; i < c->services; i++) {
		struct service s = service_get(c, i);

		slices_write(c, &s, f);
	}
	fputs("\n" I1 "],\n" I1 "\"kind\": \"List\",\n" I1 "\"metadata\": {\n" I2
	      "\"resourceVersion\": \"\"\n" I1 "}\n}\n",
	      f);
}
