/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Runs the checks of the table over one model. */
#include "kinds/kinds.h"
#include "options.h"
#include "policy_advise.h"
#include "rules/check/findings.h"
#include "rules/nginx/build.h"
#include "select.h"

#include <errno.h>

struct svcrules_model *svcrules_check_model(void)
{
	struct svcrules_model *m = svcr_model_new(svcr_kinds);

	if (!m)
		return NULL;
	m->endpoints_only = true; /* a manifest has no cluster IPs */
	m->explain = true;
	m->all_pods = true;
	m->lines = true;
	return m;
}

bool svcrules_check_certificates(const struct svcrules_model *m)
{
	return m->ingresses.n && m->secrets.n;
}

/* ---- What the input has ------------------------------------------------------------ */

static unsigned what_it_has(const struct svcrules_model *m, const struct svcrules_options *o)
{
	return SVCR_HAS_ANYTHING | (m->services.n ? SVCR_HAS_SERVICES : 0) |
	       (m->slices.n ? SVCR_HAS_SLICES : 0) | (m->pods.n ? SVCR_HAS_PODS : 0) |
	       (m->slices.n || (m->pods.n && !m->planned) ? SVCR_HAS_ENDPOINTS : 0) |
	       (m->nodes.n ? SVCR_HAS_NODES : 0) | (m->policies.n ? SVCR_HAS_POLICIES : 0) |
	       (m->ingresses.n ? SVCR_HAS_INGRESSES : 0) | (m->secrets.n ? SVCR_HAS_SECRETS : 0) |
	       (o->node_name ? SVCR_HAS_NODE_NAME : 0);
}

/* A function for qsort(3) over addresses of objects that have a namespace and a name. */
#define BY_NAME(function, type) \
	static int function(const void *a, const void *b) \
	{ \
		const struct type *const *x = a, *const *y = b; \
		int d = strcmp((*x)->ns, (*y)->ns); \
\
		return d ? d : strcmp((*x)->name, (*y)->name); \
	}

BY_NAME(service_sort, svcr_service)
BY_NAME(policy_sort, svcr_network_policy)
BY_NAME(ingress_sort, svcr_ingress)

