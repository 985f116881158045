/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nftables/report.h"
#include "model.h"
#include "rules/nftables/text.h"

#include <errno.h>

static size_t vip_len(uint8_t family)
{
	return svcr_addr_len(family) + 8u;
}

const char *svcr_nft_vip_text(uint8_t family, const uint8_t *key, char *buf)
{
	size_t len = svcr_addr_len(family);
	struct svcr_addr a = { .family = family };
	char text[SVCR_ADDR_TEXT];

	memcpy(a.bytes, key, len);
	snprintf(buf, SVCR_NFT_VIP_TEXT, family == SVCR_IPV6 ? "[%s]:%u/%s" : "%s:%u/%s", svcr_addr_text(&a, text),
		 key[len + 4] << 8 | key[len + 5], svcr_protocol_name(key[len]));
	return buf;
}

int svcr_nft_report_add(struct svcr_nft_report *r, uint8_t family, const uint8_t *elem)
{
	struct svcr_nft_vip_change *v;

	if (r->n && r->v[r->n - 1].family == family && memcmp(r->v[r->n - 1].key, elem, vip_len(family)) == 0)
		return 0;
	v = svcr_grow((void **)&r->v, &r->n, &r->cap, sizeof(*v));
	if (!v)
		return -ENOMEM;
	v->family = family;
	memcpy(v->key, elem, vip_len(family));
	return 0;
}

static int add_set(struct svcr_nft_report *r, const struct svcr_nft_set *s, uint8_t family)
{
	int err = 0;

	for (size_t i = 0; i < s->n && !err; i++)
		err = svcr_nft_report_add(r, family, svcr_nft_elem(s, i));
	return err;
}

/* Every address that a change is about. */
static int collect(struct svcr_nft_report *r, const struct svcrules_changes *c)
{
	int err = 0;

	for (size_t i = 0; i < c->n && !err; i++) {
		const struct svcr_nft_change *ch = &c->v[i];
		const struct svcr_nft_table *from = &c->from->tables[ch->family];

		if (ch->op == CHANGE_DEL_TABLE)
			err = add_set(r, &from->sets[SET_SERVICES], ch->family);
		else if (ch->op == CHANGE_DEL_SET && svcr_nft_set_by_vip(ch->set))
			err = add_set(r, &from->sets[ch->set], ch->family);
		for (size_t e = 0; svcr_nft_set_by_vip(ch->set) && e < ch->count && !err; e++)
			err = svcr_nft_report_add(r, ch->family, c->elems[ch->first + e]);
	}
	return err;
}

static int vip_cmp(const void *a, const void *b)
{
	const struct svcr_nft_vip_change *x = a, *y = b;

	if (x->family != y->family)
		return x->family < y->family ? -1 : 1;
	return memcmp(x->key, y->key, sizeof(x->key));
}

static void unique(struct svcr_nft_report *r)
{
	size_t kept = 0;

	if (r->n == 0)
		return;
	qsort(r->v, r->n, sizeof(*r->v), vip_cmp);
	for (size_t i = 1; i < r->n; i++)
		if (vip_cmp(&r->v[i], &r->v[kept]) != 0)
			r->v[++kept] = r->v[i];
	r->n = kept + 1;
}

void svcr_nft_text(struct svcr_nft_texts *t, const char *fmt, ...)
{
	char **slot = svcr_grow((void **)&t->v, &t->n, &t->cap, sizeof(*slot));
	va_list ap;

	if (!slot) {
		t->err = -ENOMEM;
		return;
	}
	va_start(ap, fmt);
	if (vasprintf(slot, fmt, ap) < 0) {
		*slot = NULL;
		t->n--;
		t->err = -ENOMEM;
	}
	va_end(ap);
}

static void release_texts(char **v, size_t n)
{
	for (size_t i = 0; i < n; i++)
		free(v[i]);
	free(v);
}

static void endpoint_texts(struct svcr_nft_texts *t, const struct svcr_nft_set *s, uint8_t family, const uint8_t *key,
			   const char *what)
{
	size_t len = svcr_addr_len(family);

	for (size_t i = svcr_nft_lower(s, key, vip_len(family));
	     i < s->n && memcmp(svcr_nft_elem(s, i), key, vip_len(family)) == 0; i++) {
		const uint8_t *data = svcr_nft_elem_data(s, svcr_nft_elem(s, i));
		struct svcr_addr a = { .family = family };
		char text[SVCR_ADDR_TEXT];

		memcpy(a.bytes, data, len);
		svcr_nft_text(t, family == SVCR_IPV6 ? "%s[%s]:%u" : "%s%s:%u", what, svcr_addr_text(&a, text),
			 data[len] << 8 | data[len + 1]);
	}
}

static void range_texts(struct svcr_nft_texts *t, const struct svcr_nft_set *s, uint8_t family, const uint8_t *key)
{
	for (size_t i = svcr_nft_lower(s, key, vip_len(family));
	     i < s->n && memcmp(svcr_nft_elem(s, i), key, vip_len(family)) == 0; i++) {
		char text[SVCR_NFT_ELEM_TEXT];
		const char *range = strrchr(svcr_nft_key_text(SET_ALLOWED_SOURCES, family, svcr_nft_elem(s, i), text),
					    ' ');

		svcr_nft_text(t, "source %s", range ? range + 1 : text);
	}
}

