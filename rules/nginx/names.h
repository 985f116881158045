/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Objects of one kind by namespace and name. */
#ifndef SVCR_NGINX_NAMES_H
#define SVCR_NGINX_NAMES_H

#include "arena.h"

struct svcr_nginx_named {
	const char *ns, *name;
	const void *object;
};

struct svcr_nginx_names {
	struct svcr_nginx_named *v;
	size_t n;
};

/* Makes room for `n` objects, which svcr_nginx_names_add() adds. 0 or -ENOMEM. */
int svcr_nginx_names_init(struct svcr_nginx_names *x, struct svcr_arena *a, size_t n);
/* The strings are borrowed. */
void svcr_nginx_names_add(struct svcr_nginx_names *x, const char *ns, const char *name,
			  const void *object);
/* Must follow the last of them. */
void svcr_nginx_names_sort(struct svcr_nginx_names *x);
/* The object of that name; NULL: there is none, or `name` is NULL. */
const void *svcr_nginx_names_find(const struct svcr_nginx_names *x, const char *ns,
				  const char *name);

#endif