static int namespace_sort(const void *a, const void *b)
{
	const struct svcr_namespace *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

/* Makes `to` a sorted array, in the arena, of the addresses of a list's entries; or NULL. */
#define SORT_LIST(c, to, list, cmp) \
	do { \
		(to) = svcr_arena_array(&(c)->arena, (list)->n + 1, sizeof(*(to))); \
		for (size_t i = 0; (to) && i < (list)->n; i++) \
			(to)[i] = &(list)->v[i]; \
		if ((to) && (list)->n) \
			qsort((void *)(to), (list)->n, sizeof(*(to)), cmp); \
	} while (0)

static int index_model(struct svcr_checks *c)
{
	const struct svcrules_model *m = c->m;

	SORT_LIST(c, c->services, &m->services, service_sort);
	SORT_LIST(c, c->policies, &m->policies, policy_sort);
	SORT_LIST(c, c->ingresses, &m->ingresses, ingress_sort);
	SORT_LIST(c, c->namespaces, &m->namespaces, namespace_sort);
	return c->services && c->policies && c->ingresses && c->namespaces ? 0 : -ENOMEM;
}

const struct svcr_service *svcr_checks_service(const struct svcr_checks *c, const char *ns,
					       const char *name)
{
	const struct svcr_service like = { .ns = ns, .name = name }, *key = &like;
	const struct svcr_service **found = NULL;

	if (c->m->services.n)
		found = bsearch((const void *)&key, (const void *)c->services, c->m->services.n,
				sizeof(*c->services), service_sort);
	return found ? *found : NULL;
}

const struct svcr_namespace *svcr_checks_namespace(const struct svcr_checks *c, const char *name)
{
	const struct svcr_namespace like = { .name = name }, *key = &like;
	const struct svcr_namespace **found = NULL;

	if (c->m->namespaces.n)
		found = bsearch((const void *)&key, (const void *)c->namespaces, c->m->namespaces.n,
				sizeof(*c->namespaces), namespace_sort);
	return found ? *found : NULL;
}

int svcr_checks_index_pods(struct svcr_checks *c)
{
	return svcr_pod_index_make(&c->view.endpoints->made.index, c->m);
}

bool svcr_checks_has_pods(const struct svcr_checks *c, const char *ns)
{
	size_t n;

	svcr_pod_index_classes(&c->view.endpoints->made.index, ns, &n);
	return n > 0;
}

/* ---- What building says --------------------------------------------------------------- */

/* What a check of its own finds, more precisely or without a node. */
static bool said_otherwise(const struct svcr_checks *c, const struct svcrules_diag *d)
{
	if (strcmp(d->check, "no-endpoints") == 0)
		return true;
	if (strcmp(d->check, "conflict") == 0 && d->field &&
	    strcmp(d->field, "spec.ports[].nodePort") == 0 && strncmp(d->text, "node ", 5) == 0)
		return true;
	if (d->object || strcmp(d->check, "health-check") == 0)
		return false;
	/* what depends on the node that the rules would be for, and on what may be elsewhere */
	return !c->o->node_name || strcmp(d->check, "no-policies") == 0 ||
	       strcmp(d->check, "network-policy") == 0 ||
	       (!c->m->nodes.n && strcmp(d->check, "node-name") != 0);
}

static int take_diags(struct svcr_checks *c, const struct svcrules_diags *d)
{
	int err = svcrules_diags_failed(d) ? -ENOMEM : 0;

	for (size_t i = 0; !err && i < svcrules_diags_count(d); i++)
		if (!said_otherwise(c, svcrules_diags_get(d, i)))
			err = svcr_found_diag(c->f, svcrules_diags_get(d, i));
	return err;
}

/*
 * Warnings about missing Services, Secrets of spec.tls and hidden paths are checks of their own,
 * whatever the class of the Ingress is.
 */
static bool nginx_said_otherwise(const struct svcr_checks *c, const struct svcrules_diag *g)
{
	if (strcmp(g->check, "secret") == 0)
		return !(c->has & SVCR_HAS_SECRETS) ||
		       (g->field && strncmp(g->field, "spec.tls", strlen("spec.tls")) == 0);
	return strcmp(g->check, "backend") == 0 || strcmp(g->check, "conflict") == 0;
}

static int take_nginx(struct svcr_checks *c, const struct svcrules_diags *d)
{
	int err = svcrules_diags_failed(d) ? -ENOMEM : 0;

	for (size_t i = 0; !err && i < svcrules_diags_count(d); i++) {
		const struct svcrules_diag *g = svcrules_diags_get(d, i);

		if (g->severity == SVCRULES_ERROR || !nginx_said_otherwise(c, g))
			err = svcr_found_diag(c->f, g);
	}
	return err;
}

/* The model without certificates, which are checked for all classes; it borrows all else. */
static int without_certificates(struct svcr_checks *c, struct svcrules_model *ret)
{
	const struct svcrules_model *m = c->m;

	*ret = *m;
	ret->secrets.n = 0;
	ret->secrets.v = svcr_arena_array(&c->arena, m->secrets.n + 1, sizeof(*m->secrets.v));
	for (size_t i = 0; ret->secrets.v && i < m->secrets.n; i++)
		if (strcmp(m->secrets.v[i].type, "kubernetes.io/tls") != 0)
			ret->secrets.v[ret->secrets.n++] = m->secrets.v[i];
	return ret->secrets.v ? 0 : -ENOMEM;
}

static int check_nginx(struct svcr_checks *c)
{
	struct svcrules_diags *d = svcrules_diags_new();
	struct svcr_nginx *v = svcr_nginx_new();
	struct svcrules_model m;
	int err = d && v ? without_certificates(c, &m) : -ENOMEM;

	if (!err)
		err = svcr_nginx_fill(v, &m, c->o, d);

	if (err != -ENOMEM)
		err = take_nginx(c, d);
	if (v)
		v->part.ops->free(&v->part);
	svcrules_diags_free(d);
	return err;
}

/* Makes the view, on which checks work, and takes what is said about it. */
static int check_view(struct svcr_checks *c)
{
	struct svcrules_diags *d = svcrules_diags_new();
	int err = d ? svcr_select(&c->view, c->m, c->o, d) : -ENOMEM;

	if (!err)
		svcr_reasons_init(&c->reasons, c->m, c->o, &c->view);
	if (!err && c->m->pods.n)
		err = svcr_policy_advise(c->m, c->o, d);
	if (!err)
		err = take_diags(c, d);
	svcrules_diags_free(d);
	return err;
}

/* ---- The table -------------------------------------------------------------------------- */

/* What a row lacks of what it needs. */
static unsigned lacks_of(const struct svcr_checks *c, const struct svcr_check *row)
{
	return (c->has & row->about) == row->about ? row->needs & ~c->has : 0;
}

static void note_lack(struct svcr_checks *c, const char *check, unsigned lacks)
{
	const char *what = svcr_check_needs(lacks);
	size_t i = 0;

	if (lacks & SVCR_HAS_NODE_NAME) /* not the input's fault */
		return;

	while (i < c->f->nlacks && c->f->lacks[i].what != what)
		i++;
	if (i == SVCR_LACKS_MAX)
		return;
	if (i == c->f->nlacks)
		c->f->lacks[c->f->nlacks++] = (struct svcr_lack){ .what = what };
	c->f->lacks[i].checks[c->f->lacks[i].n++] = check;
}

/* True if the function belongs to a row before, which runs it. */
static bool has_run(const struct svcr_checks *c, size_t i)
{
	for (size_t k = 0; k < i; k++)
		if (svcr_check_table[k].run == svcr_check_table[i].run &&
		    c->f->level[k] != SVCRULES_CHECK_OFF && !lacks_of(c, &svcr_check_table[k]) &&
		    (c->has & svcr_check_table[k].about) == svcr_check_table[k].about)
			return true;
	return false;
}

static int run_table(struct svcr_checks *c)
{
	int err = 0;

	for (size_t i = 0; svcr_check_table[i].name && !err; i++) {
		const struct svcr_check *row = &svcr_check_table[i];
		unsigned lacks = lacks_of(c, row);

		if (c->f->level[i] == SVCRULES_CHECK_OFF)
			continue;
		if (lacks)
			note_lack(c, row->name, lacks);
		c->f->run += !lacks;
		if (!lacks && row->run && (c->has & row->about) == row->about && !has_run(c, i))
			err = row->run(c);
	}
	return err;
}

/*
 * Pods of a cluster count, or else those that manifests plan, which get no endpoints. The copy of
 * the model borrows all that it has. 0 or -ENOMEM.
 */
static int settle_pods(struct svcr_checks *c, struct svcrules_model *copy)
{
	const struct svcrules_model *m = c->m;
	size_t planned = 0;

	for (size_t i = 0; i < m->pods.n; i++)
		planned += m->pods.v[i].planned;
	if (!planned)
		return 0;
	*copy = *m;
	c->m = copy;
	copy->planned = planned == m->pods.n;
	if (copy->planned) {
		copy->pods_use = SVCR_PODS_UNUSED;
		return 0;
	}
	copy->pods.n = 0;
	copy->pods.v = svcr_arena_array(&c->arena, m->pods.n, sizeof(*m->pods.v));
	for (size_t i = 0; copy->pods.v && i < m->pods.n; i++)
		if (!m->pods.v[i].planned)
			copy->pods.v[copy->pods.n++] = m->pods.v[i];
	return copy->pods.v ? 0 : -ENOMEM;
}

int svcrules_findings_run(struct svcrules_findings *f, const struct svcrules_model *m,
			  const struct svcrules_options *o)
{
	struct svcrules_options with = *o; /* borrows all of it */
	struct svcr_checks c = { .m = m, .o = &with, .f = f };
	struct svcrules_model copy;
	int err = settle_pods(&c, &copy);

	with.network_policy = with.explain = true;
	c.has = what_it_has(c.m, o);
	if (!err)
		err = index_model(&c);
	if (!err)
		err = check_view(&c);
	if (!err && m->ingresses.n)
		err = check_nginx(&c);
	if (!err)
		err = run_table(&c);
	f->idle = !(c.has &
		    (SVCR_HAS_SERVICES | SVCR_HAS_SLICES | SVCR_HAS_POLICIES | SVCR_HAS_INGRESSES));
	if (!err)
		err = svcr_findings_place(f, m);
	svcr_reasons_release(&c.reasons);
	svcr_view_release(&c.view);
	svcr_arena_release(&c.arena);
	svcr_findings_sort(f);
	return err;
}
