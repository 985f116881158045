/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/iptables/build.h"
#include "fnv.h"
#include "reasons.h"
#include "rules/iptables/tree.h"

#include <errno.h>

/* A service port of one family, and the chains for its endpoints. */
struct port {
	const struct svcr_endpoint_choice *choice;
	const char *comment;
	uint32_t cluster, local; /* numbers of chains; SVCR_IPT_NONE: not made */
};

/* A list of source ranges, and the first chain of its tree. */
struct admitted {
	const struct svcr_sources *sources;
	uint32_t root; /* SVCR_IPT_NONE: not made */
};

struct builder {
	struct svcr_ipt *part;
	const struct svcr_view *view;
	const struct svcrules_options *o;
	struct svcr_ipt_family *f;           /* of the family that is built */
	SVCR_LIST(struct port) ports;        /* sorted by `choice` */
	SVCR_LIST(struct admitted) admitted; /* sorted by `sources` */
	struct svcr_reasons reasons;
};

static struct svcr_ipt_tree *ipt_tree_of(struct builder *b, uint32_t kind)
{
	return &b->f->trees.v[kind];
}

static int add_entry(struct svcr_ipt_tree *t, const struct svcr_ipt_entry *e)
{
	struct svcr_ipt_entry *slot = SVCR_GROW(t);

	if (!slot)
		return -ENOMEM;
	*slot = *e;
	return 0;
}

static int add_tree(struct builder *b, uint8_t kind, uint64_t seed)
{
	struct svcr_ipt_tree *t = SVCR_GROW(&b->f->trees);

	if (!t)
		return -ENOMEM;
	t->kind = kind;
	t->seed = seed;
	return 0;
}

/* An address with all its ports. */
static int add_whole(struct svcr_ipt_tree *t, const struct svcr_addr *a)
{
	return add_entry(t,
			 &(struct svcr_ipt_entry){ .addr = *a,
						   .bits = (uint8_t)(svcr_addr_len(a->family) * 8),
						   .to = SVCR_IPT_NONE });
}

/* ---- Prefixes ----------------------------------------------------------- */

static bool ends_before(const struct svcr_addr *last, const struct svcr_addr *a)
{
	return svcr_addr_cmp(last, a) < 0;
}

/* The last address of the prefix of `bits` that `a` begins; false if `a` is inside of it. */
static bool last_of(const struct svcr_addr *a, int bits, struct svcr_addr *ret)
{
	*ret = *a;
	for (int i = bits; i < svcr_addr_len(a->family) * 8; i++) {
		uint8_t bit = (uint8_t)(0x80 >> i % 8);

		if (a->bytes[i / 8] & bit)
			return false;
		ret->bytes[i / 8] |= bit;
	}
	return true;
}

/* Adds the fewest prefixes that are the range together. */
static int ipt_add_range(struct svcr_ipt_prefixes *l, const struct svcr_range *r)
{
	struct svcr_addr at = r->first, last, next;

	for (;;) {
		int bits = svcr_addr_len(at.family) * 8;
		struct svcr_cidr *c = SVCR_GROW(l);

		if (!c)
			return -ENOMEM;
		last = at;
		while (bits > 0 && last_of(&at, bits - 1, &next) && !ends_before(&r->last, &next)) {
			last = next;
			bits--;
		}
		*c = (struct svcr_cidr){ at, (uint8_t)bits };
		if (!ends_before(&last, &r->last))
			return 0;
		at = last;
		svcr_addr_next(&at);
	}
}

static int add_ipt_ranges(struct svcr_ipt_prefixes *l, const struct svcr_range *v, size_t n)
{
	int err = 0;

	for (size_t i = 0; i < n && !err; i++)
		err = ipt_add_range(l, &v[i]);
	return err;
}

/* ---- Service ports ------------------------------------------------------ */

static int ipt_port_cmp_sort(const void *a, const void *b)
{
	const struct port *x = a, *y = b;

	return (x->choice > y->choice) - (x->choice < y->choice);
}

static struct port *port_of(struct builder *b, const struct svcr_vip *v)
{
	const struct port key = { .choice = v->choice };

	return bsearch(&key, b->ports.v, b->ports.n, sizeof(key), ipt_port_cmp_sort);
}

