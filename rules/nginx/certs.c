/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Certificates: which host is served with which Secret, and their files. */
#include "rules/nginx/build.h"
#include "rules/nginx/x509.h"

#include <errno.h>
#include <stdlib.h>

/* Entries of spec.tls without hosts that an Ingress may have; each is compared with all rules. */
#define HOSTLESS_MAX 16

/* The certificate of a Secret, which is parsed once. */
struct svcr_nginx_pair {
	bool seen;
	struct svcr_x509 *x509; /* NULL: it cannot be used */
	const char *file; /* the name of its files, without ".crt"; NULL: they are not added */
};

static const struct svcrules_diag no_secret = { .severity = SVCRULES_WARNING, .check = "secret" };
static const struct svcrules_diag bad_certificate = { .severity = SVCRULES_ERROR,
						      .check = "certificate" };
static const struct svcrules_diag odd_certificate = { .severity = SVCRULES_WARNING,
						      .check = "certificate" };
static const struct svcrules_diag conflict = { .severity = SVCRULES_WARNING, .check = "conflict" };

static void __attribute__((format(printf, 4, 5)))
cert_note(struct svcr_nginx_builder *b, const struct svcr_nginx_cert *c,
	  const struct svcrules_diag *like, const char *fmt, ...)
{
	struct svcrules_diag note = *like;
	char field[64], text[900];
	va_list ap;

	snprintf(field, sizeof(field), "spec.tls[%zu]", c->entry);
	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	note.field = field;
	svcr_nginx_note(b, c->ingress, &note, "%s", text);
}

/* ---- Secrets ------------------------------------------------------------------- */

static struct svcr_str bytes_of(const struct svcr_secret_bytes *b)
{
	return (struct svcr_str){ b->p, b->len };
}

/* A certificate is used though its time is over: clients complain, and other hosts go on. */
static void judge_time(struct svcr_nginx_builder *b, const struct svcr_nginx_cert *c,
		       const struct svcr_secret *s, const struct svcr_x509 *x)
{
	char date[SVCR_X509_DATE];
	enum svcr_x509_time t = b->o->now ? svcr_x509_at(x, b->o->now, date) : SVCR_X509_VALID;

	if (t == SVCR_X509_EARLY)
		cert_note(b, c, &odd_certificate,
			  "the certificate of Secret %s/%s is not valid before %s", s->ns, s->name,
			  date);
	else if (t == SVCR_X509_PAST)
		cert_note(b, c, &odd_certificate,
			  "the certificate of Secret %s/%s is not valid any more since %s", s->ns,
			  s->name, date);
}

/* Parses the Secret that is used for the first time, and tells what is wrong with it. */
static int pair_read(struct svcr_nginx_builder *b, const struct svcr_nginx_cert *c,
		     const struct svcr_secret *s, struct svcr_nginx_pair *p)
{
	char fault[SVCR_X509_FAULT];
	int err = svcr_x509_read(bytes_of(svcr_secret_get(s, "tls.crt")),
				 bytes_of(svcr_secret_get(s, "tls.key")), &p->x509, fault);

	p->seen = true;
	if (err == -EINVAL)
		cert_note(b, c, &bad_certificate, "Secret %s/%s: %s", s->ns, s->name, fault);
	else if (!err)
		judge_time(b, c, s, p->x509);
	return err == -EINVAL ? 0 : err;
}

/*
 * Finds the certificate that an entry of spec.tls names. *ret NULL: there is none, which was told;
 * `then` says what follows. 0 or -ENOMEM.
 */
