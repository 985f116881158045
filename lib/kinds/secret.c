/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Secret of v1. Its bytes are never interned and never in a message: they go into memory that is
 * wiped when the model is freed. Annotations are not read: kubectl's
 * last-applied-configuration has the data, too.
 */
#include "kinds.h"
#include "metadata.h"

#include <stdlib.h>

#define SECRET_MAX (1 << 20) /* bytes of all values that an API server stores */
#define SECRET_KEY_MAX 253

/* Types whose values are kept; of others, as of service accounts' tokens, nothing is. */
static const char *const kept_types[] = { "Opaque", "kubernetes.io/tls",
					  "kubernetes.io/basic-auth" };

/* A value as it is read. */
struct secret_item {
	struct svcr_secret_entry entry;
	bool plain; /* from stringData, which takes the place of data */
};

struct secret_object {
	struct svcr_metadata meta;
	const char *type;
	struct {
		struct secret_item *v;
		size_t n, cap;
	} items;
	size_t n_bytes; /* of the model's secret_bytes, the newest: this object's */
};

#define MEMBER(path) offsetof(struct secret_object, path)

/* ---- Values ---------------------------------------------------------------- */

/* The six bits that a character of base64 stands for; -1: none. */
static int secret_digit(char c)
{
	static const char digits[] =
		"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
	const char *p = c ? strchr(digits, c) : NULL;

	return p ? (int)(p - digits) : -1;
}

/* Decodes base64 of RFC 4648, with or without line ends. Returns the length, or -1. */
static long secret_decode(char *to, struct svcr_str s)
{
	uint32_t bits = 0;
	unsigned digits = 0, padding = 0;
	long n = 0;

	for (size_t i = 0; i < s.len; i++) {
		int v = secret_digit(s.p[i]);

		if (s.p[i] == '\n' || s.p[i] == '\r')
			continue;
		padding += s.p[i] == '=';
		if (s.p[i] == '=')
			continue;
		if (v < 0 || padding)
			return -1;
		bits = bits << 6 | (uint32_t)v;
		if (digits++ % 4)
			to[n++] = (char)(bits >> (6 - 2 * ((digits - 1) % 4)));
	}
	return (digits + padding) % 4 || padding > 2 || (padding && digits % 4 == 1) ? -1 : n;
}

/* Takes `s`, of base64 or plain, into memory of the model; NULL: an error was set. */
static const struct svcr_secret_bytes *keep_bytes(struct svcr_reader *r, struct secret_object *o,
						  struct svcr_str s, bool plain)
{
	struct svcr_secret_bytes *b = malloc(sizeof(*b) + s.len + 1);
	long n = (long)s.len;

	if (!b) {
		r->err = -ENOMEM;
		return NULL;
	}
	if (plain && s.len)
		memcpy(b->p, s.p, s.len);
	else if (!plain)
		n = secret_decode(b->p, s);
	b->len = n < 0 ? 0 : (size_t)n;
	explicit_bzero(b->p + b->len, s.len + 1 - b->len);
	b->next = r->model->secret_bytes;
	r->model->secret_bytes = b;
	o->n_bytes++;
	if (n < 0)
		svcr_read_error(r, "value", "not base64 of RFC 4648 (the value is not shown)");
	return n < 0 ? NULL : b;
}

/* Reads one value; null is empty, as for an API server. */
static void read_value_of(struct svcr_reader *r, struct secret_object *o, const char *key,
			  bool plain)
{
	struct svcr_str s = { "", 0 };
	bool null = svcr_json_peek(&r->json) == SVCR_JSON_NULL;
	const struct svcr_secret_bytes *b;
	struct secret_item *slot;

	if (!svcr_read_string(r, &s) && !null)
		return;
	b = keep_bytes(r, o, null ? (struct svcr_str){ "", 0 } : s, plain);
	slot = b ? SVCR_READ_GROW(r, &o->items) : NULL;
	if (slot)
		*slot = (struct secret_item){ { key, b }, plain };
}

/* The rule of API servers for keys of ConfigMaps and Secrets. */
static bool is_secret_key(struct svcr_str s)
{
	for (size_t i = 0; i < s.len; i++) {
		unsigned char c = (unsigned char)s.p[i];

		if (!((c | 32) >= 'a' && (c | 32) <= 'z') && !(c >= '0' && c <= '9') && c != '-' &&
		    c != '.' && c != '_')
			return false;
	}
	return s.len && s.len <= SECRET_KEY_MAX && !svcr_str_eq(s, ".") &&
	       (s.len < 2 || memcmp(s.p, "..", 2) != 0);
}

