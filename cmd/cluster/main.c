/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * cluster: writes a made-up cluster, for tests and for `make bench`: as JSON
 * from kubectl, or as the rules that kube-proxy would make of it. Not installed.
 */
#include "pods.h"

#include <errno.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

#define ENDPOINTS_MAX 4000000u /* 10.128.0.0/10 has room for that many */
#define SERVICES_MAX 65535u
#define PODS_MAX 1000000u

static const struct form {
	const char *name;
	void (*write)(const struct cluster *c, FILE *f);
	const char *about;
} forms[] = {
	{ "json", write_json, "objects, as kubectl get services,endpointslices -A -o json" },
	{ "chains", write_chains, "for nft: a chain per service and endpoint" },
	{ "maps", write_maps,
	  "for nft: a chain per service, an anonymous map if it has several endpoints" },
	{ "iptables", write_iptables, "for iptables-restore: a chain per service and endpoint" },
	{ "vips", write_vips, "lines PROTOCOL ADDRESS PORT" },
	{ "ingresses", write_ingresses, "objects, as kubectl get ingresses -A -o json" },
	{ "pods", write_pods,
	  "objects, as kubectl get pods,namespaces,networkpolicies -A -o json" },
	{ "pod-chains", write_pod_chains,
	  "for nft: a chain per pod of the node, policy and rule, and a set per rule" },
	{ "policy-chains", write_all_chains, "the same, and the chains and sets of all policies" },
	{ "pod-vips", write_pod_vips, "lines PROTOCOL ADDRESS PORT, of isolated pods of the node" },
};
#define FORMS (sizeof(forms) / sizeof(*forms))

static _Noreturn void cluster_usage(void)
{
	fputs("usage: cluster [--services N] [--endpoints N | --mixed] [--one-service N] "
	      "[--dual-stack]\n"
	      "               [--remove-endpoint] [--replace-endpoint] [--add-service] [--roll "
	      "PERCENT] [--form FORM]\n"
	      "               [--pods N] [--local N] [--policies N] [--rules N]\n"
	      "               [--relabel-pod | --move-pod | --move-replica]\n"
	      "forms:\n",
	      stderr);
	for (size_t i = 0; i < FORMS; i++)
		fprintf(stderr, "  %-10s%s\n", forms[i].name, forms[i].about);
	exit(2);
}

static uint32_t cluster_number(const char *text, uint32_t max)
{
	char *end;
	unsigned long n;

	errno = 0;
	n = strtoul(text, &end, 10);
	if (errno || end == text || *end || *text == '-' || n > max)
		cluster_usage();
	return (uint32_t)n;
}

static const struct form *form_find(const char *name)
{
	for (size_t i = 0; i < FORMS; i++)
		if (strcmp(forms[i].name, name) == 0)
			return &forms[i];
	cluster_usage();
}

enum which {
	SERVICES,
	ENDPOINTS,
	MIXED,
	ONE_SERVICE,
	DUAL_STACK,
	REMOVE,
	REPLACE,
	ADD,
	ROLL,
	FORM,
	PODS,
	LOCAL,
	POLICIES,
	RULES,
	RELABEL,
	MOVE,
	REPLICA
};

static const struct option options[] = {
	{ "services", required_argument, NULL, SERVICES },
	{ "endpoints", required_argument, NULL, ENDPOINTS },
	{ "mixed", no_argument, NULL, MIXED },
	{ "one-service", required_argument, NULL, ONE_SERVICE },
	{ "dual-stack", no_argument, NULL, DUAL_STACK },
	{ "remove-endpoint", no_argument, NULL, REMOVE },
	{ "replace-endpoint", no_argument, NULL, REPLACE },
	{ "add-service", no_argument, NULL, ADD },
	{ "roll", required_argument, NULL, ROLL },
	{ "form", required_argument, NULL, FORM },
	{ "pods", required_argument, NULL, PODS },
	{ "local", required_argument, NULL, LOCAL },
	{ "policies", required_argument, NULL, POLICIES },
	{ "rules", required_argument, NULL, RULES },
	{ "relabel-pod", no_argument, NULL, RELABEL },
	{ "move-pod", no_argument, NULL, MOVE },
	{ "move-replica", no_argument, NULL, REPLICA },
	{ NULL, 0, NULL, 0 },
};

static void option_take(struct cluster *c, int option, bool *add, const struct form **form)
{
	switch (option) {
	case SERVICES: c->services = cluster_number(optarg, SERVICES_MAX); break;
	case ENDPOINTS: c->endpoints = cluster_number(optarg, ENDPOINTS_MAX); break;
	case MIXED: c->mixed = true; break;
	case ONE_SERVICE:
		c->services = 1;
		c->endpoints = cluster_number(optarg, ENDPOINTS_MAX);
		break;
	case DUAL_STACK: c->dual_stack = true; break;
	case REMOVE: c->remove_endpoint = true; break;
	case REPLACE: c->replace_endpoint = true; break;
	case ADD: *add = true; break;
	case ROLL: c->roll = cluster_number(optarg, 100); break;
	case FORM: *form = form_find(optarg); break;
	case PODS: c->pods.n = cluster_number(optarg, PODS_MAX); break;
	case LOCAL: c->pods.local = cluster_number(optarg, PODS_MAX); break;
	case POLICIES: c->pods.policies = cluster_number(optarg, PODS_MAX); break;
	case RULES: c->pods.rules = cluster_number(optarg, 1000); break;
	case RELABEL: c->pods.relabel = true; break;
	case MOVE: c->pods.move = true; break;
	case REPLICA: c->pods.move = c->pods.replica = true; break;
	default: cluster_usage();
	}
}

int main(int argc, char **argv)
{
	struct cluster c = { .services = 5000, .endpoints = 10, .pods = { .rules = 3 } };
	struct pods *p = &c.pods;
	const struct form *form = &forms[0];
	bool add = false;
	int option;

	while ((option = getopt_long(argc, argv, "", options, NULL)) != -1)
		option_take(&c, option, &add, &form);
	if (optind < argc || (c.dual_stack && form != &forms[0]))
		cluster_usage();
	if ((uint64_t)c.services * (c.mixed ? 100 : c.endpoints) > ENDPOINTS_MAX)
		cluster_usage();
	if (p->relabel || p->move)
		p->middle = pods_middle(p);
	if (p->local > p->n || (p->relabel && p->move) || (p->n && p->middle == p->n))
		cluster_usage();
	c.services += add;
	setvbuf(stdout, NULL, _IOFBF, 1 << 20);
	form->write(&c, stdout);
	if (fflush(stdout) || ferror(stdout)) {
		fprintf(stderr, "cluster: cannot write: %s\n", strerror(errno));
		return 1;
	}
	return 0;
}
