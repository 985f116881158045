/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy_advise.h"
#include "hashing.h"
#include "options.h"
#include "out.h"

#include <errno.h>

#define STEPS 512 /* sets of labels that a policy may look at, on the average of its namespace */

/* A namespace in which pods are. Strings are interned. */
struct advised_namespace {
	const char *name;
	size_t pods;
	struct {
		const struct svcr_labels **v;
		size_t n, cap;
	} labels;     /* of these pods, each once */
	size_t steps; /* that its policies may still take */
	bool known;   /* its object is in the input */
};

/* Two addresses, or an address and a number, that make one entry of a set. */
struct advised_pair {
	const void *a;
	uintptr_t b;
};

struct policy_advice {
	const struct svcrules_model *m;
	const struct svcrules_options *o;
	struct svcrules_diags *d;
	struct svcr_arena arena;      /* owns the entries of the tables */
	struct svcr_table namespaces; /* struct advised_namespace */
	struct svcr_table labels; /* struct advised_pair: a namespace and labels of a pod in it */
	struct svcr_table ports;  /* struct advised_pair: a name and a protocol */
};

/* ---- Sets ------------------------------------------------------------------ */

static bool same_advised_pair(const void *entry, const void *like)
{
	const struct advised_pair *a = entry, *b = like;

	return a->a == b->a && a->b == b->b;
}

static uint32_t advised_pair_hash(const struct advised_pair *p)
{
	return svcr_pointers_hash(p->a, (const void *)p->b, NULL);
}

/* Adds the pair. Returns 1 if it is new, 0 if not, or -ENOMEM. */
static int pair_add(struct policy_advice *a, struct svcr_table *t, const struct advised_pair *p)
{
	bool added;

	if (!svcr_find_or_add(&a->arena, t, advised_pair_hash(p), same_advised_pair, p, sizeof(*p),
			      &added))
		return -ENOMEM;
	return added;
}

static bool same_advised_name(const void *entry, const void *like)
{
	const struct advised_namespace *a = entry, *b = like;

	return a->name == b->name;
}

/* The namespace of that name, if pods are in it; else NULL. */
static struct advised_namespace *namespace_find(const struct policy_advice *a, const char *name)
{
	const struct advised_namespace like = { .name = name };

	return (struct advised_namespace *)(uintptr_t)svcr_find(
		&a->namespaces, svcr_pointers_hash(name, NULL, NULL), same_advised_name, &like);
}

static struct advised_namespace *namespace_add(struct policy_advice *a, const char *name)
{
	const struct advised_namespace like = { .name = name };
	bool added;

	return svcr_find_or_add(&a->arena, &a->namespaces, svcr_pointers_hash(name, NULL, NULL),
				same_advised_name, &like, sizeof(like), &added);
}

/* ---- What there is ----------------------------------------------------------- */

static int note_pod(struct policy_advice *a, const struct svcr_pod *p)
{
	struct advised_namespace *ns = namespace_add(a, p->ns);
	const struct svcr_labels **slot;
	int added;

	if (!ns)
		return -ENOMEM;
	ns->pods++;
	for (size_t i = 0; i < p->ports.n; i++) {
		struct advised_pair port = { p->ports.v[i].name, p->ports.v[i].protocol };

		if (pair_add(a, &a->ports, &port) < 0)
			return -ENOMEM;
	}
	added = pair_add(a, &a->labels, &(struct advised_pair){ ns, (uintptr_t)p->labels });
	if (added <= 0)
		return added;
	slot = SVCR_GROW(&ns->labels);
	if (!slot)
		return -ENOMEM;
	*slot = p->labels;
	return 0;
}

static int note_all(struct policy_advice *a)
{
	for (size_t i = 0; i < a->m->pods.n; i++)
		if (svcr_pod_counts(&a->m->pods.v[i]) && note_pod(a, &a->m->pods.v[i]))
			return -ENOMEM;
	for (size_t i = 0; i < a->m->namespaces.n; i++) {
		struct advised_namespace *ns = namespace_find(a, a->m->namespaces.v[i].name);

		if (ns)
			ns->known = true;
	}
	for (size_t i = 0; i < a->m->policies.n; i++) {
		struct advised_namespace *ns = namespace_find(a, a->m->policies.v[i].ns);

		if (ns)
			ns->steps += STEPS;
	}
	return 0;
}

/* ---- The node ---------------------------------------------------------------- */