static int pair_find(struct svcr_nginx_builder *b, const struct svcr_nginx_cert *c,
		     const char *then, struct svcr_nginx_pair **ret)
{
	const char *ns = c->ingress->ns, *name = c->secret;
	const struct svcr_secret *s = svcr_nginx_secret_find(b, ns, name);
	struct svcr_nginx_pair *p = s ? &b->pairs[s - b->m->secrets.v] : NULL;
	int err = 0;

	*ret = NULL;
	if (!name)
		cert_note(b, c, &no_secret, "no Secret is named: %s", then);
	else if (!s)
		cert_note(b, c, &no_secret, "no Secret %s/%s of type kubernetes.io/tls: %s", ns,
			  name, then);
	else if (strcmp(s->type, "kubernetes.io/tls") != 0)
		cert_note(b, c, &no_secret,
			  "Secret %s/%s is of type %s, expected kubernetes.io/tls: %s", ns, name,
			  s->type, then);
	else if (!svcr_secret_get(s, "tls.crt") || !svcr_secret_get(s, "tls.key"))
		cert_note(b, c, &no_secret, "Secret %s/%s has no tls.crt or no tls.key: %s", ns,
			  name, then);
	else if (!p->seen)
		err = pair_read(b, c, s, p);
	if (!err && p && p->x509)
		*ret = p;
	return err;
}

/* Adds the two files of a Secret, unless they are there. */
static int pair_add_files(struct svcr_nginx_builder *b, const struct svcr_nginx_cert *c,
			  struct svcr_nginx_pair *p)
{
	const struct svcr_secret *s = svcr_nginx_secret_find(b, c->ingress->ns, c->secret);
	struct svcr_str chain = bytes_of(svcr_secret_get(s, "tls.crt"));
	struct svcr_str text = bytes_of(svcr_secret_get(s, "tls.key"));
	const char *file, *crt, *key;
	int err;

	if (p->file)
		return 0;
	file = svcr_nginx_secret_file(b->v, "tls", s);
	crt = file ? svcr_arena_printf(&b->v->arena, "%s.crt", file) : NULL;
	key = file ? svcr_arena_printf(&b->v->arena, "%s.key", file) : NULL;
	if (!crt || !key)
		return -ENOMEM;
	err = svcr_nginx_add_file(b->v, crt, SVCR_NGINX_SECRET, chain.p, chain.len);
	if (!err)
		err = svcr_nginx_add_file(b->v, key, SVCR_NGINX_SECRET, text.p, text.len);
	if (!err)
		p->file = file;
	return err;
}

/* ---- Entries of spec.tls ----------------------------------------------------------- */

static int cert_add(struct svcr_nginx_builder *b, const struct svcr_nginx_cert *like,
		    const char *host)
{
	struct svcr_nginx_cert *slot = SVCR_GROW(&b->certs);

	if (!slot)
		return -ENOMEM;
	*slot = *like;
	slot->host = host;
	return 0;
}

/* An entry without hosts is for those hosts of the rules that its certificate names. */
static int take_hostless(struct svcr_nginx_builder *b, struct svcr_nginx_cert *like, size_t before)
{
	const struct svcr_ingress *i = like->ingress;
	struct svcr_nginx_pair *p = NULL;
	size_t n = 0;
	int err = 0;

	if (before < HOSTLESS_MAX)
		err = pair_find(b, like, "the entry has no hosts, and serves none", &p);
	else
		cert_note(b, like, &no_secret, "more than %d entries without hosts: left out",
			  HOSTLESS_MAX);
	like->hostless = true;
	for (size_t k = 0; p && k < i->rules.n && !err; k++) {
		const char *host = i->rules.v[k].host;

		if (!host || svcr_x509_names(p->x509, host) == SVCR_X509_UNNAMED)
			continue;
		err = cert_add(b, like, host);
		n++;
	}
	if (p && !n)
		cert_note(b, like, &odd_certificate,
			  "no hosts, and the certificate of Secret %s/%s names none of the rules: "
			  "nothing is served with it",
			  i->ns, like->secret);
	return err;
}

int svcr_nginx_take_tls(struct svcr_nginx_builder *b, const struct svcr_ingress *i)
{
	size_t hostless = 0;
	int err = 0;

	for (size_t k = 0; k < i->tls.n && !err; k++) {
		const struct svcr_ingress_tls *t = &i->tls.v[k];
		struct svcr_nginx_cert like = { .ingress = i, .entry = k, .secret = t->secret };

		if (!t->hosts.n)
			err = take_hostless(b, &like, hostless++);
		for (size_t h = 0; h < t->hosts.n && !err; h++)
			err = cert_add(b, &like, t->hosts.v[h]);
	}
	return err;
}

