/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What is kept of Pods, Namespaces and NetworkPolicies. */
#include "kinds.h"
#include "model.h"

#include <check.h>
#include <errno.h>
#include <malloc.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))
#define TEXT_MAX 1024

/* ---- Reading ------------------------------------------------------------------ */

static long policy_fill(void *arg, char *buf, size_t size)
{
	const char **text = arg;
	size_t n = strlen(*text);

	n = n < size ? n : size;
	n = n < 5 ? n : 5;
	memcpy(buf, *text, n);
	*text += n;
	return (long)n;
}

/* Reads YAML of one line, so that no quotes are needed. */
static int policy_read(struct svcrules_model *m, struct svcrules_diags *d, const char *head,
		       const char *body)
{
	char text[TEXT_MAX * 2];
	const char *at = text;

	snprintf(text, sizeof(text), "{%s, %s}\n", head, body);
	return svcrules_model_read(m, "f", policy_fill, &at, d);
}

/* Appends to a text of TEXT_MAX bytes. */
static void __attribute__((format(printf, 2, 3))) add_text(char *text, const char *format, ...)
{
	size_t n = strlen(text);
	va_list ap;
	int len;

	va_start(ap, format);
	len = vsnprintf(text + n, TEXT_MAX - n, format, ap);
	va_end(ap);
	ck_assert(len >= 0 && (size_t)len < TEXT_MAX - n);
}

/* Compares a text, and the warnings or notices "field [check]" with "; " between. */
static void compare_texts(const char *found, const char *expected, const struct svcrules_diags *d,
			  const char *said)
{
	char text[TEXT_MAX] = "";
	const struct svcrules_diag *g;

	for (size_t i = 0; (g = svcrules_diags_get(d, i)); i++) {
		add_text(text, "%s%s [%s]", i ? "; " : "", g->field ? g->field : "", g->check);
		ck_assert_ptr_nonnull(g->object);
	}
	ck_assert_str_eq(found, expected);
	ck_assert_str_eq(text, said);
}

/* ---- Pods ------------------------------------------------------------------------ */

static const struct {
	const char *body, *expected, *said;
} pods[] = {
	{ "spec: {nodeName: n1}, status: {phase: Running, podIP: 10.1.0.1}", "n1 10.1.0.1", "" },
	{ "spec: {nodeName: ''}, status: {}", "-", "" },
	{ "spec: null, status: null", "-", "" },
	{ "x: y", "-", "" },
	{ "status: {podIP: 10.1.0.1, podIPs: [{ip: 'fd00::1'}, {ip: 10.1.0.2}, {ip: 10.1.0.2}]}",
	  "- 10.1.0.2 fd00::1", "" },
	{ "status: {podIPs: [], podIP: 10.1.0.1}", "- 10.1.0.1", "" },
	{ "status: {podIPs: [{ip: x}], podIP: 10.1.0.1}", "-", "status.podIPs[0].ip [address]" },
	{ "status: {podIP: 10.1.0}", "-", "status.podIP [address]" },
	{ "status: {podIP: 127.0.0.1}", "-", "status.podIP [address]" },
	{ "status: {podIPs: [{ip: '::'}, {ip: '::ffff:10.1.0.1'}]}", "- 10.1.0.1",
	  "status.podIPs[0].ip [address]" },
	{ "spec: {hostNetwork: true}", "- host", "" },
	{ "status: {phase: Succeeded}", "- ended", "" },
	{ "status: {phase: Failed}", "- ended", "" },
	{ "status: {phase: Pending}", "-", "" },
	{ "metadata: {labels: {b: '', a: x}}", "- a=x b=", "" },
	{ "spec: {containers: [{ports: [{containerPort: 80}, {containerPort: 53, name: dns, "
	  "protocol: UDP}]}, {}, {ports: [{name: http, containerPort: 8080}]}]}",
	  "- dns:53/udp http:8080/tcp", "" },
	{ "spec: {initContainers: [{ports: [{name: a, containerPort: 1}]}, {restartPolicy: Always, "
	  "ports: [{name: b, containerPort: 2}]}, {ports: [{name: c, containerPort: 3}], "
	  "restartPolicy: Always}], containers: [{ports: [{name: d, containerPort: 4}]}]}",
	  "- d:4/tcp b:2/tcp c:3/tcp", "" },
	{ "spec: {containers: [{ports: [{name: a, containerPort: 1, protocol: ICMP}, {name: 'b c', "
	  "containerPort: 2}, {name: d, containerPort: 3}]}]}",
	  "- d:3/tcp",
	  "spec.containers[0].ports[0].protocol [value]; spec.containers[0].ports[1].name [name]" },
};

