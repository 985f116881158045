/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nftables/build.h"
#include "count.h"
#include "reasons.h"
#include "rules/nftables/chains.h"

#include <errno.h>

const struct svcr_kind *const svcr_services_kinds[] = {
	&svcr_kind_service,   &svcr_kind_endpoint_slice, &svcr_kind_endpoint_slice_v1beta1,
	&svcr_kind_endpoints, &svcr_kind_node,           NULL
};

struct builder {
	struct svcr_nft *nft;
	struct svcr_nft_table *tables; /* of `nft`, by family */
	const struct svcr_view *view;
	const struct svcrules_options *o;
	const struct svcr_services_delegate *delegate; /* NULL: none */
	struct svcr_services_features features[SVCR_FAMILY__COUNT];
	struct svcr_reasons reasons;
};

static struct svcr_nft_set *set_of(struct builder *b, uint8_t family, enum svcr_services_set id)
{
	return &b->tables[family].sets[id];
}

/* "namespace/name:port"; "namespace/name" when the port has no name. */
static const char *vip_comment(struct builder *b, const struct svcr_vip *v)
{
	const char *port = v->service_port->name;
	char *c = svcr_arena_printf(&b->nft->arena, "%s/%s%s%s", v->service->ns, v->service->name,
				    *port ? ":" : "", port);

	if (c)
		svcr_nft_shorten(c);
	return c;
}

/*
 * The comment of a VIP that refuses or drops: "namespace/name:port, no endpoint is ready". It says
 * of what kind the reason is and no more, so that it stays the same while endpoints come and go
 * that could not be used either. A name that leaves no room for it stands alone.
 */
static int refusing_comment(struct builder *b, const struct svcr_vip *v, bool local,
			    const char **comment)
{
	struct svcr_reason why;
	const char *words, *c;
	int err = svcr_reason_port(&b->reasons, v->service, v->service_port, v->addr.family, local,
				   &why);

	if (err)
		return err;
	words = svcr_why_words(why.why);
	if (!*words || strlen(*comment) + 2 + strlen(words) > SVCR_NFT_COMMENT_MAX)
		return 0;
	c = svcr_arena_printf(&b->nft->arena, "%s, %s", *comment, words);
	if (!c)
		return -ENOMEM;
	*comment = c;
	return 0;
}

static int add_targets(struct svcr_nft_set *s, const uint8_t *key, size_t key_len,
		       const struct svcr_endpoint_addrs *t)
{
	for (size_t i = 0; i < t->n; i++) {
		uint8_t *e = svcr_nft_add(s);
		const uint8_t index[4] = { (uint8_t)(i >> 24), (uint8_t)(i >> 16),
					   (uint8_t)(i >> 8), (uint8_t)i };

		if (!e)
			return -ENOMEM;
		memcpy(e, key, key_len);
		memcpy(e + key_len, index, sizeof(index));
		svcr_endpoint_data(svcr_nft_elem_data(s, e), &t->v[i].addr, t->v[i].port);
	}
	return 0;
}

/* True if packets from all sources are masqueraded; chains.c has rules for single sources. */
static bool is_masqueraded(const struct builder *b, const struct svcr_vip *v)
{
	return v->kind == SVCR_VIP_CLUSTER ? b->o->masquerade_all : !v->local;
}

/*
 * True if the delegate chooses the endpoint of packets from all sources or, with `local`, from
 * outside.
 */
static bool is_delegated(const struct builder *b, const struct svcr_vip *v, bool local)
{
	return b->delegate && (local || !svcr_services_splits(v)) &&
	       !svcr_addrs_have(b->delegate->elsewhere, &v->addr);
}

static int delegate_chain(struct builder *b, const struct svcr_vip *v,
			  struct svcr_nft_chain_id *ret)
{
	*ret = (struct svcr_nft_chain_id){ is_masqueraded(b, v) ? CHAIN_MASQUERADED_DELEGATE :
								  CHAIN_DELEGATE,
					   0 };
	return svcr_nft_chain(&b->tables[v->addr.family], *ret) ? 0 : -ENOMEM;
}

