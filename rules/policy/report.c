/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/policy/report.h"
#include "protocol.h"
#include "rules/nft/canon.h"
#include "rules/nft/text.h"
#include "rules/policy/layout.h"

#include <errno.h>
#include <stdlib.h>

#define PORTS_SHOWN 4

/* What a line is about; lines are sorted by it within a class. */
enum line_kind { LINE_ISOLATED, LINE_ANYWHERE, LINE_ALL_PODS, LINE_PODS, LINE_BLOCKS };

/* The key of a line; numbers are in network order. */
enum {
	KEY_FAMILY,
	KEY_CHAIN,
	KEY_CLASS,
	KEY_KIND = KEY_CLASS + 4,
	KEY_BUNDLE,
	KEY_END = KEY_BUNDLE + 4
};

/* A record of the map pairs or peers, to be found by its peer class. */
struct by_peer {
	uint32_t peer;
	const uint8_t *elem;
};

struct index {
	struct by_peer *v; /* sorted by peer class; malloc'ed */
	size_t n;
};

/* A table before or after the changes. */
struct side {
	const struct svcr_nft_table *t;
	struct index pairs, peers;
};

struct policy_report {
	struct svcr_report *r;
	struct side from, to;
	int err;
};

/* ---- Sides -------------------------------------------------------------- */

static int by_peer_cmp_sort(const void *a, const void *b)
{
	const struct by_peer *x = a, *y = b;

	return (x->peer > y->peer) - (x->peer < y->peer);
}

static int index_make(struct index *x, const struct svcr_nft_set *s)
{
	bool pairs = s->layout->key[0] == F_PRIORITY;

	x->v = calloc(s->n + 1, sizeof(*x->v));
	if (!x->v)
		return -ENOMEM;
	for (x->n = 0; x->n < s->n; x->n++) {
		const uint8_t *e = svcr_nft_elem(s, x->n);

		x->v[x->n].elem = e;
		x->v[x->n].peer = pairs ? svcr_nft_get_number(e) & SVCR_PEER_MAX :
					  svcr_nft_get_number(svcr_nft_elem_data(s, e));
	}
	qsort(x->v, x->n, sizeof(*x->v), by_peer_cmp_sort);
	return 0;
}

