/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Each comparison has all members of the struct: add those that are added there. */
#include "same.h"

static bool same_addrs(const struct svcr_addrs *a, const struct svcr_addrs *b)
{
	for (size_t i = 0; i < a->n && a->n == b->n; i++)
		if (!svcr_addr_eq(&a->v[i], &b->v[i]))
			return false;
	return a->n == b->n;
}

static bool same_cidr(const struct svcr_cidr *a, const struct svcr_cidr *b)
{
	return a->prefix == b->prefix && svcr_addr_eq(&a->addr, &b->addr);
}

static bool same_cidrs(const struct svcr_cidrs *a, const struct svcr_cidrs *b)
{
	for (size_t i = 0; i < a->n && a->n == b->n; i++)
		if (!same_cidr(&a->v[i], &b->v[i]))
			return false;
	return a->n == b->n;
}

static bool same_service_ports(const struct svcr_service_ports *a,
			       const struct svcr_service_ports *b)
{
	for (size_t i = 0; i < a->n && a->n == b->n; i++) {
		const struct svcr_service_port *x = &a->v[i], *y = &b->v[i];

		if (x->name != y->name || x->port != y->port || x->node_port != y->node_port ||
		    x->protocol != y->protocol || x->target != y->target ||
		    x->target_name != y->target_name)
			return false;
	}
	return a->n == b->n;
}

static bool same_pairs(const struct svcr_pair *a, size_t n, const struct svcr_pair *b, size_t m)
{
	for (size_t i = 0; i < n && n == m; i++)
		if (a[i].key != b[i].key || a[i].value != b[i].value)
			return false;
	return n == m;
}

static bool same_service(const struct svcr_service *a, const struct svcr_service *b)
{
	return a->ns == b->ns && a->name == b->name && a->created == b->created &&
	       a->scheduler == b->scheduler && a->type == b->type && a->headless == b->headless &&
	       a->not_ours == b->not_ours && a->internal_local == b->internal_local &&
	       a->external_local == b->external_local && a->no_node_ports == b->no_node_ports &&
	       a->has_ranges == b->has_ranges && a->health_port == b->health_port &&
	       a->affinity == b->affinity && same_addrs(&a->cluster_ips, &b->cluster_ips) &&
	       same_addrs(&a->external_ips, &b->external_ips) &&
	       same_addrs(&a->balancer_ips, &b->balancer_ips) &&
	       same_cidrs(&a->ranges, &b->ranges) && same_service_ports(&a->ports, &b->ports) &&
	       same_pairs(a->selector, a->nselector, b->selector, b->nselector) &&
	       a->external_name == b->external_name && a->elsewhere == b->elsewhere &&
	       a->not_ready == b->not_ready && a->families == b->families && a->old == b->old;
}

static bool same_names(const struct svcr_names *a, const struct svcr_names *b)
{
	for (size_t i = 0; i < a->n && a->n == b->n; i++)
		if (a->v[i] != b->v[i])
			return false;
	return a->n == b->n;
}

static bool same_hints(const struct svcr_hints *a, const struct svcr_hints *b)
{
	return a == b ||
	       (a && b && same_names(&a->zones, &b->zones) && same_names(&a->nodes, &b->nodes));
}

static bool same_endpoints(const struct svcrules_model *m, const struct svcr_slice_endpoints *a,
			   const struct svcr_slice_endpoints *b)
{
	for (size_t i = 0; i < a->n && a->n == b->n; i++) {
		const struct svcr_endpoint *x = &a->v[i], *y = &b->v[i];

		if (!svcr_addr_eq(&x->addr, &y->addr) || x->ready != y->ready ||
		    x->serving != y->serving || x->terminating != y->terminating ||
		    x->node != y->node || !same_hints(x->hints, y->hints) ||
		    svcr_model_hostname(m, x) != svcr_model_hostname(m, y) ||
		    svcr_model_pod(m, x) != svcr_model_pod(m, y))
			return false;
	}
	return a->n == b->n;
}

