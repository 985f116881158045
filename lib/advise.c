/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "advise.h"
#include "diag.h"

static const char *const family_names[] = { [SVCR_IPV4] = "IPv4", [SVCR_IPV6] = "IPv6" };

static void __attribute__((format(printf, 3, 4)))
advise(const struct svcr_advice *a, struct svcrules_diag g, const char *fmt, ...)
{
	char text[512];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	g.severity = SVCRULES_WARNING;
	svcr_diag(a->diags, &g, "%s", text);
}

#define ADVISE(a, name, ...) advise(a, (struct svcrules_diag){ .check = name }, __VA_ARGS__)

/* True if a service has rules. */
static bool serves_anything(const struct svcr_advice *a)
{
	return a->view->ncluster_ips > 0;
}

/* ---- Who this node is --------------------------------------------------- */

static bool endpoints_name_nodes(const struct svcrules_model *m)
{
	for (size_t i = 0; i < m->slices.n; i++)
		for (size_t k = 0; k < m->slices.v[i].endpoints.n; k++)
			if (m->slices.v[i].endpoints.v[k].node)
				return true;
	for (size_t i = 0; m->pods_use == SVCR_PODS_USED && i < m->pods.n; i++)
		if (m->pods.v[i].node)
			return true;
	return false;
}

/*
 * kubelet may be told another name than the host's. Then no endpoint is local,
 * and services of traffic policy Local drop what comes from outside.
 */
static void advise_node_name(const struct svcr_advice *a)
{
	const char *name = a->options->node_name ? a->options->node_name : "";

	if (a->node || !serves_anything(a))
		return;
	if (a->model->nodes.n > 0)
		ADVISE(a, "node-name",
		       "no Node of the input (%zu) is named '%s', as this node: no endpoint is "
		       "local; --node-name sets the name",
		       a->model->nodes.n, name);
	else if (!a->endpoints->node_interned && endpoints_name_nodes(a->model))
		ADVISE(a, "node-name",
		       "no endpoint of the input is on a node named '%s', as this node: no "
		       "endpoint is local; --node-name sets the name",
		       name);
}

/* ---- Prefixes of pods ---------------------------------------------------- */

static void advise_no_pod_cidrs(const struct svcr_advice *a)
{
	if (serves_anything(a) && !a->view->npod_ranges[SVCR_IPV4] &&
	    !a->view->npod_ranges[SVCR_IPV6])
		ADVISE(a, "no-pod-cidrs",
		       "no pod CIDR is known (Node objects with podCIDRs, or --cluster-cidr): "
		       "traffic to cluster IPs from outside the cluster is not masqueraded");
}

static bool ranges_have(const struct svcr_range *v, size_t n, const struct svcr_addr *a)
{
	for (size_t i = 0; i < n; i++)
		if (svcr_addr_cmp(&v[i].first, a) <= 0 && svcr_addr_cmp(a, &v[i].last) <= 0)
			return true;
	return false;
}

/* Endpoints of this node: how many are outside the prefixes where they should be; the lowest. */
struct outside {
	size_t n;
	const char *kind, *ns, *name; /* of the object that has it */
	const struct svcr_addr *addr;
};

static void outside_add(struct outside *o, const struct outside *found)
{
	size_t n = o->n;
	int d = n ? svcr_addr_cmp(found->addr, o->addr) : -1;

	d = d ? d : strcmp(found->ns, o->ns);
	if (d < 0 || (!d && strcmp(found->name, o->name) < 0))
		*o = *found;
	o->n = n + 1;
}

/* Sorts an endpoint of this node into those outside all pod CIDRs, or outside this node's own. */
static void outside_judge(const struct svcr_advice *a, const struct outside *found,
			  struct outside *all, struct outside *own)
{
	const struct svcr_addr *addr = found->addr;
	const struct svcr_view *v = a->view;
	uint8_t f = addr->family;

	if (svcr_addr_unusable(addr) || svcr_view_own(v, a->options, addr))
		return;
	if (v->npod_ranges[f] && !ranges_have(v->pod_ranges[f], v->npod_ranges[f], addr))
		outside_add(all, found);
	else if (v->nown_pod_ranges[f] &&
		 !ranges_have(v->own_pod_ranges[f], v->nown_pod_ranges[f], addr))
		outside_add(own, found);
}

static void outside_tell(const struct svcr_advice *a, const struct outside *o, const char *where)
{
	char text[SVCR_ADDR_TEXT];

	if (o->n)
		ADVISE(a, "pod-outside-pod-cidrs",
		       "%zu endpoint%s of this node, such as %s of %s %s/%s, %s outside %s", o->n,
		       o->n == 1 ? "" : "s", svcr_addr_text(o->addr, text), o->kind, o->ns, o->name,
		       o->n == 1 ? "is" : "are", where);
}

/* Without slices, the pods of this node are its endpoints. */
static void outside_pods(const struct svcr_advice *a, struct outside *all, struct outside *own)
{
	const struct svcrules_model *m = a->model;

	for (size_t i = 0; i < m->pods.n; i++) {
		const struct svcr_pod *p = &m->pods.v[i];

		if (p->node != a->endpoints->node_interned || !svcr_pod_counts(p))
			continue;
		for (size_t k = 0; k < p->ips.n; k++)
			outside_judge(a,
				      &(struct outside){ .kind = "Pod",
							 .ns = p->ns,
							 .name = p->name,
							 .addr = &p->ips.v[k] },
				      all, own);
	}
}