static void pod_text(const struct svcr_pod *p, char *text)
{
	char addr[SVCR_ADDR_TEXT];

	add_text(text, "%s", p->node ? p->node : "-");
	for (size_t i = 0; i < p->ips.n; i++)
		add_text(text, " %s", svcr_addr_text(&p->ips.v[i], addr));
	for (uint32_t i = 0; i < p->labels->n; i++)
		add_text(text, " %s=%s", p->labels->v[i].key, p->labels->v[i].value);
	for (uint32_t i = 0; i < p->ports.n; i++)
		add_text(text, " %s:%u/%s", p->ports.v[i].name, p->ports.v[i].port,
			 svcr_protocol_name(p->ports.v[i].protocol));
	add_text(text, "%s%s", p->host_network ? " host" : "", p->ended ? " ended" : "");
}

START_TEST(policy_pods)
{
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_model *m = svcr_model_new(svcr_kinds);
	const char *metadata = strstr(pods[_i].body, "metadata: {");
	char head[TEXT_MAX], text[TEXT_MAX] = "";

	snprintf(head, sizeof(head), "kind: Pod, metadata: {name: p, namespace: x%s%s",
		 metadata ? ", " : "}", metadata ? metadata + strlen("metadata: {") : "");
	ck_assert_int_eq(policy_read(m, d, head, metadata ? "x: y" : pods[_i].body), 0);
	ck_assert_uint_eq(m->pods.n, 1);
	ck_assert_str_eq(m->pods.v[0].ns, "x");
	ck_assert_str_eq(m->pods.v[0].name, "p");
	pod_text(&m->pods.v[0], text);
	compare_texts(text, pods[_i].expected, d, pods[_i].said);
	svcrules_model_free(m);
	svcrules_diags_free(d);
}
END_TEST

/* What no API server stores. */
static const char *const pod_errors[] = {
	"spec: {nodeName: 3}",
	"spec: {hostNetwork: 'yes'}",
	"status: {podIP: 10}",
	"status: {podIPs: 10.1.0.1}",
	"spec: {containers: [{ports: [{name: a}]}]}",
	"spec: {containers: [{ports: [{name: a, containerPort: 0}]}]}",
	"spec: {containers: [{ports: [{name: a, containerPort: 70000}]}]}",
};

START_TEST(policy_pod_errors)
{
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_model *m = svcr_model_new(svcr_kinds);

	ck_assert_int_eq(policy_read(m, d, "kind: Pod, metadata: {name: p}", pod_errors[_i]),
			 -EINVAL);
	ck_assert_uint_eq(svcrules_diags_errors(d), 1);
	svcrules_model_free(m);
	svcrules_diags_free(d);
}
END_TEST

/* ---- Policies -------------------------------------------------------------------- */

#define BAD "ingress: [{}, {from: [{podSelector: {}}]}], egress: [{}]"

/*
 * What is expected: the selector in brackets, "in" or "out" for each direction that is isolated,
 * and its rules in parentheses, peers before "at" and ports behind.
 */
