/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Commands for nft(8) that enforce the policies as network plugins do: a chain for each pod of the
 * node, which asks a chain for each policy that selects the pod, which asks a chain for each rule
 * of the policy; each rule has a set of the addresses of its peers. kube-router makes the chains
 * and sets of policies on all nodes, whether they select a pod there or not.
 */
#include "pods.h"

#include <stdlib.h>

#define POLICY_TABLE "ip reference"

static const char policy_base[] =
	"add table " POLICY_TABLE "\n"
	"add chain " POLICY_TABLE " deny\n"
	"add rule " POLICY_TABLE " deny fib saddr type local accept\n"
	"add rule " POLICY_TABLE " deny drop\n"
	"add map " POLICY_TABLE " to-pods { type ipv4_addr : verdict ; }\n"
	"add map " POLICY_TABLE " from-pods { type ipv4_addr : verdict ; }\n"
	"add chain " POLICY_TABLE " egress { type filter hook postrouting priority 98 ; }\n"
	"add chain " POLICY_TABLE " ingress { type filter hook postrouting priority 99 ; }\n"
	"add rule " POLICY_TABLE " egress ct state new ip saddr vmap @from-pods\n"
	"add rule " POLICY_TABLE " ingress ct state new ip daddr vmap @to-pods\n";

#define CHAIN_SIZE 48

/* As long as kube-router's names: a kind, then a hash of what it stands for. */
static const char *policy_chain(const char *kind, const struct policy *y, uint32_t k,
				char buf[static CHAIN_SIZE])
{
	snprintf(buf, CHAIN_SIZE, "%s-%016llX", kind,
		 (unsigned long long)scramble(y->number, 40 + k));
	return buf;
}

static bool is_peer(const struct pods *p, const struct policy *y, const struct rule *r,
		    const struct pod *pod)
{
	if (r->kind == FROM_TEAM)
		return pods_team(p, pod->ns) == r->team;
	return pod->ns == y->ns && pod->app == r->app;
}

static void peers_write(const struct pods *p, const struct policy *y, const struct rule *r,
			const char *set, FILE *f)
{
	/* the pods of one namespace, or of all */
	uint32_t first = r->kind == FROM_APP ? y->ns : 0;
	uint32_t step = r->kind == FROM_APP ? pods_namespaces(p) : 1;
	const char *comma = "";
	char ip[16];

	fprintf(f, "add set " POLICY_TABLE " %s { type ipv4_addr ; elements = {", set);
	if (r->kind == FROM_TEAM) {
		fprintf(f, " %s", ip_text(MONITOR_IP, ip));
		comma = ",";
	}
	for (uint32_t i = first; i < p->n; i += step) {
		struct pod pod = pods_pod(p, i);

		if (!is_peer(p, y, r, &pod))
			continue;
		fprintf(f, "%s %s", comma, ip_text(pod.ip, ip));
		comma = ",";
	}
	fputs(" } ; }\n", f);
}

static void rule_write(const struct pods *p, const struct policy *y, uint32_t k, FILE *f)
{
	struct rule r = pods_rule(p, y, k);
	const char *field = r.kind == TO_BLOCK ? "daddr" : "saddr";
	char chain[CHAIN_SIZE], match[128], block[16], except[16];

	policy_chain("RULE", y, k, chain);
	snprintf(match, sizeof(match), "ip saddr @%s", chain);
	if (r.kind == FROM_BLOCK || r.kind == TO_BLOCK)
		snprintf(match, sizeof(match), "ip %s %s/16 ip %s != %s/24", field,
			 ip_text(r.block, block), field, ip_text(r.except, except));
	else
		peers_write(p, y, &r, chain, f);
	fprintf(f, "add chain " POLICY_TABLE " %s\n", chain);
	fprintf(f, "add rule " POLICY_TABLE " %s %s tcp dport %u accept\n", chain, match, r.port);
	if (r.from)
		fprintf(f, "add rule " POLICY_TABLE " %s %s tcp dport %u-%u accept\n", chain, match,
			r.from, r.to);
	if (r.udp)
		fprintf(f, "add rule " POLICY_TABLE " %s %s udp dport %u accept\n", chain, match,
			r.udp);
}

/* A chain for each direction of the policy, and one for each rule. */
static void policy_rules(const struct pods *p, const struct policy *y, FILE *f)
{
	char in[CHAIN_SIZE], out[CHAIN_SIZE], chain[CHAIN_SIZE];

	fprintf(f, "add chain " POLICY_TABLE " %s\nadd chain " POLICY_TABLE " %s\n",
		policy_chain("POLICY-IN", y, UINT32_MAX, in),
		policy_chain("POLICY-OUT", y, UINT32_MAX, out));
	for (uint32_t k = 0; k < p->rules; k++) {
		struct rule r = pods_rule(p, y, k);

		rule_write(p, y, k, f);
		fprintf(f, "add rule " POLICY_TABLE " %s jump %s\n", r.kind == TO_BLOCK ? out : in,
			policy_chain("RULE", y, k, chain));
	}
}

static void pod_direction(const struct pods *p, const struct pod *pod, bool egress, FILE *f)
{
	const char *name = egress ? "out" : "in";
	bool isolated = false;
	char ip[16], chain[CHAIN_SIZE];

	ip_text(pod->ip, ip);
	for (uint32_t i = pods_first(p, pod); i < p->policies; i += pods_step(p)) {
		struct policy y = pods_policy(p, i);

		if (egress && !y.egress)
			continue;
		if (!isolated)
			fprintf(f, "add chain " POLICY_TABLE " pod-%s-%s\n", name, ip);
		isolated = true;
		fprintf(f, "add rule " POLICY_TABLE " pod-%s-%s jump %s\n", name, ip,
			policy_chain(egress ? "POLICY-OUT" : "POLICY-IN", &y, UINT32_MAX, chain));
	}
	if (isolated)
		fprintf(f,
			"add rule " POLICY_TABLE " pod-%s-%s goto deny\n"
			"add element " POLICY_TABLE " %s-pods { %s : goto pod-%s-%s }\n",
			name, ip, egress ? "from" : "to", ip, name, ip);
}

static void pod_chains(const struct pods *p, bool all, FILE *f)
{
	bool *wanted = calloc(p->policies + 1, sizeof(*wanted));

	if (!wanted)
		abort();
	for (uint32_t n = 0; n < p->n; n++) {
		struct pod pod = pods_pod(p, n);

		for (uint32_t i = pods_first(p, &pod); i < p->policies && !pod.node;
		     i += pods_step(p))
			wanted[i] = true;
	}
	fputs(policy_base, f);
	for (uint32_t i = 0; i < p->policies; i++) {
		struct policy y = pods_policy(p, i);

		if (all || wanted[i])
			policy_rules(p, &y, f);
	}
	for (uint32_t n = 0; n < p->n; n++) {
		struct pod pod = pods_pod(p, n);

		for (int egress = 0; egress < 2 && !pod.node; egress++)
			pod_direction(p, &pod, egress, f);
	}
	free(wanted);
}

void write_pod_chains(const struct cluster *c, FILE *f)
{
	pod_chains(&c->pods, false, f);
}

void write_all_chains(const struct cluster *c, FILE *f)
{
	pod_chains(&c->pods, true, f);
}
