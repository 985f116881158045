/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nftables/serving.h"
#include "rules/nftables/layout.h"

#include <errno.h>
#include <stdlib.h>

struct serving_vip {
	uint8_t family;
	uint8_t key[SVCR_VIP_MAX]; /* zero after the VIP's key */
	struct svcr_endpoint_addrs endpoints;
};

struct svcr_serving {
	struct svcr_arena arena; /* owns the lists of endpoints */
	struct serving_vip *v;   /* sorted by family and key; malloc'ed */
	size_t n;
};

int svcr_serving_make(struct svcr_view *view, struct svcr_serving **ret)
{
	struct svcr_serving *s = calloc(1, sizeof(*s));
	size_t n = 0;

	for (size_t i = 0; i < view->nvips; i++)
		n += view->vips[i].protocol != SVCR_TCP;
	if (s)
		s->v = calloc(n + 1, sizeof(*s->v));
	if (!s || !s->v) {
		svcr_serving_free(s);
		return -ENOMEM;
	}
	for (size_t i = 0; i < view->nvips; i++) { /* the order of VIPs is that of their keys */
		const struct svcr_vip *vip = &view->vips[i];
		struct serving_vip *to = &s->v[s->n];

		if (vip->protocol == SVCR_TCP)
			continue;
		*to = (struct serving_vip){ .family = vip->addr.family,
					    .endpoints = vip->choice->serving };
		svcr_vip_key(to->key, &vip->addr, vip->protocol, vip->port);
		s->n++;
	}
	s->arena = view->lasting;
	view->lasting = (struct svcr_arena)SVCR_ARENA_INIT;
	*ret = s;
	return 0;
}

void svcr_serving_free(struct svcr_serving *s)
{
	if (!s)
		return;
	svcr_arena_release(&s->arena);
	free(s->v);
	free(s);
}

static int serving_cmp(const void *a, const void *b)
{
	const struct serving_vip *v = a, *w = b;

	return v->family != w->family ? (int)v->family - (int)w->family :
					memcmp(v->key, w->key, sizeof(v->key));
}

static int serving_endpoint_cmp(const void *a, const void *b)
{
	return svcr_endpoint_addr_cmp(a, b);
}

bool svcr_serving_has(const struct svcr_serving *s, uint8_t family, const uint8_t *key,
		      const uint8_t *data)
{
	size_t len = svcr_addr_len(family);
	struct svcr_endpoint_addr e = { .addr.family = family };
	struct serving_vip like = { .family = family };
	const struct serving_vip *found;

	memcpy(like.key, key, svcr_vip_len(family));
	found = s && s->n ? bsearch(&like, s->v, s->n, sizeof(like), serving_cmp) : NULL;
	if (!found || !found->endpoints.n)
		return false;
	memcpy(e.addr.bytes, data, len);
	e.port = (uint16_t)(data[len] << 8 | data[len + 1]);
	return bsearch(&e, found->endpoints.v, found->endpoints.n, sizeof(e), serving_endpoint_cmp);
}
