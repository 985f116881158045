/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Addresses of services: taken twice, outside of where they should be. */
#include "options.h"
#include "rules/check/check.h"

#include <errno.h>

/* ---- Each address of a service --------------------------------------------------- */

enum address_kind { OF_CLUSTER, OF_EXTERNAL, OF_BALANCER, ADDRESS_KINDS };

static const char *const kind_words[] = { [OF_CLUSTER] = "cluster IP",
					  [OF_EXTERNAL] = "external IP",
					  [OF_BALANCER] = "load-balancer IP" };

static const char *const kind_fields[] = { [OF_CLUSTER] = "spec.clusterIPs",
					   [OF_EXTERNAL] = "spec.externalIPs",
					   [OF_BALANCER] = "status.loadBalancer.ingress" };

typedef int (*address_fn)(struct svcr_checks *c, const struct svcr_place *at,
			  enum address_kind kind, const struct svcr_addr *a, const void *arg);

static const struct svcr_addrs *addresses_of(const struct svcr_service *s, enum address_kind kind)
{
	return kind == OF_CLUSTER  ? &s->cluster_ips :
	       kind == OF_EXTERNAL ? &s->external_ips :
				     &s->balancer_ips;
}

/* Calls `each` for the addresses of all services, by name of the service. */
static int each_address(struct svcr_checks *c, address_fn each, const void *arg)
{
	int err = 0;

	for (size_t i = 0; i < c->m->services.n; i++)
		for (int kind = 0; kind < ADDRESS_KINDS; kind++) {
			const struct svcr_addrs *l = addresses_of(c->services[i],
								  (enum address_kind)kind);
			struct svcr_place at = SVCR_PLACE_SERVICE(c->services[i],
								  kind_fields[kind]);

			for (size_t k = 0; k < l->n && !err; k++)
				err = each(c, &at, (enum address_kind)kind, &l->v[k], arg);
		}
	return err;
}

static bool cidrs_contain(const struct svcr_cidrs *l, const struct svcr_addr *a)
{
	for (size_t i = 0; i < l->n; i++)
		if (svcr_cidr_contains(&l->v[i], a))
			return true;
	return false;
}

/* ---- Nodes and endpoints ------------------------------------------------------------ */

/* An address with the name of who has it. */
struct owned {
	struct svcr_addr addr;
	const char *ns, *name; /* ns NULL: a node */
};

struct owned_list {
	struct owned *v;
	size_t n, cap;
};

/* What addresses of services are compared with; lists are sorted. */
struct others {
	struct owned_list nodes, endpoints;
	struct svcr_range *pods[SVCR_FAMILY__COUNT];
	size_t npods[SVCR_FAMILY__COUNT];
};

static int owned_sort(const void *a, const void *b)
{
	const struct owned *x = a, *y = b;
	int d = svcr_addr_cmp(&x->addr, &y->addr);

	d = d || !x->ns ? d : strcmp(x->ns, y->ns);
	return d ? d : strcmp(x->name, y->name);
}

/* The first of the list that has the address; NULL: none. */
static const struct owned *owned_find(const struct owned_list *l, const struct svcr_addr *a)
{
	size_t low = 0, high = l->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (svcr_addr_cmp(&l->v[mid].addr, a) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < l->n && svcr_addr_eq(&l->v[low].addr, a) ? &l->v[low] : NULL;
}

static int owned_add(struct owned_list *l, const struct svcr_addr *a, const char *ns,
		     const char *name)
{
	struct owned *slot = SVCR_GROW(l);

	if (!slot)
		return -ENOMEM;
	*slot = (struct owned){ *a, ns, name };
	return 0;
}

static int gather_nodes(const struct svcrules_model *m, struct owned_list *l)
{
	int err = 0;

	for (size_t i = 0; i < m->nodes.n; i++) {
		const struct svcr_node *node = &m->nodes.v[i];
		const char *name = node->name ? node->name : "";

		for (size_t k = 0; k < node->internal_ips.n && !err; k++)
			err = owned_add(l, &node->internal_ips.v[k], NULL, name);
		for (size_t k = 0; k < node->other_ips.n && !err; k++)
			err = owned_add(l, &node->other_ips.v[k], NULL, name);
	}
	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), owned_sort);
	return err;
}