/* Chooses the verdict of a VIP with `count` endpoints, and makes the chains for it. */
static int choose_chain(struct builder *b, const struct svcr_vip *v, bool local, size_t count,
			struct svcr_nft_chain_id *ret)
{
	struct svcr_nft_table *t = &b->tables[v->addr.family];

	if (count == 0) {
		/*
		 * no endpoint anywhere: refused at once; only on other nodes: dropped, so that
		 * clients try those
		 */
		*ret = (struct svcr_nft_chain_id){ v->choice->cluster.n ? VERDICT_DROP :
									  CHAIN_REJECT,
						   0 };
		return 0;
	}
	if (is_delegated(b, v, local))
		return delegate_chain(b, v, ret);
	*ret = (struct svcr_nft_chain_id){ local ? CHAIN_BALANCE_LOCAL : CHAIN_BALANCE,
					   (uint32_t)count };
	if (!svcr_nft_chain(t, *ret))
		return -ENOMEM;
	if (v->service->affinity) {
		ret->kind += CHAIN_STICKY - CHAIN_BALANCE;
		if (!svcr_nft_chain(t, *ret))
			return -ENOMEM;
	}
	/* the local endpoints are for policies that keep the client's address */
	if (is_masqueraded(b, v) && !local) {
		ret->kind = ret->kind == CHAIN_STICKY ? CHAIN_MASQUERADED_STICKY :
							CHAIN_MASQUERADED_BALANCE;
		if (!svcr_nft_chain(t, *ret))
			return -ENOMEM;
	}
	return 0;
}

static int add_affinity(struct builder *b, const struct svcr_vip *v, const uint8_t *key)
{
	struct svcr_nft_chain_id id = { CHAIN_REMEMBER, v->service->affinity };

	b->features[v->addr.family].protocols[v->protocol] = true;
	set_of(b, v->addr.family, SET_AFFINITY)->present = true;
	if (!svcr_nft_chain(&b->tables[v->addr.family], id))
		return -ENOMEM;
	return svcr_nft_add_verdict(set_of(b, v->addr.family, SET_STICKY), key, id, NULL);
}

/* Adds the sources of a VIP as elements of its own. */
static int add_allowed(struct builder *b, const struct svcr_vip *v, const uint8_t *key, size_t len)
{
	struct svcr_nft_set *s = set_of(b, v->addr.family, SET_ALLOWED_SOURCES);
	size_t alen = svcr_addr_len(v->addr.family);

	for (size_t i = 0; i < v->sources->n; i++) {
		uint8_t *e = svcr_nft_add(s);

		if (!e)
			return -ENOMEM;
		memcpy(e, key, len);
		memcpy(e + len, v->sources->v[i].first.bytes, alen);
		memcpy(e + len + alen, v->sources->v[i].last.bytes, alen);
	}
	return 0;
}

/* add_sources() makes the chains and sets of numbered lists. */
static int add_firewall(struct builder *b, const struct svcr_vip *v, const uint8_t *key, size_t len)
{
	const struct svcr_sources *l = v->sources;
	struct svcr_nft_chain_id id = { CHAIN_SOURCES, l->number };
	int err = 0;

	if (!l->n) {
		id = (struct svcr_nft_chain_id){ VERDICT_DROP, 0 };
	} else if (l->listed) {
		id = (struct svcr_nft_chain_id){ CHAIN_ALLOWED_SOURCES, 0 };
		err = svcr_nft_chain(&b->tables[v->addr.family], id) ? 0 : -ENOMEM;
		if (!err)
			err = add_allowed(b, v, key, len);
	}
	return err ? err :
		     svcr_nft_add_verdict(set_of(b, v->addr.family, SET_FIREWALLED), key, id, NULL);
}

