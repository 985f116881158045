/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The value: memory, and texts of labels. */
#include "rules/dns/dns.h"
#include "rules/dns/settings.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

struct svcr_dns *svcr_dns_new(const struct svcrules_options *o)
{
	struct svcr_dns *v = calloc(1, sizeof(*v));

	if (!v)
		return NULL;
	v->part.ops = &svcr_dns_ops;
	if (svcr_dns_configure(&v->config, &v->arena, o) == 0)
		return v;
	svcr_dns_free(v);
	return NULL;
}

void svcr_dns_free(struct svcr_dns *v)
{
	if (!v)
		return;
	free(v->texts.p);
	free(v->ptrs);
	svcr_arena_release(&v->arena);
	free(v);
}

int svcr_dns_text_add(struct svcr_dns *v, const char *s, size_t len, uint32_t *ret)
{
	struct svcr_dns_texts *t = &v->texts;
	size_t at = t->len ? t->len : 1; /* 0 is no text */

	if (at + len + 1 > t->cap) {
		size_t cap = t->cap + t->cap / 2 + len + 4096;
		char *p = cap <= UINT32_MAX ? realloc(t->p, cap) : NULL;

		if (!p)
			return -ENOMEM;
		t->p = p;
		t->cap = cap;
	}
	memcpy(t->p + at, s, len);
	t->p[at + len] = '\0';
	t->len = at + len + 1;
	*ret = (uint32_t)at;
	return 0;
}