static bool same_slice_ports(const struct svcr_slice_ports *a, const struct svcr_slice_ports *b)
{
	for (size_t i = 0; i < a->n && a->n == b->n; i++)
		if (a->v[i].name != b->v[i].name || a->v[i].port != b->v[i].port ||
		    a->v[i].protocol != b->v[i].protocol)
			return false;
	return a->n == b->n;
}

static bool same_slice(const struct svcrules_model *m, const struct svcr_slice *a,
		       const struct svcr_slice *b)
{
	return a->ns == b->ns && a->service == b->service && a->legacy == b->legacy &&
	       a->any_family == b->any_family && a->ignored == b->ignored &&
	       a->family == b->family && same_slice_ports(&a->ports, &b->ports) &&
	       same_endpoints(m, &a->endpoints, &b->endpoints);
}

static bool same_node(const struct svcr_node *a, const struct svcr_node *b)
{
	return a->name == b->name && a->zone == b->zone &&
	       same_addrs(&a->internal_ips, &b->internal_ips) &&
	       same_addrs(&a->other_ips, &b->other_ips) && same_cidrs(&a->pod_cidrs, &b->pod_cidrs);
}

bool svcr_same_pod_ports(const struct svcr_pod_port *a, size_t n, const struct svcr_pod_port *b,
			 size_t m)
{
	if (n != m)
		return false;
	for (size_t i = 0; i < n; i++)
		if (a[i].name != b[i].name || a[i].port != b[i].port ||
		    a[i].protocol != b[i].protocol)
			return false;
	return true;
}

static bool same_pod_more(const struct svcr_pod_more *a, const struct svcr_pod_more *b)
{
	return a == b || (a && b && a->hostname == b->hostname && a->subdomain == b->subdomain &&
			  a->since == b->since && a->kind == b->kind);
}

static bool same_pod(const struct svcrules_model *m, const struct svcr_pod *a,
		     const struct svcr_pod *b)
{
	return a->ns == b->ns && a->name == b->name && a->node == b->node &&
	       a->labels == b->labels && a->host_network == b->host_network &&
	       a->ended == b->ended && a->ready == b->ready && a->terminating == b->terminating &&
	       a->planned == b->planned &&
	       same_pod_more(svcr_model_pod_more(m, a), svcr_model_pod_more(m, b)) &&
	       same_addrs(&a->ips, &b->ips) &&
	       svcr_same_pod_ports(a->ports.v, a->ports.n, b->ports.v, b->ports.n);
}

static bool same_namespace(const struct svcr_namespace *a, const struct svcr_namespace *b)
{
	return a->name == b->name && a->labels == b->labels;
}

static bool same_peer(const struct svcr_policy_peer *a, const struct svcr_policy_peer *b)
{
	return a->pods == b->pods && a->namespaces == b->namespaces && a->is_block == b->is_block &&
	       (!a->is_block ||
		(same_cidr(&a->block, &b->block) && same_cidrs(&a->except, &b->except)));
}

static bool same_policy_rule(const struct svcr_policy_rule *a, const struct svcr_policy_rule *b)
{
	if (a->any_peer != b->any_peer || a->any_port != b->any_port || a->peers.n != b->peers.n ||
	    a->ports.n != b->ports.n)
		return false;
	for (size_t i = 0; i < a->peers.n; i++)
		if (!same_peer(&a->peers.v[i], &b->peers.v[i]))
			return false;
	for (size_t i = 0; i < a->ports.n; i++) {
		const struct svcr_policy_port *x = &a->ports.v[i], *y = &b->ports.v[i];

		if (x->protocol != y->protocol || x->name != y->name || x->first != y->first ||
		    x->last != y->last)
			return false;
	}
	return true;
}

static bool same_policy(const struct svcr_network_policy *a, const struct svcr_network_policy *b)
{
	for (size_t dir = 0; dir < SVCR_DIRECTION__COUNT; dir++) {
		const struct svcr_policy_rules *x = &a->rules[dir], *y = &b->rules[dir];

		if (a->isolates[dir] != b->isolates[dir] || x->n != y->n)
			return false;
		for (size_t i = 0; i < x->n; i++)
			if (!same_policy_rule(&x->v[i], &y->v[i]))
				return false;
	}
	return a->ns == b->ns && a->name == b->name && a->pods == b->pods;
}

