/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/policy/build.h"
#include "diag.h"
#include "policy_advise.h"
#include "rules/policy/chains.h"
#include "rules/policy/classes.h"

#include <errno.h>

struct builder {
	const struct svcrules_options *o;
	struct svcrules_diags *d;
	struct svcr_nft *nft;
	struct svcr_nft_table *t; /* that is filled */
	struct svcr_bundles bundles;
	struct svcr_peers peers;
	struct svcr_classes classes;
};

/* ---- Elements ----------------------------------------------------------- */

static void put_u32(uint8_t *p, uint32_t n)
{
	for (int i = 0; i < 4; i++)
		p[i] = (uint8_t)(n >> (24 - 8 * i));
}

/* Adds an element with a number as data. */
static int add_numbered(struct svcr_nft_set *s, const uint8_t *key, uint32_t number)
{
	uint8_t *e = svcr_nft_add(s);

	if (!e)
		return -ENOMEM;
	memcpy(e, key, s->sort_len);
	put_u32(svcr_nft_elem_data(s, e), number);
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

/* Isolates the addresses of a pod in one direction. */
static int add_isolated(struct builder *b, const struct svcr_isolated_pod *p, enum svcr_direction d)
{
	struct svcr_nft_set *s =
		&b->t->sets[d == SVCR_INGRESS ? SET_ISOLATED_IN : SET_ISOLATED_OUT];
	struct svcr_pod_class *c = p->classes[d];
	char *comment;
	int err = 0;

	if (!c || svcr_class_open(c))
		return 0;
	comment = svcr_arena_printf(&b->nft->arena, "%s/%s", p->pod->ns, p->pod->name);
	if (!comment)
		return -ENOMEM;
	svcr_nft_shorten(comment);
	for (size_t i = 0; i < p->pod->ips.n && !err; i++) {
		const struct svcr_addr *a = &p->pod->ips.v[i];

		if (a->family != b->t->family)
			continue;
		c->used[a->family] = true;
		err = svcr_nft_add_verdict(s, a->bytes, svcr_policy_chain(c), comment);
	}
	return err;
}

/* Of several pods with one address, the first by name keeps it. */
static void keep_first(struct svcr_nft_set *s)
{
	size_t kept = 0;

	for (size_t i = 0; i < s->n; i++)
		if (!kept || memcmp(svcr_nft_elem(s, kept - 1), svcr_nft_elem(s, i), s->key_len))
			memmove(svcr_nft_elem(s, kept++), svcr_nft_elem(s, i), s->stride);
	s->n = kept;
}

/* A pod may reach itself, by way of its own service. */
static int add_self(struct builder *b)
{
	struct svcr_nft_set *self = &b->t->sets[SET_SELF];
	size_t len = svcr_addr_len(b->t->family);
	int err = 0;

	for (int id = SET_ISOLATED_OUT; id <= SET_ISOLATED_IN; id++)
		for (size_t i = 0; i < b->t->sets[id].n && !err; i++) {
			uint8_t key[32];

			memcpy(key, svcr_nft_elem(&b->t->sets[id], i), len);
			memcpy(key + len, key, len);
			err = svcr_nft_add_key(self, key);
		}
	svcr_nft_sort(self);
	keep_first(self);
	return err;
}

static int build_isolated(struct builder *b)
{
	int err = 0;

	for (size_t i = 0; i < b->classes.pods.n && !err; i++)
		for (int d = 0; d < SVCR_DIRECTION__COUNT && !err; d++)
			err = add_isolated(b, &b->classes.pods.v[i], (enum svcr_direction)d);
	for (int id = SET_ISOLATED_OUT; id <= SET_ISOLATED_IN && !err; id++) {
		svcr_nft_sort(&b->t->sets[id]);
		keep_first(&b->t->sets[id]);
	}
	return err ? err : add_self(b);
}

static int build_peers(struct builder *b)
{
	int err = 0;

	for (size_t i = 0; i < b->peers.addrs.n && !err; i++) {
		const struct svcr_peer_address *a = &b->peers.addrs.v[i];

		if (a->addr.family == b->t->family && a->class->number)
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
		put_u32(key, p->class->number << SVCR_PEER_BITS | p->peer->number);
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

		if (!c->used[b->t->family])
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

		put_u32(key, bundle->number);
		key[4] = s->protocol;
		key[8] = (uint8_t)(s->first >> 8);
		key[9] = (uint8_t)s->first;
		key[12] = (uint8_t)(s->last >> 8);
		key[13] = (uint8_t)s->last;
		if (whole)
			key[8] = key[9] = 0;
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
	err = build_peers(b);
	if (!err)
		err = build_pairs(b);
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

static void warn_class(const struct builder *b, const struct svcr_pod_class *c)
{
	char object[256];

	snprintf(object, sizeof(object), "NetworkPolicy %s/%s", c->policies[0]->ns,
		 c->policies[0]->name);
	svcr_diag(b->d,
		  &(struct svcrules_diag){ .severity = SVCRULES_WARNING,
					   .check = "policy-too-many-elements",
					   .source = c->policies[0]->source,
					   .object = object },
		  "with the other policies that select the same pods (%zu) it needs more elements "
		  "than --max-elements %zu: %s of these pods is denied",
		  c->npolicies - 1, b->o->max_elements,
		  c->direction == SVCR_INGRESS ? "all ingress" : "all egress");
}

/* Says how many addresses several pods have, with an example. */
static void warn_shared(const struct builder *b)
{
	const struct svcr_peers *p = &b->peers;
	char addr[SVCR_ADDR_TEXT], object[600];

	if (!p->shared)
		return;
	snprintf(object, sizeof(object), "Pod %s/%s", p->example.second->ns,
		 p->example.second->name);
	svcr_diag(
		b->d,
		&(struct svcrules_diag){ .severity = SVCRULES_WARNING,
					 .check = "pod-address",
					 .source = p->example.second->source,
					 .object = object,
					 .field = "status.podIPs" },
		"Pod %s/%s has the address %s, too, and as the first by name it counts for network "
		"policies%s",
		p->example.first->ns, p->example.first->name,
		svcr_addr_text(&p->example.addr, addr),
		p->shared > 1 ? "; other pods share addresses in the same way" : "");
}

static int policy_work(struct builder *b, const struct svcrules_model *m)
{
	int err = svcr_classes_find(&b->classes, m, b->o, &b->bundles, &b->peers);

	if (!err)
		err = svcr_peers_find(&b->peers, m, b->o);
	if (!err)
		err = svcr_classes_pair(&b->classes, b->o, &b->bundles, &b->peers);
	if (!err)
		err = svcr_bundles_number(&b->bundles);
	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT && !err; f++) {
		b->t = svcr_nft_serving(b->nft, SVCR_POLICY_WORD, f);
		if (b->o->families[f])
			err = build_table(b);
	}
	for (size_t i = 0; i < b->classes.list.n && !err; i++)
		if (!class_allows(b, b->classes.list.v[i]))
			warn_class(b, b->classes.list.v[i]);
	if (!err)
		warn_shared(b);
	return err;
}

static int add_tables(struct svcr_nft *n, const struct svcrules_options *o)
{
	char name[SVCR_NFT_NAME_MAX];

	snprintf(name, sizeof(name), "%s%s", o->table, SVCRULES_POLICY_SUFFIX);
	return svcr_nft_add_tables(n, &svcr_policy_layout, name);
}

static int policy_pointer_cmp_sort(const void *a, const void *b)
{
	uintptr_t p = (uintptr_t) * (void *const *)a, q = (uintptr_t) * (void *const *)b;

	return (p > q) - (p < q);
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
		qsort(all.v, all.n, sizeof(*all.v), policy_pointer_cmp_sort);
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
	return err;
}
