/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A rule set as bytes and back: what a run leaves for the next one, so that it
 * need not ask the kernel. The bytes are for the same build of this library on
 * the same machine (numbers are in the host's order, sets in the layout's), but
 * reading them trusts nothing: they may have been cut or changed.
 *
 *	name; for each family: present; for each set: present, size, n, the
 *	records without comments, the comments; chains: kind, n, the rules
 *
 * Text is its length and its bytes; no text is the length NO_TEXT.
 */
#include "rules/nftables/ruleset.h"

#include <errno.h>

#define NO_TEXT UINT32_MAX
#define CHUNK 65536u

struct packer {
	svcrules_write_fn write;
	void *arg;
	int err;
	size_t len;
	uint8_t buf[CHUNK];
};

static void put(struct packer *p, const void *data, size_t len)
{
	if (!p->err && p->len && p->len + len > CHUNK) {
		p->err = p->write(p->arg, (const char *)p->buf, p->len);
		p->len = 0;
	}
	if (!p->err && len > CHUNK) {
		p->err = p->write(p->arg, data, len);
	} else if (!p->err) {
		memcpy(p->buf + p->len, data, len);
		p->len += len;
	}
}

static void put_u32(struct packer *p, uint32_t v)
{
	put(p, &v, sizeof(v));
}

static void put_text(struct packer *p, const char *s)
{
	uint32_t len = s ? (uint32_t)strlen(s) : NO_TEXT;

	put_u32(p, len);
	if (s)
		put(p, s, len);
}

static size_t plain_len(const struct svcr_nft_set *s)
{
	return s->sort_len + s->data_len;
}

static void put_set(struct packer *p, const struct svcr_nft_set *s)
{
	put_u32(p, s->present);
	put_u32(p, s->size);
	put_u32(p, s->present ? (uint32_t)s->n : 0);
	if (!s->present || !s->n)
		return;
	if (s->stride == plain_len(s)) {
		put(p, s->v, s->n * s->stride);
		return;
	}
	for (size_t i = 0; i < s->n; i++)
		put(p, svcr_nft_elem(s, i), plain_len(s));
	for (size_t i = 0; i < s->n; i++)
		put_text(p, svcr_nft_comment(s, svcr_nft_elem(s, i)));
}

static void put_chain(struct packer *p, const struct svcr_nft_chain *c)
{
	put_u32(p, c->id.kind);
	put_u32(p, c->id.n);
	put_u32(p, (uint32_t)c->nrules);
	for (size_t i = 0; i < c->nrules; i++)
		put_text(p, c->rules[i].canon);
}

static void put_table(struct packer *p, const struct svcr_nft_table *t)
{
	put_u32(p, t->present);
	if (!t->present)
		return;
	for (int i = 0; i < SET__COUNT; i++)
		put_set(p, &t->sets[i]);
	put_u32(p, (uint32_t)t->nchains);
	for (size_t i = 0; i < t->nchains; i++)
		put_chain(p, &t->chains[i]);
}

int svcrules_nft_pack(const struct svcrules_nft *n, svcrules_write_fn write, void *arg)
{
	struct packer *p = malloc(sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	p->write = write;
	p->arg = arg;
	p->err = 0;
	p->len = 0;
	put_text(p, n->name);
	for (int f = 0; f < SVCR_FAMILY__COUNT; f++)
		put_table(p, &n->tables[f]);
	err = p->err || !p->len ? p->err : write(arg, (const char *)p->buf, p->len);
	free(p);
	return err;
}

struct unpacker {
	const uint8_t *at;
	size_t left;
	int err;
	struct svcrules_nft *nft;
};

/* The next `len` bytes, or NULL once there are not so many. */
static const uint8_t *take(struct unpacker *u, size_t len)
{
	const uint8_t *p = u->at;

	if (!u->err && len > u->left)
		u->err = -EBADMSG;
	if (u->err)
		return NULL;
	u->at += len;
	u->left -= len;
	return p;
}

static uint32_t take_u32(struct unpacker *u)
{
	const uint8_t *p = take(u, sizeof(uint32_t));
	uint32_t v = 0;

	if (p)
		memcpy(&v, p, sizeof(v));
	return v;
}

/* A copy in the arena; NULL without text, or with u->err set. */
static const char *take_text(struct unpacker *u)
{
	uint32_t len = take_u32(u);
	const uint8_t *p = len == NO_TEXT ? NULL : take(u, len);
	const char *s;

	if (!p)
		return NULL;
	s = svcr_arena_strndup(&u->nft->arena, (const char *)p, len);
	if (!s)
		u->err = -ENOMEM;
	return s;
}

static bool is_own_chain(struct svcr_nft_chain_id id)
{
	return id.kind >= CHAIN_PREROUTING && id.kind < CHAIN_FOREIGN;
}

/* Verdicts are numbers of chains, which print by table. */
static void check_verdicts(struct unpacker *u, const struct svcr_nft_set *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct svcr_nft_chain_id id;

		memcpy(&id, svcr_nft_elem_data(s, svcr_nft_elem(s, i)), sizeof(id));
		if (id.kind != VERDICT_DROP && !is_own_chain(id))
			u->err = -EBADMSG;
	}
}

