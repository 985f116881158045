/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes told in services, with those of the table beside them; one message described; conflicts. */
#include "rules/ipvs/diff.h"
#include "rules/nftables/print.h"

#include <errno.h>
#include <stdio.h>

static int collect(struct svcr_nft_report *r, const void *arg)
{
	const struct svcrules_ipvs_changes *c = arg;
	int err = 0;

	for (size_t i = 0; i < c->v.n && !err; i++) {
		uint8_t key[SVCR_NFT_VIP_MAX];

		svcr_ipvs_key(key, c->v.v[i].server);
		err = svcr_nft_report_add(r, c->v.v[i].server->addr.family, key);
	}
	return err;
}

static struct svcr_ipvs_server server_of(uint8_t family, const uint8_t *key)
{
	size_t len = svcr_addr_len(family);
	struct svcr_ipvs_server s = { .addr.family = family, .protocol = key[len],
				      .port = (uint16_t)(key[len + 4] << 8 | key[len + 5]) };

	memcpy(s.addr.bytes, key, len);
	return s;
}

static bool serves(const struct svcr_ipvs_server *s)
{
	for (size_t i = 0; i < s->nreals; i++)
		if (s->reals[i].weight > 0)
			return true;
	return false;
}

/* Real servers that take new connections, and what is not as most virtual servers have it. */
static void texts(struct svcr_nft_texts *t, bool to, uint8_t family, const uint8_t *key, const void *arg)
{
	const struct svcrules_ipvs_changes *c = arg;
	const struct svcrules_ipvs *side = to ? c->to : c->from;
	const struct svcr_ipvs_server like = server_of(family, key), *s = svcr_ipvs_find(side, &like);
	bool split = svcr_ipvs_in_table(side, SET_LOCAL_POLICY, &like);
	char place[SVCR_IPVS_PLACE_TEXT];

	if (!s || !serves(s)) /* it only drains */
		return;
	for (size_t i = 0; i < s->nreals; i++) {
		const struct svcr_ipvs_real *r = &s->reals[i];

		if (r->weight == 0)
			continue;
		svcr_ipvs_place_text(&r->addr, r->port, place);
		if (r->weight == 1)
			svcr_nft_text(t, "%s%s", split ? "local " : "", place);
		else
			svcr_nft_text(t, "%s%s weight %u", split ? "local " : "", place, r->weight);
	}
	if (strcmp(s->scheduler, "rr") != 0)
		svcr_nft_text(t, "scheduler %s", s->scheduler);
	if (s->persistence && !svcr_ipvs_in_table(side, SET_STICKY, &like)) /* else the table's says it */
		svcr_nft_text(t, "affinity %us", s->persistence);
	if (s->damaged)
		svcr_nft_text(t, "unknown flags");
}

static void out_addresses(struct svcr_out *o, const char *sign, const struct svcr_addr *const *v, size_t n)
{
	char text[SVCR_ADDR_TEXT];

	for (size_t i = 0; i < n; i++)
		svcr_out(o, "%s address %s on %s\n", sign, svcr_addr_text(v[i], text), SVCRULES_IPVS_INTERFACE);
}

struct counts { size_t added, removed, changed; };

static struct counts count(const struct svcr_nft_report *r)
{
	struct counts n = { 0 };

	for (size_t i = 0; i < r->n; i++) {
		if (r->v[i].in_from && r->v[i].in_to)
			n.changed++;
		else if (r->v[i].in_to)
			n.added++;
		else
			n.removed++;
	}
	return n;
}

static int report(struct svcr_nft_report *r, const struct svcrules_ipvs_changes *c, const struct svcrules_changes *nft)
{
	const struct svcr_nft_report_more more = { .arg = c, .collect = collect, .texts = texts };

	return svcr_nft_report(r, nft, true, &more);
}

static bool same(const struct svcrules_ipvs_changes *c, const struct svcrules_changes *nft)
{
	return svcrules_ipvs_changes_empty(c) && svcrules_changes_empty(nft);
}

