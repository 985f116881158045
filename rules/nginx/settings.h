/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What the annotations of one Ingress say. */
#ifndef SVCR_NGINX_SETTINGS_H
#define SVCR_NGINX_SETTINGS_H

#include "rules/nginx/annotations.h"
#include "rules/nginx/build.h"

struct svcr_nginx_settings {
	const struct svcr_ingress *ingress;
	const char *value[SVCR_A_COUNT]; /* checked, without blanks around; NULL: absent */
	const char *word;   /* namespace and name, for names of variables and zones; unambiguous */
	const char *said;   /* ", NAME VALUE" of each, in the value's arena */
	const char *users;  /* the file with passwords; NULL: none */
	const void *server; /* the server that has the locations of its errors */
	bool closed;        /* passwords are asked for, and there is none: 503 */
};

/*
 * Reads and checks the annotations of an Ingress; errors are added to the builder's diagnostics.
 * Memory is that of the build. 0 or -ENOMEM.
 */
int svcr_nginx_settings_read(struct svcr_nginx_builder *b, const struct svcr_ingress *i,
			     struct svcr_nginx_settings *ret);

/* True if a switch is on. */
bool svcr_nginx_on(const struct svcr_nginx_settings *s, enum svcr_annotation_id id);
/* The value, or one that stands for an absent one. */
const char *svcr_nginx_value(const struct svcr_nginx_settings *s, enum svcr_annotation_id id,
			     const char *otherwise);
enum svcr_nginx_protocol { SVCR_NGINX_HTTP, SVCR_NGINX_HTTPS, SVCR_NGINX_GRPC };
/* What backend-protocol says. */
enum svcr_nginx_protocol svcr_nginx_protocol(const struct svcr_nginx_settings *s);
/* True if CORS admits all origins. */
bool svcr_nginx_any_origin(const struct svcr_nginx_settings *s);
/* True if paths, except those of type Exact, are regular expressions. */
bool svcr_nginx_uses_regex(const struct svcr_nginx_settings *s);

/* Sets `users` or `closed` if the Ingress asks for passwords; adds their file. 0 or -ENOMEM. */
int svcr_nginx_users(struct svcr_nginx_builder *b, struct svcr_nginx_settings *s);

#endif
