/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Ingress of networking.k8s.io/v1: which hosts and paths go to which services. */
#include "kinds.h"
#include "metadata.h"
#include "values.h"

struct ingress_object {
	struct svcr_annotated head;
	struct svcr_ingress i;
};

/* ---- Names --------------------------------------------------------------- */

/* True for a host that an API server stores: a name, no address, with "*." before it at most. */
static bool host_valid(struct svcr_str s)
{
	struct svcr_addr a;

	if (s.len > 2 && s.p[0] == '*' && s.p[1] == '.')
		return svcr_subdomain((struct svcr_str){ s.p + 2, s.len - 2 });
	return s.len && !svcr_addr_parse(&a, s) && svcr_subdomain(s);
}

static const char *read_checked(struct svcr_reader *r, bool (*valid)(struct svcr_str s),
				const char *expected)
{
	struct svcr_str s;

	if (!svcr_read_string(r, &s) || !s.len)
		return NULL;
	if (valid(s))
		return svcr_read_intern(r, s);
	svcr_read_error(r, "name", "'%.*s' is no %s", (int)(s.len < 300 ? s.len : 300), s.p,
			expected);
	return NULL;
}

static void read_host(struct svcr_reader *r, void *member)
{
	*(const char **)member = read_checked(
		r, host_valid,
		"host: expected a DNS name in lower case, perhaps with '*.' before it");
}

static void read_object_ref(struct svcr_reader *r, void *member)
{
	*(const char **)member = read_checked(
		r, svcr_subdomain, "name of an object: expected a DNS name in lower case");
}

/* ---- Backends ------------------------------------------------------------- */

struct read_backend {
	struct svcr_ingress_backend b;
	uint32_t number;
	bool resource;
};

static void read_resource(struct svcr_reader *r, void *member)
{
	*(bool *)member = svcr_json_peek(&r->json) != SVCR_JSON_NULL;
	svcr_json_skip(&r->json);
}

static const struct svcr_field backend_port_fields[] = {
	{ SVCR_FIELD("name"), SVCR_F_CUSTOM, offsetof(struct read_backend, b.port_name),
	  .read = read_object_ref },
	{ SVCR_FIELD("number"), SVCR_F_INT, offsetof(struct read_backend, number), .min = 1,
	  .max = 65535 },
	SVCR_END
};

static const struct svcr_field backend_service_fields[] = {
	{ SVCR_FIELD("name"), SVCR_F_CUSTOM, offsetof(struct read_backend, b.service),
	  .read = read_object_ref },
	{ SVCR_FIELD("port"), SVCR_F_OBJECT, .fields = backend_port_fields },
	SVCR_END
};

static const struct svcr_field backend_fields[] = {
	{ SVCR_FIELD("service"), SVCR_F_OBJECT, .fields = backend_service_fields },
	{ SVCR_FIELD("resource"), SVCR_F_CUSTOM, offsetof(struct read_backend, resource),
	  .read = read_resource },
	SVCR_END
};

static void read_backend(struct svcr_reader *r, void *member)
{
	struct read_backend x = { .number = 0 };
	size_t errors = svcrules_diags_errors(r->diags);

	if (svcr_json_peek(&r->json) == SVCR_JSON_NULL) {
		svcr_json_skip(&r->json);
		return;
	}
	svcr_read_object(r, backend_fields, &x);
	x.b.port = (uint16_t)x.number;
	if (svcrules_diags_errors(r->diags) != errors)
		return;
	if (x.resource)
		svcr_read_error(r, "value", "a resource is not supported: expected a service");
	else if (!x.b.service || (!x.b.port_name && !x.b.port))
		svcr_read_error(r, "value", "expected the name of a service and a port of it");
	else if (x.b.port_name && x.b.port)
		svcr_read_error(r, "value", "name and number of a port: expected one of them");
	else
		*(struct svcr_ingress_backend *)member = x.b;
}

/* ---- Rules ------------------------------------------------------------------ */

struct read_one_path {
	struct svcr_ingress_path p;
	bool typed;
};

static void read_path_type(struct svcr_reader *r, void *member)
{
	static const char *const words[] = { "Prefix", "Exact", "ImplementationSpecific", NULL };
	struct read_one_path *x = SVCR_CONTAINER(member, struct read_one_path, p.type);
	struct svcr_str s;

	if (!svcr_read_string(r, &s) || !s.len)
		return;
	for (int i = 0; words[i]; i++)
		if (svcr_str_eq(s, words[i])) {
			x->p.type = (enum svcr_path_type)i;
			x->typed = true;
			return;
		}
	svcr_read_error(r, "value", "'%.*s' is not Exact, Prefix or ImplementationSpecific",
			(int)(s.len < 64 ? s.len : 64), s.p);
	x->typed = true;
}

static void read_path_text(struct svcr_reader *r, void *member)
{
	const char *s = svcr_read_interned(r);

	if (s && *s && *s != '/')
		svcr_read_error(r, "value", "'%.300s' does not begin with '/'", s);
	else if (s && *s)
		*(const char **)member = s;
}

static const struct svcr_field path_fields[] = {
	{ SVCR_FIELD("path"), SVCR_F_CUSTOM, offsetof(struct read_one_path, p.path),
	  .read = read_path_text },
	{ SVCR_FIELD("pathType"), SVCR_F_CUSTOM, offsetof(struct read_one_path, p.type),
	  .read = read_path_type },
	{ SVCR_FIELD("backend"), SVCR_F_CUSTOM, offsetof(struct read_one_path, p.backend),
	  .read = read_backend },
	SVCR_END
};

