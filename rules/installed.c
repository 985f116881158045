/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a rule set serves, read from its tables and virtual servers in words of services. */
#include "rules/ipvs/servers.h"
#include "rules/nft/canon.h"
#include "rules/policy/layout.h"
#include "rules/target.h"

#include <errno.h>
#include <stdlib.h>

/* A VIP, and where its endpoints are in the list of all. */
struct installed_vip {
	struct svcrules_installed_vip vip;
	size_t first;
};

struct svcrules_installed {
	struct svcr_arena arena; /* owns the texts */
	const struct svcr_nft *nft;
	const struct svcr_ipvs *ipvs; /* NULL: the tables choose endpoints */
	SVCR_LIST(struct installed_vip) vips;
	SVCR_LIST(struct svcrules_installed_endpoint) endpoints;
	SVCR_LIST(struct svcrules_installed_policy) policies;
};

static const char *addr_bytes_text(struct svcrules_installed *l, uint8_t family,
				   const uint8_t *bytes)
{
	struct svcr_addr a = { .family = family };
	char text[SVCR_ADDR_TEXT];

	memcpy(a.bytes, bytes, svcr_addr_len(family));
	svcr_addr_text(&a, text);
	return svcr_arena_strndup(&l->arena, text, strlen(text));
}

/* ---- Names ------------------------------------------------------------------------ */

/* Splits "production/web:http", and what follows a comma. 0 or -ENOMEM. */
static int vip_named(struct svcrules_installed *l, const char *comment,
		     struct svcrules_installed_vip *v)
{
	size_t len = comment ? svcr_nft_comment_name(comment) : 0, ns, name;

	v->ns = v->name = v->port_name = v->reason = "";
	if (!comment)
		return 0;
	ns = strcspn(comment, "/,");
	name = ns < len ? strcspn(comment + ns + 1, ":,") : 0;
	if (ns < len) {
		v->ns = svcr_arena_strndup(&l->arena, comment, ns);
		v->name = svcr_arena_strndup(&l->arena, comment + ns + 1, name);
	} else {
		v->name = svcr_arena_strndup(&l->arena, comment, len);
	}
	if (ns < len && comment[ns + 1 + name] == ':')
		v->port_name = svcr_arena_strndup(&l->arena, comment + ns + name + 2,
						  len - ns - name - 2);
	if (strncmp(comment + len, ", ", 2) == 0)
		v->reason = comment + len + 2;
	return v->ns && v->name && v->port_name ? 0 : -ENOMEM;
}

/* ---- Endpoints ---------------------------------------------------------------------- */

static int add_installed_endpoint(struct svcrules_installed *l, uint8_t family,
				  const uint8_t *bytes, uint16_t port, bool outside)
{
	struct svcrules_installed_endpoint *slot = SVCR_GROW(&l->endpoints);

	if (!slot)
		return -ENOMEM;
	*slot = (struct svcrules_installed_endpoint){ .address = addr_bytes_text(l, family, bytes),
						      .port = port,
						      .ipv6 = family == SVCR_IPV6,
						      .outside = outside };
	return slot->address ? 0 : -ENOMEM;
}

static int endpoints_in_set(struct svcrules_installed *l, const struct svcr_nft_set *s,
			    const uint8_t *key, bool outside)
{
	size_t len = svcr_addr_len(s->family), vip = svcr_vip_len(s->family);
	int err = 0;

	for (size_t i = svcr_nft_lower(s, key, vip);
	     i < s->n && memcmp(svcr_nft_elem(s, i), key, vip) == 0 && !err; i++) {
		const uint8_t *data = svcr_nft_elem_data(s, svcr_nft_elem(s, i));

		err = add_installed_endpoint(l, s->family, data,
					     (uint16_t)(data[len] << 8 | data[len + 1]), outside);
	}
	return err;
}