/* Makes the chain and the set of a numbered list of sources. */
static int add_sources(struct builder *b, const struct svcr_sources *l)
{
	struct svcr_nft_set *s = set_of(b, l->family, SET_SOURCES);
	size_t alen = svcr_addr_len(l->family);

	if (!svcr_nft_chain(&b->tables[l->family],
			    (struct svcr_nft_chain_id){ CHAIN_SOURCES, l->number }))
		return -ENOMEM;
	for (size_t i = 0; i < l->n; i++) {
		uint8_t *e = svcr_nft_add(s);

		if (!e)
			return -ENOMEM;
		svcr_nft_put_number(e, l->number);
		memcpy(e + s->number_len, l->v[i].first.bytes, alen);
		memcpy(e + s->number_len + alen, l->v[i].last.bytes, alen);
	}
	return 0;
}

static int add_external(struct builder *b, const struct svcr_vip *v, const uint8_t *key, size_t len,
			const char *comment)
{
	struct svcr_nft_chain_id chain;
	int err = choose_chain(b, v, true, v->choice->local.n, &chain);

	if (!err && !v->choice->local.n)
		err = refusing_comment(b, v, true, &comment);
	if (!err)
		err = svcr_nft_add_verdict(set_of(b, v->addr.family, SET_SERVICES_EXTERNAL), key,
					   chain, comment);
	if (!err && !is_delegated(b, v, true))
		err = add_targets(set_of(b, v->addr.family, SET_LOCAL_ENDPOINTS), key, len,
				  &v->choice->local);
	return err;
}

static int add_vip(struct builder *b, const struct svcr_vip *v)
{
	/*
	 * internalTrafficPolicy Local holds for every source, so the map has only the local
	 * endpoints
	 */
	bool only_local = v->kind == SVCR_VIP_CLUSTER && v->local;
	const struct svcr_endpoint_addrs *targets = only_local ? &v->choice->local :
								 &v->choice->cluster;
	uint8_t key[SVCR_VIP_MAX];
	size_t len = svcr_vip_key(key, &v->addr, v->protocol, v->port);
	const char *name = vip_comment(b, v), *comment = name;
	struct svcr_nft_chain_id chain;
	int err = comment ? choose_chain(b, v, false, targets->n, &chain) : -ENOMEM;

	if (!err && !targets->n)
		err = refusing_comment(b, v, only_local, &comment);
	if (!err)
		err = svcr_nft_add_verdict(set_of(b, v->addr.family, SET_SERVICES), key, chain,
					   comment);
	if (!err && !is_delegated(b, v, false))
		err = add_targets(set_of(b, v->addr.family, SET_ENDPOINTS), key, len, targets);
	if (!err && v->local && !only_local)
		err = add_external(b, v, key, len, name);
	if (!err && v->sources)
		err = add_firewall(b, v, key, len);
	if (!err && v->service->affinity && v->choice->cluster.n && !is_delegated(b, v, false))
		err = add_affinity(b, v, key);
	if (!err && v->local && v->kind != SVCR_VIP_CLUSTER)
		err = svcr_nft_add_key(set_of(b, v->addr.family, SET_LOCAL_POLICY), key);
	return err;
}

static int add_addrs(struct builder *b, enum svcr_services_set id, const struct svcr_addr *v,
		     size_t n)
{
	for (size_t i = 0; i < n; i++) {
		uint8_t key[32];
		size_t len = svcr_addr_len(v[i].family);
		int err;

		memcpy(key, v[i].bytes, len);
		/* for SET_HAIRPIN: the source and the endpoint */
		memcpy(key + len, v[i].bytes, len);
		err = svcr_nft_add_key(set_of(b, v[i].family, id), key);
		if (err)
			return err;
	}
	return 0;
}

/*
 * Fills SET_HAIRPIN. With a delegate, a translated packet cannot be told from other packets, so
 * the node's own addresses, which may connect to themselves without a service, are left out.
 */
