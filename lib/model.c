/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model.h"
#include "kinds/kinds.h"

#include <errno.h>

const char *svcrules_version(void)
{
	return SVCRULES_VERSION;
}

struct svcrules_model *svcr_model_new(const struct svcr_kind *const *reads)
{
	struct svcrules_model *m = calloc(1, sizeof(*m));

	if (m)
		m->reads = reads;
	return m;
}

static bool model_reads(const struct svcrules_model *m, const struct svcr_kind *kind)
{
	for (size_t i = 0; m->reads[i]; i++)
		if (m->reads[i] == kind)
			return true;
	return false;
}

int svcr_model_also(struct svcrules_model *m, const struct svcr_kind *const *kinds)
{
	const struct svcr_kind **all;
	size_t n = 0, more = 0;

	while (m->reads[n])
		n++;
	while (kinds[more])
		more++;
	all = svcr_arena_array(&m->arena, n + more + 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	memcpy((void *)all, (const void *)m->reads, n * sizeof(*all));
	for (size_t i = 0; i < more; i++)
		if (!model_reads(m, kinds[i]))
			all[n++] = kinds[i];
	m->reads = all;
	return 0;
}

int svcr_model_without(struct svcrules_model *m, const struct svcr_kind *kind)
{
	const struct svcr_kind **all;
	size_t n = 0, kept = 0;

	while (m->reads[n])
		n++;
	all = svcr_arena_array(&m->arena, n + 1, sizeof(*all));
	if (!all)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++)
		if (m->reads[i] != kind)
			all[kept++] = m->reads[i];
	m->reads = all;
	return 0;
}

void svcrules_model_free(struct svcrules_model *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->others.n; i++)
		free(m->others.v[i].v);
	free(m->others.v);
	free(m->services.v);
	free(m->slices.v);
	free(m->names_of.v);
	free(m->nodes.v);
	free(m->pod_cidrs.v);
	free(m->pods.v);
	free(m->pod_more.v);
	free(m->namespaces.v);
	free(m->policies.v);
	free(m->ingresses.v);
	free(m->ingress_classes.v);
	free(m->secrets.v);
	while (m->secret_bytes)
		svcr_secret_bytes_drop(&m->secret_bytes);
	free(m->ignored.v);
	free(m->pages.v);
	free(m->dead.v);
	svcr_table_release(&m->seen);
	svcr_strings_release(&m->strings);
	svcr_selectors_release(&m->selectors);
	svcr_arena_release(&m->arena);
	free(m);
}

static struct svcr_others *model_others(const struct svcrules_model *m,
					const struct svcr_kind *kind)
{
	for (size_t i = 0; i < m->others.n; i++)
		if (m->others.v[i].kind == kind)
			return &m->others.v[i];
	return NULL;
}

void *svcr_model_add(struct svcrules_model *m, const struct svcr_kind *kind, size_t size)
{
	struct svcr_others *of = model_others(m, kind);

	if (!of)
		of = SVCR_GROW(&m->others);
	if (!of)
		return NULL;
	of->kind = kind;
	of->size = size;
	return svcr_grow(&of->v, &of->n, &of->cap, size);
}

const void *svcr_model_objects(const struct svcrules_model *m, const struct svcr_kind *kind,
			       size_t *ret_n)
{
	const struct svcr_others *of = model_others(m, kind);

	*ret_n = of ? of->n : 0;
	return of ? of->v : NULL;
}

/* ---- Lists of all kinds --------------------------------------------------- */

bool svcr_model_list(struct svcrules_model *m, size_t i, struct svcr_any_list *ret)
{
	const size_t own = 10;

	switch (i) {
	case 0: *ret = (struct svcr_any_list){ &m->services, sizeof(*m->services.v) }; break;
	case 1: *ret = (struct svcr_any_list){ &m->slices, sizeof(*m->slices.v) }; break;
	case 2: *ret = (struct svcr_any_list){ &m->nodes, sizeof(*m->nodes.v) }; break;
	case 3: *ret = (struct svcr_any_list){ &m->pod_cidrs, sizeof(*m->pod_cidrs.v) }; break;
	case 4: *ret = (struct svcr_any_list){ &m->pods, sizeof(*m->pods.v) }; break;
	case 5: *ret = (struct svcr_any_list){ &m->namespaces, sizeof(*m->namespaces.v) }; break;
	case 6: *ret = (struct svcr_any_list){ &m->policies, sizeof(*m->policies.v) }; break;
	case 7: *ret = (struct svcr_any_list){ &m->ingresses, sizeof(*m->ingresses.v) }; break;
	case 8:
		*ret = (struct svcr_any_list){ &m->ingress_classes, sizeof(*m->ingress_classes.v) };
		break;
	case 9: *ret = (struct svcr_any_list){ &m->secrets, sizeof(*m->secrets.v) }; break;
	default:
		if (i - own >= m->others.n)
			return false;
		*ret = (struct svcr_any_list){ &m->others.v[i - own].v, m->others.v[i - own].size };
	}
	return true;
}