static int endpoints_in_server(struct svcrules_installed *l, uint8_t family, const uint8_t *key)
{
	const struct svcr_ipvs_server like = svcr_ipvs_of_key(family, key),
				      *s = svcr_ipvs_find(l->ipvs, &like);
	int err = 0;

	for (size_t i = 0; s && i < s->nreals && !err; i++)
		if (s->reals[i].weight)
			err = add_installed_endpoint(l, family, s->reals[i].addr.bytes,
						     s->reals[i].port, false);
	return err;
}

static int installed_endpoint_cmp(const void *a, const void *b)
{
	const struct svcrules_installed_endpoint *x = a, *y = b;
	int d = strcmp(x->address, y->address);

	if (!d)
		d = (x->port > y->port) - (x->port < y->port);
	return d ? d : (int)x->outside - (int)y->outside;
}

/* ---- VIPs ------------------------------------------------------------------------------- */

static const char cluster_ip[] = "cluster IP";

/* Node ports are told from external IPs by set_node_ports(). */
static const char *vip_kind(const struct svcr_nft_table *t, const uint8_t *key)
{
	return svcr_nft_find(&t->sets[SET_CLUSTER_IPS], key) ? cluster_ip : "external IP";
}

static enum svcrules_verdict vip_verdict(struct svcr_nft_chain_id id)
{
	return id.kind == CHAIN_REJECT ? SVCRULES_REFUSES :
	       id.kind == VERDICT_DROP ? SVCRULES_DROPS :
					 SVCRULES_SERVED;
}

static int add_installed_vip(struct svcrules_installed *l, const struct svcr_nft_table *t,
			     const uint8_t *e)
{
	const struct svcr_nft_set *s = &t->sets[SET_SERVICES];
	size_t len = svcr_addr_len(t->family);
	struct installed_vip *slot = SVCR_GROW(&l->vips);
	int err;

	if (!slot)
		return -ENOMEM;
	slot->first = l->endpoints.n;
	slot->vip = (struct svcrules_installed_vip){
		.address = addr_bytes_text(l, t->family, e),
		.kind = vip_kind(t, e),
		.protocol = svcr_protocol_name(e[len]),
		.port = (uint16_t)(e[len + 4] << 8 | e[len + 5]),
		.ipv6 = t->family == SVCR_IPV6,
		.verdict = vip_verdict(svcr_nft_elem_verdict(s, e)),
		.local = svcr_nft_find(&t->sets[SET_LOCAL_POLICY], e) != NULL,
	};
	err = slot->vip.address ? vip_named(l, svcr_nft_comment(s, e), &slot->vip) : -ENOMEM;
	if (!err && l->ipvs)
		err = endpoints_in_server(l, t->family, e);
	if (!err && !l->ipvs)
		err = endpoints_in_set(l, &t->sets[SET_ENDPOINTS], e, false);
	if (!err && !l->ipvs)
		err = endpoints_in_set(l, &t->sets[SET_LOCAL_ENDPOINTS], e, true);
	slot->vip.nendpoints = l->endpoints.n - slot->first;
	if (slot->vip.nendpoints)
		qsort(l->endpoints.v + slot->first, slot->vip.nendpoints, sizeof(*l->endpoints.v),
		      installed_endpoint_cmp);
	return err;
}

static int installed_vip_cmp(const void *a, const void *b)
{
	const struct svcrules_installed_vip *x = &((const struct installed_vip *)a)->vip,
					    *y = &((const struct installed_vip *)b)->vip;
	int d = strcmp(x->ns, y->ns);

	d = d ? d : strcmp(x->name, y->name);
	d = d ? d : strcmp(x->port_name, y->port_name);
	d = d ? d : strcmp(x->kind, y->kind); /* cluster IPs come first */
	d = d ? d : (int)x->ipv6 - (int)y->ipv6;
	d = d ? d : strcmp(x->address, y->address);
	d = d ? d : strcmp(x->protocol, y->protocol);
	return d ? d : (x->port > y->port) - (x->port < y->port);
}