static const struct {
	const char *spec, *expected, *said;
} policies[] = {
	/* the default of policyTypes */
	{ "x: y", "[] in", "" },
	{ "spec: null", "[] in", "" },
	{ "spec: {podSelector: {}}", "[] in", "" },
	{ "spec: {podSelector: {}, policyTypes: []}", "[] in", "" },
	{ "spec: {podSelector: {}, egress: []}", "[] in", "" },
	{ "spec: {podSelector: {}, egress: [{}]}", "[] in out(any at any)", "" },
	{ "spec: {podSelector: {}, ingress: [{}]}", "[] in(any at any)", "" },
	{ "spec: {podSelector: {}, policyTypes: [Egress]}", "[] out", "" },
	{ "spec: {podSelector: {}, policyTypes: [Egress, Ingress], ingress: null}", "[] in out",
	  "" },
	{ "spec: {podSelector: {}, policyTypes: [Egress], ingress: [{}]}", "[] out",
	  "spec.policyTypes [policy-types]" },
	{ "spec: {policyTypes: [Ingress], egress: [{to: []}], ingress: [{from: [], ports: []}]}",
	  "[] in(any at any)", "spec.policyTypes [policy-types]" },
	/* a word that is not known: both directions, and nothing of what is not named */
	{ "spec: {policyTypes: [Ingres], ingress: [{}]}", "[] in out",
	  "spec.policyTypes[0] [value]; spec.policyTypes [policy-types]" },
	{ "spec: {policyTypes: [Ingress, ''], ingress: [{}]}", "[] in(any at any) out",
	  "spec.policyTypes[1] [value]" },
	/* selectors */
	{ "spec: {podSelector: {matchLabels: {b: '', a: x}}}", "[a in(x) b in()] in", "" },
	{ "spec: {podSelector: {matchLabels: {a: null}}}", "[a in()] in", "" },
	{ "spec: {podSelector: {matchExpressions: [{key: b, operator: Exists}, {key: a, operator: "
	  "NotIn, values: [z, w, z]}, {key: a, operator: In, values: [x]}, {key: c, operator: "
	  "DoesNotExist, values: []}], matchLabels: {a: x}}}",
	  "[a in(x) a notin(w z) b c!] in", "" },
	{ "spec: {podSelector: {matchLabels: {a: x}, matchExpressions: [{key: b, operator: Is, "
	  "values: [x]}]}, " BAD "}",
	  "[a in(x)] in out", "spec.podSelector.matchExpressions[0].operator [value]" },
	{ "spec: {podSelector: {matchExpressions: [{key: b, operator: In}, {operator: Exists}, "
	  "{key: c}, {key: d, operator: Exists, values: [x]}]}, " BAD "}",
	  "[] in out",
	  "spec.podSelector.matchExpressions[0] [selector]; "
	  "spec.podSelector.matchExpressions[1] [selector]; "
	  "spec.podSelector.matchExpressions[2] [selector]; "
	  "spec.podSelector.matchExpressions[3] [selector]" },
	{ "spec: {podSelector: {matchFields: []}, " BAD "}", "[] in out",
	  "spec.podSelector [unknown-field]" },
	{ "spec: {deny: true, " BAD "}", "[] in out", "spec [unknown-field]" },
	/* peers */
	{ "spec: {ingress: [{from: [{podSelector: {}}, {namespaceSelector: {}}, {podSelector: "
	  "{matchLabels: {a: x}}, namespaceSelector: {matchLabels: {m: v}}}]}]}",
	  "[] in(pods[] namespaces[] pods[a in(x)]namespaces[m in(v)] at any)", "" },
	{ "spec: {ingress: [{from: [{podSelector: null, namespaceSelector: {}}]}]}",
	  "[] in(namespaces[] at any)", "" },
	{ "spec: {egress: [{to: [{ipBlock: {cidr: 10.1.2.3/8, except: [10.9.9.9/16, "
	  "10.10.0.0/16]}}, {ipBlock: {except: null, cidr: 'fd00::1/64'}}]}]}",
	  "[] in out(10.0.0.0/8-10.9.0.0/16-10.10.0.0/16 fd00::/64 at any)", "" },
	{ "spec: {egress: [{to: [{ipBlock: {cidr: 0.0.0.0/0, except: [10.0.0.0/33]}}]}]}",
	  "[] in out(none at any)", "spec.egress[0].to[0].ipBlock.except[0] [cidr]" },
	{ "spec: {egress: [{to: [{ipBlock: {cidr: 10.0.0.1}}, {ipBlock: {}}, {ipBlock: {cidr: "
	  "10.0.0.0/8, port: 3}}, {ipBlock: {cidr: 10.0.0.0/8, except: [null]}}]}]}",
	  "[] in out(none at any)",
	  "spec.egress[0].to[0].ipBlock.cidr [cidr]; spec.egress[0].to[1].ipBlock [cidr]; "
	  "spec.egress[0].to[2].ipBlock [unknown-field]; "
	  "spec.egress[0].to[3].ipBlock.except[0] [cidr]" },
	{ "spec: {ingress: [{from: [{}, null, {podSelector: null}, {podSelector: {}, ipBlock: "
	  "{cidr: 10.0.0.0/8}}, {podSelector: {}, nodeSelector: {}}, {podSelector: "
	  "{matchExpressions: [{key: a, operator: Gt, values: [x]}]}}]}]}",
	  "[] in(none at any)",
	  "spec.ingress[0].from[0] [peer]; spec.ingress[0].from[1] [value]; "
	  "spec.ingress[0].from[2] [peer]; spec.ingress[0].from[3] [peer]; "
	  "spec.ingress[0].from[4] [unknown-field]; "
	  "spec.ingress[0].from[5].podSelector.matchExpressions[0].operator [value]" },
	/* rules: an entry that is missing is another thing than a list that is absent */
	{ "spec: {ingress: [null, {to: []}, {from: [], ports: null}]}", "[] in(any at any)",
	  "spec.ingress[0] [value]; spec.ingress[1] [unknown-field]" },
	{ "spec: {egress: [null]}", "[] in out", "spec.egress[0] [value]" },
	/* ports */
	{ "spec: {ingress: [{ports: [{port: 80}, {protocol: UDP, port: 53}, {protocol: SCTP}, {}, "
	  "{port: http}, {port: 1, endPort: 65535}, {port: 7, endPort: 7, protocol: null}]}]}",
	  "[] in(any at 80-80/tcp 53-53/udp 0-65535/sctp 0-65535/tcp http/tcp 1-65535/tcp 7-7/tcp)",
	  "" },
	{ "spec: {ingress: [{ports: [{port: 0}, {port: 65536}, {port: -1}, {port: ''}, {port: 'a "
	  "b'}, {protocol: ICMP}, {port: 80, name: x}, null]}]}",
	  "[] in(any at none)",
	  "spec.ingress[0].ports[0].port [range]; spec.ingress[0].ports[1].port [range]; "
	  "spec.ingress[0].ports[2].port [range]; spec.ingress[0].ports[3].port [name]; "
	  "spec.ingress[0].ports[4].port [name]; spec.ingress[0].ports[5].protocol [value]; "
	  "spec.ingress[0].ports[6] [unknown-field]; spec.ingress[0].ports[7] [value]" },
	{ "spec: {ingress: [{ports: [{port: 80, endPort: 79}, {port: http, endPort: 80}, {endPort: "
	  "80}, {port: 80, endPort: 70000}, {port: 80, endPort: 0}, {port: 81}]}]}",
	  "[] in(any at 81-81/tcp)",
	  "spec.ingress[0].ports[0].endPort [range]; spec.ingress[0].ports[1].endPort [range]; "
	  "spec.ingress[0].ports[2].endPort [range]; spec.ingress[0].ports[3].endPort [range]; "
	  "spec.ingress[0].ports[4].endPort [range]" },
};