/* Asks the short list of VIPs for each endpoint: a cluster has far more of the latter. */
static int gather_endpoints(const struct svcrules_model *m, const struct svcr_addrs *vips,
			    struct owned_list *l)
{
	int err = 0;

	for (size_t i = 0; i < m->slices.n; i++) {
		const struct svcr_slice *s = &m->slices.v[i];

		for (size_t k = 0; k < s->endpoints.n && !s->ignored && !err; k++)
			if (svcr_addrs_have(vips, &s->endpoints.v[k].addr))
				err = owned_add(l, &s->endpoints.v[k].addr, s->ns, s->service);
	}
	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), owned_sort);
	return err;
}

static int gather_vip(struct svcr_checks *c, const struct svcr_place *at, enum address_kind kind,
		      const struct svcr_addr *a, const void *arg)
{
	struct svcr_addrs *l;
	struct svcr_addr *slot;

	(void)c, (void)at, (void)kind;
	memcpy(&l, arg, sizeof(l));
	slot = SVCR_GROW(l);
	if (!slot)
		return -ENOMEM;
	*slot = *a;
	return 0;
}

static int gather_others(struct svcr_checks *c, struct others *o)
{
	struct svcr_addrs vips = { .n = 0 }, *to = &vips;
	int err = each_address(c, gather_vip, &to);

	svcr_addrs_sort(&vips);
	if (!err)
		err = gather_nodes(c->m, &o->nodes);
	if (!err)
		err = gather_endpoints(c->m, &vips, &o->endpoints);
	free(vips.v);
	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT && !err; f++) {
		const struct svcr_cidrs *pods = c->o->has_cluster_cidr ? &c->o->cluster_cidrs :
									 &c->m->pod_cidrs;

		o->pods[f] = svcr_arena_array(&c->arena, pods->n + 1, sizeof(**o->pods));
		if (!o->pods[f])
			return -ENOMEM;
		o->npods[f] = svcr_ranges_of(o->pods[f], pods->v, pods->n, f);
	}
	return err;
}

static bool in_pod_cidrs(const struct others *o, const struct svcr_addr *a)
{
	const struct svcr_range *v = o->pods[a->family];
	size_t low = 0, high = o->npods[a->family];

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (svcr_addr_cmp(&v[mid].last, a) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < o->npods[a->family] && svcr_addr_cmp(&v[low].first, a) <= 0;
}

static int compare_address(struct svcr_checks *c, const struct svcr_place *at,
			   enum address_kind kind, const struct svcr_addr *a, const void *arg)
{
	const struct others *o = arg;
	const struct owned *node = owned_find(&o->nodes, a), *e = owned_find(&o->endpoints, a);
	char text[SVCR_ADDR_TEXT];
	int err = 0;

	svcr_addr_text(a, text);
	if (node && kind == OF_BALANCER)
		err = svcr_found(c, "balancer-is-node", at,
				 "%s is also an address of Node %s: other ports of the node are "
				 "reached there, too",
				 text, node->name);
	else if (node)
		err = svcr_found(c, "vip-is-node", at,
				 "%s is also an address of Node %s: what is sent to that port of "
				 "the node goes to the service",
				 text, node->name);
	if (!err && e)
		err = svcr_found(c, "vip-is-endpoint", at,
				 "the %s %s is also the address of an endpoint of %s/%s",
				 kind_words[kind], text, e->ns, e->name);
	if (!err && !e && in_pod_cidrs(o, a))
		err = svcr_found(c, "vip-in-pod-cidr", at,
				 "the %s %s is inside a pod CIDR: a pod may get the same address",
				 kind_words[kind], text);
	return err;
}

int svcr_check_addresses(struct svcr_checks *c)
{
	struct others o = { .nodes = { .n = 0 } };
	int err = gather_others(c, &o);

	if (!err)
		err = each_address(c, compare_address, &o);
	free(o.nodes.v);
	free(o.endpoints.v);
	return err;
}

/* ---- Prefixes that options name -------------------------------------------------------- */

static bool has_prefix_of(const struct svcr_cidrs *l, uint8_t family)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->v[i].addr.family == family)
			return true;
	return false;
}

