/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The annotations of an Ingress (https://kubernetes.github.io/ingress-nginx/, "Annotations"): one
 * table says which there are, what they may hold, what they do, and what the manual says of them.
 */
#ifndef SVCR_NGINX_ANNOTATIONS_H
#define SVCR_NGINX_ANNOTATIONS_H

#include <stdbool.h>

#define SVCR_NGINX_PREFIX "nginx.ingress.kubernetes.io/"

/* Those that have an effect. */
enum svcr_annotation_id {
	SVCR_A_ALLOWLIST,
	SVCR_A_APP_ROOT,
	SVCR_A_AUTH_REALM,
	SVCR_A_AUTH_SECRET,
	SVCR_A_AUTH_SECRET_TYPE,
	SVCR_A_AUTH_TYPE,
	SVCR_A_BACKEND_PROTOCOL,
	SVCR_A_BODY_BUFFER,
	SVCR_A_CORS,
	SVCR_A_CORS_CREDENTIALS,
	SVCR_A_CORS_EXPOSE,
	SVCR_A_CORS_HEADERS,
	SVCR_A_CORS_MAX_AGE,
	SVCR_A_CORS_METHODS,
	SVCR_A_CORS_ORIGIN,
	SVCR_A_CUSTOM_ERRORS,
	SVCR_A_DEFAULT_BACKEND,
	SVCR_A_DENYLIST,
	SVCR_A_FORCE_REDIRECT,
	SVCR_A_LIMIT_BURST,
	SVCR_A_LIMIT_CONNECTIONS,
	SVCR_A_LIMIT_RPM,
	SVCR_A_LIMIT_RPS,
	SVCR_A_LIMIT_WHITELIST,
	SVCR_A_LOAD_BALANCE,
	SVCR_A_PERMANENT_REDIRECT,
	SVCR_A_PERMANENT_REDIRECT_CODE,
	SVCR_A_PROXY_BODY_SIZE,
	SVCR_A_PROXY_BUFFER_SIZE,
	SVCR_A_PROXY_BUFFERING,
	SVCR_A_PROXY_CONNECT_TIMEOUT,
	SVCR_A_PROXY_READ_TIMEOUT,
	SVCR_A_PROXY_SEND_TIMEOUT,
	SVCR_A_REWRITE_TARGET,
	SVCR_A_SATISFY,
	SVCR_A_SSL_REDIRECT,
	SVCR_A_TEMPORAL_REDIRECT,
	SVCR_A_UPSTREAM_VHOST,
	SVCR_A_USE_REGEX,
	SVCR_A_WHITELIST,
	SVCR_A_FORWARDED_PREFIX,
	SVCR_A_COUNT
};

struct svcr_annotation {
	const char *name; /* without the prefix */
	bool (*valid)(const char *value);
	const char *expected; /* what a right value is, in words; NULL: the annotation is refused */
	const char
		*directive; /* lines of a location in which @ is the value; NULL: see location.c */
	const char *grpc;   /* the lines for a backend of gRPC, if they differ */
	/*
	 * For the manual: the difference from ingress-nginx, or why it is refused; NULL:
	 * it does what it does there.
	 */
	const char *note;
};

/* The annotation of that place in the table: those of enum svcr_annotation_id, then others. */
const struct svcr_annotation *svcr_annotation_at(unsigned i); /* NULL: the end */
/* The annotation of that name, without the prefix; *ret_at is its place. NULL: unknown. */
const struct svcr_annotation *svcr_annotation_find(const char *name, unsigned *ret_at);

#endif
