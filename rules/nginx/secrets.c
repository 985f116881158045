/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The Secrets of the input by namespace and name, and the names of their files. */
#include "rules/nginx/build.h"
#include "rules/nginx/x509.h"

#include <errno.h>
#include <stdlib.h>

#define FILE_NAME_MAX 200 /* bytes of a file's name, without an ending */
#define SHOWN_MAX 100     /* bytes of the name of a Secret that is too long for that */

static int secret_name_cmp(const struct svcr_secret *a, const char *ns, const char *name)
{
	int d = strcmp(a->ns, ns);

	return d ? d : strcmp(a->name, name);
}

static int secret_sort(const void *a, const void *b)
{
	const struct svcr_secret *const *x = a, *const *y = b;

	return secret_name_cmp(*x, (*y)->ns, (*y)->name);
}

int svcr_nginx_secrets_index(struct svcr_nginx_builder *b)
{
	size_t n = b->m->secrets.n;

	b->secrets = svcr_arena_array(&b->arena, n + 1, sizeof(*b->secrets));
	b->users_added = svcr_arena_array(&b->arena, 2 * (n + 1), sizeof(*b->users_added));
	if (!b->secrets || !b->users_added)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		b->secrets[i] = &b->m->secrets.v[i];
	if (n)
		qsort((void *)b->secrets, n, sizeof(*b->secrets), secret_sort);
	return 0;
}

const struct svcr_secret *svcr_nginx_secret_find(const struct svcr_nginx_builder *b, const char *ns,
						 const char *name)
{
	size_t low = 0, high = name ? b->m->secrets.n : 0;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int d = secret_name_cmp(b->secrets[mid], ns, name);

		if (!d)
			return b->secrets[mid];
		if (d < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
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
