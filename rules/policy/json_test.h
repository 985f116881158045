/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Generated clusters with NetworkPolicies (generate_test.h) as JSON, for the real reader. */
#ifndef SVCR_POLICY_JSON_TEST_H
#define SVCR_POLICY_JSON_TEST_H

#include "rules/policy/generate_test.h"

static inline const char *np_comma(size_t i)
{
	return i ? "," : "";
}

static inline void np_print_addr(FILE *f, const struct np_addr *a)
{
	char buf[INET6_ADDRSTRLEN];

	fprintf(f, "%s", inet_ntop(a->v6 ? AF_INET6 : AF_INET, a->bytes, buf, sizeof(buf)));
}

static inline void np_print_pairs(FILE *f, const uint8_t values[NP_KEYS])
{
	size_t n = 0;

	fprintf(f, "{");
	for (size_t i = 0; i < NP_KEYS; i++)
		if (values[i])
			fprintf(f, "%s\"%s\":\"%s\"", np_comma(n++), np_keys[i],
				np_values[values[i]]);
	fprintf(f, "}");
}

static inline void np_print_labels(FILE *f, const struct np_labels *l)
{
	if (l->absent)
		return;
	fprintf(f, ",\"labels\":");
	np_print_pairs(f, l->value);
}

/* ---- Pods ---------------------------------------------------------------- */

static inline void np_print_container(FILE *f, const struct np_pod *p, uint8_t place)
{
	static const char *const names[] = { "main", "side", "init-side", "init" };
	size_t n = 0;

	fprintf(f, "{\"name\":\"%s\"", names[place]);
	if (place == NP_RESTARTABLE_INIT)
		fprintf(f, ",\"restartPolicy\":\"Always\"");
	fprintf(f, ",\"ports\":[");
	for (size_t i = 0; i < p->nports; i++) {
		const struct np_pod_port *port = &p->ports[i];

		if (port->place != place)
			continue;
		fprintf(f, "%s{\"containerPort\":%u", np_comma(n++), port->number);
		if (port->name)
			fprintf(f, ",\"name\":\"%s\"", np_port_names[port->name]);
		if (!port->protocol_absent)
			fprintf(f, ",\"protocol\":\"%s\"", gen_protocol(port->protocol));
		fprintf(f, "}");
	}
	fprintf(f, "]}");
}

static inline void np_print_status(FILE *f, const struct np_pod *p)
{
	static const char *const phases[] = { NULL,      "Pending",   "Running",
					      "Unknown", "Succeeded", "Failed" };
	struct np_addr addrs[2];
	size_t n = np_pod_addrs(p, addrs);

	fprintf(f, "\"status\":{\"conditions\":[]");
	if (phases[p->phase])
		fprintf(f, ",\"phase\":\"%s\"", phases[p->phase]);
	if (n) {
		fprintf(f, ",\"podIP\":\"");
		np_print_addr(f, &addrs[0]);
		fprintf(f, "\"");
	}
	if (n && !p->single) {
		fprintf(f, ",\"podIPs\":[");
		for (size_t i = 0; i < n; i++) {
			fprintf(f, "%s{\"ip\":\"", np_comma(i));
			np_print_addr(f, &addrs[i]);
			fprintf(f, "\"}");
		}
		fprintf(f, "]");
	}
	fprintf(f, "}");
}

static inline void np_print_pod(FILE *f, const struct np_pod *p)
{
	fprintf(f,
		"{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":\"p%u\","
		"\"namespace\":\"n%u\"",
		p->id, p->ns);
	np_print_labels(f, &p->labels);
	fprintf(f, "},\"spec\":{\"initContainers\":[");
	np_print_container(f, p, NP_INIT);
	fprintf(f, ",");
	np_print_container(f, p, NP_RESTARTABLE_INIT);
	fprintf(f, "],\"containers\":[");
	np_print_container(f, p, NP_FIRST_CONTAINER);
	fprintf(f, ",");
	np_print_container(f, p, NP_SECOND_CONTAINER);
	fprintf(f, "]");
	if (p->host_network)
		fprintf(f, ",\"hostNetwork\":true");
	if (p->node)
		fprintf(f, ",\"nodeName\":\"node%u\"", p->node);
	fprintf(f, "},");
	np_print_status(f, p);
	fprintf(f, "}");
}