static void advise_pods_of_node(const struct policy_advice *a)
{
	const char *name = a->o->node_name ? a->o->node_name : "";

	if (a->m->planned)
		return;
	for (size_t i = 0; i < a->m->pods.n; i++)
		if (a->m->pods.v[i].node && strcmp(a->m->pods.v[i].node, name) == 0)
			return;
	if (a->m->pods.n)
		svcr_diag(a->d,
			  &(struct svcrules_diag){ .severity = SVCRULES_WARNING,
						   .check = "node-name" },
			  "no pod of the input (%zu) is on a node named '%s', as this node: no "
			  "NetworkPolicy is enforced here; --node-name sets the name",
			  a->m->pods.n, name);
}

/* ---- Namespaces ---------------------------------------------------------------- */

static bool rules_select_namespaces(const struct svcr_policy_rules *rules)
{
	for (size_t i = 0; i < rules->n; i++)
		for (size_t k = 0; k < rules->v[i].peers.n; k++) {
			const struct svcr_selector *s = rules->v[i].peers.v[k].namespaces;

			if (s && s->n) /* "{}" selects those without labels, too */
				return true;
		}
	return false;
}

static bool labels_of_namespaces_matter(const struct svcrules_model *m)
{
	for (size_t i = 0; i < m->policies.n; i++)
		for (size_t dir = 0; dir < SVCR_DIRECTION__COUNT; dir++)
			if (rules_select_namespaces(&m->policies.v[i].rules[dir]))
				return true;
	return false;
}

static int advised_namespace_cmp(const void *a, const void *b)
{
	const struct advised_namespace *const *x = a, *const *y = b;

	return strcmp((*x)->name, (*y)->name);
}

static void tell_namespace(const struct policy_advice *a, const struct advised_namespace *ns)
{
	char object[300];

	snprintf(object, sizeof(object), "Namespace %s", ns->name);
	svcr_diag(a->d,
		  &(struct svcrules_diag){
			  .severity = SVCRULES_WARNING, .check = "no-namespace", .object = object },
		  "the input has %zu pod%s in this namespace, but not the Namespace object: it "
		  "counts as one without labels",
		  ns->pods, ns->pods == 1 ? "" : "s");
}

/* Tells namespaces whose object is missing, in the order of their names. */
static int advise_namespaces(const struct policy_advice *a)
{
	const struct advised_namespace **missing;
	size_t n = 0;

	if (!a->namespaces.used || a->m->planned || !labels_of_namespaces_matter(a->m))
		return 0;
	missing = calloc(a->namespaces.used, sizeof(*missing));
	if (!missing)
		return -ENOMEM;
	for (size_t i = 0; i < a->namespaces.size; i++) {
		const struct advised_namespace *ns = a->namespaces.slots[i].entry;

		if (ns && !ns->known)
			missing[n++] = ns;
	}
	if (n)
		qsort((void *)missing, n, sizeof(*missing), advised_namespace_cmp);
	for (size_t i = 0; i < n; i++)
		tell_namespace(a, missing[i]);
	free((void *)missing);
	return 0;
}

/* ---- Policies ---------------------------------------------------------------- */

static void __attribute__((format(printf, 4, 5)))
tell_policy(const struct policy_advice *a, const struct svcr_network_policy *p,
	    struct svcrules_diag g, const char *fmt, ...)
{
	char object[400], text[300];
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(object, sizeof(object), "NetworkPolicy %s/%s", p->ns, p->name);
	g.severity = SVCRULES_NOTICE;
	g.source = p->source;
	g.object = object;
	svcr_diag(a->d, &g, "%s", text);
}

#define ADVISED_SELECTOR 160

struct advised_text {
	char v[ADVISED_SELECTOR];
	size_t n;
};

static int advised_append(void *arg, const char *buf, size_t len)
{
	struct advised_text *t = arg;

	for (size_t i = 0; i < len && t->n + 1 < sizeof(t->v); i++)
		t->v[t->n++] = buf[i];
	t->v[t->n] = '\0';
	return 0;
}

static void tell_selects_nothing(const struct policy_advice *a, const struct svcr_network_policy *p)
{
	const struct svcrules_diag g = { .check = "selects-no-pod", .field = "spec.podSelector" };
	struct advised_text t = { .n = 0 };
	struct svcr_out o = { .write = advised_append, .arg = &t };

	svcr_selector_out(&o, p->pods);
	(void)svcr_out_end(&o);
	if (!t.n)
		tell_policy(
			a, p, g,
			"the namespace has no pod that it could select: the policy has no effect");
	else
		tell_policy(a, p, g,
			    "%s%s selects no pod of the namespace: the policy has no effect", t.v,
			    t.n + 1 == sizeof(t.v) ? "..." : "");
}

