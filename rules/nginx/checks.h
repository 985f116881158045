/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What values of annotations, and paths, may hold. Each returns true for a value that is right. */
#ifndef SVCR_NGINX_CHECKS_H
#define SVCR_NGINX_CHECKS_H

#include "addr.h"

#include <stdbool.h>

bool svcr_nginx_is_boolean(const char *s); /* true, false */
bool svcr_nginx_is_seconds(const char *s); /* 1-999999 */
bool svcr_nginx_is_count(const char *s);   /* 1-65535 */
bool svcr_nginx_is_factor(const char *s);  /* 1-100 */
bool svcr_nginx_is_size(const char *s);    /* bytes, or with k, m, g; 0 is right */
bool svcr_nginx_is_buffer(const char *s);  /* 1 to 9999 with k, or 1 to 64 with m */
bool svcr_nginx_is_age(const char *s);     /* 0-999999999 */
bool svcr_nginx_is_switch(const char *s);  /* on, off */
bool svcr_nginx_is_satisfy(const char *s); /* all, any */
bool svcr_nginx_is_basic(const char *s);
bool svcr_nginx_is_secret_type(const char *s); /* auth-file, auth-map */
bool svcr_nginx_is_balance(const char *s);     /* round_robin, ewma */
bool svcr_nginx_is_protocol(const char *s);    /* HTTP, HTTPS, GRPC, or in lower case */
bool svcr_nginx_is_realm(const char *s);       /* text without control characters, " \ and $ */
bool svcr_nginx_is_target(const char *s);      /* a path that may have $1 to $9 */
bool svcr_nginx_is_plain_path(const char *s);  /* a path without variables */
bool svcr_nginx_is_url(const char *s);         /* http:// or https:// */
bool svcr_nginx_is_redirect_code(const char *s);
bool svcr_nginx_is_vhost(const char *s);       /* a host name, perhaps with a port */
bool svcr_nginx_is_service(const char *s);     /* the name of a Service */
bool svcr_nginx_is_name(const char *s);        /* of an object: a DNS name in lower case */
bool svcr_nginx_is_secret(const char *s);      /* NAME or NAMESPACE/NAME */
bool svcr_nginx_is_ranges(const char *s);      /* prefixes or addresses with commas between */
bool svcr_nginx_is_methods(const char *s);     /* HTTP methods with commas between */
bool svcr_nginx_is_headers(const char *s);     /* names of headers, or *, with commas between */
bool svcr_nginx_is_origins(const char *s);     /* *, or scheme://host with commas between */
bool svcr_nginx_is_error_codes(const char *s); /* 300-599 with commas between */

bool svcr_nginx_is_utf8(const char *s);

/* Takes the next of a list with commas (and blanks) between; false at the end. */
bool svcr_nginx_next(const char **s, struct svcr_str *ret);
/* Takes the next prefix or address; false at the end, or (*ret_bad) if it is none. */
bool svcr_nginx_next_range(const char **s, struct svcr_cidr *ret, bool *ret_bad);

/*
 * True if a path can be a regular expression of nginx: characters, classes, groups, alternatives,
 * quantifiers in balance, look-ahead and (?i). Whatever is right here, PCRE accepts too.
 */
bool svcr_nginx_regex(const char *s);

#endif
