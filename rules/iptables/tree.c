/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/iptables/tree.h"
#include "fnv.h"

#include <errno.h>

static const struct {
	uint8_t table;
	char letter;
} kinds[TREE_KINDS] = {
	[TREE_CLUSTER_IPS] = { IPT_NAT, 'C' },     [TREE_EXTERNAL] = { IPT_NAT, 'X' },
	[TREE_INSIDE] = { IPT_NAT, 'I' },          [TREE_OUTSIDE] = { IPT_NAT, 'O' },
	[TREE_HAIRPIN] = { IPT_NAT, 'H' },         [TREE_SOURCES] = { IPT_MANGLE, 'R' },
	[TREE_NO_LOCAL] = { IPT_MANGLE, 'N' },     [TREE_NO_LOCAL_OUTSIDE] = { IPT_MANGLE, 'O' },
	[TREE_NO_ENDPOINTS] = { IPT_FILTER, 'E' }, [TREE_UNDEFINED] = { IPT_FILTER, 'U' },
	[TREE_UNALLOCATED] = { IPT_FILTER, 'A' },  [TREE_ADMIT] = { IPT_MANGLE, 'S' },
};

uint8_t svcr_ipt_tree_table(uint8_t kind)
{
	return kinds[kind].table;
}

int svcr_ipt_entry_cmp(const struct svcr_ipt_entry *a, const struct svcr_ipt_entry *b)
{
	int d = svcr_addr_cmp(&a->addr, &b->addr);

	if (d)
		return d;
	if (a->protocol != b->protocol)
		return a->protocol < b->protocol ? -1 : 1;
	return (a->port > b->port) - (a->port < b->port);
}

static int ipt_entry_cmp_sort(const void *a, const void *b)
{
	return svcr_ipt_entry_cmp(a, b);
}

/* ---- What keys have in common ------------------------------------------- */

/* The number of first bits in which two addresses agree, at most `max`. */
static uint8_t same_bits(const struct svcr_addr *a, const struct svcr_addr *b, uint8_t max)
{
	uint8_t n = 0;

	while (n < max && a->bytes[n / 8] == b->bytes[n / 8])
		n = (uint8_t)(n + 8);
	if (n < max)
		n = (uint8_t)(n + __builtin_clz((unsigned)(a->bytes[n / 8] ^ b->bytes[n / 8])) -
			      24);
	return n < max ? n : max;
}

static void clear_bits(struct svcr_addr *a, uint8_t from)
{
	size_t len = svcr_addr_len(a->family);

	for (size_t i = from / 8u; i < len; i++)
		a->bytes[i] &= i == from / 8u ? (uint8_t) ~(0xff >> from % 8) : 0;
}

struct svcr_ipt_common svcr_ipt_common(const struct svcr_ipt_tree *t, uint32_t lo, uint32_t hi)
{
	const struct svcr_ipt_entry *a = &t->v[lo], *b = &t->v[hi - 1];
	struct svcr_ipt_common c = { .addr = a->addr, .bits = a->bits };
	uint16_t differ;

	if (lo + 1 < hi)
		c.bits = same_bits(&a->addr, &b->addr, a->bits < b->bits ? a->bits : b->bits);
	if (c.bits < svcr_addr_len(a->addr.family) * 8) {
		clear_bits(&c.addr, c.bits);
		return c;
	}
	if (a->protocol != b->protocol || !a->protocol)
		return c;
	c.protocol = a->protocol;
	differ = a->port ^ b->port;
	c.first = c.last = a->port;
	if (differ) {
		uint16_t mask = (uint16_t)(0xffffu >> (__builtin_clz(differ) - 16));

		c.first = (uint16_t)(a->port & ~mask);
		c.last = (uint16_t)(a->port | mask);
	}
	return c;
}

static bool addr_bit(const struct svcr_addr *a, uint8_t bit)
{
	return a->bytes[bit / 8] >> (7 - bit % 8) & 1;
}

/* True if the entry belongs to the second part of a group with `c` in common. */
static bool is_second(const struct svcr_ipt_entry *e, const struct svcr_ipt_common *c,
		      uint8_t first_protocol)
{
	if (c->bits < svcr_addr_len(c->addr.family) * 8)
		return addr_bit(&e->addr, c->bits);
	if (!c->protocol)
		return e->protocol != first_protocol;
	return e->port > (c->first + c->last) / 2;
}

/* Where a group of at least two is divided: at the first bit that differs, or at a protocol. */
static uint32_t middle(const struct svcr_ipt_tree *t, uint32_t lo, uint32_t hi)
{
	struct svcr_ipt_common c = svcr_ipt_common(t, lo, hi);
	uint8_t protocol = t->v[lo].protocol;

	while (hi - lo > 1) {
		uint32_t at = lo + (hi - lo) / 2;

		if (is_second(&t->v[at], &c, protocol))
			hi = at;
		else
			lo = at;
	}
	return hi;
}