int svcrules_ipvs_changes_print(const struct svcrules_ipvs_changes *c, const struct svcrules_changes *nft, bool colour,
				svcrules_write_fn write, void *arg)
{
	struct svcr_out o = { .write = write, .arg = arg };
	struct svcrules_changes_stats elements;
	struct svcr_nft_report r;
	struct counts n;
	int err = report(&r, c, nft);

	if (err)
		return err;
	n = count(&r);
	svcrules_changes_stats(nft, &elements);
	svcr_nft_out_report(&o, &r, colour);
	svcr_nft_report_release(&r);
	out_addresses(&o, "+", c->bind.v, c->bind.n);
	out_addresses(&o, "-", c->unbind.v, c->unbind.n);
	svcr_nft_out_others(&o, nft);
	if (same(c, nft))
		svcr_out_str(&o, "no changes\n");
	else
		svcr_out(&o, "%zu service address%s added, %zu removed, %zu changed; %zu virtual server%s, %zu real server%s "
			 "changed; %zu element%s added, %zu removed\n", n.added, n.added == 1 ? "" : "es", n.removed, n.changed,
			 c->stats.servers, c->stats.servers == 1 ? "" : "s", c->stats.reals, c->stats.reals == 1 ? "" : "s",
			 elements.elements_added, elements.elements_added == 1 ? "" : "s", elements.elements_removed);
	return svcr_out_end(&o);
}

static json_t *json_addresses(const struct svcr_addr *const *v, size_t n)
{
	json_t *list = json_array();
	char text[SVCR_ADDR_TEXT];

	for (size_t i = 0; i < n; i++)
		list = svcr_nft_json_append(list, json_string(svcr_addr_text(v[i], text)));
	return list;
}

int svcrules_ipvs_changes_print_json(const struct svcrules_ipvs_changes *c, const struct svcrules_changes *nft,
				     svcrules_write_fn write, void *arg)
{
	struct svcrules_changes_stats elements;
	struct svcr_nft_report r;
	struct counts n;
	json_t *services;
	int err = report(&r, c, nft);

	if (err)
		return err;
	n = count(&r);
	svcrules_changes_stats(nft, &elements);
	services = svcr_nft_json_report(&r);
	svcr_nft_report_release(&r);
	return svcr_nft_dump_json(json_pack("{s:b, s:o, s:o, s:o, s:o, s:{s:I, s:I, s:I, s:I, s:I, s:I, s:I}}",
		"same", same(c, nft), "services", services, "other", svcr_nft_json_others(nft),
		"addresses_added", json_addresses(c->bind.v, c->bind.n),
		"addresses_removed", json_addresses(c->unbind.v, c->unbind.n),
		"summary", "services_added", (json_int_t)n.added, "services_removed", (json_int_t)n.removed,
		"services_changed", (json_int_t)n.changed, "virtual_servers", (json_int_t)c->stats.servers,
		"real_servers", (json_int_t)c->stats.reals, "elements_added", (json_int_t)elements.elements_added,
		"elements_removed", (json_int_t)elements.elements_removed), write, arg);
}

/* ---- The kernel's refusals --------------------------------------------- */

/* "Service production/web:http 10.96.0.10:80/tcp", by the name that one of the tables has. Malloc'ed, or NULL. */
static char *server_text(const struct svcrules_ipvs *a, const struct svcrules_ipvs *b, const struct svcr_ipvs_server *s)
{
	const struct svcrules_ipvs *side[] = { a, b };
	uint8_t key[SVCR_NFT_VIP_MAX];
	char vip[SVCR_NFT_VIP_TEXT], *text;
	const char *name = NULL;

	svcr_ipvs_key(key, s);
	for (size_t i = 0; i < 2 && !name; i++) {
		const struct svcr_nft_set *services = &side[i]->nft->tables[s->addr.family].sets[SET_SERVICES];
		const uint8_t *e = svcr_nft_find(services, key);

		name = e ? svcr_nft_comment(services, e) : NULL;
	}
	svcr_nft_vip_text(s->addr.family, key, vip);
	return asprintf(&text, "%s%s%s%s", name ? "Service " : "", name ? name : "", name ? " " : "", vip) < 0 ? NULL : text;
}

char *svcrules_ipvs_conflict(const struct svcrules_ipvs *have, const struct svcrules_ipvs *wanted, size_t i)
{
	for (size_t k = 0; k < have->foreign.n; k++) {
		const struct svcr_ipvs_server *s = &have->foreign.v[k];

		if ((svcr_ipvs_in_table(wanted, SET_SERVICES, s) || svcr_addrs_have(&wanted->addresses, &s->addr)) && i-- == 0)
			return server_text(wanted, have, s);
	}
	return NULL;
}

