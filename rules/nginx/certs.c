/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Certificates: which host is served with which Secret, and their files. */
#include "rules/nginx/build.h"

#include <errno.h>
#include <stdlib.h>

#define FILE_NAME_MAX 200 /* bytes of the name of a Secret's files */

int svcr_nginx_take_tls(struct svcr_nginx_builder *b, const struct svcr_ingress *i)
{
	for (size_t k = 0; k < i->tls.n; k++)
		for (size_t h = 0; h < i->tls.v[k].hosts.n; h++) {
			struct svcr_nginx_cert *slot = SVCR_GROW(&b->certs);

			if (!slot)
				return -ENOMEM;
			*slot = (struct svcr_nginx_cert){ i->tls.v[k].hosts.v[h], i,
							  i->tls.v[k].secret, NULL };
		}
	return 0;
}

static bool is_pem(const struct svcr_secret_bytes *b)
{
	return b && b->len > 11 && memcmp(b->p, "-----BEGIN ", 11) == 0 &&
	       !memchr(b->p, '\0', b->len);
}

/* Adds the two files of a Secret. */
static int add_secret(struct svcr_nginx *v, const struct svcr_secret *s, const char *file)
{
	const struct svcr_secret_bytes *c = svcr_secret_get(s, "tls.crt");
	const struct svcr_secret_bytes *k = svcr_secret_get(s, "tls.key");
	char *crt = svcr_arena_printf(&v->arena, "%s.crt", file);
	char *key = svcr_arena_printf(&v->arena, "%s.key", file);
	int err = crt && key ? 0 : -ENOMEM;

	if (!err)
		err = svcr_nginx_add_file(v, crt, true, c->p, c->len);
	return err ? err : svcr_nginx_add_file(v, key, true, k->p, k->len);
}

static int take_secret(struct svcr_nginx_builder *b, struct svcr_nginx_cert *c)
{
	const struct svcr_ingress *i = c->ingress;
	const struct svcr_secret *s = svcr_nginx_secret_find(b, i->ns, c->secret);
	size_t at;
	bool again;
	char *file;

	if (!s || strcmp(s->type, "kubernetes.io/tls") != 0) {
		svcr_nginx_note(b, i,
				&(struct svcrules_diag){ .severity = SVCRULES_WARNING,
							 .check = "secret",
							 .field = "spec.tls" },
				"no Secret %s/%s of type kubernetes.io/tls: %s is not served over "
				"TLS",
				i->ns, c->secret ? c->secret : "", c->host);
		return 0;
	}
	if (!is_pem(svcr_secret_get(s, "tls.crt")) || !is_pem(svcr_secret_get(s, "tls.key"))) {
		svcr_nginx_note(b, i,
				&(struct svcrules_diag){ .severity = SVCRULES_ERROR,
							 .check = "secret",
							 .field = "spec.tls" },
				"Secret %s/%s: expected PEM in tls.crt and in tls.key", s->ns,
				s->name);
		return 0;
	}
	file = svcr_arena_printf(&b->v->arena, "tls_%s_%s", s->ns, s->name);
	if (!file)
		return -ENOMEM;
	if (strlen(file) > FILE_NAME_MAX) {
		svcr_nginx_note(b, i,
				&(struct svcrules_diag){ .severity = SVCRULES_WARNING,
							 .check = "secret",
							 .field = "spec.tls" },
				"the name of Secret %s/%s is too long for a file: %s is not served "
				"over TLS",
				s->ns, s->name, c->host);
		return 0;
	}
	c->file = file;
	at = (size_t)(s - b->m->secrets.v);
	again = b->secret_used[at];
	b->secret_used[at] = true;
	return again ? 0 : add_secret(b->v, s, file);
}

static int cert_sort(const void *a, const void *b)
{
	const struct svcr_nginx_cert *x = a, *y = b;
	int d = strcmp(x->host, y->host);

	d = d ? d : svcr_ingress_age_cmp(x->ingress, y->ingress);
	return d ? d : strcmp(x->secret ? x->secret : "", y->secret ? y->secret : "");
}

int svcr_nginx_settle_certs(struct svcr_nginx_builder *b)
{
	size_t n = 0;
	int err = 0;

	if (b->certs.n)
		qsort(b->certs.v, b->certs.n, sizeof(*b->certs.v), cert_sort);
	for (size_t i = 0; i < b->certs.n && !err; i++) {
		if (n && strcmp(b->certs.v[n - 1].host, b->certs.v[i].host) == 0)
			continue;
		b->certs.v[n] = b->certs.v[i];
		err = take_secret(b, &b->certs.v[n++]);
	}
	b->certs.n = n;
	return err;
}

static int cert_find_cmp(const void *a, const void *b)
{
	return strcmp(a, ((const struct svcr_nginx_cert *)b)->host);
}

const struct svcr_nginx_cert *svcr_nginx_cert_of(const struct svcr_nginx_builder *b,
						 const char *host)
{
	const struct svcr_nginx_cert *c = NULL;
	const char *dot = strchr(host, '.');
	char wild[300];

	if (b->certs.n && *host)
		c = bsearch(host, b->certs.v, b->certs.n, sizeof(*c), cert_find_cmp);
	if (c || !dot || !b->certs.n)
		return c && c->file ? c : NULL;
	snprintf(wild, sizeof(wild), "*%s", dot);
	c = bsearch(wild, b->certs.v, b->certs.n, sizeof(*c), cert_find_cmp);
	return c && c->file ? c : NULL;
}
