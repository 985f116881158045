/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A rule set as bytes and back: what a run leaves for the next one, so that it
 * need not ask the kernel. The bytes are for the same build of this library on
 * the same machine (numbers are in the host's order, sets in the layout's), but
 * reading them trusts nothing: they may have been cut or changed.
 *
 *	for each table: name, present; for each set: present, size, n, the
 *	records without comments, the comments; chains: kind, n, the rules
 *
 * Text is its length and its bytes; no text is the length NO_TEXT.
 */
#include "rules/nft/pack.h"

#include <errno.h>
#include <stdlib.h>

#define NO_TEXT UINT32_MAX
#define CHUNK 65536u

struct packer {
	svcrules_write_fn write;
	void *arg;
	int err;
	size_t len;
	uint8_t buf[CHUNK];
};

static void pack_bytes(struct packer *p, const void *data, size_t len)
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

static void pack_u32(struct packer *p, uint32_t v)
{
	pack_bytes(p, &v, sizeof(v));
}

static void pack_text(struct packer *p, const char *s)
{
	uint32_t len = s ? (uint32_t)strlen(s) : NO_TEXT;

	pack_u32(p, len);
	if (s)
		pack_bytes(p, s, len);
}

static size_t record_len(const struct svcr_nft_set *s)
{
	return s->sort_len + s->data_len;
}

static void pack_set(struct packer *p, const struct svcr_nft_set *s)
{
	if (!s->layout->name)
		return;
	pack_u32(p, s->present);
	pack_u32(p, s->size);
	pack_u32(p, s->present ? (uint32_t)s->n : 0);
	if (!s->present || !s->n)
		return;
	if (s->stride == record_len(s)) {
		pack_bytes(p, s->v, s->n * s->stride);
		return;
	}
	for (size_t i = 0; i < s->n; i++)
		pack_bytes(p, svcr_nft_elem(s, i), record_len(s));
	for (size_t i = 0; i < s->n; i++)
		pack_text(p, svcr_nft_comment(s, svcr_nft_elem(s, i)));
}

static void pack_chain(struct packer *p, const struct svcr_nft_chain *c)
{
	pack_u32(p, c->id.kind);
	pack_u32(p, c->id.n);
	pack_u32(p, (uint32_t)c->nrules);
	for (size_t i = 0; i < c->nrules; i++)
		pack_text(p, c->rules[i].canon);
}

static void pack_table(struct packer *p, const struct svcr_nft_table *t)
{
	pack_text(p, t->name);
	pack_u32(p, t->present);
	if (!t->present)
		return;
	for (size_t i = 0; i < t->layout->nsets; i++)
		pack_set(p, &t->sets[i]);
	pack_u32(p, (uint32_t)t->nchains);
	for (size_t i = 0; i < t->nchains; i++)
		pack_chain(p, &t->chains[i]);
}

int svcr_nft_pack(const struct svcr_nft *n, svcrules_write_fn write, void *arg)
{
	struct packer *p = malloc(sizeof(*p));
	int err;

	if (!p)
		return -ENOMEM;
	p->write = write;
	p->arg = arg;
	p->err = 0;
	p->len = 0;
	for (size_t i = 0; i < n->ntables; i++)
		pack_table(p, &n->tables[i]);
	err = p->err || !p->len ? p->err : write(arg, (const char *)p->buf, p->len);
	free(p);
	return err;
}

struct unpacker {
	const uint8_t *at;
	size_t left;
	int err;
	struct svcr_nft *nft;
};

/* Returns the next `len` bytes, or NULL if fewer are left. */
static const uint8_t *unpack_bytes(struct unpacker *u, size_t len)
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

static uint32_t unpack_u32(struct unpacker *u)
{
	const uint8_t *p = unpack_bytes(u, sizeof(uint32_t));
	uint32_t v = 0;

	if (p)
		memcpy(&v, p, sizeof(v));
	return v;
}

/* Returns a copy in the arena; NULL if there is no text, or with u->err set. */
static const char *unpack_text(struct unpacker *u)
{
	uint32_t len = unpack_u32(u);
	const uint8_t *p = len == NO_TEXT ? NULL : unpack_bytes(u, len);
	const char *s;

	if (!p)
		return NULL;
	s = svcr_arena_strndup(&u->nft->arena, (const char *)p, len);
	if (!s)
		u->err = -ENOMEM;
	return s;
}

static bool in_layout(const struct svcr_nft_table *t, struct svcr_nft_chain_id id)
{
	return id.kind != CHAIN_NONE && svcr_nft_chain_row(t->layout, id)->name;
}

/* Checks the verdicts: each must be a chain of the layout, because printing looks it up there. */
static void check_verdicts(struct unpacker *u, const struct svcr_nft_table *t,
			   const struct svcr_nft_set *s)
{
	for (size_t i = 0; i < s->n; i++) {
		struct svcr_nft_chain_id id = svcr_nft_elem_verdict(s, svcr_nft_elem(s, i));

		if (id.kind != VERDICT_DROP && !in_layout(t, id))
			u->err = -EBADMSG;
	}
}

static void unpack_records(struct unpacker *u, struct svcr_nft_set *s, size_t n)
{
	size_t len = record_len(s);
	const uint8_t *p = n > u->left / len ? (u->err = -EBADMSG, NULL) : unpack_bytes(u, n * len);

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
		svcr_nft_set_comment(s, svcr_nft_elem(s, i), unpack_text(u));
}

static void unpack_set(struct unpacker *u, const struct svcr_nft_table *t, struct svcr_nft_set *s)
{
	if (!s->layout->name)
		return;
	s->present = unpack_u32(u);
	s->size = unpack_u32(u);
	unpack_records(u, s, unpack_u32(u));
	if (!u->err && s->layout->data == DATA_VERDICT)
		check_verdicts(u, t, s);
	svcr_nft_sort(s);
}

static void unpack_chain(struct unpacker *u, struct svcr_nft_table *t)
{
	struct svcr_nft_chain_id id = { .kind = unpack_u32(u) };
	struct svcr_nft_chain *c;
	uint32_t rules;

	id.n = unpack_u32(u);
	rules = unpack_u32(u);
	if (!u->err && (!in_layout(t, id) || svcr_nft_find_chain(t, id)))
		u->err = -EBADMSG;
	c = u->err ? NULL : svcr_nft_chain(t, id);
	if (!c && !u->err)
		u->err = -ENOMEM;
	while (rules-- > 0 && !u->err) {
		const char *canon = unpack_text(u);
		struct svcr_nft_rule *r = canon ? svcr_nft_add_rule(c) : NULL;

		if (r)
			r->canon = canon;
		else if (!u->err)
			u->err = canon ? -ENOMEM : -EBADMSG;
	}
}

static void unpack_table(struct unpacker *u, struct svcr_nft_table *t)
{
	const char *name = unpack_text(u);
	uint32_t chains;

	if (!u->err && (!name || strcmp(name, t->name) != 0))
		u->err = -EBADMSG;
	t->present = unpack_u32(u);
	if (!t->present)
		return;
	for (size_t i = 0; i < t->layout->nsets && !u->err; i++)
		unpack_set(u, t, &t->sets[i]);
	for (chains = unpack_u32(u); chains > 0 && !u->err; chains--)
		unpack_chain(u, t);
}

int svcr_nft_unpack(const void *buf, size_t len, struct svcr_nft *into)
{
	struct unpacker u = { .at = buf, .left = len, .nft = into };

	for (size_t i = 0; i < into->ntables && !u.err; i++)
		unpack_table(&u, &into->tables[i]);
	if (!u.err && u.left)
		u.err = -EBADMSG;
	return u.err;
}
