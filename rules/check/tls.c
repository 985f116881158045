/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ingress: the Secrets of spec.tls, their certificates, and hosts without any. */
#include "options.h"
#include "rules/check/check.h"
#include "rules/nginx/x509.h"

#include <errno.h>

#define TLS_TYPE "kubernetes.io/tls"
/*
 * OpenSSL decodes all names of a certificate for each host that is compared with it: a certificate
 * is compared until so many bytes were decoded, and then taken for right.
 */
#define BYTES_COMPARED (64 << 20)

/* A Secret, whose certificate is parsed once. */
struct tls_secret {
	const struct svcr_secret *s;
	struct svcr_x509 *x509; /* NULL: it was not parsed yet, or it cannot be used */
	bool parsed;
	size_t bytes; /* that may still be decoded */
};

struct tls_check {
	struct svcr_checks *c;
	struct tls_secret *v; /* by namespace and name */
	size_t n;
};

/* An entry of spec.tls. */
struct tls_entry {
	const struct svcr_ingress *i;
	const struct svcr_ingress_tls *tls;
	size_t at;
	struct tls_secret *secret;
};

/* ---- Secrets --------------------------------------------------------------------- */

static int tls_secret_cmp(const void *a, const void *b)
{
	const struct tls_secret *x = a, *y = b;
	int d = strcmp(x->s->ns, y->s->ns);

	return d ? d : strcmp(x->s->name, y->s->name);
}

static int index_secrets(struct tls_check *k)
{
	const struct svcrules_model *m = k->c->m;

	k->n = m->secrets.n;
	k->v = svcr_arena_array(&k->c->arena, k->n + 1, sizeof(*k->v));
	for (size_t i = 0; k->v && i < k->n; i++)
		k->v[i] = (struct tls_secret){ .s = &m->secrets.v[i], .bytes = BYTES_COMPARED };
	if (k->v && k->n)
		qsort(k->v, k->n, sizeof(*k->v), tls_secret_cmp);
	return k->v ? 0 : -ENOMEM;
}

static struct tls_secret *find_secret(const struct tls_check *k, const char *ns, const char *name)
{
	const struct svcr_secret like = { .ns = ns, .name = name };
	const struct tls_secret key = { .s = &like };

	return k->n ? bsearch(&key, k->v, k->n, sizeof(*k->v), tls_secret_cmp) : NULL;
}

static int __attribute__((format(printf, 5, 6)))
tell_entry(struct tls_check *k, const struct tls_entry *e, const char *check, const char *of,
	   const char *fmt, ...)
{
	char field[80], text[700];
	struct svcr_place at = { "Ingress", e->i->ns, e->i->name, e->i->source, field };
	va_list ap;

	snprintf(field, sizeof(field), "spec.tls[%zu]%s", e->at, of);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	return svcr_found(k->c, check, &at, "%s", text);
}

/* True if something in the cluster will make the Secret: the Ingress is of a manifest, and asks. */
static bool is_to_be_issued(const struct svcr_ingress *i)
{
	bool asks = svcr_map_get(&i->annotations, "kubernetes.io/tls-acme");

	for (size_t k = 0; k < i->annotations.n && !asks; k++)
		asks = strncmp(i->annotations.v[k].key, "cert-manager.io/",
			       strlen("cert-manager.io/")) == 0;
	return asks && !i->created;
}

/* Says why there is no certificate in the Secret of an entry. *ret_bad: there is none. */
static int judge_secret(struct tls_check *k, const struct tls_entry *e, bool *ret_bad)
{
	const struct svcr_secret *s = e->secret ? e->secret->s : NULL;
	bool other = s && strcmp(s->type, TLS_TYPE) != 0;
	bool empty = s && (!svcr_secret_get(s, "tls.crt") || !svcr_secret_get(s, "tls.key"));

	*ret_bad = !s || other || empty;
	if (!*ret_bad || (!s && is_to_be_issued(e->i)))
		return 0;
	if (!s)
		return tell_entry(k, e, "ingress-secret", ".secretName",
				  "no Secret of namespace %s that could have a certificate is "
				  "named '%s'",
				  e->i->ns, e->tls->secret);
	if (other)
		return tell_entry(k, e, "ingress-secret", ".secretName",
				  "Secret %s/%s is of type %s, expected " TLS_TYPE, s->ns, s->name,
				  s->type);
	return tell_entry(k, e, "ingress-secret", ".secretName",
			  "Secret %s/%s has no tls.crt or no tls.key", s->ns, s->name);
}

/* ---- Certificates ------------------------------------------------------------------- */

static struct svcr_str secret_text(const struct svcr_secret *s, const char *key)
{
	const struct svcr_secret_bytes *b = svcr_secret_get(s, key);

	return (struct svcr_str){ b->p, b->len };
}

static int check_dates(struct tls_check *k, const struct tls_entry *e)
{
	char date[SVCR_X509_DATE];
	enum svcr_x509_time t = svcr_x509_at(e->secret->x509, k->c->o->now, date);

	if (t == SVCR_X509_VALID)
		return 0;
	return tell_entry(k, e, "certificate", ".secretName",
			  "the certificate of Secret %s/%s is not valid %s %s", e->secret->s->ns,
			  e->secret->s->name, t == SVCR_X509_PAST ? "any more since" : "before",
			  date);
}

/* Parses the certificate of a Secret that is met for the first time, and says what is wrong. */
static int parse_certificate(struct tls_check *k, const struct tls_entry *e)
{
	struct tls_secret *x = e->secret;
	char fault[SVCR_X509_FAULT];
	int err;

	if (x->parsed)
		return 0;
	x->parsed = true;
	err = svcr_x509_read(secret_text(x->s, "tls.crt"), secret_text(x->s, "tls.key"), &x->x509,
			     fault);
	if (err == -EINVAL)
		return tell_entry(k, e, "certificate", ".secretName", "Secret %s/%s: %s", x->s->ns,
				  x->s->name, fault);
	return err || !k->c->o->now ? err : check_dates(k, e);
}

