/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading all forms of input while every allocation fails in turn, those of libyaml too (the
 * program is linked with its archive): the result is -ENOMEM, and nothing is left behind.
 */
#include "kinds/kinds.h"
#include "model.h"
#include "options.h"
#include "policy_advise.h"
#include "rules/alloc_test.h"

#include <check.h>
#include <errno.h>

#define ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

static const struct alloc_input {
	const char *text;
	size_t len;
	int result;
	size_t services, slices;
} inputs[] = {
#define TEXT(literal) literal, sizeof(literal) - 1
	/* YAML: documents, anchors, merge keys, tags, all styles */
	{ TEXT("# comment\n---\nkind: List\nitems:\n"
	       "- &a\n  kind: Service\n  metadata: &m {name: a, namespace: ns}\n"
	       "  spec: {clusterIP: 10.0.0.1, ports: [{port: 80, name: http}]}\n"
	       "- <<: *a\n  metadata: {<<: [*m, {x: 1}], name: b, a: {y: !!binary aGk=}}\n"
	       "---\nkind: EndpointSlice\nmetadata: {name: e, namespace: ns,\n"
	       "  labels: {kubernetes.io/service-name: a}}\naddressType: IPv4\n"
	       "ports: [{name: &n http, port: 8_0}, {name: *n}]\n"
	       "endpoints: [{addresses: [\"10.1.0.1\"]}]\n"
	       "metadat: |\n  x\n   y\n? z\n: !!int \"7\"\n"),
	  0, 2, 1 },
	/* errors of YAML */
	{ TEXT("kind: Service\nmetadata: {name: a}\nspec:\n\tclusterIP: 10.0.0.1\n"), -EINVAL, 0,
	  0 },
	{ TEXT("kind: Service\nkind: Service\n"), -EINVAL, 0, 0 },
	/* UTF-16 */
	{ TEXT("\xff\xfe{\0}\0"), -EINVAL, 0, 0 },
	/* JSON, then YAML */
	{ TEXT("[{\"kind\":\"Service\",\"metadata\":{\"name\":\"a\"},\"spec\":{\"clusterIP\":"
	       "\"10.0.0.1\"}}]\n---\nkind: Service\nmetadata: {name: b}\n"
	       "spec: {clusterIP: '::1'}\n"),
	  0, 2, 0 },
	/* copies of objects, and events, with entries that go */
	{ TEXT("kind: Endpoints\nmetadata: {name: e, resourceVersion: '1'}\n"
	       "subsets: [{addresses: [{ip: 10.1.0.1}]}, {addresses: [{ip: 10.1.0.2}]}]\n---\n"
	       "kind: Endpoints\nmetadata: {name: e, resourceVersion: '2', uid: u}\n"
	       "subsets: [{addresses: [{ip: 10.1.0.3}]}]\n---\n"
	       "{type: ADDED, object: {kind: Service, metadata: {name: a}}}\n---\n"
	       "{type: DELETED, object: {kind: Service, metadata: {name: a}}}\n"),
	  0, 0, 1 },
	/* what NetworkPolicy needs: selectors of all forms, blocks, ports, what is left out */
	{ TEXT("kind: Namespace\nmetadata: {name: ns, labels: {a: b, c: d}}\n---\n"
	       "kind: Pod\nmetadata: {name: p, namespace: ns, labels: {a: b, c: ''}}\n"
	       "spec: {nodeName: n1, initContainers: [{restartPolicy: Always, ports:\n"
	       "  [{name: x, containerPort: 1}]}], containers: [{ports: [{name: http,\n"
	       "  containerPort: 80}]}]}\n"
	       "status: {podIPs: [{ip: 10.1.0.1}, {ip: 'fd00::1'}, {ip: z}]}\n"
	       "---\nkind: Pod\nmetadata: {name: q}\nstatus: {podIP: 10.1.0.2}\n---\n"
	       "kind: NetworkPolicy\nmetadata: {name: np, namespace: ns}\n"
	       "spec:\n  podSelector: {matchLabels: {a: b}, matchExpressions: [{key: c, operator:\n"
	       "    In, values: [d, e]}, {key: a, operator: Exists}, {key: f, operator: Like}]}\n"
	       "  policyTypes: [Ingress, Egress]\n"
	       "  ingress: [{from: [{podSelector: {}, namespaceSelector: {matchLabels: {g: h}}},\n"
	       "    {ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.2.0.0/16]}}, {}],\n"
	       "    ports: [{port: http}, {port: 1, endPort: 9}, {port: 0}]}, {x: 1}]\n---\n"
	       "kind: NetworkPolicy\nmetadata: {name: n2, namespace: ns}\n"
	       "spec: {egress: [{ports: [{port: none}]}], podSelector: {matchLabels: {z: z}},\n"
	       "  ingress: [{from: [{namespaceSelector: {matchLabels: {g: h}}}]}]}\n"),
	  0, 0, 0 },
	/* what an ingress controller needs, and a copy of each */
	{ TEXT("kind: IngressClass\nmetadata: {name: c, annotations: {a: b, c: d}}\n"
	       "spec: {controller: x}\n---\n"
	       "kind: Secret\nmetadata: {name: s}\ntype: kubernetes.io/tls\n"
	       "data: {tls.crt: YWJj, tls.key: ZA==}\n---\n"
	       "kind: Secret\nmetadata: {name: s}\ntype: kubernetes.io/tls\n"
	       "data: {tls.crt: YWJj, tls.key: ZA==}\n---\n"
	       "kind: Ingress\nmetadata: {name: i, annotations: {x: a, z: b}}\nspec:\n"
	       "  ingressClassName: c\n  defaultBackend: {service: {name: w, port: {number: 1}}}\n"
	       "  tls: [{secretName: s, hosts: [a.b, b.b]}]\n"
	       "  rules: [{host: a.b, http: {paths: [{pathType: Exact, path: /a, backend:\n"
	       "    {service: {name: w, port: {name: p}}}}]}}]\n"),
	  0, 0, 0 },
	/* what is no object */
	{ TEXT("\x1f\x8b\x08"), -EINVAL, 0, 0 },
	{ TEXT("Warning: x\n{\"kind\":"), -EINVAL, 0, 0 },
	{ TEXT("{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Failure\"}"), -EINVAL, 0,
	  0 },
};