static void selector_text(const struct svcr_selector *s, char *text)
{
	static const char *const words[] = { " in(", " notin(", "", "!" };

	for (uint32_t i = 0; i < s->n; i++) {
		const struct svcr_requirement *q = &s->v[i];

		add_text(text, "%s%s%s", i ? " " : "[", q->key, words[q->op]);
		for (uint32_t k = 0; k < q->n; k++)
			add_text(text, "%s%s", k ? " " : "", q->values[k]);
		add_text(text, "%s", q->op <= SVCR_NOT_IN ? ")" : "");
	}
	add_text(text, "%s", s->n ? "]" : "[]");
}

static void peer_text(const struct svcr_policy_peer *p, char *text)
{
	char cidr[SVCR_CIDR_TEXT];

	if (p->pods) {
		add_text(text, "pods");
		selector_text(p->pods, text);
	}
	if (p->namespaces) {
		add_text(text, "namespaces");
		selector_text(p->namespaces, text);
	}
	if (p->is_block)
		add_text(text, "%s", svcr_cidr_text(&p->block, cidr));
	for (size_t i = 0; i < p->except.n; i++)
		add_text(text, "-%s", svcr_cidr_text(&p->except.v[i], cidr));
	add_text(text, " ");
}

static void rule_text(const struct svcr_policy_rule *r, char *text)
{
	add_text(text, "(%s", r->any_peer ? "any " : r->peers.n ? "" : "none ");
	for (size_t i = 0; i < r->peers.n; i++)
		peer_text(&r->peers.v[i], text);
	add_text(text, "at%s", r->any_port ? " any" : r->ports.n ? "" : " none");
	for (size_t i = 0; i < r->ports.n; i++) {
		const struct svcr_policy_port *p = &r->ports.v[i];

		if (p->name)
			add_text(text, " %s", p->name);
		else
			add_text(text, " %u-%u", p->first, p->last);
		add_text(text, "/%s", svcr_protocol_name(p->protocol));
	}
	add_text(text, ")");
}

