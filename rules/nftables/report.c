/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nftables/report.h"
#include "rules/nft/text.h"

#include <errno.h>
#include <string.h>

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

/* Adds every VIP that a change refers to. */
static int collect_vips(struct svcr_report *r, const struct svcr_nft_changes *c)
{
	int err = 0;

	for (size_t i = 0; i < c->n && !err; i++)
		if (serves_services(c->v[i].pair->to))
			err = collect_change(r, c, &c->v[i]);
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

static void range_texts(struct svcr_texts *t, const struct svcr_nft_set *s, const uint8_t *key)
{
	size_t vip = svcr_vip_len(s->family);
	char text[SVCR_NFT_ELEM_TEXT];

	for (size_t i = svcr_nft_lower(s, key, vip);
	     i < s->n && memcmp(svcr_nft_elem(s, i), key, vip) == 0; i++)
		svcr_texts_add(t, "source %s",
			       svcr_nft_last_field_text(s, svcr_nft_elem(s, i), text));
}

/* Says what a verdict means that is not the usual choice among endpoints. */
static void verdict_texts(struct svcr_texts *t, const struct svcr_nft_set *s, const uint8_t *key,
			  const char *what)
{
	const uint8_t *e = svcr_nft_find(s, key);
	struct svcr_nft_chain_id id;

	if (!e)
		return;
	id = svcr_nft_elem_verdict(s, e);
	if (id.kind == CHAIN_REJECT)
		svcr_texts_add(t, "%srefused", what);
	else if (id.kind == VERDICT_DROP)
		svcr_texts_add(t, "%sdropped", what);
	else if (id.kind == CHAIN_REMEMBER)
		svcr_texts_add(t, "affinity %us", id.n);
	else if (id.kind == CHAIN_FOREIGN)
		svcr_texts_add(t, "%san unknown verdict", what);
	else if (id.kind == CHAIN_MASQUERADED_DELEGATE ||
		 (id.kind >= CHAIN_MASQUERADED_BALANCE && id.kind <= CHAIN_MASQUERADED_STICKY))
		svcr_texts_add(t, "%smasqueraded", what);
}

static void side_texts(struct svcr_texts *t, const struct svcr_nft_table *table, const uint8_t *key)
{
	static const struct {
		enum svcr_services_set set;
		const char *text;
	} flags[] = {
		{ SET_LOCAL_POLICY, "external policy Local" },
		{ SET_FIREWALLED, "source ranges" },
	};

	endpoint_texts(t, &table->sets[SET_ENDPOINTS], key, "");
	endpoint_texts(t, &table->sets[SET_LOCAL_ENDPOINTS], key, "local ");
	verdict_texts(t, &table->sets[SET_SERVICES], key, "");
	verdict_texts(t, &table->sets[SET_SERVICES_EXTERNAL], key, "from outside ");
	verdict_texts(t, &table->sets[SET_STICKY], key, "");
	range_texts(t, &table->sets[SET_ALLOWED_SOURCES], key);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		if (svcr_nft_find(&table->sets[flags[i].set], key))
			svcr_texts_add(t, "%s", flags[i].text);
}

static void name_line(struct svcr_report_line *l, const struct svcr_nft_changes *c)
{
	uint8_t family = l->key[0];
	const uint8_t *key = l->key + 1;
	const struct svcr_nft_table *from = svcr_services_table(c->from, family);
	const struct svcr_nft_table *to = svcr_services_table(c->to, family);

	l->in_from = from && svcr_nft_find(&from->sets[SET_SERVICES], key);
	l->in_to = to && svcr_nft_find(&to->sets[SET_SERVICES], key);
	l->name = svcr_vip_name(l->in_to ? c->to : c->from, family, key);
}

static int fill_details(struct svcr_report_line *l, const struct svcr_nft_changes *c,
			const struct svcr_services_more *more)
{
	uint8_t family = l->key[0];
	const struct svcr_nft_table *from = svcr_services_table(c->from, family);
	const struct svcr_nft_table *to = svcr_services_table(c->to, family);
	char place[SVCR_VIP_TEXT];

	l->place = strdup(svcr_vip_text(family, l->key + 1, place));
	if (!l->place)
		return -ENOMEM;
	if (from)
		side_texts(&l->removed, from, l->key + 1);
	if (to)
		side_texts(&l->added, to, l->key + 1);
	if (more) {
		more->texts(&l->removed, false, family, l->key + 1, more->arg);
		more->texts(&l->added, true, family, l->key + 1, more->arg);
	}
	svcr_report_cancel(l);
	return l->removed.err ? l->removed.err : l->added.err;
}

int svcr_services_report(struct svcr_report *r, const struct svcr_nft_changes *c, bool details,
			 const struct svcr_services_more *more)
{
	int err = collect_vips(r, c);

	if (!err && more)
		err = more->collect(r, more->arg);
	if (!err)
		svcr_report_unique(r);
	for (size_t i = 0; i < r->n && !err; i++) {
		name_line(&r->v[i], c);
		if (details)
			err = fill_details(&r->v[i], c, more);
	}
	if (err)
		svcr_report_release(r);
	return err;
}