/* The choice of a service port and family is the same for all its VIPs. */
static int ipt_list_ports(struct builder *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->view->nvips; i++) {
		struct port *p = SVCR_GROW(&b->ports);

		if (!p)
			return -ENOMEM;
		*p = (struct port){ b->view->vips[i].choice, NULL, SVCR_IPT_NONE, SVCR_IPT_NONE };
	}
	if (b->ports.n)
		qsort(b->ports.v, b->ports.n, sizeof(*b->ports.v), ipt_port_cmp_sort);
	for (size_t i = 0; i < b->ports.n; i++)
		if (!n || b->ports.v[n - 1].choice != b->ports.v[i].choice)
			b->ports.v[n++] = b->ports.v[i];
	b->ports.n = n;
	return 0;
}

/* "namespace/name:port"; readers let no other character pass, and xt_comment no longer text. */
static const char *ipt_comment(struct builder *b, const struct svcr_vip *v)
{
	const char *port = v->service_port->name;
	struct port *p = port_of(b, v);
	char *c;

	if (p->comment)
		return p->comment;
	c = svcr_arena_printf(&b->part->arena, "%.63s/%.63s%s%.63s", v->service->ns,
			      v->service->name, *port ? ":" : "", port);
	for (char *s = c; s && *s; s++)
		if (!strchr("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-/:",
			    *s))
			*s = '?';
	p->comment = c;
	return c;
}

/*
 * Adds an entry that refuses or drops. Its comment says of what kind the reason is and no more, so
 * that it stays the same while endpoints come and go that could not be used either.
 */
static int add_refusing(struct builder *b, uint32_t kind, const struct svcr_vip *v, bool local,
			struct svcr_ipt_entry e)
{
	struct svcr_reason why;
	int err = svcr_reason_port(&b->reasons, v->service, v->service_port, v->addr.family, local,
				   &why);

	if (!err && why.why != SVCR_WHY_NONE)
		e.comment = svcr_arena_printf(&b->part->arena, "%s, %s", e.comment,
					      svcr_why_words(why.why));
	if (!err && !e.comment)
		err = -ENOMEM;
	return err ? err : add_entry(ipt_tree_of(b, kind), &e);
}

static uint64_t ipt_port_number(const struct svcr_vip *v, char letter)
{
	const uint8_t key[4] = { (uint8_t)letter, v->protocol,
				 (uint8_t)(v->service_port->port >> 8),
				 (uint8_t)v->service_port->port };
	uint64_t h = svcr_fnv64(SVCR_FNV64_START, key, sizeof(key));

	h = svcr_fnv64_text(h, v->service->ns);
	h = svcr_fnv64_text(h, v->service->name);
	return svcr_fnv64_text(h, v->service_port->name);
}

/* Divides many endpoints among chains that follow chain number `main`. */
static int divide_list(struct builder *b, uint32_t main, uint32_t list, size_t n)
{
	struct svcr_ipt_chains *chains = &b->f->chains[IPT_NAT];
	uint64_t number = chains->v[main].number;
	size_t size = SVCR_IPT_ENDPOINTS, lo = 0;

	while (size * size < n)
		size++;
	for (uint32_t i = 1; lo < n; lo += size, i++) {
		struct svcr_ipt_chain *c;
		uint32_t made;

		c = svcr_ipt_add_chain(b->f, IPT_NAT, CHAIN_SOME_ENDPOINTS, &made);
		if (!c)
			return -ENOMEM;
		c->letter = 'P';
		c->number = svcr_fnv64(number, &(uint8_t[]){ (uint8_t)(i >> 8), (uint8_t)i }, 2);
		c->of = list;
		c->main = main;
		c->lo = (uint32_t)lo;
		c->hi = (uint32_t)(lo + size < n ? lo + size : n);
		chains->v[main].parts = i;
	}
	return 0;
}