static int compare_range(struct svcr_checks *c, const struct svcr_place *at, enum address_kind kind,
			 const struct svcr_addr *a, const void *arg)
{
	bool inside = cidrs_contain(&c->o->service_cidrs, a);
	char text[SVCR_ADDR_TEXT];

	(void)arg;
	if (kind == OF_CLUSTER && !inside && has_prefix_of(&c->o->service_cidrs, a->family))
		return svcr_found(c, "cluster-ip-outside", at, "%s is outside --service-cidr",
				  svcr_addr_text(a, text));
	if (kind != OF_CLUSTER && inside)
		return svcr_found(c, "external-in-service-cidr", at,
				  "the %s %s is inside --service-cidr: it may become the cluster "
				  "IP of another service",
				  kind_words[kind], svcr_addr_text(a, text));
	return 0;
}

int svcr_check_ranges(struct svcr_checks *c)
{
	return each_address(c, compare_range, NULL);
}

static int compare_external(struct svcr_checks *c, const struct svcr_place *at,
			    enum address_kind kind, const struct svcr_addr *a, const void *arg)
{
	char text[SVCR_ADDR_TEXT];

	(void)arg;
	if (kind == OF_CLUSTER || !c->o->has_external_cidr ||
	    cidrs_contain(&c->o->external_cidrs, a))
		return 0;
	return svcr_found(c, "external-cidr", at, "the %s %s is outside --allow-external-cidr",
			  kind_words[kind], svcr_addr_text(a, text));
}

/* External addresses count in the families of the cluster IPs alone; a manifest has none yet. */
static int check_external_families(struct svcr_checks *c, const struct svcr_service *s,
				   enum address_kind kind, unsigned families)
{
	const struct svcr_addrs *l = addresses_of(s, kind);
	struct svcr_place at = SVCR_PLACE_SERVICE(s, kind_fields[kind]);
	char text[SVCR_ADDR_TEXT];
	int err = 0;

	for (size_t i = 0; i < l->n && families && !err; i++)
		if (!(families & 1u << l->v[i].family))
			err = svcr_found(c, "no-family", &at,
					 "the %s %s is not served: the service has no cluster IP "
					 "of %s",
					 kind_words[kind], svcr_addr_text(&l->v[i], text),
					 l->v[i].family == SVCR_IPV6 ? "IPv6" : "IPv4");
	return err;
}

static int check_external_of(struct svcr_checks *c, const struct svcr_service *s)
{
	struct svcr_place at = SVCR_PLACE_SERVICE(s, kind_fields[OF_EXTERNAL]);
	char text[SVCR_ADDR_TEXT];
	unsigned families = 0;
	int err = 0;

	for (size_t i = 0; i < s->cluster_ips.n; i++)
		families |= 1u << s->cluster_ips.v[i].family;
	if (s->external_ips.n)
		err = svcr_found(c, "external-ips", &at,
				 "%s%s: whoever may create Services can take the traffic to any "
				 "address with this field, which is deprecated",
				 svcr_addr_text(&s->external_ips.v[0], text),
				 s->external_ips.n > 1 ? " and others" : "");
	if (!err)
		err = check_external_families(c, s, OF_EXTERNAL, families);
	return err ? err : check_external_families(c, s, OF_BALANCER, families);
}

int svcr_check_external(struct svcr_checks *c)
{
	int err = each_address(c, compare_external, NULL);

	for (size_t i = 0; i < c->m->services.n && !err; i++)
		err = check_external_of(c, c->services[i]);
	return err;
}

/* ---- Cluster IPs --------------------------------------------------------------------------- */

struct claimed {
	struct svcr_addr addr;
	const struct svcr_service *s;
	size_t order; /* of the service */
};