static void policy_text(const struct svcr_network_policy *p, char *text)
{
	static const char *const words[] = { [SVCR_INGRESS] = " in", [SVCR_EGRESS] = " out" };

	selector_text(p->pods, text);
	for (size_t dir = 0; dir < SVCR_DIRECTION__COUNT; dir++) {
		add_text(text, "%s", p->isolates[dir] ? words[dir] : "");
		ck_assert(p->isolates[dir] || !p->rules[dir].n);
		for (size_t i = 0; i < p->rules[dir].n; i++)
			rule_text(&p->rules[dir].v[i], text);
	}
}

START_TEST(policy_policies)
{
	static const char head[] = "kind: NetworkPolicy, metadata: {name: p, namespace: x}";
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_model *m = svcr_model_new(svcr_kinds);
	char text[TEXT_MAX] = "";

	ck_assert_int_eq(policy_read(m, d, head, policies[_i].spec), 0);
	ck_assert_uint_eq(m->policies.n, 1);
	policy_text(&m->policies.v[0], text);
	compare_texts(text, policies[_i].expected, d, policies[_i].said);
	/* the same once more is the same object */
	ck_assert_int_eq(policy_read(m, d, head, policies[_i].spec), 0);
	ck_assert_uint_eq(m->policies.n, 1);
	svcrules_model_free(m);
	svcrules_diags_free(d);
}
END_TEST

static const char *const policy_errors[] = {
	"spec: []",
	"spec: {podSelector: 3}",
	"spec: {podSelector: {matchLabels: []}}",
	"spec: {podSelector: {matchLabels: {a: 3}}}",
	"spec: {podSelector: {matchExpressions: {}}}",
	"spec: {podSelector: {matchExpressions: [{key: a, operator: In, values: [3]}]}}",
	"spec: {policyTypes: Ingress}",
	"spec: {ingress: {}}",
	"spec: {ingress: [{from: {}}]}",
	"spec: {ingress: [{ports: [{port: true}]}]}",
	"spec: {ingress: [{ports: [{port: 1.5}]}]}",
	"spec: {ingress: [{ports: [{port: 1, endPort: '2'}]}]}",
	"spec: {ingress: [{from: [{ipBlock: {cidr: 10}}]}]}",
};

