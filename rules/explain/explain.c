/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/explain/elsewhere.h"
#include "rules/explain/question.h"
#include "rules/nft/understand.h"
#include "rules/policy/build.h"
#include "rules/target.h"
#include "this_node.h"

#include <errno.h>

struct svcrules_model *svcrules_model_explaining(const char *target,
						 const struct svcrules_options *o, bool names)
{
	static const struct svcr_kind *const named[] = { &svcr_kind_namespace, NULL };
	struct svcrules_model *m = svcrules_model_new(target, o);

	if (!m || !names)
		return m;
	m->names = true;
	/* with network policies they are read already */
	if ((o && o->network_policy) || svcr_model_also(m, named) == 0)
		return m;
	svcrules_model_free(m);
	return NULL;
}

bool svcrules_explain_named(const struct svcrules_question *q)
{
	return !strchr(q->to, '/') && !svcr_explain_is_place(q->to);
}

static int own_addresses(struct svcr_explainer *x)
{
	const struct svcrules_options *o = x->o;
	struct svcr_this_node node;
	int err = svcr_this_node_find(&node, x->m, o);

	for (size_t i = 0; i < node.own.n && !err; i++)
		err = svcr_addrs_add(&x->own, &node.own.v[i]);
	for (size_t i = 0; i < o->host_ips.n && !err; i++)
		err = svcr_addrs_add(&x->own, &o->host_ips.v[i]);
	for (size_t i = 0; i < node.primary.n && !err; i++)
		err = svcr_addrs_add(&x->primary, &node.primary.v[i]);
	svcr_addrs_sort(&x->own);
	svcr_this_node_release(&node);
	return err;
}

/* The question is kept for what is printed. */
static int keep_question(struct svcrules_explanation *e, const struct svcrules_question *q)
{
	e->from = svcr_arena_strndup(&e->arena, q->from, strlen(q->from));
	e->to = svcr_arena_strndup(&e->arena, q->to, strlen(q->to));
	e->protocol = q->protocol;
	return e->from && e->to ? 0 : -ENOMEM;
}

static int explain_flows(struct svcr_explain_asked *a)
{
	struct svcrules_explanation *e = a->x->e;
	int err = own_addresses(a->x);

	if (!err)
		err = svcr_explain_from(a);
	if (!err)
		err = svcr_explain_to(a);
	if (!err)
		err = svcr_explain_index_pods(a->x, e->flows.n);
	for (size_t i = 0; i < e->flows.n && !err; i++) {
		err = svcr_explain_left_out(a->x, &e->flows.v[i]);
		if (!err)
			err = svcr_explain_walk(a->x, &e->flows.v[i]);
	}
	return err;
}

int svcrules_explain(struct svcrules_ruleset *rs, const struct svcrules_ruleset *dns,
		     const struct svcrules_model *m, const struct svcrules_options *o,
		     const struct svcrules_question *q, struct svcrules_diags *d,
		     struct svcrules_explanation **ret)
{
	struct svcr_explainer x = { .e = calloc(1, sizeof(*x.e)), .rs = rs, .m = m, .o = o };
	struct svcr_explain_asked a = { .x = &x, .q = q, .d = d };
	struct svcr_nft *nft;
	int err;

	if (!x.e)
		return -ENOMEM;
	nft = (struct svcr_nft *)svcr_ruleset_find(rs, &svcr_nft_ops);
	x.nft = nft;
	if (x.nft)
		x.ipvs = svcr_ipvs_parts(rs);
	if (dns)
		a.dns = (struct svcr_dns *)svcr_ruleset_find(dns, &svcr_dns_ops);
	err = x.nft ? svcr_nft_understand(nft) : -ENOTSUP;
	if (!err)
		err = keep_question(x.e, q);
	if (!err)
		err = explain_flows(&a);
	free(x.own.v);
	free(x.primary.v);
	free(x.pods.v);
	svcr_explain_elsewhere_release(&x);
	if (err)
		svcrules_explanation_free(x.e);
	else
		*ret = x.e;
	return err;
}

void svcrules_explanation_free(struct svcrules_explanation *e)
{
	if (!e)
		return;
	for (size_t i = 0; i < e->flows.n; i++) {
		struct svcr_explain_flow *f = &e->flows.v[i];

		for (size_t k = 0; k < f->ways.n; k++)
			free(f->ways.v[k].steps.v);
		free(f->ways.v);
		free(f->steps.v);
	}
	free(e->flows.v);
	free(e->queries.v);
	svcr_arena_release(&e->arena);
	free(e);
}

bool svcrules_explanation_delivered(const struct svcrules_explanation *e)
{
	for (size_t i = 0; i < e->flows.n; i++)
		if (e->flows.v[i].verdict > SVCR_EXPLAIN_PASSED)
			return false;
	return e->flows.n > 0 || !e->nowhere;
}