static const struct alloc_input *given;

struct alloc_source {
	const char *text;
	size_t len;
};

static long alloc_fill(void *arg, char *buf, size_t size)
{
	struct alloc_source *s = arg;
	size_t n = s->len < size ? s->len : size;

	n = n < 7 ? n : 7;
	memcpy(buf, s->text, n);
	s->text += n;
	s->len -= n;
	return (long)n;
}

static int try_input(void)
{
	struct alloc_source s = { given->text, given->len };
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_model *m = svcr_model_new(svcr_kinds);
	int err = d && m ? svcrules_model_read(m, "f", alloc_fill, &s, d) : -ENOMEM;

	if (!err)
		err = svcr_policy_advise(m, &(struct svcrules_options){ .network_policy = true },
					 d);
	if (!err && (m->services.n != given->services || m->slices.n != given->slices))
		err = -EBADMSG;
	if (d && svcrules_diags_failed(d))
		err = -ENOMEM;
	svcrules_model_free(m);
	svcrules_diags_free(d);
	return err;
}

START_TEST(alloc_inputs)
{
	size_t left = 0, at;

	given = &inputs[_i];
	ck_assert_int_eq(alloc_attempt(try_input, 0, &left), given->result);
	ck_assert_uint_eq(left, 0);
	for (at = 1; at < 100000; at++) {
		int err = alloc_attempt(try_input, at, &left);

		ck_assert_msg(left == 0, "%zu left behind when allocation %zu fails", left, at);
		if (!alloc_state.failed)
			break;
		/* the reader may find the error of the input before it needs what failed */
		ck_assert_msg(err == -ENOMEM || (err && err == given->result),
			      "%d when allocation %zu fails", err, at);
	}
	ck_assert_uint_gt(at, 5);
}
END_TEST

/* Manifests over what an API server answered: renamed ports, a new service, a changed selector. */
static int read_literal(struct svcrules_model *m, const char *text, struct svcrules_diags *d)
{
	struct alloc_source s = { text, strlen(text) };

	return svcrules_model_read(m, "f", alloc_fill, &s, d);
}

