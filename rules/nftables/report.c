/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nftables/report.h"
#include "rules/nft/canon.h"
#include "rules/nft/text.h"
#include "rules/nftables/refusals.h"

#include <errno.h>
#include <string.h>

#define SOURCES_SHOWN 20 /* of each VIP, that are added or removed */

/* The key of a line: the family and the key of the VIP. */
int svcr_services_report_vip(struct svcr_report *r, uint8_t family, const uint8_t *vip)
{
	uint8_t key[SVCR_REPORT_KEY] = { family };

	memcpy(key + 1, vip, svcr_vip_len(family));
	return svcr_report_add(r, key, sizeof(key));
}

static int collect_set(struct svcr_report *r, const struct svcr_nft_set *s)
{
	int err = 0;

	for (size_t i = 0; i < s->n && !err; i++)
		err = svcr_services_report_vip(r, s->family, svcr_nft_elem(s, i));
	return err;
}

static int collect_change(struct svcr_report *r, const struct svcr_nft_changes *c,
			  const struct svcr_nft_change *ch)
{
	const struct svcr_nft_table *from = ch->pair->from;
	bool named = svcr_nft_set_named(from->layout, ch->set);
	int err = 0;

	if (ch->op == CHANGE_DEL_TABLE)
		err = collect_set(r, &from->sets[SET_SERVICES]);
	else if (ch->op == CHANGE_DEL_SET && named)
		err = collect_set(r, &from->sets[ch->set]);
	for (size_t e = 0; named && e < ch->count && !err; e++)
		err = svcr_services_report_vip(r, from->family, c->elems[ch->first + e]);
	return err;
}

static bool serves_services(const struct svcr_nft_table *t)
{
	return strcmp(t->layout->serves, SVCR_SERVICES_WORD) == 0;
}

static int guarded_number_cmp(const void *a, const void *b)
{
	uint32_t m = *(const uint32_t *)a, n = *(const uint32_t *)b;

	return m < n ? -1 : m > n;
}

/* Returns the chain of the list of sources of a VIP; CHAIN_NONE: there is none. */
static struct svcr_nft_chain_id sources_at(const struct svcr_nft_table *t, const uint8_t *key)
{
	const struct svcr_nft_set *firewalled = t ? &t->sets[SET_FIREWALLED] : NULL;
	const uint8_t *e = firewalled ? svcr_nft_find(firewalled, key) : NULL;

	return e ? svcr_nft_elem_verdict(firewalled, e) :
		   (struct svcr_nft_chain_id){ CHAIN_NONE, 0 };
}

/* Adds the VIPs of one side whose list of sources is among the n `numbers`, which are sorted. */
static int collect_guarded(struct svcr_report *r, const struct svcr_nft_set *firewalled,
			   const uint32_t *numbers, size_t n)
{
	int err = 0;

	for (size_t i = 0; i < firewalled->n && !err; i++) {
		const uint8_t *e = svcr_nft_elem(firewalled, i);
		struct svcr_nft_chain_id id = svcr_nft_elem_verdict(firewalled, e);

		if (id.kind == CHAIN_SOURCES &&
		    bsearch(&id.n, numbers, n, sizeof(id.n), guarded_number_cmp))
			err = svcr_services_report_vip(r, firewalled->family, e);
	}
	return err;
}

/* Adds the VIPs that share a list of sources which changes. */
static int collect_sources(struct svcr_report *r, const struct svcr_nft_changes *c,
			   const struct svcr_nft_pair *pair)
{
	uint32_t *numbers = calloc(c->n + 1, sizeof(*numbers));
	size_t n = 0;
	int err = numbers ? 0 : -ENOMEM;

	for (size_t i = 0; i < c->n && !err; i++)
		if (c->v[i].pair == pair && c->v[i].set == SET_SOURCES && c->v[i].count)
			numbers[n++] = c->v[i].number;
	if (n) {
		qsort(numbers, n, sizeof(*numbers), guarded_number_cmp);
		err = collect_guarded(r, &pair->from->sets[SET_FIREWALLED], numbers, n);
		if (!err)
			err = collect_guarded(r, &pair->to->sets[SET_FIREWALLED], numbers, n);
	}
	free(numbers);
	return err;
}

/* Adds every VIP that a change refers to. */
static int collect_vips(struct svcr_report *r, const struct svcr_nft_changes *c)
{
	int err = 0;

	for (size_t i = 0; i < c->n && !err; i++)
		if (serves_services(c->v[i].pair->to))
			err = collect_change(r, c, &c->v[i]);
	for (size_t i = 0; i < c->npairs && !err; i++)
		if (serves_services(c->pairs[i].to))
			err = collect_sources(r, c, &c->pairs[i]);
	return err;
}

