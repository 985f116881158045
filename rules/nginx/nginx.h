/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A configuration of nginx as a value: the part "nginx" of a rule set. Its files, and beside them
 * what they say, as pairs of a name and a text in order, by which two values are compared.
 */
#ifndef SVCR_NGINX_H
#define SVCR_NGINX_H

#include "arena.h"
#include "list.h"
#include "rules/json.h"
#include "rules/part.h"

enum svcr_nginx_access {
	SVCR_NGINX_OPEN,
	SVCR_NGINX_SECRET, /* wiped when it is freed; no change and no JSON shows its bytes */
	SVCR_NGINX_USERS,  /* the same, read by nginx's worker processes at each request */
};

struct svcr_nginx_file {
	const char *name;
	enum svcr_nginx_access access;
	struct svcr_buffer text;
};

/* "a.example.com /shop Prefix" and what is done there. */
struct svcr_nginx_item {
	const char *key, *text;
};

struct svcr_nginx {
	struct svcr_part part;
	struct svcr_arena arena;
	SVCR_LIST(struct svcr_nginx_file) files; /* nginx.conf is the last */
	SVCR_LIST(struct svcr_nginx_item) items; /* sorted by key, each once */
};

extern const struct svcr_part_ops svcr_nginx_ops;

struct svcr_nginx *svcr_nginx_new(void); /* NULL: out of memory */
/* Adds a file with a copy of the text, which may be a secret. 0 or -ENOMEM. */
int svcr_nginx_add_file(struct svcr_nginx *v, const char *name, enum svcr_nginx_access access,
			const char *text, size_t len);
/* Adds an item; the strings live in the value's arena. NULL for either: -ENOMEM. */
int svcr_nginx_add_item(struct svcr_nginx *v, const char *key, const char *text);

/*
 * Writes a string as one word of nginx's configuration, in double quotes. It has no control
 * character and, where nginx looks for variables, no '$'.
 */
void svcr_nginx_quote(struct svcr_out *o, const char *s);

#endif
