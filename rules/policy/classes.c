/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/policy/classes.h"
#include "fnv.h"
#include "rules/policy/budget.h"
#include "hashing.h"
#include "rules/policy/layout.h"
#include "rules/policy/number.h"

#include <errno.h>

struct policies {
	const struct svcr_network_policy **v;
	size_t n, cap;
};

/* The policies that select pods of one namespace with the same labels, in each direction. */
struct selection {
	const char *ns;
	const struct svcr_labels *labels;
	struct policies policies[SVCR_DIRECTION__COUNT];
};

/* A class under construction. */
struct filler {
	struct svcr_pod_class *class;
	struct svcr_bundles *bundles;
	struct svcr_peers *peers;
	SVCR_LIST(struct svcr_span_of_ports) spans;
	SVCR_LIST(struct svcr_bundle *) any;
	SVCR_LIST(struct svcr_bundle *) everywhere;
	struct svcr_bundle *none; /* the empty bundle */
};

/* ---- Which policies select a pod ---------------------------------------- */

static int policy_cmp(const struct svcr_network_policy *a, const struct svcr_network_policy *b)
{
	int cmp = a == b ? 0 : strcmp(a->ns, b->ns);

	return cmp || a == b ? cmp : strcmp(a->name, b->name);
}

static int policy_cmp_sort(const void *a, const void *b)
{
	return policy_cmp(*(const struct svcr_network_policy *const *)a,
			  *(const struct svcr_network_policy *const *)b);
}

static int sort_policies(struct svcr_classes *c, const struct svcrules_model *m)
{
	c->policies = calloc(m->policies.n + 1, sizeof(const struct svcr_network_policy *));
	if (!c->policies)
		return -ENOMEM;
	for (size_t i = 0; i < m->policies.n; i++)
		c->policies[c->npolicies++] = &m->policies.v[i];
	qsort(c->policies, c->npolicies, sizeof(*c->policies), policy_cmp_sort);
	return 0;
}

/* The index of the first policy of a namespace, or of a later one. */
static size_t first_policy_of(const struct svcr_classes *c, const char *ns)
{
	size_t low = 0, high = c->npolicies;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(c->policies[mid]->ns, ns) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return low;
}

static bool same_selection(const void *entry, const void *like)
{
	const struct selection *a = entry, *b = like;

	return a->ns == b->ns && a->labels == b->labels;
}

static int select_policies(const struct svcr_classes *c, struct selection *s)
{
	size_t first = first_policy_of(c, s->ns);

	for (size_t i = first; i < c->npolicies && c->policies[i]->ns == s->ns; i++) {
		const struct svcr_network_policy *policy = c->policies[i];

		if (!svcr_selector_matches(policy->pods, s->labels))
			continue;
		for (int d = 0; d < SVCR_DIRECTION__COUNT; d++) {
			const struct svcr_network_policy **slot;

			if (!policy->isolates[d])
				continue;
			slot = SVCR_GROW(&s->policies[d]);
			if (!slot)
				return -ENOMEM;
			*slot = policy;
		}
	}
	return 0;
}

static struct selection *find_selection(struct svcr_classes *c, const struct svcr_pod *pod)
{
	const struct selection like = { .ns = pod->ns, .labels = pod->labels };
	struct selection *s;
	bool new;

	s = svcr_find_or_add(&c->arena, &c->selections,
			     svcr_pointers_hash(pod->ns, pod->labels, NULL), same_selection, &like,
			     sizeof(like), &new);
	return s && new &&select_policies(c, s) ? NULL : s;
}

/* ---- Which class that makes --------------------------------------------- */

static int port_cmp_sort(const void *a, const void *b)
{
	const struct svcr_pod_port *p = a, *q = b;
	int cmp = p->name == q->name ? 0 : strcmp(p->name, q->name);

	if (cmp)
		return cmp;
	if (p->protocol != q->protocol)
		return p->protocol < q->protocol ? -1 : 1;
	return (int)p->port - (int)q->port;
}

/* Like port_cmp_sort(), but names are interned: by address. */
static int name_cmp_sort(const void *a, const void *b)
{
	const struct svcr_pod_port *p = a, *q = b;

	if (p->name != q->name)
		return (uintptr_t)p->name < (uintptr_t)q->name ? -1 : 1;
	return (int)p->protocol - (int)q->protocol;
}

