/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nftables/flows.h"
#include "protocol.h"
#include "rules/nftables/serving.h"

#include <errno.h>

struct svcr_nft_table *svcr_flow_table(const struct svcrules_ruleset *rs, uint8_t nfproto)
{
	const struct svcr_part *p = rs ? svcr_ruleset_find(rs, &svcr_nft_ops) : NULL;
	int family = svcr_nft_family(nfproto);

	return p && family >= 0 ? svcr_services_table((const struct svcr_nft *)p, (uint8_t)family) :
				  NULL;
}

static bool has_protocol(const struct svcr_nft_table *t, enum svcr_services_set id,
			 uint8_t protocol)
{
	const struct svcr_nft_set *s = &t->sets[id];

	for (size_t i = 0; i < s->n; i++)
		if (svcr_nft_elem(s, i)[svcr_addr_len(t->family)] == protocol)
			return true;
	return false;
}

bool svcrules_serves(const struct svcrules_ruleset *rs, uint8_t family, uint8_t protocol)
{
	const struct svcr_nft_table *t = svcr_flow_table(rs, family);

	return t &&
	       (has_protocol(t, SET_SERVICES, protocol) || has_protocol(t, SET_REMOVED, protocol));
}

bool svcrules_adds(const struct svcrules_ruleset *now, const struct svcrules_ruleset *before,
		   uint8_t family, uint8_t protocol)
{
	const struct svcr_nft_table *t = svcr_flow_table(now, family),
				    *old = svcr_flow_table(before, family);
	const struct svcr_nft_set *s = t ? &t->sets[SET_SERVICES] : NULL,
				  *had = old ? &old->sets[SET_SERVICES] : NULL;

	for (size_t i = 0, k = 0; s && i < s->n; i++) { /* both are sorted */
		const uint8_t *key = svcr_nft_elem(s, i);
		int cmp = 1;

		if (key[svcr_addr_len(t->family)] != protocol)
			continue;
		while (had && k < had->n &&
		       (cmp = memcmp(svcr_nft_elem(had, k), key, s->sort_len)) < 0)
			k++;
		if (!had || k == had->n || cmp != 0)
			return true;
	}
	return false;
}

/* ---- Removed services, remembered until their flows are deleted --------- */

/* True if the table has neither rules nor sets. */
static bool table_bare(const struct svcr_nft_table *t)
{
	for (size_t i = 0; i < t->layout->nsets; i++)
		if (t->sets[i].present)
			return false;
	return t->nchains == 0;
}

void svcrules_forget_removed(struct svcrules_ruleset *want)
{
	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT; f++) {
		struct svcr_nft_table *t = svcr_flow_table(want, svcr_nft_nfproto(f));

		if (!t)
			continue;
		svcr_nft_set_drop(&t->sets[SET_REMOVED]);
		t->present = t->present && !table_bare(t);
	}
}

/*
 * Copies the addresses of `from` that neither `t` nor `but` (may be NULL) serves; without those of
 * TCP, whose connections end by themselves.
 */
static int keep_keys(struct svcr_nft_table *t, const struct svcr_nft_set *from,
		     const struct svcr_nft_set *but)
{
	int err = 0;

	for (size_t i = 0; i < from->n && !err; i++) {
		const uint8_t *key = svcr_nft_elem(from, i);

		if (key[svcr_addr_len(t->family)] != SVCR_TCP &&
		    !svcr_nft_find(&t->sets[SET_SERVICES], key) &&
		    !(but && svcr_nft_find(but, key)))
			err = svcr_nft_add_key(&t->sets[SET_REMOVED], key);
	}
	return err;
}

