/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/policy/build.h"
#include "diag.h"
#include "policy_advise.h"
#include "rules/policy/chains.h"
#include "rules/policy/budget.h"
#include "rules/policy/classes.h"
#include "hashing.h"
#include "rules/policy/shared.h"

#include <errno.h>

struct builder {
	const struct svcrules_options *o;
	struct svcrules_diags *d;
	struct svcr_nft *nft;
	struct svcr_nft_table *t; /* that is filled */
	struct svcr_bundles bundles;
	struct svcr_peers peers;
	struct svcr_classes classes;
	struct svcr_shared_addrs shared;
};

/* ---- Elements ----------------------------------------------------------- */

/* Adds an element with a number as data. */
static int add_numbered(struct svcr_nft_set *s, const uint8_t *key, uint32_t number)
{
	uint8_t *e = svcr_nft_add(s);

	if (!e)
		return -ENOMEM;
	memcpy(e, key, s->sort_len);
	svcr_nft_put_number(svcr_nft_elem_data(s, e), number);
	return 0;
}

static uint32_t use_bundle(const struct builder *b, struct svcr_bundle *bundle)
{
	bundle->used[b->t->family] = true;
	return bundle->number;
}

static bool class_allows(const struct builder *b, const struct svcr_pod_class *c)
{
	return c->number && !svcr_class_too_big(c, b->o);
}

/* An address of a pod that is isolated in the direction that is worked on. */
struct isolated_addr {
	const struct svcr_addr *addr;
	const struct svcr_isolated_pod *pod;
};

struct isolated_addrs {
	struct isolated_addr *v;
	size_t n, cap;
};

static int isolated_addr_cmp_sort(const void *a, const void *b)
{
	const struct isolated_addr *x = a, *y = b;
	int cmp = svcr_addr_cmp(x->addr, y->addr);

	return cmp ? cmp : svcr_pod_cmp(x->pod->pod, y->pod->pod);
}

static int list_isolated(const struct builder *b, enum svcr_direction d, struct isolated_addrs *l)
{
	for (size_t i = 0; i < b->classes.pods.n; i++) {
		const struct svcr_isolated_pod *p = &b->classes.pods.v[i];

		for (size_t k = 0; k < p->pod->ips.n && p->classes[d]; k++) {
			struct isolated_addr *slot;

			if (p->pod->ips.v[k].family != b->t->family ||
			    svcr_class_open(p->classes[d]))
				continue;
			slot = SVCR_GROW(l);
			if (!slot)
				return -ENOMEM;
			*slot = (struct isolated_addr){ &p->pod->ips.v[k], p };
		}
	}
	if (l->n)
		qsort(l->v, l->n, sizeof(*l->v), isolated_addr_cmp_sort);
	return 0;
}

static int add_isolated(struct builder *b, const struct isolated_addr *a, enum svcr_direction d)
{
	struct svcr_nft_set *s =
		&b->t->sets[d == SVCR_INGRESS ? SET_ISOLATED_IN : SET_ISOLATED_OUT];
	const struct svcr_pod *pod = a->pod->pod;
	struct svcr_pod_class *c = a->pod->classes[d];
	char *comment = svcr_arena_printf(&b->nft->arena, "%s/%s", pod->ns, pod->name);

	if (!comment)
		return -ENOMEM;
	svcr_nft_shorten(comment);
	c->used[b->t->family] = true;
	return svcr_nft_add_verdict(s, a->addr->bytes, svcr_policy_chain(c), comment);
}

/* Isolates addresses in one direction. Of several pods with one, the first by name counts. */
static int build_isolated_in(struct builder *b, enum svcr_direction d)
{
	struct isolated_addrs l = { NULL, .n = 0 };
	int err = list_isolated(b, d, &l);

	for (size_t i = 0; i < l.n && !err; i++)
		if (i == 0 || !svcr_addr_eq(l.v[i - 1].addr, l.v[i].addr))
			err = add_isolated(b, &l.v[i], d);
	free(l.v);
	return err;
}