/* ---- Chains ------------------------------------------------------------- */

struct division {
	uint32_t at[SVCR_IPT_FAN + 1]; /* where groups begin, and where the last ends */
	size_t n;
};

/* Divides the largest group again and again, until there are enough or all are small. */
static struct division divide(const struct svcr_ipt_tree *t, uint32_t lo, uint32_t hi)
{
	struct division d = { .at = { lo, hi }, .n = 1 };

	while (d.n < SVCR_IPT_FAN) {
		size_t big = 0;

		for (size_t i = 1; i < d.n; i++)
			if (d.at[i + 1] - d.at[i] > d.at[big + 1] - d.at[big])
				big = i;
		if (d.at[big + 1] - d.at[big] <= (d.n > 1 ? SVCR_IPT_FEW : 1))
			break;
		memmove(&d.at[big + 2], &d.at[big + 1], (d.n - big) * sizeof(d.at[0]));
		d.at[big + 1] = middle(t, d.at[big], d.at[big + 2]);
		d.n++;
	}
	return d;
}

/*
 * A group of three protocols, of which two are in one part, has no match of its own: its entries'
 * chain is reached by the address.
 */
static uint64_t ipt_node_number(const struct svcr_ipt_tree *t, uint32_t lo, uint32_t hi)
{
	struct svcr_ipt_common c = svcr_ipt_common(t, lo, hi);
	uint8_t key[25] = { c.bits, c.protocol, (uint8_t)(c.first >> 8), (uint8_t)c.first,
			    (uint8_t)(c.last >> 8), (uint8_t)c.last,
			    /* tells the part of an address from the whole */
			    c.bits < svcr_addr_len(c.addr.family) * 8 ? 0 : t->v[lo].protocol };

	memcpy(key + 7, c.addr.bytes, 16);
	key[23] = (uint8_t)kinds[t->kind].letter;
	key[24] = t->kind;
	return svcr_fnv64(t->seed, key, sizeof(key));
}

static int make_node(struct svcr_ipt_family *f, uint32_t tree, uint32_t chain, int level)
{
	struct svcr_ipt_tree *t = &f->trees.v[tree];
	struct svcr_ipt_chains *chains = &f->chains[kinds[t->kind].table];
	uint32_t lo = chains->v[chain].lo, hi = chains->v[chain].hi;
	uint32_t first = (uint32_t)f->groups.n;
	struct division d;

	if (hi - lo <= SVCR_IPT_FEW || level == SVCR_IPT_LEVELS)
		return 0;
	d = divide(t, lo, hi);
	chains->v[chain].first_group = first;
	chains->v[chain].ngroups = (uint32_t)d.n;
	for (size_t i = 0; i < d.n; i++) {
		struct svcr_ipt_group *g = SVCR_GROW(&f->groups);

		if (!g)
			return -ENOMEM;
		*g = (struct svcr_ipt_group){ d.at[i], d.at[i + 1], SVCR_IPT_NONE };
	}
	for (size_t i = 0; i < d.n; i++) {
		struct svcr_ipt_chain *c;
		uint32_t made;
		int err;

		if (d.at[i + 1] - d.at[i] == 1)
			continue;
		c = svcr_ipt_add_chain(f, kinds[t->kind].table, CHAIN_TREE, &made);
		if (!c)
			return -ENOMEM;
		c->letter = kinds[t->kind].letter;
		c->of = tree;
		c->lo = d.at[i];
		c->hi = d.at[i + 1];
		c->number = ipt_node_number(t, c->lo, c->hi);
		f->groups.v[first + i].chain = made;
		err = make_node(f, tree, made, level + 1);
		if (err)
			return err;
	}
	return 0;
}

int svcr_ipt_grow_tree(struct svcr_ipt_family *f, uint32_t tree, enum svcr_ipt_fixed root,
		       uint32_t *ret)
{
	struct svcr_ipt_tree *t = &f->trees.v[tree];
	struct svcr_ipt_chain *c;
	uint32_t made;

	if (!t->n)
		return 0;
	qsort(t->v, t->n, sizeof(*t->v), ipt_entry_cmp_sort);
	c = svcr_ipt_add_chain(f, kinds[t->kind].table, CHAIN_TREE, &made);
	if (!c)
		return -ENOMEM;
	c->of = tree;
	c->hi = (uint32_t)t->n;
	if (root == IPT_FIXED_COUNT) {
		c->letter = kinds[t->kind].letter;
		c->number = t->seed;
		*ret = made;
	} else {
		c->named = (uint8_t)root;
		f->fixed[root] = made;
	}
	return make_node(f, tree, made, 1);
}
