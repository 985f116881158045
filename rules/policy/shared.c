/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/policy/shared.h"
#include "hash.h"
#include "rules/policy/peers.h"

#include <errno.h>

/* An address and the first pod that has it; open addressing, as there is one for each pod. */
struct owner {
	const struct svcr_addr *addr; /* NULL: the place is free */
	const struct svcr_pod *pod;
};

struct owners {
	struct owner *v;
	size_t mask;
	uint64_t seed;
};

static int owners_init(struct owners *t, const struct svcrules_model *m)
{
	size_t n = 0, size = 64;

	for (size_t i = 0; i < m->pods.n; i++)
		n += m->pods.v[i].ips.n;
	while (size < n * 2)
		size *= 2;
	t->v = calloc(size, sizeof(*t->v));
	t->mask = size - 1;
	t->seed = svcr_hash_seed();
	return t->v ? 0 : -ENOMEM;
}

static struct owner *owner_of(const struct owners *t, const struct svcr_addr *a)
{
	size_t i = svcr_hash(t->seed, (const char *)a->bytes, sizeof(a->bytes)) & t->mask;

	while (t->v[i].addr && !svcr_addr_eq(t->v[i].addr, a))
		i = (i + 1) & t->mask;
	return &t->v[i];
}

/* The pods of the example, which do not depend on the order of the input. */
static void find_example(struct svcr_shared_addrs *s, const struct svcrules_model *m)
{
	for (size_t i = 0; i < m->pods.n; i++) {
		const struct svcr_pod *p = &m->pods.v[i];
		bool has = false;

		for (size_t k = 0; k < p->ips.n && svcr_pod_counts(p); k++)
			has = has || svcr_addr_eq(&p->ips.v[k], &s->addrs.v[0]);
		if (!has)
			continue;
		if (!s->first || svcr_pod_cmp(p, s->first) < 0) {
			s->second = s->first;
			s->first = p;
		} else if (!s->second || svcr_pod_cmp(p, s->second) < 0) {
			s->second = p;
		}
	}
}

static int look_at_pod(struct svcr_shared_addrs *s, struct owners *t, const struct svcr_pod *p,
		       const struct svcrules_options *o)
{
	for (size_t i = 0; i < p->ips.n; i++) {
		struct owner *w = o->families[p->ips.v[i].family] ? owner_of(t, &p->ips.v[i]) :
								    NULL;
		struct svcr_addr *slot;

		if (w && !w->addr) {
			*w = (struct owner){ &p->ips.v[i], p };
		} else if (w && w->pod != p) {
			slot = SVCR_GROW(&s->addrs);
			if (!slot)
				return -ENOMEM;
			*slot = p->ips.v[i];
		}
	}
	return 0;
}

int svcr_shared_find(struct svcr_shared_addrs *ret, const struct svcrules_model *m,
		     const struct svcrules_options *o)
{
	struct owners t;
	int err = owners_init(&t, m);

	*ret = (struct svcr_shared_addrs){ .first = NULL };
	for (size_t i = 0; i < m->pods.n && !err; i++)
		if (svcr_pod_counts(&m->pods.v[i]))
			err = look_at_pod(ret, &t, &m->pods.v[i], o);
	free(t.v);
	svcr_addrs_sort(&ret->addrs);
	if (!err && ret->addrs.n)
		find_example(ret, m);
	return err;
}

void svcr_shared_release(struct svcr_shared_addrs *s)
{
	free(s->addrs.v);
}