/* The index of the first record of a peer class. */
static size_t index_find(const struct index *x, uint32_t peer)
{
	size_t low = 0, high = x->n;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (x->v[mid].peer < peer)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static size_t index_count(const struct index *x, uint32_t peer)
{
	return index_find(x, peer + 1) - index_find(x, peer);
}

static int side_make(struct side *s, const struct svcr_nft_table *t)
{
	int err = index_make(&s->pairs, &t->sets[SET_PAIRS]);

	s->t = t;
	return err ? err : index_make(&s->peers, &t->sets[SET_PEERS]);
}

static void side_release(struct side *s)
{
	free(s->pairs.v);
	free(s->peers.v);
	*s = (struct side){ .t = NULL };
}

/* The chain of the class with that number, of either direction, or NULL. */
static const struct svcr_nft_chain *class_chain(const struct side *s, uint32_t number)
{
	struct svcr_nft_chain_id id = { CHAIN_IN, number };
	const struct svcr_nft_chain *c = svcr_nft_find_chain(s->t, id);

	id.kind = CHAIN_OUT;
	return c ? c : svcr_nft_find_chain(s->t, id);
}

/* ---- Lines -------------------------------------------------------------- */

static void add_line(struct policy_report *p, struct svcr_nft_chain_id chain, enum line_kind kind,
		     uint32_t bundle)
{
	uint8_t key[KEY_END] = { [KEY_FAMILY] = p->to.t->family,
				 [KEY_CHAIN] = (uint8_t)chain.kind,
				 [KEY_KIND] = (uint8_t)kind };

	svcr_nft_put_number(key + KEY_CLASS, chain.n);
	svcr_nft_put_number(key + KEY_BUNDLE, bundle);
	if (svcr_report_add(p->r, key, sizeof(key)))
		p->err = -ENOMEM;
}

static bool is_class(struct svcr_nft_chain_id id)
{
	return id.kind == CHAIN_IN || id.kind == CHAIN_OUT;
}

/*
 * True if a rule allows a bundle to all addresses or to all pods (see chains.c): then the kind of
 * its line, and the bundle.
 */
static bool rule_allows(const struct svcr_nft_rule *r, enum line_kind *ret_kind,
			uint32_t *ret_bundle)
{
	const char *number = strstr(r->canon, "immediate(");

	if (!number)
		return false;
	*ret_kind = strstr(r->canon, "map(peers:") ? LINE_ALL_PODS : LINE_ANYWHERE;
	*ret_bundle = (uint32_t)strtoul(number + strlen("immediate("), NULL, 16);
	svcr_nft_swap_number((uint8_t *)ret_bundle);
	return true;
}

/* The lines of what a chain allows to all addresses or to all pods. */
static void rule_lines(struct policy_report *p, const struct svcr_nft_chain *c)
{
	enum line_kind kind;
	uint32_t bundle;

	for (size_t i = 0; i < c->nrules; i++)
		if (rule_allows(&c->rules[i], &kind, &bundle))
			add_line(p, c->id, kind, bundle);
}

static void chain_lines(struct policy_report *p, struct svcr_nft_chain_id id)
{
	const struct svcr_nft_chain *from = svcr_nft_find_chain(p->from.t, id);
	const struct svcr_nft_chain *to = svcr_nft_find_chain(p->to.t, id);

	if (from)
		rule_lines(p, from);
	if (to)
		rule_lines(p, to);
}

/* The lines of the classes that allow something to the peer class of an address. */
static void peer_lines(struct policy_report *p, const struct side *s, uint32_t peer)
{
	const struct index *x = &s->pairs;

	for (size_t i = index_find(x, peer); i < x->n && x->v[i].peer == peer; i++) {
		const struct svcr_nft_chain *c = class_chain(s, svcr_nft_get_number(x->v[i].elem) >>
									SVCR_PEER_BITS);

		if (c)
			add_line(p, c->id, LINE_PODS,
				 svcr_nft_get_number(
					 svcr_nft_elem_data(&s->t->sets[SET_PAIRS], x->v[i].elem)));
	}
}

static void elem_lines(struct policy_report *p, const struct side *s, size_t set, const uint8_t *e)
{
	const uint8_t *data = svcr_nft_elem_data(&s->t->sets[set], e);
	const struct svcr_nft_chain *c;

	switch (set) {
	case SET_ISOLATED_IN:
	case SET_ISOLATED_OUT:
		add_line(p, svcr_nft_elem_verdict(&s->t->sets[set], e), LINE_ISOLATED, 0);
		break;
	case SET_PEERS: peer_lines(p, s, svcr_nft_get_number(data)); break;
	case SET_PAIRS:
	case SET_BLOCKS:
		c = class_chain(s, set == SET_PAIRS ? svcr_nft_get_number(e) >> SVCR_PEER_BITS :
						      svcr_nft_get_number(e));
		if (c)
			add_line(p, c->id, set == SET_PAIRS ? LINE_PODS : LINE_BLOCKS,
				 svcr_nft_get_number(data));
		break;
	default: break;
	}
}

static void all_lines(struct policy_report *p, const struct side *s)
{
	for (size_t i = 0; i < s->t->nchains; i++)
		if (is_class(s->t->chains[i].id))
			rule_lines(p, &s->t->chains[i]);
	for (size_t set = 0; set <= SET_BLOCKS; set++)
		for (size_t i = 0; set != SET_PEERS && i < s->t->sets[set].n; i++)
			elem_lines(p, s, set, svcr_nft_elem(&s->t->sets[set], i));
}

static void change_lines(struct policy_report *p, const struct svcr_nft_changes *c,
			 const struct svcr_nft_change *ch)
{
	const struct side *s = svcr_nft_change_removes(ch) ? &p->from : &p->to;

	const struct svcr_nft_set *blocks = &p->from.t->sets[SET_BLOCKS];

	if (is_class(ch->chain))
		chain_lines(p, ch->chain);
	/* the kernel removes the elements of a set with it */
	for (size_t i = 0; i < blocks->n && ch->op == CHANGE_DEL_SET && ch->set == SET_BLOCKS; i++)
		if (svcr_nft_elem_number(blocks, svcr_nft_elem(blocks, i)) == ch->number)
			elem_lines(p, &p->from, SET_BLOCKS, svcr_nft_elem(blocks, i));
	for (size_t i = 0; i < ch->count && ch->set != SVCR_NFT_NO_SET && !p->err; i++)
		elem_lines(p, s, ch->set, c->elems[ch->first + i]);
}

/* ---- What a line says --------------------------------------------------- */

/* An element of a line: an address, or a range of them. */
static void add_address(struct svcr_texts *t, const struct svcr_nft_set *s, const uint8_t *e,
			const char *name)
{
	char buf[SVCR_NFT_ELEM_TEXT];

	svcr_nft_key_text(s, e, buf);
	if (name)
		svcr_texts_add(t, "%s (%s)", name, buf);
	else
		svcr_texts_add(t, "%s", buf);
}

/* Counts the addresses that a line is about on one side and, with `texts`, adds them. */
static size_t side_count(const struct side *s, const uint8_t *key, struct svcr_texts *texts)
{
	uint32_t class = svcr_nft_get_number(key + KEY_CLASS),
		 bundle = svcr_nft_get_number(key + KEY_BUNDLE);
	bool in = key[KEY_CHAIN] == CHAIN_IN;
	size_t id = key[KEY_KIND] == LINE_ISOLATED ? (in ? SET_ISOLATED_IN : SET_ISOLATED_OUT) :
		    key[KEY_KIND] == LINE_PODS     ? SET_PAIRS :
						     SET_BLOCKS;
	const struct svcr_nft_set *set = &s->t->sets[id], *peers = &s->t->sets[SET_PEERS];
	size_t count = 0;

	for (size_t i = 0; i < set->n; i++) {
		const uint8_t *e = svcr_nft_elem(set, i), *data = svcr_nft_elem_data(set, e);
		uint32_t peer = svcr_nft_get_number(e) & SVCR_PEER_MAX;

		if (key[KEY_KIND] == LINE_ISOLATED ?
			    svcr_nft_elem_verdict(set, e).n != class :
			    svcr_nft_get_number(data) != bundle ||
				    (id == SET_PAIRS ? svcr_nft_get_number(e) >> SVCR_PEER_BITS :
						       svcr_nft_get_number(e)) != class)
			continue;
		count += id == SET_PAIRS ? index_count(&s->peers, peer) : 1;
		if (texts && id != SET_PAIRS)
			add_address(texts, set, e, svcr_nft_comment(set, e));
		for (size_t k = index_find(&s->peers, peer);
		     texts && id == SET_PAIRS && k < s->peers.n && s->peers.v[k].peer == peer; k++)
			add_address(texts, peers, s->peers.v[k].elem, NULL);
	}
	return count;
}

/* True if a rule of the class's chain allows the bundle to all addresses or to all pods. */
static bool side_has_rule(const struct side *s, const uint8_t *key)
{
	const struct svcr_nft_chain_id id = { key[KEY_CHAIN],
					      svcr_nft_get_number(key + KEY_CLASS) };
	const struct svcr_nft_chain *c = svcr_nft_find_chain(s->t, id);
	enum line_kind kind;
	uint32_t bundle;

	for (size_t i = 0; c && i < c->nrules; i++)
		if (rule_allows(&c->rules[i], &kind, &bundle) && kind == key[KEY_KIND] &&
		    bundle == svcr_nft_get_number(key + KEY_BUNDLE))
			return true;
	return false;
}

/* "8080/tcp, 9000-9010/udp", of a bundle, into buf. */
static void ports_text(const struct svcr_nft_table *t, const uint8_t *bundle, char *buf,
		       size_t size)
{
	static const uint8_t sets[] = { SET_PORTS, SET_PORT_RANGES, SET_PORT_PROTOCOLS };
	size_t len = 0, shown = 0;

	snprintf(buf, size, "%s",
		 svcr_nft_get_number(bundle) == SVCR_BUNDLE_ALL ? "all ports" : "");
	for (size_t k = 0; k < sizeof(sets); k++) {
		const struct svcr_nft_set *s = &t->sets[sets[k]];

		for (size_t i = svcr_nft_lower(s, bundle, 4);
		     i < s->n && memcmp(svcr_nft_elem(s, i), bundle, 4) == 0; i++) {
			const uint8_t *e = svcr_nft_elem(s, i);
			const char *protocol = svcr_protocol_name(e[4]);

			if (len >= size || ++shown > PORTS_SHOWN)
				continue;
			len += (size_t)snprintf(buf + len, size - len, "%s", len ? ", " : "");
			if (sets[k] == SET_PORT_RANGES && len < size)
				len += (size_t)snprintf(buf + len, size - len, "%u-%u/%s",
							e[8] << 8 | e[9], e[12] << 8 | e[13],
							protocol);
			else if (sets[k] == SET_PORTS && len < size)
				len += (size_t)snprintf(buf + len, size - len, "%u/%s",
							e[8] << 8 | e[9], protocol);
			else if (len < size)
				len += (size_t)snprintf(buf + len, size - len, "%s", protocol);
		}
	}
	if (shown > PORTS_SHOWN && len < size)
		snprintf(buf + len, size - len, " and %zu more", shown - PORTS_SHOWN);
}

static char *line_place(const struct policy_report *p, const uint8_t *key, size_t count)
{
	const struct side *s = class_chain(&p->to, svcr_nft_get_number(key + KEY_CLASS)) ? &p->to :
											   &p->from;
	bool in = key[KEY_CHAIN] == CHAIN_IN;
	const char *direction = in ? "ingress" : "egress", *from = in ? "from" : "to";
	const char *plural = count == 1 ? "" : "s", *text;
	const char *family = s->t->family == SVCR_IPV6 ? " (IPv6)" : "";
	char ports[256], *place;
	int n = -1;

	ports_text(s->t, key + KEY_BUNDLE, ports, sizeof(ports));
	if (!*ports) /* the bundle is gone from that side */
		ports_text(p->from.t, key + KEY_BUNDLE, ports, sizeof(ports));
	text = in ? "to" : "at";
	switch (key[KEY_KIND]) {
	case LINE_ISOLATED:
		n = asprintf(&place, "isolates the %s of %zu pod%s%s", direction, count, plural,
			     family);
		break;
	case LINE_ANYWHERE:
		n = asprintf(&place, "%s %s all addresses %s %s%s", direction, from, text, ports,
			     family);
		break;
	case LINE_ALL_PODS:
		n = asprintf(&place, "%s %s all pods %s %s%s", direction, from, text, ports,
			     family);
		break;
	case LINE_PODS:
		n = asprintf(&place, "%s %s %zu pod%s %s %s%s", direction, from, count, plural,
			     text, ports, family);
		break;
	case LINE_BLOCKS:
		n = asprintf(&place, "%s %s %zu range%s of addresses %s %s%s", direction, from,
			     count, plural, text, ports, family);
		break;
	}
	return n < 0 ? NULL : place;
}

static const char *line_name(const struct policy_report *p, const uint8_t *key)
{
	const struct svcr_nft_chain *c = class_chain(&p->to, svcr_nft_get_number(key + KEY_CLASS));

	if (!c)
		c = class_chain(&p->from, svcr_nft_get_number(key + KEY_CLASS));
	return c && c->nrules ? svcr_nft_canon_comment(c->rules[c->nrules - 1].canon) : NULL;
}

/* Fills in a line. Addresses are listed only if the line is about a change of them. */
static void fill_line(struct policy_report *p, struct svcr_report_line *l)
{
	bool rule = l->key[KEY_KIND] == LINE_ANYWHERE || l->key[KEY_KIND] == LINE_ALL_PODS;
	size_t before = rule ? side_has_rule(&p->from, l->key) : side_count(&p->from, l->key, NULL);
	size_t after = rule ? side_has_rule(&p->to, l->key) : side_count(&p->to, l->key, NULL);

	l->in_from = before > 0;
	l->in_to = after > 0;
	l->name = line_name(p, l->key);
	l->place = line_place(p, l->key, after ? after : before);
	if (!rule && before && after) {
		side_count(&p->from, l->key, &l->removed);
		side_count(&p->to, l->key, &l->added);
		svcr_report_cancel(l);
	}
	if (!l->place || l->added.err || l->removed.err)
		p->err = -ENOMEM;
}

/* Fills in the lines from `first` on, and drops those that say nothing: only numbers changed. */
static void fill_lines(struct policy_report *p, size_t first)
{
	struct svcr_report *r = p->r;
	size_t kept = first;

	for (size_t i = first; i < r->n && !p->err; i++) {
		struct svcr_report_line *l = &r->v[i];

		fill_line(p, l);
		if (l->in_from != l->in_to || l->added.n || l->removed.n) {
			struct svcr_report_line moved = *l;

			*l = (struct svcr_report_line){ .name = NULL };
			r->v[kept++] = moved;
			continue;
		}
		svcr_texts_release(&l->added);
		svcr_texts_release(&l->removed);
		free(l->place);
		*l = (struct svcr_report_line){ .name = NULL };
	}
	if (!p->err)
		r->n = kept;
}

static int report_pair(struct svcr_report *r, const struct svcr_nft_changes *c,
		       const struct svcr_nft_pair *pair)
{
	struct policy_report p = { .r = r };
	struct svcr_report own = { NULL, .n = 0 };
	int err = side_make(&p.from, pair->from);

	p.r = &own;
	if (!err)
		err = side_make(&p.to, pair->to);
	if (!err && pair->from->present && !pair->to->present)
		all_lines(&p, &p.from);
	for (size_t i = 0; i < c->n && !err; i++)
		if (c->v[i].pair == pair && pair->to->present)
			change_lines(&p, c, &c->v[i]);
	err = err ? err : p.err;
	svcr_report_unique(&own);
	if (!err)
		fill_lines(&p, 0);
	for (size_t i = 0; i < own.n && !p.err && !err; i++) {
		struct svcr_report_line *slot = svcr_grow((void **)&r->v, &r->n, &r->cap,
							  sizeof(*slot));

		if (!slot) {
			p.err = -ENOMEM;
			break;
		}
		*slot = own.v[i];
		own.v[i] = (struct svcr_report_line){ .name = NULL };
	}
	svcr_report_release(&own);
	side_release(&p.from);
	side_release(&p.to);
	return err ? err : p.err;
}

int svcr_policy_report(struct svcr_report *r, const struct svcr_nft_changes *c)
{
	int err = 0;

	for (size_t i = 0; i < c->npairs && !err; i++) {
		const struct svcr_nft_pair *pair = &c->pairs[i];

		if (strcmp(pair->to->layout->serves, SVCR_POLICY_WORD) == 0 &&
		    (pair->from->present || pair->to->present))
			err = report_pair(r, c, pair);
	}
	return err;
}