static bool same_backend(const struct svcr_ingress_backend *a, const struct svcr_ingress_backend *b)
{
	return a->service == b->service && a->port_name == b->port_name && a->port == b->port;
}

static bool same_ingress_rule(const struct svcr_ingress_rule *a, const struct svcr_ingress_rule *b)
{
	if (a->host != b->host || a->paths.n != b->paths.n)
		return false;
	for (size_t i = 0; i < a->paths.n; i++) {
		const struct svcr_ingress_path *x = &a->paths.v[i], *y = &b->paths.v[i];

		if (x->path != y->path || x->type != y->type ||
		    !same_backend(&x->backend, &y->backend))
			return false;
	}
	return true;
}

static bool same_ingress_tls(const struct svcr_ingress_tls *a, const struct svcr_ingress_tls *b)
{
	if (a->secret != b->secret || a->hosts.n != b->hosts.n)
		return false;
	for (size_t i = 0; i < a->hosts.n; i++)
		if (a->hosts.v[i] != b->hosts.v[i])
			return false;
	return true;
}

static bool same_ingress(const struct svcr_ingress *a, const struct svcr_ingress *b)
{
	if (a->rules.n != b->rules.n || a->tls.n != b->tls.n ||
	    !same_pairs(a->annotations.v, a->annotations.n, b->annotations.v, b->annotations.n))
		return false;
	for (size_t i = 0; i < a->rules.n; i++)
		if (!same_ingress_rule(&a->rules.v[i], &b->rules.v[i]))
			return false;
	for (size_t i = 0; i < a->tls.n; i++)
		if (!same_ingress_tls(&a->tls.v[i], &b->tls.v[i]))
			return false;
	return a->ns == b->ns && a->name == b->name && a->created == b->created &&
	       a->class == b->class && same_backend(&a->fallback, &b->fallback);
}

static bool same_ingress_class(const struct svcr_ingress_class *a,
			       const struct svcr_ingress_class *b)
{
	return a->name == b->name && a->controller == b->controller &&
	       a->is_default == b->is_default;
}

static bool same_bytes(const struct svcr_secret_bytes *a, const struct svcr_secret_bytes *b)
{
	return a == b || (a && b && a->len == b->len && memcmp(a->p, b->p, a->len) == 0);
}

static bool same_secret(const struct svcr_secret *a, const struct svcr_secret *b)
{
	if (a->ns != b->ns || a->name != b->name || a->type != b->type ||
	    a->entries.n != b->entries.n)
		return false;
	for (size_t i = 0; i < a->entries.n; i++)
		if (a->entries.v[i].key != b->entries.v[i].key ||
		    !same_bytes(a->entries.v[i].value, b->entries.v[i].value))
			return false;
	return true;
}

/* Entry i of the list number `list`, and entry k of it. */
static bool same_entry(const struct svcrules_model *m, size_t list, size_t i, size_t k)
{
	switch (list) { /* as svcr_model_list() numbers them */
	case 0: return same_service(&m->services.v[i], &m->services.v[k]);
	case 1: return same_slice(m, &m->slices.v[i], &m->slices.v[k]);
	case 2: return same_node(&m->nodes.v[i], &m->nodes.v[k]);
	case 3: return same_cidr(&m->pod_cidrs.v[i], &m->pod_cidrs.v[k]);
	case 4: return same_pod(m, &m->pods.v[i], &m->pods.v[k]);
	case 5: return same_namespace(&m->namespaces.v[i], &m->namespaces.v[k]);
	case 6: return same_policy(&m->policies.v[i], &m->policies.v[k]);
	case 7: return same_ingress(&m->ingresses.v[i], &m->ingresses.v[k]);
	case 8: return same_ingress_class(&m->ingress_classes.v[i], &m->ingress_classes.v[k]);
	case 9: return same_secret(&m->secrets.v[i], &m->secrets.v[k]);
	default: return false;
	}
}

bool svcr_same_entries(const struct svcrules_model *m, const struct svcr_span *a,
		       const struct svcr_span *b)
{
	for (uint32_t i = 0; i < a->n; i++)
		if (!same_entry(m, a->list, a->at + i, b->at + i))
			return false;
	return true;
}