int svcrules_keep_removed(struct svcrules_ruleset *want, const struct svcrules_ruleset *before,
			  bool *ret_any)
{
	bool any = false;
	int err = 0;

	svcrules_forget_removed(want);
	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT && !err; f++) {
		const struct svcr_nft_table *old = svcr_flow_table(before, svcr_nft_nfproto(f));
		struct svcr_nft_table *t = svcr_flow_table(want, svcr_nft_nfproto(f));

		if (!t || !old || !old->present)
			continue;
		err = keep_keys(t, &old->sets[SET_SERVICES], NULL);
		if (!err)
			err = keep_keys(t, &old->sets[SET_REMOVED], &old->sets[SET_SERVICES]);
		svcr_nft_sort(&t->sets[SET_REMOVED]);
		any |= t->sets[SET_REMOVED].n > 0;
		/* a table that is no longer needed stays for that set alone */
		t->present = t->present || t->sets[SET_REMOVED].n > 0;
	}
	if (!err)
		*ret_any = any;
	return err;
}

/* ---- One flow ----------------------------------------------------------- */

/* True if `data` (address and port) is among the endpoints that `key` leads to in this map. */
static bool leads_to(const struct svcr_nft_set *s, const uint8_t *key, size_t len,
		     const uint8_t *data)
{
	for (size_t i = svcr_nft_lower(s, key, len);
	     i < s->n && memcmp(svcr_nft_elem(s, i), key, len) == 0; i++)
		if (memcmp(svcr_nft_elem_data(s, svcr_nft_elem(s, i)), data, s->data_len) == 0)
			return true;
	return false;
}

static bool in_ranges(const struct svcr_nft_set *s, const uint8_t *addr, size_t len)
{
	for (size_t i = 0; i < s->n; i++)
		if (memcmp(svcr_nft_elem(s, i), addr, len) <= 0 &&
		    memcmp(addr, svcr_nft_elem(s, i) + len, len) <= 0)
			return true;
	return false;
}

bool svcr_flow_served(const struct svcr_nft_table *t, const uint8_t *source, const uint8_t *key,
		      const uint8_t *data)
{
	size_t alen = svcr_addr_len(t->family), len = alen + 8;
	const struct svcr_nft_set *own = &t->sets[SET_OWN_POD_CIDRS];
	const struct svcr_nft_set *pods = own->present ? own : &t->sets[SET_POD_CIDRS];
	bool external = svcr_nft_find(&t->sets[SET_SERVICES_EXTERNAL], key) &&
			!in_ranges(pods, source, alen) &&
			!svcr_nft_find(&t->sets[SET_NODE_IPS], source) &&
			/* from this node to itself */
			!svcr_nft_find(&t->sets[SET_BOUND_IPS], source);

	return leads_to(&t->sets[external ? SET_LOCAL_ENDPOINTS : SET_ENDPOINTS], key, len, data);
}

static void flow_key(uint8_t *key, uint8_t *data, size_t alen, const struct svcrules_flow *f)
{
	memset(key, 0, SVCR_VIP_MAX);
	memcpy(key, f->destination, alen);
	key[alen] = f->protocol;
	key[alen + 4] = (uint8_t)(f->port >> 8);
	key[alen + 5] = (uint8_t)f->port;
	memset(data, 0, 20);
	memcpy(data, f->reply_source, alen);
	data[alen] = (uint8_t)(f->reply_port >> 8);
	data[alen + 1] = (uint8_t)f->reply_port;
}

bool svcr_services_flow_stale(const struct svcrules_ruleset *now,
			      const struct svcrules_ruleset *before, const struct svcrules_flow *f)
{
	const struct svcr_nft_table *t = svcr_flow_table(now, f->family),
				    *old = svcr_flow_table(before, f->family);
	uint8_t key[SVCR_VIP_MAX], data[20];
	size_t alen;
	bool translated;

	if (!t)
		return false;
	alen = svcr_addr_len(t->family);
	translated = f->port != f->reply_port || memcmp(f->destination, f->reply_source, alen) != 0;
	flow_key(key, data, alen, f);
	if (f->protocol == SVCR_TCP) /* one that no rule saw would try in vain until it gives up */
		return f->opening && !translated && svcr_nft_find(&t->sets[SET_SERVICES], key);
	if (svcr_nft_find(&t->sets[SET_SERVICES], key))
		return !svcr_serving_has(now->serving, t->family, key, data);
	return translated && old &&
	       (svcr_nft_find(&old->sets[SET_SERVICES], key) ||
		svcr_nft_find(&old->sets[SET_REMOVED], key));
}
