/* SPDX-License-Identifier: GPL-2.0-or-later */
/* nginx.conf while it is written. */
#ifndef SVCR_NGINX_WRITER_H
#define SVCR_NGINX_WRITER_H

#include "rules/nginx/settings.h"

#define IN "\t\t\t" /* where directives of a location stand */

struct svcr_nginx_writer {
	struct svcr_nginx_builder *b;
	struct svcr_out o;
	bool trusted; /* --trust-forwarded: headers of these clients are believed */
	bool hsts;    /* --hsts */
	/* of the host that is written */
	const struct svcr_nginx_route *routes;
	size_t n;
	const struct svcr_nginx_cert *cert; /* NULL: none */
	bool regex;                         /* a path is a regular expression */
};

/*
 * Writes "geo" with a variable svcrules_NAMEWORD that is 1 for addresses in the ranges, and 0 for
 * others. `source` is the variable with the address, and a blank; "": that of the client.
 */
void svcr_nginx_put_geo(struct svcr_nginx_writer *w, const char *source, const char *name,
			const char *word, const char *ranges);
/* Writes what stands before the servers for the source ranges of an Ingress, if they are many. */
void svcr_nginx_put_sources(struct svcr_nginx_writer *w, const struct svcr_nginx_settings *s);
/* Writes the headers of CORS in an "if" of a location, then `then`, and the end of the "if". */
void svcr_nginx_put_cors_headers(struct svcr_nginx_writer *w, const struct svcr_nginx_settings *s,
				 const char *then);
/* Writes who may see a location: source ranges and passwords. */
void svcr_nginx_put_access(struct svcr_nginx_writer *w, const struct svcr_nginx_settings *s);
/* Writes all that stands before the servers. */
void svcr_nginx_put_head(struct svcr_nginx_writer *w);
/*
 * Writes the headers for the backend, each after `directive`. `s` may change some; NULL: those
 * that all locations have.
 */
void svcr_nginx_put_headers(struct svcr_nginx_writer *w, const char *directive,
			    const struct svcr_nginx_settings *s);
/* Writes " {", the directives of a location, and "}"; r NULL: 404. */
void svcr_nginx_put_body(struct svcr_nginx_writer *w, const struct svcr_nginx_route *r);
/* Writes the locations to which custom-http-errors of these routes lead. */
void svcr_nginx_put_errors(struct svcr_nginx_writer *w);
/* The variable with the scheme that the client sees. */
const char *svcr_nginx_scheme(const struct svcr_nginx_writer *w);
/* True if the route sends plain requests to https. */
bool svcr_nginx_redirects(const struct svcr_nginx_writer *w, const struct svcr_nginx_route *r);
/* Writes the line that sends plain requests of a route to https, if there shall be one. */
void svcr_nginx_put_redirect(struct svcr_nginx_writer *w, const struct svcr_nginx_route *r);

#endif