static int dead_cmp(const void *a, const void *b)
{
	const struct svcr_span *x = a, *y = b;

	if (x->list != y->list)
		return x->list < y->list ? -1 : 1;
	return (x->at > y->at) - (x->at < y->at);
}

/*
 * Removes the n dead spans, sorted, from their list, and sets the length of each to
 * the number of entries that are gone up to its end.
 */
static void remove_dead(struct svcrules_model *m, struct svcr_span *dead, size_t n)
{
	struct svcr_any_list any;
	struct svcr_list l;
	uint32_t gone = 0;

	if (!svcr_model_list(m, dead->list, &any))
		return;
	memcpy(&l, any.list, sizeof(l));
	for (size_t i = 0; i < n; i++) {
		uint32_t end = dead[i].at + dead[i].n;
		uint32_t next = i + 1 < n ? dead[i + 1].at : (uint32_t)l.n;
		char *v = l.v;

		memmove(v + (dead[i].at - gone) * any.size, v + end * any.size,
			(next - end) * any.size);
		gone += dead[i].n;
		dead[i].n = gone & 0xfffffff;
	}
	l.n -= gone;
	memcpy(any.list, &l, sizeof(l));
}

/* The number of entries that are gone before those of `s`. */
static uint32_t gone_before(const struct svcr_dead *d, const struct svcr_span *s)
{
	size_t low = 0, high = d->n;

	while (low < high) {
		size_t mid = (low + high) / 2;

		if (dead_cmp(&d->v[mid], s) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low && d->v[low - 1].list == s->list ? d->v[low - 1].n : 0;
}

void svcr_model_settle(struct svcrules_model *m)
{
	struct svcr_dead *d = &m->dead;

	if (!d->n)
		return;
	qsort(d->v, d->n, sizeof(*d->v), dead_cmp);
	for (size_t i = 0, end; i < d->n; i = end) {
		for (end = i; end < d->n && d->v[end].list == d->v[i].list;)
			end++;
		remove_dead(m, d->v + i, end - i);
	}
	for (size_t i = 0; i < m->seen.size; i++) {
		struct svcr_seen *o = (struct svcr_seen *)(uintptr_t)m->seen.slots[i].entry;

		for (size_t k = 0; o && k < SVCR_SPANS; k++)
			o->span[k].at -= gone_before(d, &o->span[k]);
	}
	d->n = 0;
}

/* ---- What was read -------------------------------------------------------- */

size_t svcrules_model_services(const struct svcrules_model *m)
{
	return m->services.n;
}

size_t svcrules_model_cluster_ips(const struct svcrules_model *m, size_t *ret_pending)
{
	size_t n = 0, pending = 0;

	for (size_t i = 0; i < m->services.n; i++) {
		const struct svcr_service *s = &m->services.v[i];

		n += s->cluster_ips.n > 0;
		pending += !s->cluster_ips.n && !s->headless && s->type != SVCR_EXTERNAL_NAME;
	}
	*ret_pending = pending;
	return n;
}

const char *svcrules_model_incomplete(const struct svcrules_model *m)
{
	for (size_t i = 0; i < m->pages.n; i++)
		if (m->pages.v[i].goes_on && !m->pages.v[i].ends)
			return *m->pages.v[i].kind ? m->pages.v[i].kind : "objects";
	return NULL;
}

bool svcrules_model_answered(const struct svcrules_model *m)
{
	for (size_t i = 0; i < m->services.n; i++)
		if (m->services.v[i].created)
			return true;
	return m->nodes.n > 0;
}

const char *svcrules_model_kind(const struct svcrules_model *m, size_t i, size_t *ret_count)
{
	const struct svcr_kind *kind;
	size_t n = 0;

	for (size_t k = 0; k <= i; k++)
		if (!m->reads[k])
			return NULL;
	kind = svcr_kinds_find(m->reads, m->reads[i]->kind, NULL);
	for (size_t k = 0; kind == m->reads[i] && k < m->seen.size; k++) {
		const struct svcr_seen *o = m->seen.slots[k].entry;

		n += o && !o->deleted && o->kind == kind;
	}
	*ret_count = n;
	return m->reads[i]->kind;
}

bool svcrules_model_has_node_addresses(const struct svcrules_model *m, const char *name)
{
	for (size_t i = 0; name && i < m->nodes.n; i++) {
		const struct svcr_node *n = &m->nodes.v[i];

		if (n->name && strcmp(n->name, name) == 0)
			return n->internal_ips.n || n->other_ips.n;
	}
	return false;
}

const char *svcrules_model_ignored(const struct svcrules_model *m, size_t i, size_t *ret_count)
{
	if (i >= m->ignored.n)
		return NULL;
	*ret_count = m->ignored.v[i].n;
	return m->ignored.v[i].kind;
}