static void read_one_path(struct svcr_reader *r, void *member)
{
	struct svcr_ingress_rule *rule = member;
	struct read_one_path x = { .p = { .path = NULL } };
	size_t errors = svcrules_diags_errors(r->diags);
	struct svcr_ingress_path *slot;

	svcr_read_object(r, path_fields, &x);
	if (svcrules_diags_errors(r->diags) == errors && !x.typed)
		svcr_read_error(r, "value", "no pathType");
	else if (svcrules_diags_errors(r->diags) == errors && !x.p.backend.service)
		svcr_read_error(r, "value", "no backend");
	if (!x.p.path)
		x.p.path = svcr_read_intern(r, (struct svcr_str){ "/", 1 });
	slot = x.p.path ? SVCR_READ_GROW(r, &rule->paths) : NULL;
	if (slot)
		*slot = x.p;
}

static void read_paths(struct svcr_reader *r, void *member)
{
	svcr_read_each(r, read_one_path, SVCR_CONTAINER(member, struct svcr_ingress_rule, paths));
}

static const struct svcr_field http_fields[] = { { SVCR_FIELD("paths"), SVCR_F_CUSTOM,
						   offsetof(struct svcr_ingress_rule, paths),
						   .read = read_paths },
						 SVCR_END };

static const struct svcr_field rule_fields[] = {
	{ SVCR_FIELD("host"), SVCR_F_CUSTOM, offsetof(struct svcr_ingress_rule, host),
	  .read = read_host },
	{ SVCR_FIELD("http"), SVCR_F_OBJECT, .fields = http_fields },
	SVCR_END
};

static void read_host_rule(struct svcr_reader *r, void *member)
{
	struct ingress_object *o = SVCR_CONTAINER(member, struct ingress_object, i.rules);
	struct svcr_ingress_rule rule = { .host = NULL }, *slot;

	svcr_read_object(r, rule_fields, &rule);
	SVCR_READ_KEEP(r, &rule.paths);
	slot = SVCR_READ_GROW(r, &o->i.rules);
	if (slot)
		*slot = rule;
}

/* ---- TLS ---------------------------------------------------------------------- */

static void read_tls_host(struct svcr_reader *r, void *member)
{
	struct svcr_ingress_tls *tls = SVCR_CONTAINER(member, struct svcr_ingress_tls, hosts);
	const char *host = NULL, **slot;

	read_host(r, (void *)&host);
	slot = host ? SVCR_READ_GROW(r, &tls->hosts) : NULL;
	if (slot)
		*slot = host;
}

static void read_tls_hosts(struct svcr_reader *r, void *member)
{
	svcr_read_each(r, read_tls_host, member);
}

static const struct svcr_field tls_fields[] = {
	{ SVCR_FIELD("hosts"), SVCR_F_CUSTOM, offsetof(struct svcr_ingress_tls, hosts),
	  .read = read_tls_hosts },
	{ SVCR_FIELD("secretName"), SVCR_F_CUSTOM, offsetof(struct svcr_ingress_tls, secret),
	  .read = read_object_ref },
	SVCR_END
};

static void read_tls(struct svcr_reader *r, void *member)
{
	struct ingress_object *o = SVCR_CONTAINER(member, struct ingress_object, i.tls);
	struct svcr_ingress_tls tls = { .secret = NULL }, *slot;

	svcr_read_object(r, tls_fields, &tls);
	SVCR_READ_KEEP(r, &tls.hosts);
	slot = SVCR_READ_GROW(r, &o->i.tls);
	if (slot)
		*slot = tls;
}

/* ---- The whole object ------------------------------------------------------------ */

#define MEMBER(path) offsetof(struct ingress_object, path)

static const struct svcr_field ingress_spec_fields[] = {
	{ SVCR_FIELD("ingressClassName"), SVCR_F_CUSTOM, MEMBER(i.class), .read = read_object_ref },
	{ SVCR_FIELD("defaultBackend"), SVCR_F_CUSTOM, MEMBER(i.fallback), .read = read_backend },
	{ SVCR_FIELD("rules"), SVCR_F_EACH, MEMBER(i.rules), true, .read = read_host_rule },
	{ SVCR_FIELD("tls"), SVCR_F_EACH, MEMBER(i.tls), true, .read = read_tls },
	SVCR_END
};

static const struct svcr_field ingress_object_fields[] = {
	{ SVCR_FIELD("metadata"), SVCR_F_OBJECT, MEMBER(head),
	  .fields = svcr_annotated_metadata_fields },
	{ SVCR_FIELD("spec"), SVCR_F_OBJECT, .fields = ingress_spec_fields },
	SVCR_END
};

static void finish_ingress(struct svcr_reader *r, void *object)
{
	struct ingress_object *o = object;
	struct svcr_ingress *i = &o->i, *slot;

	svcr_read_annotations(r, &o->head);
	i->annotations = o->head.annotations;
	i->ns = o->head.meta.ns;
	i->name = o->head.meta.name;
	i->created = o->head.meta.created;
	i->source = r->source;
	SVCR_READ_KEEP(r, &i->rules);
	SVCR_READ_KEEP(r, &i->tls);
	slot = SVCR_READ_GROW(r, &r->model->ingresses);
	if (slot)
		*slot = *i;
}

const struct svcr_kind svcr_kind_ingress = {
	.kind = "Ingress",
	.api = "networking.k8s.io/v1",
	.namespaced = true,
	.needs_name = true,
	.fields = ingress_object_fields,
	.size = sizeof(struct ingress_object),
	.finish = finish_ingress,
};