static int add_hairpin(struct builder *b)
{
	const struct svcr_view *w = b->view;
	int err = 0;

	if (!b->delegate)
		return add_addrs(b, SET_HAIRPIN, w->hairpin, w->nhairpin);
	for (size_t i = 0; i < w->nhairpin && !err; i++)
		if (!svcr_view_own(w, b->o, &w->hairpin[i]))
			err = add_addrs(b, SET_HAIRPIN, &w->hairpin[i], 1);
	return err;
}

/*
 * Fills SET_BOUND_IPS with all cluster IPs and all bound addresses. Both lists are sorted, and
 * so is the result.
 */
static int add_bound(struct builder *b)
{
	const struct svcr_addrs *bound = b->delegate ? b->delegate->bound : NULL;
	const struct svcr_view *w = b->view;
	size_t i = 0, k = 0;
	int err = 0;

	while (bound && !err && (i < w->ncluster_ips || k < bound->n)) {
		int cmp = i == w->ncluster_ips ? 1 :
			  k == bound->n        ? -1 :
						 svcr_addr_cmp(&w->cluster_ips[i], &bound->v[k]);

		err = add_addrs(b, SET_BOUND_IPS, cmp <= 0 ? &w->cluster_ips[i] : &bound->v[k], 1);
		i += cmp <= 0;
		k += cmp >= 0;
	}
	return err;
}

static int add_ranges(struct builder *b, enum svcr_services_set id,
		      struct svcr_range *const *ranges, const size_t *n)
{
	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT; f++)
		for (size_t i = 0; i < n[f]; i++) {
			uint8_t key[32];
			size_t len = svcr_addr_len(f);
			int err;

			memcpy(key, ranges[f][i].first.bytes, len);
			memcpy(key + len, ranges[f][i].last.bytes, len);
			err = svcr_nft_add_key(set_of(b, f, id), key);
			if (err)
				return err;
		}
	return 0;
}

/*
 * Fills SET_OWN_POD_CIDRS where this node's pods are known from those of other nodes; where they
 * are all pods, or unknown, SET_POD_CIDRS takes its place.
 */
static int add_own_pods(struct builder *b)
{
	const struct svcr_view *w = b->view;
	struct svcr_range *own[SVCR_FAMILY__COUNT];
	size_t n[SVCR_FAMILY__COUNT];

	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT; f++) {
		bool all = w->nown_pod_ranges[f] == w->npod_ranges[f];

		for (size_t i = 0; all && i < w->npod_ranges[f]; i++)
			all = svcr_addr_eq(&w->own_pod_ranges[f][i].first,
					   &w->pod_ranges[f][i].first) &&
			      svcr_addr_eq(&w->own_pod_ranges[f][i].last,
					   &w->pod_ranges[f][i].last);
		own[f] = w->own_pod_ranges[f];
		n[f] = all ? 0 : w->nown_pod_ranges[f];
	}
	return add_ranges(b, SET_OWN_POD_CIDRS, own, n);
}

static int add_protocols(struct svcr_nft_set *s)
{
	static const uint8_t protocols[] = { SVCR_TCP, SVCR_UDP, SVCR_SCTP };
	int err = 0;

	for (size_t i = 0; i < sizeof(protocols) && !err; i++)
		err = svcr_nft_add_key(s, &protocols[i]);
	return err;
}

static int build_sets(struct builder *b)
{
	const struct svcr_view *w = b->view;
	int err = 0;

	for (size_t i = 0; i < w->nvips && !err; i++)
		err = add_vip(b, &w->vips[i]);
	for (size_t i = 0; i < w->nsources && !err; i++)
		err = add_sources(b, w->sources[i]);
	if (!err)
		err = add_addrs(b, SET_CLUSTER_IPS, w->cluster_ips, w->ncluster_ips);
	if (!err)
		err = add_bound(b);
	if (!err)
		err = add_hairpin(b);
	if (!err)
		err = add_addrs(b, SET_NODE_IPS, w->node_ips, w->nnode_ips);
	if (!err)
		err = add_addrs(b, SET_UNMANAGED_IPS, w->unmanaged, w->nunmanaged);
	if (!err)
		err = add_ranges(b, SET_POD_CIDRS, w->pod_ranges, w->npod_ranges);
	if (!err)
		err = add_own_pods(b);
	if (!err)
		err = add_ranges(b, SET_SERVICE_CIDRS, w->service_ranges, w->nservice_ranges);
	return err;
}