/* A pod may reach itself, by way of its own service, in whichever directions it is isolated. */
static int add_self(struct builder *b)
{
	const struct svcr_nft_set *out = &b->t->sets[SET_ISOLATED_OUT];
	size_t len = svcr_addr_len(b->t->family);
	int err = 0;

	for (int id = SET_ISOLATED_OUT; id <= SET_ISOLATED_IN; id++)
		for (size_t i = 0; i < b->t->sets[id].n && !err; i++) {
			const uint8_t *addr = svcr_nft_elem(&b->t->sets[id], i);
			uint8_t key[32];

			if (id == SET_ISOLATED_IN && svcr_nft_find(out, addr))
				continue;
			memcpy(key, addr, len);
			memcpy(key + len, addr, len);
			err = svcr_nft_add_key(&b->t->sets[SET_SELF], key);
		}
	return err;
}

static int build_isolated(struct builder *b)
{
	int err = 0;

	for (int d = 0; d < SVCR_DIRECTION__COUNT && !err; d++)
		err = build_isolated_in(b, (enum svcr_direction)d);
	return err ? err : add_self(b);
}

/* True if a class that is used allows something to all pods, so that all of them are peers. */
static bool needs_all_pods(const struct builder *b)
{
	for (size_t i = 0; i < b->classes.list.n; i++) {
		const struct svcr_pod_class *c = b->classes.list.v[i];

		if (c->used[b->t->family] && c->everywhere && class_allows(b, c))
			return true;
	}
	return false;
}

static int build_peers(struct builder *b)
{
	bool all = needs_all_pods(b);
	int err = 0;

	for (size_t i = 0; i < b->peers.addrs.n && !err; i++) {
		const struct svcr_peer_address *a = &b->peers.addrs.v[i];

		if (a->addr.family == b->t->family && a->class->number &&
		    (all || a->class->needed[a->addr.family]))
			err = add_numbered(&b->t->sets[SET_PEERS], a->addr.bytes, a->class->number);
	}
	return err;
}

static int build_pairs(struct builder *b)
{
	int err = 0;

	for (size_t i = 0; i < b->classes.pairs.n && !err; i++) {
		const struct svcr_class_pair *p = &b->classes.pairs.v[i];
		uint8_t key[4];

		if (!p->class->used[b->t->family] || !p->peer->in[b->t->family] ||
		    !class_allows(b, p->class))
			continue;
		p->peer->needed[b->t->family] = true;
		svcr_nft_put_number(key, p->class->number << SVCR_PEER_BITS | p->peer->number);
		err = add_numbered(&b->t->sets[SET_PAIRS], key, use_bundle(b, p->bundle));
	}
	return err;
}

static int add_blocks(struct builder *b, const struct svcr_pod_class *c)
{
	const struct svcr_block_ranges *l = &c->ranges[b->t->family];
	struct svcr_nft_set *s = &b->t->sets[SET_BLOCKS];
	size_t len = svcr_addr_len(b->t->family);
	int err = 0;

	for (size_t i = 0; i < l->n && !err; i++) {
		uint8_t key[4 + 2 * 16];

		svcr_nft_put_number(key, c->number);
		memcpy(key + 4, l->v[i].range.first.bytes, len);
		memcpy(key + 4 + len, l->v[i].range.last.bytes, len);
		err = add_numbered(s, key, use_bundle(b, l->v[i].bundle));
	}
	return err;
}

static int build_classes(struct builder *b)
{
	int err = 0;

	for (size_t i = 0; i < b->classes.list.n && !err; i++) {
		const struct svcr_pod_class *c = b->classes.list.v[i];
		bool allows = class_allows(b, c);

		if (!c->used[b->t->family] || !c->number)
			continue;
		if (allows && c->any)
			use_bundle(b, c->any);
		if (allows && c->everywhere)
			use_bundle(b, c->everywhere);
		if (allows)
			err = add_blocks(b, c);
		if (!err)
			err = svcr_policy_make_class(b->nft, b->t, c, allows);
	}
	return err;
}