/* What the certificate says about a host; it names it if too much was compared. */
static enum svcr_x509_name names_host(struct tls_secret *x, const char *host)
{
	size_t bytes = secret_text(x->s, "tls.crt").len;

	if (x->bytes < bytes)
		return SVCR_X509_NAMED;
	x->bytes -= bytes;
	return svcr_x509_names(x->x509, host);
}

static int check_host(struct tls_check *k, const struct tls_entry *e, size_t at)
{
	const char *host = e->tls->hosts.v[at];
	enum svcr_x509_name named = names_host(e->secret, host);
	char of[40];

	snprintf(of, sizeof(of), ".hosts[%zu]", at);
	if (named == SVCR_X509_UNNAMED)
		return tell_entry(k, e, "certificate-host", of,
				  "the certificate of Secret %s/%s does not name %s: clients "
				  "refuse it",
				  e->i->ns, e->tls->secret, host);
	if (named == SVCR_X509_COMMON_NAME)
		return tell_entry(k, e, "certificate-host", of,
				  "the certificate of Secret %s/%s names %s in its common name "
				  "alone, where browsers do not look: expected a subjectAltName",
				  e->i->ns, e->tls->secret, host);
	return 0;
}

/* An entry without hosts is for those hosts of the rules that its certificate names. */
static int check_hostless(struct tls_check *k, const struct tls_entry *e)
{
	size_t hosts = 0;

	for (size_t r = 0; r < e->i->rules.n; r++) {
		const char *host = e->i->rules.v[r].host;

		if (!host || names_host(e->secret, host) != SVCR_X509_UNNAMED)
			return 0;
		hosts++;
	}
	return hosts ? tell_entry(k, e, "certificate-host", "",
				  "no hosts, and the certificate of Secret %s/%s names none of the "
				  "rules: clients refuse it",
				  e->i->ns, e->tls->secret) :
		       0;
}

static int check_entry(struct tls_check *k, struct tls_entry *e)
{
	bool bad;
	int err;

	if (!e->tls->secret || !k->n) /* without a Secret, a controller has one of its own */
		return 0;
	e->secret = find_secret(k, e->i->ns, e->tls->secret);
	err = judge_secret(k, e, &bad);
	if (!err && !bad)
		err = parse_certificate(k, e);
	if (err || bad || !e->secret->x509)
		return err;
	for (size_t h = 0; h < e->tls->hosts.n && !err; h++)
		err = check_host(k, e, h);
	return err || e->tls->hosts.n ? err : check_hostless(k, e);
}

int svcr_check_certificates(struct svcr_checks *c)
{
	struct tls_check k = { .c = c };
	int err = index_secrets(&k);

	for (size_t i = 0; i < c->m->ingresses.n && !err; i++) {
		struct tls_entry e = { .i = c->ingresses[i] };

		for (; e.at < e.i->tls.n && !err; e.at++) {
			e.tls = &e.i->tls.v[e.at];
			err = check_entry(&k, &e);
		}
	}
	for (size_t i = 0; k.v && i < k.n; i++)
		svcr_x509_free(k.v[i].x509);
	return err;
}

/* ---- Hosts without a certificate ------------------------------------------------------ */

static int host_sort(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* All hosts of spec.tls, sorted; malloc'ed. NULL: out of memory. */
static const char **tls_hosts(const struct svcr_ingress *i, size_t *ret_n)
{
	const char **v;
	size_t n = 0, at = 0;

	for (size_t k = 0; k < i->tls.n; k++)
		n += i->tls.v[k].hosts.n;
	v = calloc(n + 1, sizeof(*v));
	for (size_t k = 0; v && k < i->tls.n; k++)
		for (size_t h = 0; h < i->tls.v[k].hosts.n; h++)
			v[at++] = i->tls.v[k].hosts.v[h];
	if (v && n)
		qsort((void *)v, n, sizeof(*v), host_sort);
	*ret_n = n;
	return v;
}

/* True if the name itself, or a wildcard that has it, is in the list. */
static bool hosts_cover(const char **v, size_t n, const char *host)
{
	const char *dot = strchr(host, '.'), *wild;
	char text[300];

	snprintf(text, sizeof(text), "*%s", dot ? dot : "");
	wild = text;
	return n && (bsearch(&host, (const void *)v, n, sizeof(*v), host_sort) ||
		     (dot && bsearch(&wild, (const void *)v, n, sizeof(*v), host_sort)));
}

static int check_tls(struct svcr_checks *c, const struct svcr_ingress *i)
{
	char field[40];
	struct svcr_place at = { "Ingress", i->ns, i->name, i->source, field };
	size_t n;
	const char **v = tls_hosts(i, &n);
	int err = v ? 0 : -ENOMEM;

	for (size_t r = 0; r < i->rules.n && !err; r++) {
		const char *host = i->rules.v[r].host;

		snprintf(field, sizeof(field), "spec.rules[%zu].host", r);
		if (host && !hosts_cover(v, n, host))
			err = svcr_found(c, "ingress-without-tls", &at,
					 "no entry of spec.tls has %s", host);
	}
	free((void *)v);
	return err;
}

int svcr_check_without_tls(struct svcr_checks *c)
{
	int err = 0;

	for (size_t i = 0; i < c->m->ingresses.n && !err; i++)
		err = check_tls(c, c->ingresses[i]);
	return err;
}