static void endpoint_texts(struct svcr_texts *t, const struct svcr_nft_set *s, const uint8_t *key,
			   const char *what)
{
	size_t len = svcr_addr_len(s->family), vip = svcr_vip_len(s->family);

	for (size_t i = svcr_nft_lower(s, key, vip);
	     i < s->n && memcmp(svcr_nft_elem(s, i), key, vip) == 0; i++) {
		const uint8_t *data = svcr_nft_elem_data(s, svcr_nft_elem(s, i));
		struct svcr_addr a = { .family = s->family };
		char text[SVCR_ADDR_TEXT];

		memcpy(a.bytes, data, len);
		svcr_texts_add(t, s->family == SVCR_IPV6 ? "%s[%s]:%u" : "%s%s:%u", what,
			       svcr_addr_text(&a, text), data[len] << 8 | data[len + 1]);
	}
}

/*
 * The difference of two lists of sources, as texts. VIPs in order mostly have the same two lists,
 * so each difference is found once for all ports of an address.
 */
struct sources_diff {
	bool valid;
	uint8_t family;
	struct svcr_nft_chain_id from, to; /* the chains of the lists */
	struct svcr_texts removed, added;
};

/* A list of sources, sorted: of each the first address and the last. */
struct sources {
	uint8_t *v; /* malloc'ed */
	size_t n, len;
};

static int sources_from_set(struct sources *l, const struct svcr_nft_set *s, uint32_t number)
{
	uint8_t key[4];
	size_t i, end;

	svcr_nft_put_number(key, number);
	i = svcr_nft_lower(s, key, sizeof(key));
	if (i == s->n || svcr_nft_elem_number(s, svcr_nft_elem(s, i)) != number)
		return 0;
	end = svcr_nft_numbered_end(s, i);
	l->v = calloc(end - i, l->len);
	for (; l->v && i < end; i++)
		memcpy(l->v + l->n++ * l->len, svcr_nft_elem_key(s, svcr_nft_elem(s, i)), l->len);
	return l->v ? 0 : -ENOMEM;
}

/* Those of a VIP that has them as elements of its own. */
static int sources_from_vip(struct sources *l, const struct svcr_nft_set *s, const uint8_t *key)
{
	size_t vip = svcr_vip_len(s->family), i = svcr_nft_lower(s, key, vip), end = i;

	while (end < s->n && memcmp(svcr_nft_elem(s, end), key, vip) == 0)
		end++;
	l->v = calloc(end - i + 1, l->len);
	for (; l->v && i < end; i++)
		memcpy(l->v + l->n++ * l->len, svcr_nft_elem(s, i) + vip, l->len);
	return l->v ? 0 : -ENOMEM;
}

static int sources_find(struct sources *l, const struct svcr_nft_table *t,
			struct svcr_nft_chain_id id, uint8_t family, const uint8_t *key)
{
	*l = (struct sources){ .len = svcr_addr_len(family) * 2u };
	if (id.kind == CHAIN_SOURCES)
		return sources_from_set(l, &t->sets[SET_SOURCES], id.n);
	return id.kind == CHAIN_ALLOWED_SOURCES ?
		       sources_from_vip(l, &t->sets[SET_ALLOWED_SOURCES], key) :
		       0;
}

/* Adds a text for each source of `of` that `other` lacks: SOURCES_SHOWN, the rest as a number. */
static void lacking_texts(struct svcr_texts *t, uint8_t family, const struct sources *of,
			  const struct sources *other)
{
	size_t shown = 0, len = svcr_addr_len(family);
	char text[SVCR_NFT_ELEM_TEXT];

	for (size_t i = 0, j = 0; i < of->n; i++) {
		const uint8_t *e = of->v + i * of->len;
		int cmp = 1;

		while (j < other->n && (cmp = memcmp(other->v + j * of->len, e, of->len)) < 0)
			j++;
		if ((j < other->n && cmp == 0) || shown++ >= SOURCES_SHOWN)
			continue;
		svcr_nft_range_text(family, e, e + len, text, sizeof(text));
		svcr_texts_add(t, "source %s", text);
	}
	if (shown > SOURCES_SHOWN)
		svcr_texts_add(t, "%zu more sources", shown - SOURCES_SHOWN);
}

static void sources_diff_release(struct sources_diff *x)
{
	svcr_texts_release(&x->removed);
	svcr_texts_release(&x->added);
}

