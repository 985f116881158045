/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Secrets of the input by namespace and name, and the names of their files. */
#include "rules/nginx/build.h"
#include "rules/nginx/x509.h"

#include <errno.h>

#define FILE_NAME_MAX 200 /* bytes of a file's name, without an ending */
#define SHOWN_MAX 100     /* bytes of the name of a Secret that is too long for that */

int svcr_nginx_secrets_index(struct svcr_nginx_builder *b)
{
	size_t n = b->m->secrets.n;

	b->users_added = svcr_arena_array(&b->arena, 2 * (n + 1), sizeof(*b->users_added));
	if (!b->users_added || svcr_nginx_names_init(&b->secrets, &b->arena, n))
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		const struct svcr_secret *s = &b->m->secrets.v[i];

		svcr_nginx_names_add(&b->secrets, s->ns, s->name, s);
	}
	svcr_nginx_names_sort(&b->secrets);
	return 0;
}

const struct svcr_secret *svcr_nginx_secret_find(const struct svcr_nginx_builder *b, const char *ns,
						 const char *name)
{
	return svcr_nginx_names_find(&b->secrets, ns, name);
}

const char *svcr_nginx_secret_file(struct svcr_nginx *v, const char *prefix,
				   const struct svcr_secret *s)
{
	/* neither a namespace nor a name has a '_' */
	const char *file = svcr_arena_printf(&v->arena, "%s_%s_%s", prefix, s->ns, s->name);
	unsigned char hash[32];
	char hex[33];

	if (!file || strlen(file) <= FILE_NAME_MAX)
		return file;
	svcr_x509_sha256((struct svcr_str){ s->name, strlen(s->name) }, hash);
	for (size_t i = 0; i < sizeof(hex) / 2; i++)
		snprintf(hex + 2 * i, 3, "%02x", hash[i]);
	return svcr_arena_printf(&v->arena, "%s_%s_%.*s_%s", prefix, s->ns, SHOWN_MAX, s->name,
				 hex);
}
