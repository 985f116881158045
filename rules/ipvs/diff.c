/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/ipvs/diff.h"

#include <errno.h>
#include <stdlib.h>

struct differ {
	struct svcr_ipvs_changes *c;
	int err;
};

static void add_ipvs_change(struct differ *d, enum svcr_ipvs_op op,
			    const struct svcr_ipvs_server *s, const struct svcr_ipvs_real *r)
{
	struct svcr_ipvs_change *slot = SVCR_GROW(&d->c->v);

	if (!slot) {
		d->err = -ENOMEM;
		return;
	}
	*slot = (struct svcr_ipvs_change){ op, s, r };
	if (op == IPVS_ADD_SERVER || op == IPVS_EDIT_SERVER || op == IPVS_DEL_SERVER)
		d->c->nservers++;
	else
		d->c->nreals++;
}

static bool server_same(const struct svcr_ipvs_server *from, const struct svcr_ipvs_server *to)
{
	/*
	 * a server without the mark is svcrules' own as long as the table names it; a draining
	 * one must be marked
	 */
	return !from->damaged && from->persistence == to->persistence &&
	       (from->marked || !to->leaving) && strcmp(from->scheduler, to->scheduler) == 0;
}

static void diff_reals(struct differ *d, const struct svcr_ipvs_server *from,
		       const struct svcr_ipvs_server *to)
{
	size_t i = 0, j = 0;

	while (!d->err && (i < from->nreals || j < to->nreals)) {
		int cmp = i == from->nreals ? 1 :
			  j == to->nreals   ? -1 :
					      svcr_ipvs_real_cmp(&from->reals[i], &to->reals[j]);

		if (cmp < 0)
			add_ipvs_change(d, IPVS_DEL_REAL, to, &from->reals[i]);
		else if (cmp > 0)
			add_ipvs_change(d, IPVS_ADD_REAL, to, &to->reals[j]);
		else if (from->reals[i].damaged || from->reals[i].weight != to->reals[j].weight)
			add_ipvs_change(d, IPVS_EDIT_REAL, to, &to->reals[j]);
		i += cmp <= 0;
		j += cmp >= 0;
	}
}

static void add_server(struct differ *d, const struct svcr_ipvs_server *s)
{
	add_ipvs_change(d, IPVS_ADD_SERVER, s, NULL);
	for (size_t i = 0; i < s->nreals; i++)
		add_ipvs_change(d, IPVS_ADD_REAL, s, &s->reals[i]);
}

static void diff_servers(struct differ *d, const struct svcr_ipvs *from, const struct svcr_ipvs *to)
{
	size_t i = 0, j = 0;

	while (!d->err && (i < from->servers.n || j < to->servers.n)) {
		const struct svcr_ipvs_server *a = i < from->servers.n ? &from->servers.v[i] : NULL;
		const struct svcr_ipvs_server *b = j < to->servers.n ? &to->servers.v[j] : NULL;
		int cmp = !a ? 1 : !b ? -1 : svcr_ipvs_server_cmp(a, b);

		if (cmp < 0) {
			add_ipvs_change(d, IPVS_DEL_SERVER, a, NULL);
		} else if (cmp > 0) {
			add_server(d, b);
		} else {
			if (!server_same(a, b))
				add_ipvs_change(d, IPVS_EDIT_SERVER, b, NULL);
			diff_reals(d, a, b);
		}
		i += cmp <= 0;
		j += cmp >= 0;
	}
}

/* Sorts changes by operation, and changes with the same operation in the order of the servers. */
static int sort_by_op(struct svcr_ipvs_changes *c)
{
	struct svcr_ipvs_change *sorted = calloc(c->v.n + 1, sizeof(*sorted));
	size_t n = 0;

	if (!sorted)
		return -ENOMEM;
	for (int op = 0; op < IPVS_OP__COUNT; op++)
		for (size_t i = 0; i < c->v.n; i++)
			if (c->v.v[i].op == (enum svcr_ipvs_op)op)
				sorted[n++] = c->v.v[i];
	free(c->v.v);
	c->v.v = sorted;
	return 0;
}

int svcr_ipvs_diff(const struct svcr_ipvs *from, const struct svcr_ipvs *to,
		   struct svcr_ipvs_changes **ret)
{
	struct differ d = { .c = calloc(1, sizeof(*d.c)) };

	if (!d.c)
		return -ENOMEM;
	*d.c = (struct svcr_ipvs_changes){ .part = { &svcr_ipvs_ops }, .from = from, .to = to };
	diff_servers(&d, from, to);
	if (!d.err)
		d.err = sort_by_op(d.c);
	if (d.err)
		svcr_ipvs_changes_free(d.c);
	else
		*ret = d.c;
	return d.err;
}

void svcr_ipvs_changes_free(struct svcr_ipvs_changes *c)
{
	if (!c)
		return;
	free(c->v.v);
	free(c);
}

size_t svcr_ipvs_stage(const struct svcr_ipvs_changes *c, enum svcrules_stage stage,
		       const struct svcr_ipvs_change **ret)
{
	size_t first = 0;

	while (first < c->v.n && c->v.v[first].op < IPVS_DEL_REAL)
		first++;
	*ret = c->v.v + (stage == SVCRULES_REMOVE ? first : 0);
	return stage == SVCRULES_REMOVE ? c->v.n - first : stage == SVCRULES_ADD ? first : 0;
}

const struct svcr_ipvs_change *svcr_ipvs_change(const struct svcr_ipvs_changes *c,
						enum svcrules_stage stage, uint32_t seq)
{
	const struct svcr_ipvs_change *v;
	size_t n = svcr_ipvs_stage(c, stage, &v);

	return seq > 0 && seq <= n ? &v[seq - 1] : NULL;
}