static bool sources_diff_has(const struct sources_diff *x, uint8_t family,
			     struct svcr_nft_chain_id from, struct svcr_nft_chain_id to)
{
	return x->valid && x->family == family && from.kind != CHAIN_ALLOWED_SOURCES &&
	       to.kind != CHAIN_ALLOWED_SOURCES && svcr_nft_chain_cmp(x->from, from) == 0 &&
	       svcr_nft_chain_cmp(x->to, to) == 0;
}

static int sources_diff_find(struct sources_diff *x, const struct svcr_nft_table *from,
			     const struct svcr_nft_table *to, uint8_t family, const uint8_t *key)
{
	struct svcr_nft_chain_id f = sources_at(from, key), t = sources_at(to, key);
	struct sources a, b = { NULL, 0, 0 };
	int err;

	if (sources_diff_has(x, family, f, t))
		return 0;
	sources_diff_release(x);
	*x = (struct sources_diff){ .valid = true, .family = family, .from = f, .to = t };
	err = sources_find(&a, from, f, family, key);
	if (!err)
		err = sources_find(&b, to, t, family, key);
	if (!err) {
		lacking_texts(&x->removed, family, &a, &b);
		lacking_texts(&x->added, family, &b, &a);
	}
	free(a.v);
	free(b.v);
	return err;
}

static void copy_texts(struct svcr_texts *t, const struct svcr_texts *from)
{
	for (size_t i = 0; i < from->n; i++)
		svcr_texts_add(t, "%s", from->v[i]);
	t->err = from->err ? from->err : t->err;
}

/* ---- Why packets are refused ------------------------------------------------- */

/* A VIP on one side of the comparison. */
struct report_side {
	const struct svcr_nft_table *table, *other; /* NULL: there is none */
	const struct svcr_refusal *why;             /* NULL: no reasons are known */
};

static bool is_refusing(struct svcr_nft_chain_id id)
{
	return id.kind == CHAIN_REJECT || id.kind == VERDICT_DROP;
}

/* What the comment of a VIP that refuses says about it; "": nothing, NULL: it does not refuse. */
static const char *refusing_words(const struct svcr_nft_table *t, enum svcr_services_set set,
				  const uint8_t *key)
{
	const struct svcr_nft_set *s = t ? &t->sets[set] : NULL;
	const uint8_t *e = s ? svcr_nft_find(s, key) : NULL;
	const char *comment;

	if (!e || !is_refusing(svcr_nft_elem_verdict(s, e)))
		return NULL;
	comment = svcr_nft_comment(s, e);
	if (!comment)
		return "";
	comment += svcr_nft_comment_name(comment);
	return strncmp(comment, ", ", 2) == 0 ? comment + 2 : "";
}

/*
 * Adds "refused: 2 endpoints, none is ready". Where both sides refuse for the same kind of reason,
 * the text is the same, too, and cancels out.
 */
static void refusing_text(struct svcr_texts *t, const struct report_side *side,
			  enum svcr_services_set set, const uint8_t *key, const char *what,
			  const char *verb)
{
	const char *words = refusing_words(side->table, set, key);
	const char *others = refusing_words(side->other, set, key);
	const char *phrase = NULL;

	if (side->why)
		phrase = set == SET_SERVICES ? side->why->inside : side->why->outside;
	if (!phrase || (others && strcmp(words, others) == 0))
		phrase = words;
	svcr_texts_add(t, "%s%s%s%s", what, verb, *phrase ? ": " : "", phrase);
}

/* Says what a verdict means that is not the usual choice among endpoints. */
static void verdict_texts(struct svcr_texts *t, const struct report_side *side,
			  enum svcr_services_set set, const uint8_t *key, const char *what)
{
	const struct svcr_nft_set *s = &side->table->sets[set];
	const uint8_t *e = svcr_nft_find(s, key);
	struct svcr_nft_chain_id id;

	if (!e)
		return;
	id = svcr_nft_elem_verdict(s, e);
	if (is_refusing(id))
		refusing_text(t, side, set, key, what,
			      id.kind == CHAIN_REJECT ? "refused" : "dropped");
	else if (id.kind == CHAIN_REMEMBER)
		svcr_texts_add(t, "affinity %us", id.n);
	else if (id.kind == CHAIN_FOREIGN)
		svcr_texts_add(t, "%san unknown verdict", what);
	else if (id.kind == CHAIN_MASQUERADED_DELEGATE ||
		 (id.kind >= CHAIN_MASQUERADED_BALANCE && id.kind <= CHAIN_MASQUERADED_STICKY))
		svcr_texts_add(t, "%smasqueraded", what);
}