/* ---- Policies ------------------------------------------------------------ */

static inline void np_print_expression(FILE *f, const struct np_expression *e)
{
	static const char *const operators[] = { "In", "NotIn", "Exists", "DoesNotExist", "Near" };

	fprintf(f, "{\"key\":\"%s\",\"operator\":\"%s\"", np_keys[e->key], operators[e->op]);
	if (e->nvalues) {
		fprintf(f, ",\"values\":[");
		for (size_t i = 0; i < e->nvalues; i++)
			fprintf(f, "%s\"%s\"", np_comma(i), np_values[e->values[i]]);
		fprintf(f, "]");
	}
	fprintf(f, "}");
}

static inline void np_print_selector(FILE *f, const struct np_selector *s)
{
	bool equal = memcmp(s->equal, (uint8_t[NP_KEYS]){ 0 }, NP_KEYS) != 0;

	fprintf(f, "{");
	if (equal) {
		fprintf(f, "\"matchLabels\":");
		np_print_pairs(f, s->equal);
	}
	if (s->nexpressions) {
		fprintf(f, "%s\"matchExpressions\":[", np_comma(equal));
		for (size_t i = 0; i < s->nexpressions; i++) {
			fprintf(f, "%s", np_comma(i));
			np_print_expression(f, &s->expressions[i]);
		}
		fprintf(f, "]");
	}
	fprintf(f, "}");
}

static inline void np_print_cidr(FILE *f, const struct np_block *b)
{
	fprintf(f, "\"");
	np_print_addr(f, &b->addr);
	if (b->bad) /* all of it, or just the prefix, is wrong */
		fprintf(f, b->addr.bytes[15] & 1 ? "\"" : b->prefix % 2 ? "/129\"" : "/x\"");
	else
		fprintf(f, "/%u\"", b->prefix);
}

static inline void np_print_peer(FILE *f, const struct np_peer *p)
{
	fprintf(f, "{");
	if (p->bad)
		fprintf(f, "\"serviceSelector\":{}");
	if (p->pods.present) {
		fprintf(f, "\"podSelector\":");
		np_print_selector(f, &p->pods);
	}
	if (p->namespaces.present) {
		fprintf(f, "%s\"namespaceSelector\":", np_comma(p->pods.present));
		np_print_selector(f, &p->namespaces);
	}
	if (p->is_block) {
		fprintf(f, "\"ipBlock\":{\"cidr\":");
		np_print_cidr(f, &p->block);
		for (size_t i = 0; i < p->nexcept; i++) {
			fprintf(f, "%s", i ? "," : ",\"except\":[");
			np_print_cidr(f, &p->except[i]);
		}
		fprintf(f, "%s}", p->nexcept ? "]" : "");
	}
	fprintf(f, "}");
}

static inline void np_print_rule_port(FILE *f, const struct np_rule_port *p)
{
	static const char *const bad[] = {
		"{\"port\":0}",
		"{\"port\":70000}",
		"{\"port\":90,\"endPort\":80}",
		"{\"port\":\"http\",\"endPort\":99}",
		"{\"protocol\":\"UDP\",\"endPort\":99}",
		"{\"protocol\":\"ICMP\"}",
	};
	size_t n = 0;

	if (p->bad) {
		fprintf(f, "%s", bad[p->bad - 1]);
		return;
	}
	fprintf(f, "{");
	if (p->protocol)
		fprintf(f, "%s\"protocol\":\"%s\"", np_comma(n++), gen_protocol(p->protocol));
	if (p->name)
		fprintf(f, "%s\"port\":\"%s\"", np_comma(n++), np_port_names[p->name]);
	if (p->number)
		fprintf(f, "%s\"port\":%u", np_comma(n++), p->number);
	if (p->end)
		fprintf(f, "%s\"endPort\":%u", np_comma(n++), p->end);
	fprintf(f, "}");
}