static int add_names(struct svcr_classes *c, const struct svcr_policy_rules *rules)
{
	for (size_t i = 0; i < rules->n; i++)
		for (size_t k = 0; k < rules->v[i].ports.n; k++) {
			const struct svcr_policy_port *p = &rules->v[i].ports.v[k];
			struct svcr_pod_port *slot = p->name ? SVCR_GROW(&c->names) : NULL;

			if (p->name && !slot)
				return -ENOMEM;
			if (slot)
				*slot = (struct svcr_pod_port){ p->name, 0, p->protocol };
		}
	return 0;
}

/* Stores the ports of a pod that ingress rules name, in *class. 0 or -ENOMEM. */
static int named_ports(struct svcr_classes *c, struct svcr_pod_class *class,
		       const struct svcr_pod *pod)
{
	struct svcr_pod_port *v = NULL;
	size_t n = 0;

	class->nports = c->names.n = 0;
	if (class->direction != SVCR_INGRESS || !pod->ports.n)
		return 0;
	for (size_t i = 0; i < class->npolicies; i++)
		if (add_names(c, &class->policies[i]->rules[SVCR_INGRESS]))
			return -ENOMEM;
	if (!c->names.n)
		return 0;
	qsort(c->names.v, c->names.n, sizeof(*c->names.v), name_cmp_sort);
	v = svcr_arena_array(&c->arena, pod->ports.n, sizeof(*v));
	if (!v)
		return -ENOMEM;
	for (size_t i = 0; i < pod->ports.n; i++)
		if (bsearch(&pod->ports.v[i], c->names.v, c->names.n, sizeof(*c->names.v),
			    name_cmp_sort))
			v[n++] = pod->ports.v[i];
	if (n)
		qsort(v, n, sizeof(*v), port_cmp_sort);
	class->ports = v;
	class->nports = n;
	return 0;
}

static int class_cmp(const struct svcr_pod_class *a, const struct svcr_pod_class *b)
{
	if (a->direction != b->direction)
		return a->direction < b->direction ? -1 : 1;
	for (size_t i = 0; i < a->npolicies && i < b->npolicies; i++) {
		int cmp = policy_cmp(a->policies[i], b->policies[i]);

		if (cmp)
			return cmp;
	}
	for (size_t i = 0; i < a->nports && i < b->nports; i++) {
		int cmp = port_cmp_sort(&a->ports[i], &b->ports[i]);

		if (cmp)
			return cmp;
	}
	if (a->npolicies != b->npolicies)
		return a->npolicies < b->npolicies ? -1 : 1;
	return (a->nports > b->nports) - (a->nports < b->nports);
}

static uint32_t class_hash(const struct svcr_pod_class *c)
{
	const uint8_t direction = (uint8_t)c->direction;
	uint32_t h = svcr_fnv(SVCR_FNV_START, &direction, 1);

	for (size_t i = 0; i < c->npolicies; i++)
		h = svcr_fnv_text(svcr_fnv_text(h, c->policies[i]->ns), c->policies[i]->name);
	for (size_t i = 0; i < c->nports; i++) {
		const struct svcr_pod_port *p = &c->ports[i];
		const uint8_t bytes[] = { p->protocol, (uint8_t)(p->port >> 8), (uint8_t)p->port };

		h = svcr_fnv(svcr_fnv_text(h, p->name), bytes, sizeof(bytes));
	}
	return h;
}

static bool same_pod_class(const void *entry, const void *like)
{
	return class_cmp(entry, like) == 0;
}

/* ---- What a class allows ------------------------------------------------ */

static int add_span(struct filler *f, uint8_t protocol, uint16_t first, uint16_t last)
{
	struct svcr_span_of_ports *s = SVCR_GROW(&f->spans);

	if (!s)
		return -ENOMEM;
	*s = (struct svcr_span_of_ports){ protocol, first, last };
	return 0;
}