static void take_records(struct unpacker *u, struct svcr_nft_set *s, size_t n)
{
	size_t len = plain_len(s);
	const uint8_t *p = n > u->left / len ? (u->err = -EBADMSG, NULL) : take(u, n * len);

	if (!p || !n)
		return;
	s->v = calloc(n, s->stride);
	if (!s->v) {
		u->err = -ENOMEM;
		return;
	}
	s->n = s->cap = n;
	if (s->stride == len)
		memcpy(s->v, p, n * len);
	for (size_t i = 0; i < n && s->stride != len; i++)
		memcpy(svcr_nft_elem(s, i), p + i * len, len);
	for (size_t i = 0; i < n && s->stride != len && !u->err; i++)
		svcr_nft_set_comment(s, svcr_nft_elem(s, i), take_text(u));
}

static void take_set(struct unpacker *u, enum svcr_nft_set_id id, struct svcr_nft_set *s)
{
	s->present = take_u32(u);
	s->size = take_u32(u);
	take_records(u, s, take_u32(u));
	if (!u->err && svcr_nft_sets[id].data == DATA_VERDICT)
		check_verdicts(u, s);
	svcr_nft_sort(s);
	u->nft->stats.elements += s->n;
}

static void take_chain(struct unpacker *u, struct svcr_nft_table *t)
{
	struct svcr_nft_chain_id id = { .kind = take_u32(u) };
	struct svcr_nft_chain *c;
	uint32_t rules;

	id.n = take_u32(u);
	rules = take_u32(u);
	if (!u->err && (!is_own_chain(id) || svcr_nft_find_chain(t, id)))
		u->err = -EBADMSG;
	c = u->err ? NULL : svcr_nft_chain(t, id);
	if (!c && !u->err)
		u->err = -ENOMEM;
	while (rules-- > 0 && !u->err) {
		const char *canon = take_text(u);
		struct svcr_nft_rule *r = canon ? svcr_grow((void **)&c->rules, &c->nrules, &c->cap, sizeof(*r)) : NULL;

		if (r)
			r->canon = canon;
		else if (!u->err)
			u->err = canon ? -ENOMEM : -EBADMSG;
	}
}

static void take_table(struct unpacker *u, struct svcr_nft_table *t)
{
	uint32_t chains;

	t->present = take_u32(u);
	if (!t->present)
		return;
	for (int i = 0; i < SET__COUNT && !u->err; i++)
		take_set(u, i, &t->sets[i]);
	for (chains = take_u32(u); chains > 0 && !u->err; chains--)
		take_chain(u, t);
}

int svcrules_nft_unpack(const void *buf, size_t len, struct svcrules_nft **ret)
{
	struct unpacker u = { .at = buf, .left = len, .nft = svcrules_nft_new("") };

	if (!u.nft)
		return -ENOMEM;
	u.nft->name = take_text(&u);
	if (!u.nft->name && !u.err)
		u.err = -EBADMSG;
	for (int f = 0; f < SVCR_FAMILY__COUNT && !u.err; f++)
		take_table(&u, &u.nft->tables[f]);
	if (!u.err && u.left)
		u.err = -EBADMSG;
	if (u.err)
		svcrules_nft_free(u.nft);
	else
		*ret = u.nft;
	return u.err;
}
