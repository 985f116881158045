/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the model keeps of Secrets (v1) of the types Opaque, kubernetes.io/tls and
 * kubernetes.io/basic-auth. The bytes of a value have memory of their own, which is wiped when the
 * model is freed; no message and no interned string holds them.
 */
#ifndef SVCR_SECRET_H
#define SVCR_SECRET_H

#include <stddef.h>

/* Bytes that are wiped when the model is freed. The model has a list of all of them. */
struct svcr_secret_bytes {
	struct svcr_secret_bytes *next;
	size_t len;
	char p[]; /* and a NUL, which is not counted */
};

struct svcr_secret_entry {
	const char *key; /* interned */
	const struct svcr_secret_bytes *value;
};

struct svcr_secret {
	const char *ns, *name, *source;
	const char *type; /* interned; "Opaque" if none is given */
	struct {
		struct svcr_secret_entry *v; /* sorted by key, each key once */
		size_t n, cap;
	} entries;
};

/* The value of a key, decoded; NULL: the Secret has no such key. */
const struct svcr_secret_bytes *svcr_secret_get(const struct svcr_secret *s, const char *key);
/* Wipes and frees the first of a list; the next one is then the first. */
void svcr_secret_bytes_drop(struct svcr_secret_bytes **list);

#endif