static int add_ports(struct builder *b, const struct svcr_bundle *bundle)
{
	int err = 0;

	for (uint32_t i = 0; i < bundle->n && !err; i++) {
		const struct svcr_span_of_ports *s = &bundle->v[i];
		bool whole = s->first == 0 && s->last == UINT16_MAX;
		uint8_t key[16] = { 0 };

		svcr_nft_put_number(key, bundle->number);
		key[4] = s->protocol;
		key[8] = (uint8_t)(s->first >> 8);
		key[9] = (uint8_t)s->first;
		key[12] = (uint8_t)(s->last >> 8);
		key[13] = (uint8_t)s->last;
		err = svcr_nft_add_key(&b->t->sets[whole               ? SET_PORT_PROTOCOLS :
						   s->first == s->last ? SET_PORTS :
									 SET_PORT_RANGES],
				       key);
	}
	return err;
}

static int build_ports(struct builder *b)
{
	int err = 0;

	for (size_t i = 0; i < b->bundles.all.n && !err; i++)
		if (b->bundles.all.v[i]->used[b->t->family])
			err = add_ports(b, b->bundles.all.v[i]);
	return err;
}

/* ---- The tables --------------------------------------------------------- */

static int build_table(struct builder *b)
{
	struct svcr_nft_table *t = b->t;
	int err = build_isolated(b);

	if (err || (!t->sets[SET_ISOLATED_OUT].n && !t->sets[SET_ISOLATED_IN].n))
		return err;
	t->present = true;
	for (size_t i = 0; i < SET_POLICY__COUNT; i++)
		t->sets[i].present = !t->sets[i].layout->numbered;
	err = build_pairs(b);
	if (!err)
		err = build_peers(b);
	if (!err)
		err = build_classes(b);
	if (!err)
		err = build_ports(b);
	if (!err)
		err = svcr_policy_make_chains(b->nft, t);
	for (size_t i = 0; i < SET_POLICY__COUNT; i++) {
		svcr_nft_sort(&t->sets[i]);
		svcr_nft_fit(NULL, &t->sets[i]);
	}
	return err;
}

/* Says that what the policies of a class allow is denied, and why. */
static void warn_class(const struct builder *b, const struct svcr_pod_class *c)
{
	const char *denied = c->direction == SVCR_INGRESS ? "all ingress" : "all egress";
	char object[256];
	const struct svcrules_diag g = { .severity = SVCRULES_WARNING,
					 .check = "policy-too-many-elements",
					 .source = c->policies[0]->source,
					 .object = object };

	snprintf(object, sizeof(object), "NetworkPolicy %s/%s", c->policies[0]->ns,
		 c->policies[0]->name);
	if (!c->number)
		svcr_diag(b->d, &g,
			  "there are more than %u different sets of policies that select pods of "
			  "this node: %s of the pods of this one is denied",
			  SVCR_CLASS_MAX, denied);
	else
		svcr_diag(
			b->d, &g,
			"with the other policies that select the same pods (%zu), or with all that "
			"select pods of its namespace, it needs more elements than --max-elements "
			"%zu allows: %s of these pods is denied",
			c->npolicies - 1, b->o->max_elements, denied);
}

/* Says that several pods have one address, with an example. */
static void warn_shared(const struct builder *b)
{
	const struct svcr_shared_addrs *s = &b->shared;
	char addr[SVCR_ADDR_TEXT], object[600], more[64] = "";

	if (!s->second)
		return;
	snprintf(object, sizeof(object), "Pod %s/%s", s->second->ns, s->second->name);
	if (s->addrs.n > 1)
		snprintf(more, sizeof(more), "; so do %zu more", s->addrs.n - 1);
	svcr_diag(b->d,
		  &(struct svcrules_diag){ .severity = SVCRULES_WARNING,
					   .check = "pod-address",
					   .source = s->second->source,
					   .object = object,
					   .field = "status.podIPs" },
		  "Pod %s/%s has the address %s, too: it matches no selector of a peer, and is "
		  "isolated if one of its pods is%s",
		  s->first->ns, s->first->name, svcr_addr_text(&s->addrs.v[0], addr), more);
}