static bool same_service_port(const struct svcrules_installed_vip *v,
			      const struct svcrules_installed_vip *w)
{
	return strcmp(v->ns, w->ns) == 0 && strcmp(v->name, w->name) == 0 &&
	       strcmp(v->port_name, w->port_name) == 0;
}

/*
 * All addresses of a service have its port numbers but those of the node. Cluster IPs come first of
 * the VIPs of a port.
 */
static void set_node_ports(struct svcrules_installed *l)
{
	for (size_t i = 0, first = 0; i < l->vips.n; i++) {
		struct svcrules_installed_vip *v = &l->vips.v[i].vip;
		bool same = false;

		if (i && !same_service_port(&l->vips.v[i - 1].vip, v))
			first = i;
		for (size_t k = first; v->kind != cluster_ip && k < i && !same; k++) {
			const struct svcrules_installed_vip *w = &l->vips.v[k].vip;

			if (w->kind != cluster_ip)
				break;
			same = w->port == v->port && strcmp(w->protocol, v->protocol) == 0;
		}
		if (v->kind != cluster_ip && !same)
			v->kind = "node port";
	}
}

/* ---- Policies --------------------------------------------------------------------------- */

/* Isolated pods whose packets go to the chain. */
static size_t pods_of_class(const struct svcr_nft_table *t, struct svcr_nft_chain_id id)
{
	const struct svcr_nft_set *s =
		&t->sets[id.kind == CHAIN_IN ? SET_ISOLATED_IN : SET_ISOLATED_OUT];
	size_t n = 0;

	for (size_t i = 0; i < s->n; i++)
		n += svcr_nft_chain_cmp(svcr_nft_elem_verdict(s, svcr_nft_elem(s, i)), id) == 0;
	return n;
}

/* Adds a row for each of the names "production/go-api,production/default-deny". */
static int add_policies(struct svcrules_installed *l, const char *names, bool in, size_t pods)
{
	while (*names) {
		size_t len = strcspn(names, ","), ns = strcspn(names, "/,");
		struct svcrules_installed_policy *slot = SVCR_GROW(&l->policies);

		if (!slot)
			return -ENOMEM;
		*slot = (struct svcrules_installed_policy){
			.ns = ns < len ? svcr_arena_strndup(&l->arena, names, ns) : "",
			.name = ns < len ? svcr_arena_strndup(&l->arena, names + ns + 1,
							      len - ns - 1) :
					   svcr_arena_strndup(&l->arena, names, len),
			.ingress = in,
			.egress = !in,
			.pods = pods,
		};
		if (!slot->ns || !slot->name)
			return -ENOMEM;
		names += len;
		names += *names == ',';
	}
	return 0;
}

static int policies_of_table(struct svcrules_installed *l, const struct svcr_nft_table *t)
{
	int err = 0;

	for (size_t i = 0; i < t->nchains && !err; i++) {
		const struct svcr_nft_chain *c = &t->chains[i];
		const char *comment;

		if ((c->id.kind != CHAIN_IN && c->id.kind != CHAIN_OUT) || !c->nrules)
			continue;
		comment = svcr_nft_canon_comment(c->rules[c->nrules - 1].canon);
		if (comment)
			err = add_policies(l, comment, c->id.kind == CHAIN_IN,
					   pods_of_class(t, c->id));
	}
	return err;
}

static int installed_policy_cmp(const void *a, const void *b)
{
	const struct svcrules_installed_policy *x = a, *y = b;
	int d = strcmp(x->ns, y->ns);

	d = d ? d : strcmp(x->name, y->name);
	return d ? d : (int)y->ingress - (int)x->ingress;
}

/*
 * Makes one row of those with a name. Classes of one direction and family have no pod in common;
 * those of the other directions have the same pods, or fewer.
 */