/* The chain that chooses among these endpoints; made when it is wanted first. */
static int endpoints_chain(struct builder *b, const struct svcr_vip *v, bool local, uint32_t *ret)
{
	const struct svcr_endpoint_addrs *a = local ? &v->choice->local : &v->choice->cluster;
	struct port *p = port_of(b, v);
	uint32_t *slot = local ? &p->local : &p->cluster;
	struct svcr_ipt_chain *c;
	struct svcr_ipt_list *l;

	*ret = *slot;
	if (*ret != SVCR_IPT_NONE)
		return 0;
	l = SVCR_GROW(&b->f->lists);
	c = l ? svcr_ipt_add_chain(b->f, IPT_NAT, CHAIN_ENDPOINTS, slot) : NULL;
	if (!c)
		return -ENOMEM;
	*l = (struct svcr_ipt_list){ a->v, a->n, v->protocol, v->service->affinity, p->comment };
	c->letter = local ? 'L' : 'B';
	c->number = ipt_port_number(v, c->letter);
	c->of = (uint32_t)(b->f->lists.n - 1);
	*ret = *slot;
	return a->n > SVCR_IPT_ENDPOINTS ? divide_list(b, *slot, c->of, a->n) : 0;
}

/* ---- Addresses ---------------------------------------------------------- */

static int add_balanced(struct builder *b, uint8_t kind, const struct svcr_vip *v, bool local,
			struct svcr_ipt_entry *e)
{
	int err = endpoints_chain(b, v, local, &e->to);

	return err ? err : add_entry(ipt_tree_of(b, kind), e);
}

static int add_source_tree(struct builder *b, const struct svcr_sources *l)
{
	const uint8_t family = l->family;
	uint64_t seed = svcr_fnv64(SVCR_FNV64_START, &family, 1);
	struct svcr_ipt_prefixes prefixes = { NULL, .n = 0 };
	int err;

	seed = svcr_fnv64_text(svcr_fnv64_text(seed, l->service->ns), l->service->name);
	err = add_tree(b, TREE_ADMIT, seed);
	if (!err)
		err = add_ipt_ranges(&prefixes, l->v, l->n);
	for (size_t i = 0; i < prefixes.n && !err; i++)
		err = add_entry(ipt_tree_of(b, (uint32_t)b->f->trees.n - 1),
				&(struct svcr_ipt_entry){ .addr = prefixes.v[i].addr,
							  .bits = prefixes.v[i].prefix,
							  .to = SVCR_IPT_NONE });
	free(prefixes.v);
	return err;
}

static int admitted_cmp_sort(const void *a, const void *b)
{
	const struct admitted *x = a, *y = b;

	return (x->sources > y->sources) - (x->sources < y->sources);
}

static int list_sources(struct builder *b)
{
	size_t n = 0;

	for (size_t i = 0; i < b->view->nvips; i++) {
		struct admitted *l = b->view->vips[i].sources ? SVCR_GROW(&b->admitted) : NULL;

		if (l)
			*l = (struct admitted){ b->view->vips[i].sources, SVCR_IPT_NONE };
		else if (b->view->vips[i].sources)
			return -ENOMEM;
	}
	if (b->admitted.n)
		qsort(b->admitted.v, b->admitted.n, sizeof(*b->admitted.v), admitted_cmp_sort);
	for (size_t i = 0; i < b->admitted.n; i++)
		if (!n || b->admitted.v[n - 1].sources != b->admitted.v[i].sources)
			b->admitted.v[n++] = b->admitted.v[i];
	b->admitted.n = n;
	return 0;
}

/* The chain of a list of sources; made when it is wanted first. */
static int sources_chain(struct builder *b, const struct svcr_sources *l, uint32_t *ret)
{
	const struct admitted key = { .sources = l };
	struct admitted *a = bsearch(&key, b->admitted.v, b->admitted.n, sizeof(key),
				     admitted_cmp_sort);
	int err = 0;

	if (a->root == SVCR_IPT_NONE)
		err = add_source_tree(b, l);
	if (!err && a->root == SVCR_IPT_NONE)
		err = svcr_ipt_grow_tree(b->f, (uint32_t)(b->f->trees.n - 1), IPT_FIXED_COUNT,
					 &a->root);
	*ret = a->root;
	return err;
}

static int add_guarded(struct builder *b, const struct svcr_vip *v, struct svcr_ipt_entry e)
{
	int err = v->sources->n ? sources_chain(b, v->sources, &e.to) : 0;

	return err ? err : add_entry(ipt_tree_of(b, TREE_SOURCES), &e);
}