START_TEST(policy_policy_errors)
{
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_model *m = svcr_model_new(svcr_kinds);

	ck_assert_int_eq(
		policy_read(m, d, "kind: NetworkPolicy, metadata: {name: p}", policy_errors[_i]),
		-EINVAL);
	ck_assert_uint_eq(svcrules_diags_errors(d), 1);
	svcrules_model_free(m);
	svcrules_diags_free(d);
}
END_TEST

/* ---- Copies of objects ---------------------------------------------------------- */

/* Two objects of one name: the same, or with a difference in each field that is kept. */
static const struct {
	const char *head, *one, *other;
} copies[] = {
	{ "kind: Namespace, metadata: {name: p, labels: {a: x}}", "x: y", NULL },
	{ "kind: Pod, metadata: {name: p}", "spec: {nodeName: a}", "spec: {nodeName: b}" },
	{ "kind: Pod, metadata: {name: p}", "spec: {hostNetwork: true}", "spec: {}" },
	{ "kind: Pod, metadata: {name: p}", "status: {phase: Failed}", "spec: {}" },
	{ "kind: Pod, metadata: {name: p}", "status: {podIP: 10.1.0.1}",
	  "status: {podIP: 10.1.0.2}" },
	{ "kind: Pod, metadata: {name: p}",
	  "spec: {containers: [{ports: [{name: a, containerPort: 1}]}]}",
	  "spec: {containers: [{ports: [{name: a, containerPort: 2}]}]}" },
	{ "kind: NetworkPolicy, metadata: {name: p}", "spec: {podSelector: {matchLabels: {a: x}}}",
	  "spec: {podSelector: {matchLabels: {a: y}}}" },
	{ "kind: NetworkPolicy, metadata: {name: p}", "spec: {policyTypes: [Egress]}", "spec: {}" },
	{ "kind: NetworkPolicy, metadata: {name: p}", "spec: {ingress: [{}]}", "spec: {}" },
	{ "kind: NetworkPolicy, metadata: {name: p}",
	  "spec: {ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}]}]}",
	  "spec: {ingress: [{from: [{ipBlock: {cidr: 10.0.0.0/8, except: [10.2.0.0/16]}}]}]}" },
	{ "kind: NetworkPolicy, metadata: {name: p}", "spec: {ingress: [{ports: [{port: 1}]}]}",
	  "spec: {ingress: [{ports: [{port: 1, endPort: 2}]}]}" },
};

START_TEST(policy_copies)
{
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_model *m = svcr_model_new(svcr_kinds);
	const char *other = copies[_i].other ? copies[_i].other : copies[_i].one;

	ck_assert_int_eq(policy_read(m, d, copies[_i].head, copies[_i].one), 0);
	ck_assert_int_eq(policy_read(m, d, copies[_i].head, copies[_i].one), 0);
	ck_assert_uint_eq(m->pods.n + m->namespaces.n + m->policies.n, 1);
	ck_assert_uint_eq(svcrules_diags_count(d), 0);
	ck_assert_int_eq(policy_read(m, d, copies[_i].head, other), copies[_i].other ? -EINVAL : 0);
	svcrules_model_free(m);
	svcrules_diags_free(d);
}
END_TEST