static const char *const verbs[IPVS_OP__COUNT] = {
	[IPVS_ADD_SERVER] = "cannot add the virtual server", [IPVS_EDIT_SERVER] = "cannot change the virtual server",
	[IPVS_ADD_REAL] = "cannot add", [IPVS_EDIT_REAL] = "cannot change",
	[IPVS_DEL_REAL] = "cannot remove", [IPVS_DEL_SERVER] = "cannot remove the virtual server",
};

/* What an error number means where it does not mean what strerror() says (ip_vs_ctl.c). */
static const struct {
	enum svcr_ipvs_op op;
	int err;
	const char *text; /* NULL: about the scheduler */
} meanings[] = {
	{ IPVS_ADD_SERVER, ENOENT, NULL },
	{ IPVS_EDIT_SERVER, ENOENT, NULL },
	{ IPVS_ADD_SERVER, EEXIST, "another program just made one there" },
	{ IPVS_EDIT_SERVER, ESRCH, "another program just removed it" },
	{ IPVS_ADD_REAL, ESRCH, "another program just removed its virtual server" },
	{ IPVS_EDIT_REAL, ESRCH, "another program just removed its virtual server" },
	{ IPVS_ADD_REAL, EEXIST, "another program just added it" },
	{ IPVS_EDIT_REAL, ENOENT, "another program just removed it" },
	{ IPVS_ADD_REAL, EINVAL, "the kernel takes no such address for a real server" },
	{ IPVS_ADD_SERVER, EAFNOSUPPORT, "IPVS of this kernel has no IPv6 (CONFIG_IP_VS_IPV6); --family chooses one" },
	{ IPVS_ADD_SERVER, EPROTONOSUPPORT, "IPVS of this kernel does not have this protocol (CONFIG_IP_VS_PROTO_*)" },
};

static void out_meaning(struct svcr_out *o, const struct svcr_ipvs_change *ch, int err)
{
	size_t i = 0;

	while (i < sizeof(meanings) / sizeof(meanings[0]) && (meanings[i].op != ch->op || meanings[i].err != err))
		i++;
	if (i == sizeof(meanings) / sizeof(meanings[0]))
		svcr_out_str(o, err == EPERM ? "needs CAP_NET_ADMIN (root)" :
			     strerrordesc_np(err) ? strerrordesc_np(err) : "unknown error");
	else if (meanings[i].text)
		svcr_out_str(o, meanings[i].text);
	else
		svcr_out(o, "no such scheduler in this kernel: '%s' (module ip_vs_%s)", ch->server->scheduler,
			 ch->server->scheduler);
}

static const struct svcr_ipvs_change *change_of(const struct svcrules_ipvs_changes *c, bool removals, uint32_t seq)
{
	const struct svcr_ipvs_change *v;
	size_t n = svcr_ipvs_stage(c, removals, &v);

	return seq > 0 && seq <= n ? &v[seq - 1] : NULL;
}

bool svcrules_ipvs_changes_harmless(const struct svcrules_ipvs_changes *c, bool removals, uint32_t seq, int err)
{
	const struct svcr_ipvs_change *ch = change_of(c, removals, seq);

	return ch && removals && (err == -ESRCH || err == -ENOENT); /* gone already */
}

bool svcrules_ipvs_changes_same_server(const struct svcrules_ipvs_changes *c, bool removals, uint32_t seq,
				       uint32_t other)
{
	const struct svcr_ipvs_change *a = change_of(c, removals, seq), *b = change_of(c, removals, other);

	return a && b && a->server == b->server;
}

char *svcrules_ipvs_changes_describe(const struct svcrules_ipvs_changes *c, bool removals, uint32_t seq, int err)
{
	const struct svcr_ipvs_change *ch = change_of(c, removals, seq);
	char *server = ch ? server_text(c->to, c->from, ch->server) : NULL, place[SVCR_IPVS_PLACE_TEXT] = "";
	struct svcr_nft_buffer t = { NULL, 0 };
	struct svcr_out o = { .write = svcr_nft_buffer_append, .arg = &t };

	if (!server)
		return NULL;
	if (ch->real)
		svcr_ipvs_place_text(&ch->real->addr, ch->real->port, place);
	svcr_out(&o, "%s: %s%s%s: ", server, verbs[ch->op], *place ? " real server " : "", place);
	out_meaning(&o, ch, -err);
	free(server);
	if (svcr_out_end(&o) == 0)
		return t.p;
	free(t.p);
	return NULL;
}