/* An address other than a cluster IP, under externalTrafficPolicy Local. */
static int add_local(struct builder *b, const struct svcr_vip *v, struct svcr_ipt_entry *e)
{
	int err = add_balanced(b, TREE_INSIDE, v, false, e);

	if (err)
		return err;
	if (v->choice->local.n)
		return add_balanced(b, TREE_OUTSIDE, v, true, e);
	e->to = SVCR_IPT_NONE;
	return add_refusing(b, TREE_NO_LOCAL_OUTSIDE, v, true, *e);
}

static int add_ipt_vip(struct builder *b, const struct svcr_vip *v)
{
	struct svcr_ipt_entry e = { .addr = v->addr,
				    .bits = (uint8_t)(svcr_addr_len(v->addr.family) * 8),
				    .protocol = v->protocol,
				    .port = v->port,
				    .to = SVCR_IPT_NONE,
				    .comment = ipt_comment(b, v) };
	int err = e.comment ? 0 : -ENOMEM;

	if (!err && v->sources)
		err = add_guarded(b, v, e);
	if (err)
		return err;
	if (!v->choice->cluster.n) /* other ports of cluster IPs are refused, too */
		return v->kind == SVCR_VIP_CLUSTER ?
			       0 :
			       add_refusing(b, TREE_NO_ENDPOINTS, v, false, e);
	if (v->kind != SVCR_VIP_CLUSTER)
		return v->local ? add_local(b, v, &e) :
				  add_balanced(b, TREE_EXTERNAL, v, false, &e);
	if (v->local && !v->choice->local.n)
		return add_refusing(b, TREE_NO_LOCAL, v, true, e);
	return add_balanced(b, TREE_CLUSTER_IPS, v, v->local, &e);
}

/* ---- A family ----------------------------------------------------------- */

static int add_family_addrs(struct builder *b, uint8_t kind, const struct svcr_addr *v, size_t n)
{
	int err = 0;

	for (size_t i = 0; i < n && !err; i++)
		if (v[i].family == b->f->family)
			err = add_whole(ipt_tree_of(b, kind), &v[i]);
	return err;
}

static int add_prefixes(struct builder *b)
{
	const struct svcr_view *w = b->view;
	uint8_t f = b->f->family;
	/* without prefixes of its own pods, those of all pods are as good as can be known */
	bool own = w->nown_pod_ranges[f] > 0;
	int err = add_ipt_ranges(&b->f->pods, w->pod_ranges[f], w->npod_ranges[f]);

	if (!err)
		err = add_ipt_ranges(&b->f->inside, own ? w->own_pod_ranges[f] : w->pod_ranges[f],
				     own ? w->nown_pod_ranges[f] : w->npod_ranges[f]);
	if (!err)
		err = add_ipt_ranges(&b->f->service_cidrs, w->service_ranges[f],
				     w->nservice_ranges[f]);
	for (size_t i = 0; i < w->nnode_ips && !err; i++) {
		struct svcr_addr *a = w->node_ips[i].family == f ? SVCR_GROW(&b->f->nodes) : NULL;

		if (a)
			*a = w->node_ips[i];
		else if (w->node_ips[i].family == f)
			err = -ENOMEM;
	}
	return err;
}

static int add_entries(struct builder *b)
{
	const struct svcr_view *w = b->view;
	bool endpoints;
	int err = 0;

	for (size_t i = 0; i < w->nvips && !err; i++)
		if (w->vips[i].addr.family == b->f->family)
			err = add_ipt_vip(b, &w->vips[i]);
	endpoints = b->f->lists.n > 0;
	if (!err && endpoints)
		err = add_family_addrs(b, TREE_HAIRPIN, w->hairpin, w->nhairpin);
	if (!err)
		err = add_family_addrs(b, TREE_UNDEFINED, w->cluster_ips, w->ncluster_ips);
	if (!err && b->f->service_cidrs.n)
		err = add_family_addrs(b, TREE_UNALLOCATED, w->unmanaged, w->nunmanaged);
	return err;
}

