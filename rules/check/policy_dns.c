/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Pods that policies isolate in egress and that may not ask the cluster's DNS, so that no name is
 * ever found: the mistake that is made most.
 */
#include "rules/check/check.h"

#include <errno.h>

#define DNS_PORT 53
#define DNS_NAMESPACE "kube-system"
#define COMPARED 1024
#define NAME_LABEL "kubernetes.io/metadata.name" /* each Namespace has it, with its name */

struct dns_check {
	struct svcr_checks *c;
	const char *ns;       /* of its pods, interned; NULL: none is known by its labels */
	struct svcr_addrs at; /* addresses of DNS, sorted: a rule may name one */
};

/* ---- Where DNS is ---------------------------------------------------------------- */

static bool is_dns_pod(const struct svcr_labels *l)
{
	const struct svcr_pair *v = l->v;

	for (uint32_t i = 0; i < l->n; i++)
		if (strcmp(v[i].key, "k8s-app") == 0)
			return strcmp(v[i].value, "kube-dns") == 0 ||
			       strcmp(v[i].value, "coredns") == 0;
	return false;
}

static int add_dns_addrs(struct dns_check *k, const struct svcr_addr *v, size_t n)
{
	for (size_t i = 0; i < n; i++) {
		struct svcr_addr *slot = SVCR_GROW(&k->at);

		if (!slot)
			return -ENOMEM;
		*slot = v[i];
	}
	return 0;
}

static int find_dns(struct dns_check *k)
{
	const struct svcrules_model *m = k->c->m;
	const struct svcr_service *s = svcr_checks_service(k->c, DNS_NAMESPACE, "kube-dns");
	int err = s ? add_dns_addrs(k, s->cluster_ips.v, s->cluster_ips.n) : 0;

	for (size_t i = 0; i < m->slices.n && s; i++)
		if (m->slices.v[i].service == s->name && m->slices.v[i].ns == s->ns)
			for (size_t e = 0; e < m->slices.v[i].endpoints.n && !err; e++)
				err = add_dns_addrs(k, &m->slices.v[i].endpoints.v[e].addr, 1);
	for (size_t i = 0; i < m->pods.n && !err; i++) {
		const struct svcr_pod *p = &m->pods.v[i];

		if (strcmp(p->ns, DNS_NAMESPACE) != 0 || !is_dns_pod(p->labels))
			continue;
		k->ns = p->host_network ? k->ns : p->ns;
		err = add_dns_addrs(k, p->ips.v, p->ips.n);
	}
	svcr_addrs_sort(&k->at);
	return err;
}

/* ---- Rules ------------------------------------------------------------------------ */

/* True if the port is, or may be, that of DNS over UDP. */
static bool port_is_dns(const struct svcr_policy_port *p)
{
	return p->protocol == SVCR_UDP &&
	       (p->name || (p->first <= DNS_PORT && p->last >= DNS_PORT));
}

static bool rule_has_dns_port(const struct svcr_policy_rule *r)
{
	for (size_t i = 0; i < r->ports.n; i++)
		if (port_is_dns(&r->ports.v[i]))
			return true;
	return r->any_port;
}

static bool block_has_dns(const struct dns_check *k, const struct svcr_policy_peer *p)
{
	for (size_t i = 0; i < k->at.n; i++)
		if (svcr_policy_block_holds(p, &k->at.v[i]))
			return true;
	return !k->at.n; /* nothing is known */
}

/* Without the Namespace object, its name is the label that it has in any case. */
static bool selects_dns_namespace(const struct dns_check *k, const struct svcr_selector *s)
{
	const struct svcr_namespace *ns = svcr_checks_namespace(k->c, DNS_NAMESPACE);

	if (ns)
		return svcr_selector_matches(s, ns->labels);
	for (uint32_t i = 0; i < s->n; i++) {
		bool has = s->v[i].op == SVCR_EXISTS;

		if (strcmp(s->v[i].key, NAME_LABEL) != 0)
			continue;
		for (uint32_t v = 0; v < s->v[i].n && !has; v++)
			has = strcmp(s->v[i].values[v], DNS_NAMESPACE) == 0;
		if (has == (s->v[i].op == SVCR_NOT_IN || s->v[i].op == SVCR_DOES_NOT_EXIST))
			return false;
	}
	return true;
}

static bool selects_dns_pod(const struct dns_check *k, const struct svcr_selector *s)
{
	size_t n;
	const struct svcr_pod_class *v;

	if (!s || !k->ns)
		return true;
	v = svcr_pod_index_classes(&k->c->view.endpoints->made.index, k->ns, &n);
	for (size_t i = 0; i < n; i++)
		if (i == COMPARED ||
		    (is_dns_pod(v[i].labels) && svcr_selector_matches(s, v[i].labels)))
			return true;
	return false;
}

static bool peer_is_dns(const struct dns_check *k, const struct svcr_network_policy *p,
			const struct svcr_policy_peer *peer)
{
	if (peer->is_block)
		return block_has_dns(k, peer);
	if (peer->namespaces)
		return selects_dns_namespace(k, peer->namespaces) && selects_dns_pod(k, peer->pods);
	return strcmp(p->ns, DNS_NAMESPACE) == 0 && selects_dns_pod(k, peer->pods);
}