struct claimed_list {
	struct claimed *v;
	size_t n, cap;
};

static int claimed_sort(const void *a, const void *b)
{
	const struct claimed *x = a, *y = b;
	int d = svcr_addr_cmp(&x->addr, &y->addr);

	return d ? d : (x->order > y->order) - (x->order < y->order);
}

/* Tells each claim of what the first service of the list has, too. */
static int tell_twice(struct svcr_checks *c, const struct claimed_list *l)
{
	char text[SVCR_ADDR_TEXT];
	size_t first = 0;
	int err = 0;

	for (size_t i = 1; i < l->n && !err; i++) {
		const struct claimed *x = &l->v[i], *y = &l->v[first];
		struct svcr_place at = SVCR_PLACE_SERVICE(x->s, kind_fields[OF_CLUSTER]);

		if (!svcr_addr_eq(&x->addr, &y->addr))
			first = i;
		else if (x->s != y->s)
			err = svcr_found(c, "cluster-ip-twice", &at,
					 "%s is also the cluster IP of Service %s/%s",
					 svcr_addr_text(&x->addr, text), y->s->ns, y->s->name);
	}
	return err;
}

/* The service that has the cluster IP; NULL: none. */
static const struct svcr_service *cluster_ip_owner(const struct claimed_list *l,
						   const struct svcr_addr *a)
{
	size_t low = 0, high = l->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (svcr_addr_cmp(&l->v[mid].addr, a) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low < l->n && svcr_addr_eq(&l->v[low].addr, a) ? l->v[low].s : NULL;
}

/* True if a port of the service is another one's at that address, which is a conflict. */
static bool is_conflict(const struct svcr_checks *c, const struct svcr_service *s,
			const struct svcr_addr *a)
{
	for (size_t i = 0; i < s->ports.n; i++) {
		const struct svcr_vip *v = svcr_view_find(&c->view, a, s->ports.v[i].protocol,
							  s->ports.v[i].port);

		if (v && v->service != s)
			return true;
	}
	return false;
}

static int compare_cluster_ips(struct svcr_checks *c, const struct svcr_place *at,
			       enum address_kind kind, const struct svcr_addr *a, const void *arg)
{
	const struct svcr_service *owner = kind == OF_CLUSTER ? NULL : cluster_ip_owner(arg, a);
	const struct svcr_service *s = owner ? svcr_checks_service(c, at->ns, at->name) : NULL;
	char text[SVCR_ADDR_TEXT];

	if (!s || s == owner || is_conflict(c, s, a))
		return 0;
	return svcr_found(c, "external-cluster-ip", at,
			  "the %s %s is the cluster IP of Service %s/%s: its clients reach this "
			  "service at other ports",
			  kind_words[kind], svcr_addr_text(a, text), owner->ns, owner->name);
}

static int gather_cluster_ips(struct svcr_checks *c, struct claimed_list *l)
{
	for (size_t i = 0; i < c->m->services.n; i++) {
		const struct svcr_service *s = c->services[i];

		for (size_t k = 0; k < s->cluster_ips.n; k++) {
			struct claimed *slot = SVCR_GROW(l);

			if (!slot)
				return -ENOMEM;
			*slot = (struct claimed){ s->cluster_ips.v[k], s, i };
		}
	}
	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), claimed_sort);
	return 0;
}

int svcr_check_cluster_ips(struct svcr_checks *c)
{
	struct claimed_list l = { .n = 0 };
	int err = gather_cluster_ips(c, &l);

	for (size_t i = 0; i < c->m->services.n && !err; i++) {
		const struct svcr_service *s = c->services[i];
		struct svcr_place at = SVCR_PLACE_SERVICE(s, "spec.clusterIP");

		if (!s->cluster_ips.n && !s->headless && s->type != SVCR_EXTERNAL_NAME)
			err = svcr_found(c, "pending", &at, "no cluster IP yet");
	}
	if (!err)
		err = tell_twice(c, &l);
	if (!err)
		err = each_address(c, compare_cluster_ips, &l);
	free(l.v);
	return err;
}