static int grow_trees(struct builder *b)
{
	static const enum svcr_ipt_fixed roots[TREE_FIXED] = {
		[TREE_CLUSTER_IPS] = IPT_CLUSTER_IPS,
		[TREE_EXTERNAL] = IPT_EXTERNAL,
		[TREE_INSIDE] = IPT_INSIDE,
		[TREE_OUTSIDE] = IPT_OUTSIDE,
		[TREE_HAIRPIN] = IPT_HAIRPIN,
		[TREE_SOURCES] = IPT_SOURCES,
		[TREE_NO_LOCAL] = IPT_NO_LOCAL,
		[TREE_NO_LOCAL_OUTSIDE] = IPT_NO_LOCAL_OUTSIDE,
		[TREE_NO_ENDPOINTS] = IPT_NO_ENDPOINTS,
		[TREE_UNDEFINED] = IPT_UNDEFINED,
		[TREE_UNALLOCATED] = IPT_UNALLOCATED,
	};
	int err = 0;

	for (uint32_t k = 0; k < TREE_FIXED && !err; k++)
		err = svcr_ipt_grow_tree(b->f, k, roots[k], NULL);
	return err;
}

/* Adds the chains that lead to the trees. */
static int add_ways(struct builder *b)
{
	struct svcr_ipt_family *f = b->f;
	const struct {
		enum svcr_ipt_fixed chain;
		bool wanted;
	} ways[] = {
		{ IPT_SERVICES, svcr_ipt_has(f, IPT_CLUSTER_IPS) || svcr_ipt_has(f, IPT_EXTERNAL) },
		{ IPT_NOT_FROM_PODS,
		  svcr_ipt_has(f, IPT_CLUSTER_IPS) && f->pods.n && !f->masquerade_all },
		{ IPT_FROM_NODE, svcr_ipt_has(f, IPT_INSIDE) },
		{ IPT_MASQUERADE, f->lists.n > 0 },
		{ IPT_GUARD, svcr_ipt_has(f, IPT_SOURCES) || svcr_ipt_has(f, IPT_NO_LOCAL) },
		{ IPT_GUARD_OUTSIDE, svcr_ipt_has(f, IPT_NO_LOCAL_OUTSIDE) },
		{ IPT_REFUSE, svcr_ipt_has(f, IPT_NO_ENDPOINTS) || svcr_ipt_has(f, IPT_UNDEFINED) ||
				      f->service_cidrs.n },
		{ IPT_REJECT, svcr_ipt_has(f, IPT_NO_ENDPOINTS) || svcr_ipt_has(f, IPT_UNDEFINED) },
	};
	int err = 0;

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]) && !err; i++)
		if (ways[i].wanted)
			err = svcr_ipt_add_fixed(f, ways[i].chain);
	f->rules = f->lists.n || svcr_ipt_has(f, IPT_REFUSE);
	return err;
}

static int build_family(struct builder *b)
{
	int err = 0;

	b->f->masquerade_all = b->o->masquerade_all;
	b->f->mark = b->o->mark;
	for (int i = 0; i < IPT_FIXED_COUNT; i++)
		b->f->fixed[i] = SVCR_IPT_NONE;
	for (enum svcr_ipt_fixed i = 0; i < IPT_FIXED_COUNT && !err; i++)
		if (svcr_ipt_fixed_chains[i].hook)
			err = svcr_ipt_add_fixed(b->f, i);
	for (uint8_t k = 0; k < TREE_FIXED && !err; k++)
		err = add_tree(b, k, SVCR_FNV64_START);
	if (!err)
		err = add_prefixes(b);
	if (!err)
		err = add_entries(b);
	if (!err)
		err = grow_trees(b);
	if (!err)
		err = add_ways(b);
	return err ? err : svcr_ipt_number(b->f);
}

int svcr_ipt_build(struct svcr_view *view, const struct svcrules_options *o, struct svcr_ipt *p)
{
	struct builder b = { .part = p, .view = view, .o = o };
	int err = ipt_list_ports(&b);

	svcr_reasons_init(&b.reasons, view->endpoints->model, o, view);
	b.reasons.pods = false; /* the kind of a reason does not depend on them */
	b.reasons.brief = true;
	if (!err)
		err = list_sources(&b);
	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT && !err; f++) {
		b.f = &p->families[f];
		err = build_family(&b);
	}
	free(b.ports.v);
	free(b.admitted.v);
	svcr_reasons_release(&b.reasons);
	p->endpoints = view->arena;
	view->arena = (struct svcr_arena)SVCR_ARENA_INIT;
	return err;
}
