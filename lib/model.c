/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "model.h"
#include "kinds/kinds.h"

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

void svcrules_model_free(struct svcrules_model *m)
{
	if (!m)
		return;
	for (size_t i = 0; i < m->others.n; i++)
		free(m->others.v[i].v);
	free(m->others.v);
	free(m->services.v);
	free(m->slices.v);
	free(m->nodes.v);
	free(m->pod_cidrs.v);
	free(m->ignored.v);
	svcr_table_release(&m->seen);
	svcr_strings_release(&m->strings);
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
	return svcr_grow(&of->v, &of->n, &of->cap, size);
}

const void *svcr_model_objects(const struct svcrules_model *m, const struct svcr_kind *kind,
			       size_t *ret_n)
{
	const struct svcr_others *of = model_others(m, kind);

	*ret_n = of ? of->n : 0;
	return of ? of->v : NULL;
}

size_t svcrules_model_services(const struct svcrules_model *m)
{
	return m->services.n;
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
