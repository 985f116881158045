/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Secret of v1, of type kubernetes.io/tls. Its bytes are never interned and never in a message:
 * they go into memory that is wiped when the model is freed.
 */
#include "kinds.h"
#include "metadata.h"
#include "values.h"

struct secret_object {
	struct svcr_metadata meta;
	const char *type;
	const struct svcr_secret_bytes *certificate, *key;
};

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

static void read_secret_bytes(struct svcr_reader *r, void *member)
{
	struct svcr_secret_bytes *b;
	struct svcr_str s;
	long n;

	if (!svcr_read_string(r, &s))
		return;
	b = malloc(sizeof(*b) + s.len + 1);
	if (!b) {
		r->err = -ENOMEM;
		return;
	}
	b->len = s.len; /* all of it is wiped */
	b->next = r->model->secret_bytes;
	r->model->secret_bytes = b;
	n = secret_decode(b->p, s);
	if (n < 0) {
		svcr_read_error(r, "value", "not base64 of RFC 4648 (the value is not shown)");
		return;
	}
	explicit_bzero(b->p + n, s.len + 1 - (size_t)n);
	b->len = (size_t)n;
	*(const struct svcr_secret_bytes **)member = b;
}

#define MEMBER(path) offsetof(struct secret_object, path)

static const struct svcr_field data_fields[] = {
	{ SVCR_FIELD("tls.crt"), SVCR_F_CUSTOM, MEMBER(certificate), .read = read_secret_bytes },
	{ SVCR_FIELD("tls.key"), SVCR_F_CUSTOM, MEMBER(key), .read = read_secret_bytes },
	SVCR_END
};

static const struct svcr_field secret_fields[] = {
	{ SVCR_FIELD("metadata"), SVCR_F_OBJECT, MEMBER(meta), .fields = svcr_metadata_fields },
	{ SVCR_FIELD("data"), SVCR_F_OBJECT, .fields = data_fields },
	{ SVCR_FIELD("type"), SVCR_F_STRING, .offset = MEMBER(type) },
	SVCR_END
};

static void finish_secret(struct svcr_reader *r, void *object)
{
	struct secret_object *o = object;
	struct svcr_tls_secret *slot;

	if (!o->type || strcmp(o->type, "kubernetes.io/tls") != 0)
		return;
	slot = SVCR_READ_GROW(r, &r->model->secrets);
	if (slot)
		*slot = (struct svcr_tls_secret){ o->meta.ns, o->meta.name, r->source,
						  o->certificate, o->key };
}

const struct svcr_kind svcr_kind_secret = {
	.kind = "Secret",
	.api = "v1",
	.namespaced = true,
	.needs_name = true,
	.fields = secret_fields,
	.size = sizeof(struct secret_object),
	.finish = finish_secret,
};