/* The ports of the pods of the class that have that name; they are sorted by name. */
static int add_own_ports(struct filler *f, const struct svcr_policy_port *p)
{
	const struct svcr_pod_class *c = f->class;
	size_t low = 0, high = c->nports;
	int err = 0;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (strcmp(c->ports[mid].name, p->name) < 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (; low < c->nports && c->ports[low].name == p->name && !err; low++)
		if (c->ports[low].protocol == p->protocol)
			err = add_span(f, p->protocol, c->ports[low].port, c->ports[low].port);
	return err;
}

static struct svcr_bundle *rule_bundle(struct filler *f, const struct svcr_policy_rule *r)
{
	int err = 0;

	if (r->any_port)
		return svcr_bundle_all(f->bundles);
	f->spans.n = 0;
	for (size_t i = 0; i < r->ports.n && !err; i++) {
		const struct svcr_policy_port *p = &r->ports.v[i];

		err = p->name ? add_own_ports(f, p) : add_span(f, p->protocol, p->first, p->last);
	}
	return err ? NULL : svcr_bundle_of(f->bundles, f->spans.v, f->spans.n);
}

/* The rule itself if it names ports of other pods, which are looked up in each of them. */
static int names_of(struct filler *f, const struct svcr_policy_rule *r,
		    const struct svcr_policy_rule **ret)
{
	*ret = NULL;
	for (size_t i = 0; f->class->direction == SVCR_EGRESS && i < r->ports.n; i++)
		if (r->ports.v[i].name) {
			*ret = r;
			if (svcr_peers_name(f->peers, r->ports.v[i].name, r->ports.v[i].protocol))
				return -ENOMEM;
		}
	return 0;
}

static int add_bundle_to(void *list, struct svcr_bundle *b)
{
	SVCR_LIST(struct svcr_bundle *) *l = list;
	struct svcr_bundle **slot = SVCR_GROW(l);

	if (!slot)
		return -ENOMEM;
	*slot = b;
	return 0;
}

static int add_block_of(struct filler *f, const struct svcr_policy_peer *peer,
			struct svcr_bundle *b)
{
	struct svcr_block *slot = SVCR_GROW(&f->class->blocks);

	if (!slot)
		return -ENOMEM;
	*slot = (struct svcr_block){ peer, b };
	return 0;
}

static int fill_peer(struct filler *f, const char *ns, const struct svcr_policy_peer *peer,
		     struct svcr_bundle *b, const struct svcr_policy_rule *named)
{
	struct svcr_term *t = NULL;
	int err = 0;

	if (!peer->is_block || named)
		t = svcr_peers_term(f->peers, ns, peer);
	if (!t && (!peer->is_block || named))
		return -ENOMEM;
	if (!peer->is_block && t != f->peers->everywhere)
		return svcr_term_use(t, f->class, b, named);
	if (!svcr_bundle_empty(b))
		err = peer->is_block ? add_block_of(f, peer, b) : add_bundle_to(&f->everywhere, b);
	return err || !named ? err : svcr_term_use(t, f->class, f->none, named);
}

static int fill_rule(struct filler *f, const char *ns, const struct svcr_policy_rule *r)
{
	const struct svcr_policy_rule *named;
	struct svcr_bundle *b = rule_bundle(f, r);
	struct svcr_term *t;
	int err = b ? names_of(f, r, &named) : -ENOMEM;

	if (err)
		return err;
	f->class->cost += 1 + b->n;
	if (!r->any_peer) {
		for (size_t i = 0; i < r->peers.n && !err; i++)
			err = fill_peer(f, ns, &r->peers.v[i], b, named);
		return err;
	}
	err = add_bundle_to(&f->any, b);
	t = err || !named ? NULL : svcr_peers_all_pods(f->peers);
	if (!named || err)
		return err;
	return t ? svcr_term_use(t, f->class, f->none, named) : -ENOMEM;
}

/* Sets *ret to the union; NULL if that is empty. 0 or -ENOMEM. */
static int fill_union(struct filler *f, struct svcr_bundle **v, size_t n, struct svcr_bundle **ret)
{
	struct svcr_bundle *b = svcr_bundle_union(f->bundles, v, n);

	*ret = b && !svcr_bundle_empty(b) ? b : NULL;
	return b ? 0 : -ENOMEM;
}

static int fill_class(struct svcr_pod_class *class, const struct svcrules_options *o,
		      struct svcr_bundles *b, struct svcr_peers *p)
{
	struct filler f = { .class = class, .bundles = b, .peers = p };
	int err = 0;

	f.none = svcr_bundle_of(b, NULL, 0);
	if (!f.none)
		return -ENOMEM;
	for (size_t i = 0; i < class->npolicies && !err; i++) {
		const struct svcr_policy_rules *r = &class->policies[i]->rules[class->direction];

		for (size_t k = 0; k < r->n && !err; k++)
			err = fill_rule(&f, class->policies[i]->ns, &r->v[k]);
	}
	if (!err)
		err = fill_union(&f, f.any.v, f.any.n, &class->any);
	if (!err)
		err = fill_union(&f, f.everywhere.v, f.everywhere.n, &class->everywhere);
	for (uint8_t family = 0; family < SVCR_FAMILY__COUNT && !err; family++)
		if (o->families[family])
			err = svcr_blocks_make(&class->blocks, family, b, &class->cost,
					       o->max_elements, &class->ranges[family]);
	free(f.spans.v);
	free(f.any.v);
	free(f.everywhere.v);
	return err;
}

/* ---- Pods --------------------------------------------------------------- */

/* The class of a pod in a direction; *ret NULL: no policy isolates it there. 0 or -ENOMEM. */
static int find_pod_class(struct svcr_classes *c, const struct svcr_pod *pod,
			  const struct policies *policies, enum svcr_direction d,
			  struct svcr_pod_class **ret)
{
	struct svcr_pod_class like = { .direction = d,
				       .policies = policies->v,
				       .npolicies = policies->n },
			      *made, **slot;
	bool new;

	*ret = NULL;
	if (!policies->n)
		return 0;
	if (named_ports(c, &like, pod))
		return -ENOMEM;
	made = svcr_find_or_add(&c->arena, &c->classes, class_hash(&like), same_pod_class, &like,
				sizeof(like), &new);
	if (made && new) {
		slot = SVCR_GROW(&c->list);
		if (!slot)
			return -ENOMEM;
		*slot = made;
	}
	*ret = made;
	return made ? 0 : -ENOMEM;
}

static int add_pod_class(struct svcr_classes *c, const struct svcr_pod *pod)
{
	const struct selection *s = find_selection(c, pod);
	struct svcr_isolated_pod in = { .pod = pod }, *slot;
	int err = s ? 0 : -ENOMEM;

	for (int d = 0; d < SVCR_DIRECTION__COUNT && !err; d++)
		err = find_pod_class(c, pod, &s->policies[d], (enum svcr_direction)d,
				     &in.classes[d]);
	if (err || (!in.classes[SVCR_INGRESS] && !in.classes[SVCR_EGRESS]))
		return err;
	slot = SVCR_GROW(&c->pods);
	if (!slot)
		return -ENOMEM;
	*slot = in;
	return 0;
}

static int isolated_cmp_sort(const void *a, const void *b)
{
	const struct svcr_isolated_pod *p = a, *q = b;

	return svcr_pod_cmp(p->pod, q->pod);
}

/* By the numbers that they would like to have, then by what they are. */
static int class_number_cmp_sort(const void *a, const void *b)
{
	const struct svcr_pod_class *s = *(struct svcr_pod_class *const *)a;
	const struct svcr_pod_class *t = *(struct svcr_pod_class *const *)b;

	if (s->number != t->number)
		return s->number < t->number ? -1 : 1;
	return class_cmp(s, t);
}

static void number_pod_classes(struct svcr_classes *c)
{
	for (size_t i = 0; i < c->list.n; i++)
		c->list.v[i]->number = svcr_number_of(class_hash(c->list.v[i]), SVCR_CLASS_MAX);
	svcr_numbers_differ(c->list.v, c->list.n, offsetof(struct svcr_pod_class, number),
			    SVCR_CLASS_MAX, class_number_cmp_sort);
}

int svcr_classes_find(struct svcr_classes *c, const struct svcrules_model *m,
		      const struct svcrules_options *o, struct svcr_bundles *b,
		      struct svcr_peers *p)
{
	struct svcr_budget budget = { .namespaces = { .used = 0 } };
	int err = sort_policies(c, m);

	for (size_t i = 0; i < m->pods.n && !err; i++) {
		const struct svcr_pod *pod = &m->pods.v[i];

		if (svcr_pod_counts(pod) && pod->ips.n && pod->node && o->node_name &&
		    strcmp(pod->node, o->node_name) == 0)
			err = add_pod_class(c, pod);
	}
	if (!err && c->pods.n)
		qsort(c->pods.v, c->pods.n, sizeof(*c->pods.v), isolated_cmp_sort);
	number_pod_classes(c);
	for (size_t i = 0; i < c->list.n && !err; i++) {
		err = fill_class(c->list.v[i], o, b, p);
		if (!err)
			err = svcr_budget_charge(&budget, o, c->list.v[i]);
	}
	svcr_budget_release(&budget);
	return err;
}

void svcr_classes_release(struct svcr_classes *c)
{
	for (size_t i = 0; i < c->selections.size; i++) {
		const struct selection *s = c->selections.slots[i].entry;

		for (int d = 0; s && d < SVCR_DIRECTION__COUNT; d++)
			free(s->policies[d].v);
	}
	for (size_t i = 0; i < c->list.n; i++) {
		free(c->list.v[i]->blocks.v);
		for (int f = 0; f < SVCR_FAMILY__COUNT; f++)
			free(c->list.v[i]->ranges[f].v);
	}
	svcr_table_release(&c->selections);
	svcr_table_release(&c->classes);
	free(c->policies);
	free(c->list.v);
	free(c->pods.v);
	free(c->pairs.v);
	free(c->names.v);
	svcr_arena_release(&c->arena);
}