/* Network plugins with address pools of their own do not keep to the Nodes' podCIDRs. */
static void advise_pods_outside(const struct svcr_advice *a)
{
	const char *node = a->endpoints->node_interned;
	struct outside all = { .n = 0 }, own = { .n = 0 };

	for (size_t i = 0; node && i < a->endpoints->n; i++) {
		const struct svcr_slice *s = a->endpoints->slices[i];

		for (size_t k = 0; !s->ignored && k < s->endpoints.n; k++)
			if (s->endpoints.v[k].node == node)
				outside_judge(a,
					      &(struct outside){ .kind = "Service",
								 .ns = s->ns,
								 .name = s->service,
								 .addr = &s->endpoints.v[k].addr },
					      &all, &own);
	}
	if (node && !a->endpoints->n && a->model->pods_use == SVCR_PODS_USED)
		outside_pods(a, &all, &own);
	outside_tell(
		a, &all,
		"all pod CIDRs: traffic from such pods to cluster IPs is masqueraded, and counts "
		"as from outside; --cluster-cidr names the prefixes of pods");
	outside_tell(
		a, &own,
		"the podCIDRs of this Node: for externalTrafficPolicy Local such pods count as "
		"those of other nodes; a Node object without podCIDRs makes all pods count as "
		"pods of this node");
}

/* ---- Addresses of this node ---------------------------------------------- */

static bool have_family(const struct svcr_addr *v, size_t n, uint8_t family)
{
	for (size_t i = 0; i < n; i++)
		if (v[i].family == family)
			return true;
	return false;
}

/* True if a service wants node ports in that family. */
static bool wants_node_ports(const struct svcr_service *s, uint8_t family)
{
	if (!svcr_service_has_rules(s) || !svcr_service_has_node_ports(s) ||
	    !have_family(s->cluster_ips.v, s->cluster_ips.n, family))
		return false;
	for (size_t i = 0; i < s->ports.n; i++)
		if (s->ports.v[i].node_port)
			return true;
	return false;
}

static size_t count_node_port_services(const struct svcr_advice *a, uint8_t family)
{
	size_t n = 0;

	for (size_t i = 0; i < a->model->services.n; i++)
		n += wants_node_ports(&a->model->services.v[i], family);
	return n;
}

static bool family_has_node_port(const struct svcr_view *v, uint8_t family)
{
	for (size_t i = 0; i < v->nvips; i++)
		if (v->vips[i].kind == SVCR_VIP_NODE_PORT && v->vips[i].addr.family == family)
			return true;
	return false;
}

/* --nodeport-addresses may name prefixes of that family. */
static bool names_family(const struct svcrules_options *o, uint8_t family)
{
	for (size_t i = 0; i < o->nodeport_cidrs.n; i++)
		if (o->nodeport_cidrs.v[i].addr.family == family)
			return true;
	return false;
}

static void advise_node_ips(const struct svcr_advice *a, uint8_t family)
{
	size_t wanted = count_node_port_services(a, family);
	bool known = have_family(a->view->node_ips, a->view->nnode_ips, family),
	     any = a->view->nnode_ips > 0;

	if (!known && wanted)
		ADVISE(a, "no-node-address",
		       "no %s address of this node is known (its Node object, or --node-ip): the "
		       "node ports of %zu service%s are not served in that family",
		       family_names[family], wanted, wanted == 1 ? "" : "s");
	else if (!known && any && have_family(a->view->cluster_ips, a->view->ncluster_ips, family))
		ADVISE(a, "no-node-address",
		       "there are %s services, but no %s address of this node is known (its Node "
		       "object, or --node-ip): its own connections to them count as from outside",
		       family_names[family], family_names[family]);
	else if (known && wanted && names_family(a->options, family) &&
		 !family_has_node_port(a->view, family))
		advise(a,
		       (struct svcrules_diag){ .check = "nodeport-addresses",
					       .field = "--nodeport-addresses" },
		       "no %s address of this node is in these prefixes: the node ports of %zu "
		       "service%s are not served in that family",
		       family_names[family], wanted, wanted == 1 ? "" : "s");
}

/* ---- What is not served --------------------------------------------------- */

/*
 * kube-proxy answers there whether this node has local endpoints. svcrules is
 * no daemon.
 */
static void advise_health_ports(const struct svcr_advice *a)
{
	const struct svcr_service *first = NULL;
	size_t n = 0;

	for (size_t i = 0; i < a->model->services.n; i++) {
		const struct svcr_service *s = &a->model->services.v[i];
		int d = 0;

		if (!s->health_port || !s->external_local || s->not_ours ||
		    s->type != SVCR_LOAD_BALANCER)
			continue;
		n++;
		if (first)
			d = strcmp(s->ns, first->ns);
		if (first && !d)
			d = strcmp(s->name, first->name);
		first = !first || d < 0 ? s : first;
	}
	if (n)
		ADVISE(a, "health-check",
		       "healthCheckNodePort is not served (%zu service%s, such as %s/%s with port "
		       "%u): a load balancer that asks there takes this node for unhealthy; let it "
		       "check a node port of the service, or run an HTTP server on that port of "
		       "the node",
		       n, n == 1 ? "" : "s", first->ns, first->name, first->health_port);
}

void svcr_advise(const struct svcr_advice *a)
{
	advise_node_name(a);
	advise_no_pod_cidrs(a);
	advise_pods_outside(a);
	for (uint8_t family = 0; family < SVCR_FAMILY__COUNT; family++)
		if (a->options->families[family])
			advise_node_ips(a, family);
	advise_health_ports(a);
}