static void read_values(struct svcr_reader *r, struct secret_object *o, bool plain)
{
	static const struct svcr_field none[] = { SVCR_END };
	struct svcr_str s;
	const char *key;

	if (svcr_json_peek(&r->json) != SVCR_JSON_OBJECT) {
		svcr_read_object(r, none, o); /* tells what was found */
		return;
	}
	if (!svcr_json_enter(&r->json))
		return;
	while (svcr_json_next_key(&r->json, &s)) {
		bool good = is_secret_key(s);

		key = good ? svcr_read_intern(r, s) : NULL;
		if (!good)
			svcr_read_error(r, "value",
					"a key is not 1-%d of the characters -._a-zA-Z0-9, or is "
					"'.' or starts with '..' (it is not shown)",
					SECRET_KEY_MAX);
		if (!key) {
			svcr_json_skip(&r->json);
			continue;
		}
		svcr_read_push(r, key, 0);
		read_value_of(r, o, key, plain);
		svcr_read_pop(r);
	}
}

static void read_data(struct svcr_reader *r, void *member)
{
	read_values(r, SVCR_CONTAINER(member, struct secret_object, items), false);
}

static void read_string_data(struct svcr_reader *r, void *member)
{
	read_values(r, SVCR_CONTAINER(member, struct secret_object, items), true);
}

static const struct svcr_field secret_fields[] = {
	{ SVCR_FIELD("metadata"), SVCR_F_OBJECT, MEMBER(meta), .fields = svcr_metadata_fields },
	{ SVCR_FIELD("data"), SVCR_F_CUSTOM, MEMBER(items), .owns = true, .read = read_data },
	{ SVCR_FIELD("stringData"), SVCR_F_CUSTOM, MEMBER(items), .owns = true,
	  .read = read_string_data },
	{ SVCR_FIELD("type"), SVCR_F_STRING, .offset = MEMBER(type) },
	SVCR_END
};

/* ---- Objects ---------------------------------------------------------------- */

static int secret_item_cmp(const void *a, const void *b)
{
	const struct secret_item *x = a, *y = b;
	int d = strcmp(x->entry.key, y->entry.key);

	return d ? d : (int)y->plain - (int)x->plain;
}

/* The values by key, each once: that of stringData if there are two. */
static void settle_entries(struct svcr_reader *r, struct secret_object *o, struct svcr_secret *s)
{
	size_t sum = 0;

	if (o->items.n)
		qsort(o->items.v, o->items.n, sizeof(*o->items.v), secret_item_cmp);
	for (size_t i = 0; i < o->items.n; i++) {
		struct svcr_secret_entry *e = &o->items.v[i].entry, *slot;

		if (i && o->items.v[i - 1].entry.key == e->key)
			continue;
		sum += e->value->len;
		slot = SVCR_READ_GROW(r, &s->entries);
		if (slot)
			*slot = *e;
	}
	SVCR_READ_KEEP(r, &s->entries);
	svcr_read_push(r, "data", 0);
	if (sum > SECRET_MAX)
		svcr_read_error(r, "range", "%zu bytes of data, expected at most %d", sum,
				SECRET_MAX);
	svcr_read_pop(r);
}

static bool is_kept(const char *type)
{
	for (size_t i = 0; i < sizeof(kept_types) / sizeof(*kept_types); i++)
		if (strcmp(type, kept_types[i]) == 0)
			return true;
	return false;
}

static void finish_secret(struct svcr_reader *r, void *object)
{
	struct secret_object *o = object;
	struct svcr_secret s = { o->meta.ns, o->meta.name, r->source, o->type, { .n = 0 } }, *slot;

	if (!o->type || !*o->type)
		s.type = svcr_read_intern(r, (struct svcr_str){ "Opaque", 6 });
	if (s.type && is_kept(s.type)) {
		settle_entries(r, o, &s);
		slot = SVCR_READ_GROW(r, &r->model->secrets);
		if (slot)
			*slot = s;
	} else {
		for (; o->n_bytes; o->n_bytes--)
			svcr_secret_bytes_drop(&r->model->secret_bytes);
	}
	svcr_read_release(secret_fields, o);
}

const struct svcr_kind svcr_kind_secret = {
	.kind = "Secret",
	.api = "v1",
	.namespaced = true,
	.needs_name = true,
	.secret = true,
	.fields = secret_fields,
	.size = sizeof(struct secret_object),
	.finish = finish_secret,
};