/* Says that --family leaves pods open that policies isolate. */
static void warn_families(const struct builder *b)
{
	static const char *const names[] = { [SVCR_IPV4] = "IPv4", [SVCR_IPV6] = "IPv6" };

	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT; f++) {
		size_t n = 0;

		for (size_t i = 0; i < b->classes.pods.n && !b->o->families[f]; i++) {
			const struct svcr_addrs *ips = &b->classes.pods.v[i].pod->ips;
			bool has = false;

			for (size_t k = 0; k < ips->n; k++)
				has = has || ips->v[k].family == f;
			n += has;
		}
		if (n)
			svcr_diag(b->d,
				  &(struct svcrules_diag){ .severity = SVCRULES_WARNING,
							   .check = "policy-family" },
				  "%zu pod%s that network policies isolate %s an %s address, which "
				  "--family leaves open",
				  n, n == 1 ? "" : "s", n == 1 ? "has" : "have", names[f]);
	}
}

/* Counts what the classes of each namespace take, now that all of it is known. */
static int check_budget(struct builder *b)
{
	struct svcr_budget budget = { .namespaces = { .used = 0 } };
	int err = 0;

	for (size_t i = 0; i < b->classes.list.n && !err; i++)
		err = svcr_budget_charge(&budget, b->o, b->classes.list.v[i]);
	svcr_budget_release(&budget);
	return err;
}

static int policy_work(struct builder *b, const struct svcrules_model *m)
{
	int err = svcr_shared_find(&b->shared, m, b->o);

	b->peers.shared = &b->shared.addrs;
	if (!err)
		err = svcr_classes_find(&b->classes, m, b->o, &b->bundles, &b->peers);
	if (!err)
		err = svcr_peers_find(&b->peers, m, b->o);
	if (!err)
		err = svcr_classes_pair(&b->classes, b->o, &b->bundles, &b->peers);
	if (!err)
		err = check_budget(b);
	svcr_bundles_number(&b->bundles);
	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT && !err; f++) {
		b->t = svcr_nft_serving(b->nft, SVCR_POLICY_WORD, f);
		if (b->o->families[f])
			err = build_table(b);
	}
	for (size_t i = 0; i < b->classes.list.n && !err; i++)
		if (!class_allows(b, b->classes.list.v[i]))
			warn_class(b, b->classes.list.v[i]);
	if (!err) {
		warn_shared(b);
		warn_families(b);
	}
	return err;
}

static int add_tables(struct svcr_nft *n, const struct svcrules_options *o)
{
	char name[SVCR_NFT_NAME_MAX];

	snprintf(name, sizeof(name), "%s%s", o->table, SVCRULES_POLICY_SUFFIX);
	return svcr_nft_add_tables(n, &svcr_policy_layout, name);
}

/* Counts the isolated pods of this node, and the policies that select any pod of it. */
static int policy_count(const struct builder *b, struct svcrules_stats *stats)
{
	SVCR_LIST(const struct svcr_network_policy *) all = { NULL, .n = 0 };
	int err = 0;

	for (size_t i = 0; i < b->classes.list.n && !err; i++)
		for (size_t k = 0; k < b->classes.list.v[i]->npolicies && !err; k++) {
			const struct svcr_network_policy **slot = SVCR_GROW(&all);

			err = slot ? 0 : -ENOMEM;
			if (slot)
				*slot = b->classes.list.v[i]->policies[k];
		}
	if (all.n)
		qsort(all.v, all.n, sizeof(*all.v), svcr_pointer_cmp_sort);
	for (size_t i = 0; i < all.n; i++)
		stats->policies += i == 0 || all.v[i] != all.v[i - 1];
	stats->isolated_pods = b->classes.pods.n;
	free(all.v);
	return err;
}

int svcr_policy_build(const struct svcrules_model *m, const struct svcrules_options *o,
		      struct svcrules_diags *d, struct svcr_nft *n, struct svcrules_stats *stats)
{
	struct builder b = { .o = o, .d = d, .nft = n };
	int err = add_tables(n, o);

	if (!err)
		err = svcr_policy_advise(m, o, d);
	if (err || !o->network_policy)
		return err;
	err = policy_work(&b, m);
	if (!err)
		err = policy_count(&b, stats);
	svcr_classes_release(&b.classes);
	svcr_peers_release(&b.peers);
	svcr_bundles_release(&b.bundles);
	svcr_shared_release(&b.shared);
	return err;
}
