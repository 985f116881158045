/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nginx/names.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int named_cmp_sort(const void *a, const void *b)
{
	const struct svcr_nginx_named *x = a, *y = b;
	int d = strcmp(x->ns, y->ns);

	return d ? d : strcmp(x->name, y->name);
}

int svcr_nginx_names_init(struct svcr_nginx_names *x, struct svcr_arena *a, size_t n)
{
	x->n = 0;
	x->v = svcr_arena_array(a, n + 1, sizeof(*x->v));
	return x->v ? 0 : -ENOMEM;
}

void svcr_nginx_names_add(struct svcr_nginx_names *x, const char *ns, const char *name,
			  const void *object)
{
	x->v[x->n++] = (struct svcr_nginx_named){ ns, name, object };
}

void svcr_nginx_names_sort(struct svcr_nginx_names *x)
{
	qsort(x->v, x->n, sizeof(*x->v), named_cmp_sort);
}

const void *svcr_nginx_names_find(const struct svcr_nginx_names *x, const char *ns,
				  const char *name)
{
	const struct svcr_nginx_named like = { ns, name, NULL }, *found = NULL;

	if (name)
		found = bsearch(&like, x->v, x->n, sizeof(*x->v), named_cmp_sort);
	return found ? found->object : NULL;
}