static void unite_policies(struct svcrules_installed *l)
{
	size_t kept = 0, in = 0, out = 0;

	if (l->policies.n)
		qsort(l->policies.v, l->policies.n, sizeof(*l->policies.v), installed_policy_cmp);
	for (size_t i = 0; i < l->policies.n; i++) {
		struct svcrules_installed_policy row = l->policies.v[i],
						 *last = kept ? &l->policies.v[kept - 1] : NULL;

		if (!last || strcmp(last->ns, row.ns) != 0 || strcmp(last->name, row.name) != 0) {
			last = &l->policies.v[kept++];
			*last = row;
			in = out = 0;
		}
		in += row.ingress ? row.pods : 0;
		out += row.egress ? row.pods : 0;
		last->ingress = last->ingress || row.ingress;
		last->egress = last->egress || row.egress;
		last->pods = in > out ? in : out;
	}
	l->policies.n = kept;
}

/* ---- The whole ----------------------------------------------------------------------------- */

/* Policies of IPv6 count only if there are none of IPv4, as pods have an address of each. */
static int read_installed_policies(struct svcrules_installed *l)
{
	int err = 0;

	for (size_t i = 0; i < l->nft->ntables && !err && !l->policies.n; i++)
		if (l->nft->tables[i].present &&
		    strcmp(l->nft->tables[i].layout->serves, SVCR_POLICY_WORD) == 0)
			err = policies_of_table(l, &l->nft->tables[i]);
	unite_policies(l);
	return err;
}

static int read_installed_vips(struct svcrules_installed *l)
{
	int err = 0;

	for (size_t i = 0; i < l->nft->ntables; i++) {
		const struct svcr_nft_table *t = &l->nft->tables[i];

		if (!t->present || t->foreign || strcmp(t->layout->serves, SVCR_SERVICES_WORD) != 0)
			continue;
		for (size_t e = 0; e < t->sets[SET_SERVICES].n && !err; e++)
			err = add_installed_vip(l, t, svcr_nft_elem(&t->sets[SET_SERVICES], e));
	}
	for (int known = 0; known < 2 && l->vips.n && !err; known++) {
		qsort(l->vips.v, l->vips.n, sizeof(*l->vips.v), installed_vip_cmp);
		if (!known)
			set_node_ports(l);
	}
	return err;
}

int svcrules_installed_new(const struct svcrules_ruleset *rs, struct svcrules_installed **ret)
{
	const struct svcr_ipvs_parts parts = svcr_ipvs_parts(rs);
	struct svcrules_installed *l = calloc(1, sizeof(*l));
	int err = 0;

	if (!l)
		return -ENOMEM;
	l->nft = parts.nft;
	l->ipvs = parts.ipvs;
	if (l->nft)
		err = read_installed_vips(l);
	if (l->nft && !err)
		err = read_installed_policies(l);
	if (err)
		svcrules_installed_free(l);
	else
		*ret = l;
	return err;
}

void svcrules_installed_free(struct svcrules_installed *l)
{
	if (!l)
		return;
	svcr_arena_release(&l->arena);
	free(l->vips.v);
	free(l->endpoints.v);
	free(l->policies.v);
	free(l);
}

size_t svcrules_installed_vips(const struct svcrules_installed *l)
{
	return l->vips.n;
}

const struct svcrules_installed_vip *svcrules_installed_vip(const struct svcrules_installed *l,
							    size_t i)
{
	return i < l->vips.n ? &l->vips.v[i].vip : NULL;
}

const struct svcrules_installed_endpoint *svcrules_installed_endpoint(
	const struct svcrules_installed *l, size_t i, size_t k)
{
	if (i >= l->vips.n || k >= l->vips.v[i].vip.nendpoints)
		return NULL;
	return &l->endpoints.v[l->vips.v[i].first + k];
}

const struct svcrules_installed_policy *svcrules_installed_policy(
	const struct svcrules_installed *l, size_t i)
{
	return i < l->policies.n ? &l->policies.v[i] : NULL;
}