static bool allows_dns(const struct dns_check *k, const struct svcr_network_policy *p)
{
	const struct svcr_policy_rules *l = &p->rules[SVCR_EGRESS];

	for (size_t i = 0; i < l->n; i++) {
		const struct svcr_policy_rule *r = &l->v[i];

		if (!rule_has_dns_port(r))
			continue;
		if (r->any_peer)
			return true;
		for (size_t e = 0; e < r->peers.n; e++)
			if (peer_is_dns(k, p, &r->peers.v[e]))
				return true;
	}
	return false;
}

/* ---- Pods ---------------------------------------------------------------------------- */

/* The policies of a namespace that let pods ask DNS, and its pods that none of them selects. */
struct dns_policies {
	const struct svcr_network_policy **v;
	size_t n;
	const struct svcr_labels *cut_off[COMPARED];
	size_t ncut_off;
};

static bool allowed_to(const struct dns_policies *l, const struct svcr_labels *labels)
{
	for (size_t i = 0; i < l->n; i++)
		if (i == SVCR_POLICIES_COMPARED || svcr_selector_matches(l->v[i]->pods, labels))
			return true;
	return false;
}

/* Once for all policies of the namespace. */
static void find_cut_off(const struct dns_check *k, const char *ns, struct dns_policies *l)
{
	size_t n;
	const struct svcr_pod_class *v = svcr_pod_index_classes(&k->c->view.endpoints->made.index,
								ns, &n);

	l->ncut_off = 0;
	for (size_t i = 0; i < n && i < COMPARED; i++)
		if (!allowed_to(l, v[i].labels))
			l->cut_off[l->ncut_off++] = v[i].labels;
}

/* True if the policy selects a pod that no policy lets ask DNS. */
static bool leaves_pod(const struct svcr_network_policy *p, const struct dns_policies *l)
{
	for (size_t i = 0; i < l->ncut_off; i++)
		if (svcr_selector_matches(p->pods, l->cut_off[i]))
			return true;
	return false;
}

static bool has_requirement(const struct svcr_selector *s, const struct svcr_requirement *r)
{
	for (uint32_t i = 0; i < s->n; i++) {
		const struct svcr_requirement *q = &s->v[i];

		if (q->key == r->key && q->op == r->op && q->n == r->n &&
		    (!q->n || memcmp((const void *)q->values, (const void *)r->values,
				     q->n * sizeof(*q->values)) == 0))
			return true;
	}
	return false;
}

/* True if what `s` selects is surely selected by `wide`: it asks for less. */
static bool selects_more(const struct svcr_selector *wide, const struct svcr_selector *s)
{
	for (uint32_t i = 0; i < wide->n; i++)
		if (!has_requirement(s, &wide->v[i]))
			return false;
	return true;
}

/*
 * Without pods: a policy without rules denies all that others do not allow, so that any of these
 * may be meant for the same pods.
 */
static bool leaves_selector(const struct svcr_network_policy *p, const struct dns_policies *l)
{
	if (l->n && !p->rules[SVCR_EGRESS].n)
		return false;
	for (size_t i = 0; i < l->n; i++)
		if (i == SVCR_POLICIES_COMPARED || selects_more(l->v[i]->pods, p->pods))
			return false;
	return true;
}

static int check_namespace(struct dns_check *k, const struct svcr_network_policy *const *v,
			   size_t n, struct dns_policies *l)
{
	bool pods = k->c->m->pods.n && (!k->c->m->planned || svcr_checks_has_pods(k->c, v[0]->ns));
	int err = 0;

	l->n = 0;
	for (size_t i = 0; i < n; i++)
		if (v[i]->isolates[SVCR_EGRESS] && allows_dns(k, v[i]))
			l->v[l->n++] = v[i];
	if (pods)
		find_cut_off(k, v[0]->ns, l);
	for (size_t i = 0; i < n && !err; i++) {
		struct svcr_place at = { "NetworkPolicy", v[i]->ns, v[i]->name, v[i]->source,
					 "spec.egress" };

		if (v[i]->isolates[SVCR_EGRESS] &&
		    (pods ? leaves_pod(v[i], l) : leaves_selector(v[i], l)))
			err = svcr_found(k->c, "dns-blocked", &at,
					 "pods that it selects may not ask the cluster's DNS "
					 "(kube-system, port 53 of UDP): no name is found");
	}
	return err;
}

int svcr_check_dns_blocked(struct svcr_checks *c)
{
	struct dns_check k = { .c = c };
	const struct svcr_network_policy *const *v = c->policies;
	struct dns_policies l = { .n = 0 };
	size_t n = c->m->policies.n;
	int err = -ENOMEM;

	l.v = svcr_arena_array(&c->arena, n + 1, sizeof(*l.v));
	if (l.v)
		err = svcr_checks_index_pods(c);
	if (!err)
		err = find_dns(&k);
	for (size_t i = 0, end; i < n && !err; i = end) {
		for (end = i + 1; end < n && strcmp(v[end]->ns, v[i]->ns) == 0;)
			end++;
		err = check_namespace(&k, v + i, end - i, &l);
	}
	free(k.at.v);
	return err;
}