/* What a verdict means where it is not the usual choice among endpoints. */
static void verdict_text(struct svcr_nft_texts *t, const struct svcr_nft_set *s, const uint8_t *key, const char *what)
{
	const uint8_t *e = svcr_nft_find(s, key);
	struct svcr_nft_chain_id id;

	if (!e)
		return;
	memcpy(&id, svcr_nft_elem_data(s, e), sizeof(id));
	if (id.kind == CHAIN_REJECT)
		svcr_nft_text(t, "%srefused", what);
	else if (id.kind == VERDICT_DROP)
		svcr_nft_text(t, "%sdropped", what);
	else if (id.kind == CHAIN_REMEMBER)
		svcr_nft_text(t, "affinity %us", id.n);
	else if (id.kind == CHAIN_FOREIGN)
		svcr_nft_text(t, "%san unknown verdict", what);
	else if (id.kind == CHAIN_MASQUERADED_IPVS)
		svcr_nft_text(t, "%smasqueraded", what);
	else if (id.kind >= CHAIN_MASQUERADED_BALANCE && id.kind <= CHAIN_MASQUERADED_STICKY_LOCAL)
		svcr_nft_text(t, "%smasqueraded", what);
}

static void side_texts(struct svcr_nft_texts *t, const struct svcr_nft_table *table, const uint8_t *key)
{
	static const struct { enum svcr_nft_set_id set; const char *text; } flags[] = {
		{ SET_LOCAL_POLICY, "external policy Local" }, { SET_FIREWALLED, "source ranges" },
	};

	endpoint_texts(t, &table->sets[SET_ENDPOINTS], table->family, key, "");
	endpoint_texts(t, &table->sets[SET_LOCAL_ENDPOINTS], table->family, key, "local ");
	verdict_text(t, &table->sets[SET_SERVICES], key, "");
	verdict_text(t, &table->sets[SET_SERVICES_EXTERNAL], key, "from outside ");
	verdict_text(t, &table->sets[SET_STICKY], key, "");
	range_texts(t, &table->sets[SET_ALLOWED_SOURCES], table->family, key);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (svcr_nft_find(&table->sets[flags[i].set], key))
			svcr_nft_text(t, "%s", flags[i].text);
}

static int text_cmp(const void *a, const void *b)
{
	return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Removes from both sorted lists what stands in both. */
static void cancel(struct svcr_nft_texts *a, struct svcr_nft_texts *b)
{
	size_t i = 0, j = 0, na = 0, nb = 0;

	while (i < a->n || j < b->n) {
		int cmp = i == a->n ? 1 : j == b->n ? -1 : strcmp(a->v[i], b->v[j]);

		if (cmp < 0) {
			a->v[na++] = a->v[i++];
		} else if (cmp > 0) {
			b->v[nb++] = b->v[j++];
		} else {
			free(a->v[i++]);
			free(b->v[j++]);
		}
	}
	a->n = na;
	b->n = nb;
}

static int fill_details(struct svcr_nft_vip_change *v, const struct svcrules_changes *c,
			const struct svcr_nft_report_more *more)
{
	struct svcr_nft_texts from = { NULL }, to = { NULL };

	side_texts(&from, &c->from->tables[v->family], v->key);
	side_texts(&to, &c->to->tables[v->family], v->key);
	if (more) {
		more->texts(&from, false, v->family, v->key, more->arg);
		more->texts(&to, true, v->family, v->key, more->arg);
	}
	if (from.n)
		qsort(from.v, from.n, sizeof(*from.v), text_cmp);
	if (to.n)
		qsort(to.v, to.n, sizeof(*to.v), text_cmp);
	cancel(&from, &to);
	v->removed = from.v;
	v->nremoved = from.n;
	v->added = to.v;
	v->nadded = to.n;
	return from.err ? from.err : to.err;
}

static void fill_names(struct svcr_nft_vip_change *v, const struct svcrules_changes *c)
{
	const struct svcr_nft_set *from = &c->from->tables[v->family].sets[SET_SERVICES];
	const struct svcr_nft_set *to = &c->to->tables[v->family].sets[SET_SERVICES];
	const uint8_t *a = svcr_nft_find(from, v->key), *b = svcr_nft_find(to, v->key);

	v->in_from = a;
	v->in_to = b;
	v->name = b ? svcr_nft_comment(to, b) : a ? svcr_nft_comment(from, a) : NULL;
}

int svcr_nft_report(struct svcr_nft_report *r, const struct svcrules_changes *c, bool details,
		    const struct svcr_nft_report_more *more)
{
	int err;

	*r = (struct svcr_nft_report){ 0 };
	err = collect(r, c);
	if (!err && more)
		err = more->collect(r, more->arg);
	if (!err)
		unique(r);
	for (size_t i = 0; i < r->n && !err; i++) {
		fill_names(&r->v[i], c);
		if (details)
			err = fill_details(&r->v[i], c, more);
	}
	if (err)
		svcr_nft_report_release(r);
	return err;
}

void svcr_nft_report_release(struct svcr_nft_report *r)
{
	for (size_t i = 0; i < r->n; i++) {
		release_texts(r->v[i].added, r->v[i].nadded);
		release_texts(r->v[i].removed, r->v[i].nremoved);
	}
	free(r->v);
	*r = (struct svcr_nft_report){ 0 };
}

int svcr_nft_count_services(struct svcrules_changes *c)
{
	struct svcr_nft_report r;
	int err = svcr_nft_report(&r, c, false, NULL);

	if (err)
		return err;
	for (size_t i = 0; i < r.n; i++) {
		if (r.v[i].in_from && r.v[i].in_to)
			c->stats.services_changed++;
		else if (r.v[i].in_to)
			c->stats.services_added++;
		else
			c->stats.services_removed++;
	}
	svcr_nft_report_release(&r);
	return 0;
}
