/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "pods.h"

#define PODS_OF_NODE 110
#define POD_BASE 0x0a800001u     /* 10.128.0.1 */
#define NEW_POD_BASE 0x0ac00001u /* 10.192.0.1 */
#define BLOCK_BASE 0xac100000u   /* 172.16.0.0 */

uint32_t pods_namespaces(const struct pods *p)
{
	return (p->n + PODS_OF_NAMESPACE - 1) / PODS_OF_NAMESPACE;
}

uint32_t pods_team(const struct pods *p, uint32_t ns)
{
	uint32_t teams = (pods_namespaces(p) + NAMESPACES_OF_TEAM - 1) / NAMESPACES_OF_TEAM;

	return ns % teams;
}

const char *app_name(uint32_t app)
{
	static const char *const names[APPS] = { "frontend", "checkout", "billing", "catalog",
						 "search",   "session",  "payment", "inventory",
						 "shipping", "database" };

	return names[app % APPS];
}

/* `local` pods, spread over namespaces and apps; the factor is a prime above PODS_MAX. */
static bool on_node(const struct pods *p, uint32_t number)
{
	return number * UINT64_C(2654435761) % p->n < p->local;
}

/* True if a pod of the node has that namespace and app. */
static bool app_on_node(const struct pods *p, uint32_t ns, uint32_t app)
{
	uint32_t step = pods_step(p);

	for (uint32_t n = ns + app % APPS * pods_namespaces(p); n < p->n; n += step)
		if (on_node(p, n))
			return true;
	return false;
}

/* True if the pod is one that changes as the option says. */
static bool suits(const struct pods *p, uint32_t n)
{
	uint32_t ns = n % pods_namespaces(p), app = n / pods_namespaces(p) % APPS;

	if (on_node(p, n))
		return false;
	if (p->relabel) /* a policy of the node allows it now */
		return app_on_node(p, ns, app + APPS - 1);
	/* the policy of its app has rules for both directions */
	return ns % 2 == 1 && app_on_node(p, ns, app) == p->replica;
}

uint32_t pods_middle(const struct pods *p)
{
	for (uint32_t i = 0; i < p->n; i++)
		if (suits(p, (p->n / 2 + i) % p->n))
			return (p->n / 2 + i) % p->n;
	return p->n;
}

struct pod pods_pod(const struct pods *p, uint32_t number)
{
	uint32_t namespaces = pods_namespaces(p);
	struct pod pod = { .number = number,
			   .ip = POD_BASE + number,
			   .node = 1 + number / PODS_OF_NODE,
			   .ns = number % namespaces,
			   .app = number / namespaces % APPS };

	if (on_node(p, number))
		pod.node = 0;
	if (p->relabel && number == p->middle)
		pod.app = (pod.app + 1) % APPS;
	if (p->move && number == p->middle) {
		pod.ip = NEW_POD_BASE + number;
		pod.node = 0;
		pod.fresh = true;
	}
	return pod;
}

struct policy pods_policy(const struct pods *p, uint32_t number)
{
	uint32_t namespaces = pods_namespaces(p);

	return (struct policy){ .number = number,
				.ns = number % namespaces,
				.app = number / namespaces % APPS,
				.egress = number % 2 == 1 && p->rules > FROM_BLOCK };
}

struct rule pods_rule(const struct pods *p, const struct policy *y, uint32_t k)
{
	uint32_t round = k / 3, n = y->number + round;
	struct rule r = { .kind = k % 3, .port = (uint16_t)(8080 + round) };

	if (r.kind == FROM_BLOCK && y->egress)
		r.kind = TO_BLOCK;
	r.app = (y->app + 1 + round) % APPS;
	r.team = (pods_team(p, y->ns) + 1 + round) % (pods_namespaces(p) + 1);
	r.block = BLOCK_BASE + (n % 16 << 16);
	r.except = r.block + (n / 16 % 256 << 8);
	if (r.kind == FROM_TEAM) {
		r.from = 9100;
		r.to = 9199;
		r.udp = 8125;
	} else if (r.kind != FROM_APP) {
		r.port = 8443;
	}
	return r;
}

uint32_t pods_first(const struct pods *p, const struct pod *pod)
{
	return pod->ns + pod->app * pods_namespaces(p);
}

uint32_t pods_step(const struct pods *p)
{
	return APPS * pods_namespaces(p);
}

void write_pod_vips(const struct cluster *c, FILE *f)
{
	const struct pods *p = &c->pods;
	char ip[16];

	for (uint32_t i = 0; i < p->n; i++) {
		struct pod pod = pods_pod(p, i);

		if (pod.node || pods_first(p, &pod) >= p->policies)
			continue;
		ip_text(pod.ip, ip);
		fprintf(f, "tcp %s 8080\nudp %s 8125\n", ip, ip);
	}
}