/* Drops sets that no rule looks up. A table without VIPs and service CIDRs is not present. */
static void prune(struct svcr_nft_table *t, bool delegate)
{
	struct svcr_nft_set *s = t->sets;

	t->present = s[SET_SERVICES].present || s[SET_SERVICE_CIDRS].present;
	if (!s[SET_SERVICE_CIDRS].present)
		svcr_nft_set_drop(&s[SET_UNMANAGED_IPS]);
	if (!s[SET_SERVICES_EXTERNAL].present) {
		svcr_nft_set_drop(&s[SET_NODE_IPS]);
		svcr_nft_set_drop(&s[SET_OWN_POD_CIDRS]);
	}
	if (!s[SET_CLUSTER_IPS].present &&
	    (!s[SET_SERVICES_EXTERNAL].present || s[SET_OWN_POD_CIDRS].present))
		svcr_nft_set_drop(&s[SET_POD_CIDRS]);
	if (!s[SET_ENDPOINTS].present && !s[SET_LOCAL_ENDPOINTS].present && !delegate)
		svcr_nft_set_drop(&s[SET_HAIRPIN]);
}

static int finish_table(struct builder *b, uint8_t family)
{
	struct svcr_nft_table *t = &b->tables[family];
	int err;

	if (b->delegate)
		t->sets[SET_DRAINING].present = true;
	prune(t, b->delegate);
	if (!t->present) {
		for (int i = 0; i < SET__COUNT; i++)
			svcr_nft_set_drop(&t->sets[i]);
		return 0;
	}
	b->features[family].mark = b->o->mark;
	b->features[family].masquerade_all = b->o->masquerade_all;
	b->features[family].delegate = b->delegate;
	err = add_protocols(&t->sets[SET_PROTOCOLS]);
	for (int i = 0; i < SET__COUNT; i++) {
		svcr_nft_sort(&t->sets[i]);
		svcr_nft_fit(NULL, &t->sets[i]);
	}
	return err ? err : svcr_services_make_rules(b->nft, t, &b->features[family]);
}

int svcr_services_build(const struct svcr_view *view, const struct svcrules_options *o,
			const struct svcr_services_delegate *delegate, struct svcr_nft *n)
{
	struct builder b = { .view = view, .o = o, .delegate = delegate, .nft = n };
	int err;

	svcr_reasons_init(&b.reasons, view->endpoints->model, o, view);
	b.reasons.pods = false; /* the kind of a reason does not depend on them */
	b.reasons.brief = true;
	b.tables = svcr_services_table(n, SVCR_IPV4); /* IPv6 follows */
	err = build_sets(&b);
	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT && !err; f++)
		err = finish_table(&b, f);
	svcr_reasons_release(&b.reasons);
	return err;
}

int svcr_services_count(const struct svcr_view *view, const struct svcrules_model *m,
			struct svcrules_stats *stats)
{
	struct svcr_model_counts c;
	int err = svcr_count_services(m, view, &c);

	if (err)
		return err;
	stats->services = c.served;
	stats->ports = view->nports;
	stats->endpoints = view->nendpoints;
	stats->headless = c.headless;
	stats->external_names = c.external_names;
	stats->pending = c.pending;
	stats->others = c.not_ours;
	stats->nowhere = c.other;
	stats->pod_cidrs_known = view->npod_ranges[SVCR_IPV4] || view->npod_ranges[SVCR_IPV6];
	return 0;
}