/* The check library allocates, too, so that nothing is asserted while allocations fail. */
static bool is_overlaid(const struct svcrules_model *m)
{
	const struct svcr_service *a = &m->services.v[0];
	const struct svcr_slice_port *p = m->slices.v[0].ports.v;

	return a->cluster_ips.n == 1 && a->ports.v[0].node_port == 30080 &&
	       a->ports.v[1].node_port == 0 && m->slices.v[0].ports.n == 2 &&
	       strcmp(p[0].name, "q") == 0 && p[0].port == 80 && strcmp(p[1].name, "r") == 0 &&
	       p[1].port == 90 && m->slices.v[1].endpoints.n == 1; /* as before: no Pods */
}

/* Said: the node port of a, the selector of b, the address of c. */
static int try_overlay(void)
{
	static const char before[] =
		"kind: Service\nmetadata: {name: a}\nspec: {type: NodePort, clusterIP: 10.0.0.1,\n"
		" selector: {app: a}, ports: [{name: p, port: 80, nodePort: 30080}]}\n---\n"
		"kind: Service\nmetadata: {name: b}\nspec: {clusterIP: 10.0.0.2,\n"
		" selector: {app: b}, ports: [{port: 80}]}\n---\n"
		"kind: EndpointSlice\n"
		"metadata: {name: a, labels: {kubernetes.io/service-name: a}}\n"
		"ports: [{name: p, port: 80}]\nendpoints: [{addresses: [10.1.0.1]}]\n---\n"
		"kind: EndpointSlice\n"
		"metadata: {name: b, labels: {kubernetes.io/service-name: b}}\n"
		"ports: [{port: 80}]\nendpoints: [{addresses: [10.1.0.2]}]\n";
	static const char over[] =
		"kind: Service\nmetadata: {name: a}\nspec: {type: NodePort, selector: {app: a},\n"
		" ports: [{name: q, port: 80}, {name: r, port: 81, targetPort: 90}]}\n---\n"
		"kind: Service\nmetadata: {name: b}\n"
		"spec: {selector: {app: c}, ports: [{port: 80}]}\n---\n"
		"kind: Service\nmetadata: {name: c}\nspec: {ports: [{port: 80}]}\n";
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcrules_model *m = svcr_model_new(svcr_kinds);
	int err = d && m ? read_literal(m, before, d) : -ENOMEM;

	if (!err) {
		svcrules_model_overlay(m);
		err = read_literal(m, over, d);
	}
	if (!err)
		err = svcrules_model_overlay_end(m, d);
	if (d && svcrules_diags_failed(d))
		err = -ENOMEM;
	if (!err && (!is_overlaid(m) || svcrules_diags_count(d) != 3))
		err = -EBADMSG;
	svcrules_model_free(m);
	svcrules_diags_free(d);
	return err;
}

START_TEST(alloc_overlay)
{
	size_t left = 0, at;

	ck_assert_int_eq(alloc_attempt(try_overlay, 0, &left), 0);
	ck_assert_uint_eq(left, 0);
	for (at = 1; at < 100000; at++) {
		int err = alloc_attempt(try_overlay, at, &left);

		ck_assert_msg(left == 0, "%zu left behind when allocation %zu fails", left, at);
		if (!alloc_state.failed)
			break;
		ck_assert_msg(err == -ENOMEM, "%d when allocation %zu fails", err, at);
	}
	ck_assert_uint_gt(at, 5);
}
END_TEST

int main(void)
{
	Suite *suite = suite_create("read-alloc");
	TCase *tc = tcase_create("read-alloc");
	SRunner *runner = srunner_create(suite);
	int failed;

	suite_add_tcase(suite, tc);
	tcase_set_timeout(tc, 60);
	tcase_add_loop_test(tc, alloc_inputs, 0, (int)ARRAY_SIZE(inputs));
	tcase_add_test(tc, alloc_overlay);
	srunner_run_all(runner, CK_ENV);
	failed = srunner_ntests_failed(runner);
	srunner_free(runner);
	return failed ? EXIT_FAILURE : EXIT_SUCCESS;
}