/* ---- One certificate for each host -------------------------------------------------- */

static int cert_sort(const void *a, const void *b)
{
	const struct svcr_nginx_cert *x = a, *y = b;
	int d = strcmp(x->host, y->host);

	d = d ? d : svcr_ingress_age_cmp(x->ingress, y->ingress);
	d = d ? d : (int)x->hostless - (int)y->hostless;
	return d ? d : (x->entry > y->entry) - (x->entry < y->entry);
}

static bool same_secret_name(const struct svcr_nginx_cert *x, const struct svcr_nginx_cert *y)
{
	return strcmp(x->ingress->ns, y->ingress->ns) == 0 &&
	       strcmp(x->secret ? x->secret : "", y->secret ? y->secret : "") == 0;
}

static void tell_loser(struct svcr_nginx_builder *b, const struct svcr_nginx_cert *won,
		       const struct svcr_nginx_cert *c)
{
	if (same_secret_name(won, c) || (c->hostless && c->ingress == won->ingress))
		return;
	if (c->ingress == won->ingress)
		cert_note(b, c, &conflict,
			  "%s is in spec.tls[%zu], too: Secret %s/%s is not used for it", c->host,
			  won->entry, c->ingress->ns, c->secret ? c->secret : "");
	else
		cert_note(b, c, &conflict,
			  "%s has the certificate that the older Ingress %s/%s names: Secret %s/%s "
			  "is not used for it",
			  c->host, won->ingress->ns, won->ingress->name, c->ingress->ns,
			  c->secret ? c->secret : "");
}

static void tell_names(struct svcr_nginx_builder *b, const struct svcr_nginx_cert *c,
		       const struct svcr_nginx_pair *p)
{
	enum svcr_x509_name named = svcr_x509_names(p->x509, c->host);

	if (named == SVCR_X509_UNNAMED)
		cert_note(
			b, c, &odd_certificate,
			"the certificate of Secret %s/%s does not name %s, so that clients refuse "
			"it",
			c->ingress->ns, c->secret, c->host);
	else if (named == SVCR_X509_COMMON_NAME)
		cert_note(
			b, c, &odd_certificate,
			"the certificate of Secret %s/%s names %s in its common name alone, where "
			"browsers do not look: expected a subjectAltName",
			c->ingress->ns, c->secret, c->host);
}

static int settle_cert(struct svcr_nginx_builder *b, struct svcr_nginx_cert *c)
{
	struct svcr_nginx_pair *p;
	char then[300];
	int err;

	snprintf(then, sizeof(then), "%s is not served over TLS", c->host);
	err = pair_find(b, c, then, &p);
	if (err || !p)
		return err;
	tell_names(b, c, p);
	err = pair_add_files(b, c, p);
	c->file = p->file;
	return err;
}

int svcr_nginx_settle_certs(struct svcr_nginx_builder *b)
{
	size_t n = 0;
	int err = 0;

	if (b->certs.n)
		qsort(b->certs.v, b->certs.n, sizeof(*b->certs.v), cert_sort);
	for (size_t i = 0; i < b->certs.n && !err; i++) {
		const struct svcr_nginx_cert *won = n ? &b->certs.v[n - 1] : NULL;

		if (won && strcmp(won->host, b->certs.v[i].host) == 0) {
			tell_loser(b, won, &b->certs.v[i]);
			continue;
		}
		b->certs.v[n] = b->certs.v[i];
		err = settle_cert(b, &b->certs.v[n++]);
	}
	b->certs.n = n;
	return err;
}

void svcr_nginx_certs_release(struct svcr_nginx_builder *b)
{
	for (size_t i = 0; b->pairs && i < b->m->secrets.n; i++)
		svcr_x509_free(b->pairs[i].x509);
	free(b->certs.v);
}

int svcr_nginx_certs_init(struct svcr_nginx_builder *b)
{
	b->pairs = svcr_arena_array(&b->arena, b->m->secrets.n + 1, sizeof(*b->pairs));
	return b->pairs ? 0 : -ENOMEM;
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