static void side_texts(struct svcr_texts *t, const struct report_side *side, const uint8_t *key)
{
	const struct svcr_nft_table *table = side->table;
	const uint8_t *guarded = svcr_nft_find(&table->sets[SET_FIREWALLED], key);

	endpoint_texts(t, &table->sets[SET_ENDPOINTS], key, "");
	endpoint_texts(t, &table->sets[SET_LOCAL_ENDPOINTS], key, "local ");
	verdict_texts(t, side, SET_SERVICES, key, "");
	verdict_texts(t, side, SET_SERVICES_EXTERNAL, key, "from outside ");
	verdict_texts(t, side, SET_STICKY, key, "");
	if (svcr_nft_find(&table->sets[SET_LOCAL_POLICY], key))
		svcr_texts_add(t, "external policy Local");
	if (guarded && sources_at(table, key).kind == VERDICT_DROP)
		svcr_texts_add(t, "dropped: loadBalancerSourceRanges admit nobody");
	else if (guarded)
		svcr_texts_add(t, "source ranges");
}

/* Of a service that was served here and no longer is: why it is left out. */
static void left_out_text(struct svcr_report_line *l, const struct svcr_refusals *refusals,
			  const struct svcr_refusal *why, const char *before)
{
	size_t len = before ? strcspn(before, ":,") : 0;
	const char *text;

	if (!before)
		return;
	if (why && why->left_out && strcspn(why->name, ":") == len &&
	    memcmp(before, why->name, len) == 0) {
		svcr_texts_add(&l->added, "%s is %s", why->name, why->left_out);
		return;
	}
	text = l->in_to ? NULL : svcr_refusals_of_service(refusals, l->key[0], before, len);
	if (text)
		svcr_texts_add(&l->added, "%s%s", strncmp(text, "left out", 8) ? "left out: " : "",
			       text);
}

static int name_line(struct svcr_report_line *l, const struct svcr_nft_changes *c)
{
	uint8_t family = l->key[0];
	const uint8_t *key = l->key + 1;
	const struct svcr_nft_table *from = svcr_services_table(c->from, family);
	const struct svcr_nft_table *to = svcr_services_table(c->to, family);

	l->in_from = from && svcr_nft_find(&from->sets[SET_SERVICES], key);
	l->in_to = to && svcr_nft_find(&to->sets[SET_SERVICES], key);
	l->name = svcr_vip_name(l->in_to ? c->to : c->from, family, key);
	if (!l->name || !l->name[svcr_nft_comment_name(l->name)])
		return 0;
	l->cut = strndup(l->name, svcr_nft_comment_name(l->name));
	l->name = l->cut;
	return l->cut ? 0 : -ENOMEM;
}

static int fill_details(struct svcr_report_line *l, const struct svcr_nft_changes *c,
			const struct svcrules_changes *all, const struct svcr_services_more *more,
			struct sources_diff *sources)
{
	uint8_t family = l->key[0];
	const struct svcr_nft_table *from = svcr_services_table(c->from, family);
	const struct svcr_nft_table *to = svcr_services_table(c->to, family);
	const struct report_side before = {
		from, to, svcr_refusals_find(all->from->refusals, family, l->key + 1)
	};
	const struct report_side after = {
		to, from, svcr_refusals_find(all->to->refusals, family, l->key + 1)
	};
	char place[SVCR_VIP_TEXT];

	l->place = strdup(svcr_vip_text(family, l->key + 1, place));
	if (!l->place)
		return -ENOMEM;
	if (from)
		side_texts(&l->removed, &before, l->key + 1);
	if (to)
		side_texts(&l->added, &after, l->key + 1);
	if (l->in_from)
		left_out_text(l, all->to->refusals, after.why,
			      svcr_vip_name(c->from, family, l->key + 1));
	if (sources_diff_find(sources, from, to, family, l->key + 1))
		return -ENOMEM;
	copy_texts(&l->removed, &sources->removed);
	copy_texts(&l->added, &sources->added);
	if (more) {
		more->texts(&l->removed, false, family, l->key + 1, more->arg);
		more->texts(&l->added, true, family, l->key + 1, more->arg);
	}
	svcr_report_cancel(l);
	return l->removed.err ? l->removed.err : l->added.err;
}

int svcr_services_report(struct svcr_report *r, const struct svcr_nft_changes *c, bool details,
			 const struct svcrules_changes *all, const struct svcr_services_more *more)
{
	struct sources_diff sources = { .valid = false };
	int err = collect_vips(r, c);

	if (!err && more)
		err = more->collect(r, more->arg);
	if (!err)
		svcr_report_unique(r);
	for (size_t i = 0; i < r->n && !err; i++) {
		err = name_line(&r->v[i], c);
		if (details && !err)
			err = fill_details(&r->v[i], c, all, more, &sources);
	}
	sources_diff_release(&sources);
	if (err)
		svcr_report_release(r);
	return err;
}
