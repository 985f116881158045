/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The annotations of an Ingress: which there are, what they may hold, what they do. */
#ifndef SVCR_NGINX_ANNOTATIONS_H
#define SVCR_NGINX_ANNOTATIONS_H

#include "rules/nginx/build.h"

/* What the annotations of one Ingress say. */
struct svcr_nginx_settings {
	const char *rewrite;    /* rewrite-target; NULL: none */
	bool no_redirect;       /* ssl-redirect is false */
	bool force_redirect;    /* force-ssl-redirect is true */
	const char *directives; /* lines of a location; in the arena */
};

/* Reads and checks them all; errors are added. 0 or -ENOMEM. */
int svcr_nginx_annotations(struct svcr_nginx_builder *b, const struct svcr_ingress *i,
			   struct svcr_nginx_settings *ret);

/*
 * True if a path can be a regular expression: characters, classes, groups, alternatives and the
 * signs * + ? in balance.
 */
bool svcr_nginx_regex(const char *s);

#endif
