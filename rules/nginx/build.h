/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From objects to the value. */
#ifndef SVCR_NGINX_BUILD_H
#define SVCR_NGINX_BUILD_H

#include "diag.h"
#include "endpoints.h"
#include "options.h"
#include "port_index.h"
#include "rules/nginx/names.h"
#include "rules/nginx/nginx.h"

struct svcr_nginx_settings;
struct svcr_nginx_pair;

/* One path of one Ingress. */
struct svcr_nginx_route {
	const char *host; /* "": hosts that no rule names */
	const char *path; /* of Prefix without a final slash, unless it is "/" */
	bool exact, regex;
	bool fallback; /* a default backend: behind all other paths of its host */
	const struct svcr_ingress *ingress;
	const struct svcr_ingress_backend *backend;
	struct svcr_nginx_settings *settings;
	const char *upstream; /* NULL: there is no such service or port */
	const char *errors;   /* the upstream that answers custom-http-errors; NULL: none */
};

/* A host with a certificate. */
struct svcr_nginx_cert {
	const char *host;
	const struct svcr_ingress *ingress;
	size_t entry;       /* of spec.tls */
	bool hostless;      /* that has no hosts */
	const char *secret; /* its name, in the Ingress's namespace; NULL: none */
	const char *file;   /* of the certificate and key, without ".crt"; NULL: not served */
};

struct svcr_nginx_builder {
	const struct svcrules_model *m;
	const struct svcrules_options *o;
	struct svcrules_diags *d;
	struct svcr_nginx *v;
	struct svcr_arena arena; /* of the build alone */
	struct svcr_endpoints slices;
	struct svcr_nginx_names services, secrets;
	struct svcr_port_index ports;
	struct {
		const struct svcr_service *service; /* NULL: none yet */
		const char *servers;
	} stand_in; /* the last one that was asked for its endpoints */
	struct svcr_nginx_pair
		*pairs;    /* certificates, by the place of their Secrets in the model */
	bool *users_added; /* two of each: with a user in each line, and in each key */
	bool bad;          /* an error was added */
	SVCR_LIST(struct svcr_nginx_settings *) settings; /* of the Ingresses that are served */
	SVCR_LIST(struct svcr_nginx_route) routes;
	SVCR_LIST(struct svcr_nginx_cert) certs;
};

/* Fills an empty value. 0, -EINVAL (`d` has errors) or -ENOMEM. */
int svcr_nginx_fill(struct svcr_nginx *v, const struct svcrules_model *m,
		    const struct svcrules_options *o, struct svcrules_diags *d);

/* Sets `upstream` and `errors` of each route and writes upstreams.conf. 0 or -ENOMEM. */
int svcr_nginx_upstreams(struct svcr_nginx_builder *b);
/* Writes nginx.conf from the routes, sorted. 0 or -ENOMEM. */
int svcr_nginx_servers(struct svcr_nginx_builder *b);

/* Sorts the Secrets of the input by namespace and name. 0 or -ENOMEM. */
int svcr_nginx_secrets_index(struct svcr_nginx_builder *b);
/* The Secret of that name, of any type that is kept. NULL: there is none, or `name` is NULL. */
const struct svcr_secret *svcr_nginx_secret_find(const struct svcr_nginx_builder *b, const char *ns,
						 const char *name);

/* The name of a Secret's file, which no other Secret has, in the value's arena. NULL: no memory. */
const char *svcr_nginx_secret_file(struct svcr_nginx *v, const char *prefix,
				   const struct svcr_secret *s);

/* Before all other functions for certificates. 0 or -ENOMEM. */
int svcr_nginx_certs_init(struct svcr_nginx_builder *b);
void svcr_nginx_certs_release(struct svcr_nginx_builder *b);
/* Adds the hosts of spec.tls to the list of certificates. 0 or -ENOMEM. */
int svcr_nginx_take_tls(struct svcr_nginx_builder *b, const struct svcr_ingress *i);
/* Leaves one certificate for each host, checks them, and adds their files. 0 or -ENOMEM. */
int svcr_nginx_settle_certs(struct svcr_nginx_builder *b);
/* The certificate of a host: its own, or that of the wildcard which covers it; NULL: none. */
const struct svcr_nginx_cert *svcr_nginx_cert_of(const struct svcr_nginx_builder *b,
						 const char *host);

/* The older Ingress first; those without a time come last. */
int svcr_ingress_age_cmp(const struct svcr_ingress *a, const struct svcr_ingress *b);

/* Adds a diagnostic about an Ingress; `like` has severity, check and field. */
void svcr_nginx_note(struct svcr_nginx_builder *b, const struct svcr_ingress *i,
		     const struct svcrules_diag *like, const char *fmt, ...)
	__attribute__((format(printf, 4, 5)));

#endif