/* Events of a watch add, change and delete pods, and labels are those of the last one. */
START_TEST(policy_events)
{
	static const char *const events[] = {
		"type: ADDED, object: {kind: Pod, metadata: {name: a, labels: {v: '1'}}}",
		"type: ADDED, object: {kind: Pod, metadata: {name: b, labels: {v: '1'}}}",
		"type: MODIFIED, object: {kind: Pod, metadata: {name: b, labels: {v: '2'}}}",
		"type: DELETED, object: {kind: Pod, metadata: {name: a}}",
	};
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_model *m = svcr_model_new(svcr_kinds);

	for (size_t i = 0; i < ARRAY_SIZE(events); i++)
		ck_assert_int_eq(policy_read(m, d, "x: y", events[i]), 0);
	ck_assert_uint_eq(m->pods.n, 1);
	ck_assert_str_eq(m->pods.v[0].name, "b");
	ck_assert_str_eq(m->pods.v[0].labels->v[0].value, "2");
	svcrules_model_free(m);
	svcrules_diags_free(d);
}
END_TEST

/* ---- Memory ---------------------------------------------------------------------- */

struct many_pods {
	size_t next, n;
	char text[512];
	size_t at; /* of the text */
};

/* Pods with the names that Deployments of 20 pods make. */
static long many_fill(void *arg, char *buf, size_t size)
{
	struct many_pods *p = arg;
	size_t i = p->next, len;

	if (!p->text[p->at]) {
		if (i == p->n)
			return 0;
		snprintf(p->text, sizeof(p->text),
			 "{\"apiVersion\":\"v1\",\"kind\":\"Pod\",\"metadata\":{\"name\":"
			 "\"go-api-%04zu-5d8f7b9c6-%05zu\",\"namespace\":\"production\",\"uid\":"
			 "\"%zu\",\"resourceVersion\":\"%zu\",\"labels\":{\"app\":\"go-api\"}},"
			 "\"spec\":{\"nodeName\":\"node%zu\",\"containers\":[{\"ports\":[{\"name\":"
			 "\"http\",\"containerPort\":8080}]}]},\"status\":{\"podIP\":"
			 "\"10.1.%zu.%zu\"}}",
			 i / 20, i, i, i + 1, i % 50, i / 256, i % 256);
		p->next++;
		p->at = 0;
	}
	len = strlen(p->text + p->at);
	len = len < size ? len : size;
	memcpy(buf, p->text + p->at, len);
	p->at += len;
	return (long)len;
}

/* The memory in use. */
static size_t memory_used(void)
{
	struct mallinfo2 info = mallinfo2();

	return info.uordblks + info.hblkhd;
}

/* Lists double: their unused end, which no page is taken for, is not counted. */
START_TEST(policy_memory)
{
	static const size_t counts[] = { 1000, 1600, 10000, 50000 };
	struct many_pods p = { .n = counts[_i] };
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_model *m = svcr_model_new(svcr_kinds);
	size_t before = memory_used(), used, free_end;

	ck_assert_int_eq(svcrules_model_read(m, "f", many_fill, &p, d), 0);
	ck_assert_uint_eq(m->pods.n, counts[_i]);
	used = memory_used() - before;
	free_end = (m->pods.cap - m->pods.n) * sizeof(*m->pods.v);
	ck_assert_uint_le(sizeof(struct svcr_pod), 88);
	ck_assert_msg(used <= 300 * counts[_i] + free_end, "%zu pods take %zu bytes", counts[_i],
		      used);
	svcrules_model_free(m);
	svcrules_diags_free(d);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("policy");
	TCase *tc = tcase_create("policy");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_add_loop_test(tc, policy_pods, 0, (int)ARRAY_SIZE(pods));
	tcase_add_loop_test(tc, policy_pod_errors, 0, (int)ARRAY_SIZE(pod_errors));
	tcase_add_loop_test(tc, policy_policies, 0, (int)ARRAY_SIZE(policies));
	tcase_add_loop_test(tc, policy_policy_errors, 0, (int)ARRAY_SIZE(policy_errors));
	tcase_add_loop_test(tc, policy_copies, 0, (int)ARRAY_SIZE(copies));
	tcase_add_test(tc, policy_events);
	tcase_add_loop_test(tc, policy_memory, 0, 4);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