static inline void np_print_rule(FILE *f, const struct np_rule *r, const char *peers)
{
	fprintf(f, "{");
	if (!r->peers_absent) {
		fprintf(f, "\"%s\":[", peers);
		for (size_t i = 0; i < r->npeers; i++) {
			fprintf(f, "%s", np_comma(i));
			np_print_peer(f, &r->peers[i]);
		}
		fprintf(f, "]");
	}
	if (!r->ports_absent) {
		fprintf(f, "%s\"ports\":[", np_comma(!r->peers_absent));
		for (size_t i = 0; i < r->nports; i++) {
			fprintf(f, "%s", np_comma(i));
			np_print_rule_port(f, &r->ports[i]);
		}
		fprintf(f, "]");
	}
	fprintf(f, "}");
}

static inline void np_print_types(FILE *f, uint8_t types, bool first)
{
	static const char *const words[] = { "Ingress", "Egress", "Sideways" };
	size_t n = 0;

	fprintf(f, "%s\"policyTypes\":[", np_comma(!first));
	for (size_t i = 0; i < 3; i++)
		if (types & 1u << i)
			fprintf(f, "%s\"%s\"", np_comma(n++), words[i]);
	fprintf(f, "]");
}

static inline void np_print_policy(FILE *f, const struct np_policy *p)
{
	static const char *const words[][2] = { { "ingress", "from" }, { "egress", "to" } };
	bool first = true;

	fprintf(f,
		"{\"apiVersion\":\"networking.k8s.io/v1\",\"kind\":\"NetworkPolicy\","
		"\"metadata\":{\"name\":\"np%u\",\"namespace\":\"n%u\"},\"spec\":{",
		p->id, p->ns);
	if (p->pods.present) {
		fprintf(f, "\"podSelector\":");
		np_print_selector(f, &p->pods);
		first = false;
	}
	if (p->types != NP_TYPES_ABSENT) {
		np_print_types(f, p->types, first);
		first = false;
	}
	for (int d = 0; d < 2; d++) {
		if (!p->rules[d].present)
			continue;
		fprintf(f, "%s\"%s\":[", np_comma(!first), words[d][0]);
		first = false;
		for (size_t i = 0; i < p->rules[d].n; i++) {
			fprintf(f, "%s", np_comma(i));
			np_print_rule(f, &p->rules[d].v[i], words[d][1]);
		}
		fprintf(f, "]");
	}
	fprintf(f, "}}");
}

/* ---- The cluster --------------------------------------------------------- */

static inline void np_print_node(FILE *f, uint8_t node)
{
	fprintf(f,
		"{\"apiVersion\":\"v1\",\"kind\":\"Node\",\"metadata\":{\"name\":\"node%u\"},"
		"\"spec\":{},\"status\":{\"addresses\":["
		"{\"type\":\"InternalIP\",\"address\":\"192.0.2.%u\"},"
		"{\"type\":\"InternalIP\",\"address\":\"2001:db8::%u\"}]}}",
		node, node, node);
}

static inline void np_print_namespace(FILE *f, const struct np_namespace *n, size_t number)
{
	fprintf(f, "{\"apiVersion\":\"v1\",\"kind\":\"Namespace\",\"metadata\":{\"name\":\"n%zu\"",
		number);
	np_print_labels(f, &n->labels);
	fprintf(f, "}}");
}

static inline void np_cluster_items(struct gen_items *items, const struct np_cluster *c)
{
	size_t len;
	FILE *f;

	for (uint8_t i = 1; i <= NP_NODES && c->node_object; i++) {
		f = gen_item(items, &len);
		np_print_node(f, i);
		fclose(f);
	}
	for (size_t i = 0; i < NP_NAMESPACES; i++) {
		if (!c->namespaces[i].present)
			continue;
		f = gen_item(items, &len);
		np_print_namespace(f, &c->namespaces[i], i);
		fclose(f);
	}
	for (size_t i = 0; i < c->npods; i++) {
		f = gen_item(items, &len);
		np_print_pod(f, &c->pods[i]);
		fclose(f);
	}
	for (size_t i = 0; i < c->npolicies; i++) {
		f = gen_item(items, &len);
		np_print_policy(f, &c->policies[i]);
		fclose(f);
	}
}

/* The cluster as a List, in an order that `shuffle` gives (0: as made); malloc'ed. */
static inline char *np_json(const struct np_cluster *c, uint64_t shuffle)
{
	struct gen_items items = { NULL, 0, 0 };

	np_cluster_items(&items, c);
	return gen_list(&items, shuffle);
}

#endif