static void advise_selects_nothing(const struct policy_advice *a,
				   const struct svcr_network_policy *p)
{
	struct advised_namespace *ns = namespace_find(a, p->ns);

	if (a->m->planned && !ns) /* its pods are elsewhere */
		return;
	for (size_t i = 0; ns && i < ns->labels.n; i++) {
		if (!ns->steps || svcr_selector_matches(p->pods, ns->labels.v[i]))
			return;
		ns->steps--;
	}
	tell_selects_nothing(a, p);
}

static void advise_port(const struct policy_advice *a, const struct svcr_network_policy *p,
			const char *field, const struct svcr_policy_port *port)
{
	struct advised_pair wanted = { port->name, port->protocol };

	if (!port->name ||
	    svcr_find(&a->ports, advised_pair_hash(&wanted), same_advised_pair, &wanted))
		return;
	tell_policy(a, p, (struct svcrules_diag){ .check = "port-name", .field = field },
		    "no pod has a port named '%s' of %s: the entry allows nothing", port->name,
		    svcr_protocol_name(port->protocol));
}

/* Ports of egress are those of other pods, which manifests may not have. */
static bool advise_ports_of(const struct policy_advice *a, const struct svcr_network_policy *p,
			    size_t dir)
{
	return !a->m->planned || (dir == SVCR_INGRESS && namespace_find(a, p->ns));
}

static void advise_ports(const struct policy_advice *a, const struct svcr_network_policy *p)
{
	static const char *const fields[] = {
		[SVCR_INGRESS] = "spec.ingress", [SVCR_EGRESS] = "spec.egress"
	};

	for (size_t dir = 0; dir < SVCR_DIRECTION__COUNT; dir++)
		for (size_t i = 0; i < p->rules[dir].n && advise_ports_of(a, p, dir); i++)
			for (size_t k = 0; k < p->rules[dir].v[i].ports.n; k++)
				advise_port(a, p, fields[dir], &p->rules[dir].v[i].ports.v[k]);
}

static void advise_policies(const struct policy_advice *a)
{
	for (size_t i = 0; i < a->m->policies.n; i++) {
		advise_selects_nothing(a, &a->m->policies.v[i]);
		advise_ports(a, &a->m->policies.v[i]);
	}
	if (a->m->pods.n && !a->m->policies.n)
		svcr_diag(a->d,
			  &(struct svcrules_diag){ .severity = SVCRULES_WARNING,
						   .check = "no-policies" },
			  "no NetworkPolicy in the input (kubectl get networkpolicies -A): every "
			  "pod may speak to every other");
}

/* Who believes that policies hold should not learn from an attack that they do not. */
static void advise_not_enforced(const struct svcrules_model *m, struct svcrules_diags *d)
{
	for (size_t i = 0; i < m->ignored.n; i++) {
		const struct svcr_ignored *x = &m->ignored.v[i];

		if (strcmp(x->kind, "NetworkPolicy") == 0)
			svcr_diag(d,
				  &(struct svcrules_diag){ .severity = SVCRULES_NOTICE,
							   .check = "network-policy" },
				  "%zu NetworkPolicy object%s not enforced by svcrules: "
				  "--network-policy does that, if the cluster's network plugin "
				  "does not",
				  x->n, x->n == 1 ? " is" : "s are");
	}
}

/* NetworkPolicies of another API than networking.k8s.io/v1, such as an older one. */
static void advise_other_api(const struct policy_advice *a)
{
	for (size_t i = 0; i < a->m->ignored.n; i++) {
		const struct svcr_ignored *x = &a->m->ignored.v[i];

		if (strncmp(x->kind, "NetworkPolicy", 13) == 0)
			svcr_diag(a->d,
				  &(struct svcrules_diag){ .severity = SVCRULES_WARNING,
							   .check = "network-policy" },
				  "%zu %s is not of networking.k8s.io/v1 and is not enforced", x->n,
				  x->kind);
	}
}

int svcr_policy_advise(const struct svcrules_model *m, const struct svcrules_options *o,
		       struct svcrules_diags *d)
{
	struct policy_advice a = { .m = m, .o = o, .d = d };
	int err;

	if (!o->network_policy) {
		advise_not_enforced(m, d);
		return 0;
	}
	err = note_all(&a);
	if (!err) {
		advise_pods_of_node(&a);
		advise_policies(&a);
		advise_other_api(&a);
		err = advise_namespaces(&a);
	}
	for (size_t i = 0; i < a.namespaces.size; i++) {
		struct advised_namespace *ns =
			(struct advised_namespace *)(uintptr_t)a.namespaces.slots[i].entry;

		if (ns)
			free((void *)ns->labels.v);
	}
	svcr_table_release(&a.namespaces);
	svcr_table_release(&a.labels);
	svcr_table_release(&a.ports);
	svcr_arena_release(&a.arena);
	return err;
}
