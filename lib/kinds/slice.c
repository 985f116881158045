/* SPDX-License-Identifier: GPL-2.0-or-later */
/* EndpointSlice of discovery.k8s.io/v1 and v1beta1. */
#include "slice.h"
#include "kinds.h"
#include "metadata.h"
#include "values.h"

#include <errno.h>
#include <inttypes.h>

#define NO_ADDRESS 255 /* in place of a family: the endpoint has no usable address */

/* Text in the place of an endpoint's address, read before the slice's addressType. */
struct odd_address {
	size_t index;
	const char *text;
};

struct odd_addresses {
	struct odd_address *v;
	size_t n, cap;
};

struct slice_object {
	struct svcr_metadata meta;
	struct svcr_slice s;
	struct odd_addresses odd;         /* sorted by index */
	struct svcr_slice_endpoints more; /* endpoints once more, with their other addresses */
	bool has_type;                    /* addressType was read, and names one */
};

/* ---- Ports ------------------------------------------------------------- */

struct read_slice_port {
	struct svcr_slice_port p;
	bool unusable; /* its number is none of a port */
};

/* API servers do not validate the numbers of slice ports. */
static void read_slice_port_number(struct svcr_reader *r, void *member)
{
	int64_t n;

	if (!svcr_read_whole(r, &n))
		return;
	if (n >= 1 && n <= UINT16_MAX) {
		*(uint16_t *)member = (uint16_t)n;
		return;
	}
	SVCR_CONTAINER(member, struct read_slice_port, p.port)->unusable = true;
	svcr_read_warning(r, "range", "%" PRId64 " is not in 1-65535: the port is left out", n);
}

static const struct svcr_field slice_port_fields[] = {
	{ SVCR_FIELD("name"), SVCR_F_CUSTOM, offsetof(struct read_slice_port, p.name),
	  .read = svcr_read_port_name },
	{ SVCR_FIELD("protocol"), SVCR_F_CUSTOM, offsetof(struct read_slice_port, p.protocol),
	  .read = svcr_read_protocol },
	{ SVCR_FIELD("port"), SVCR_F_CUSTOM, offsetof(struct read_slice_port, p.port),
	  .read = read_slice_port_number },
	SVCR_END
};

void svcr_read_slice_port(struct svcr_reader *r, void *member)
{
	struct svcr_slice_ports *ports = member;
	struct read_slice_port port = { .p = { .name = "", .protocol = SVCR_TCP } };
	struct svcr_slice_port *slot;

	svcr_read_object(r, slice_port_fields, &port);
	if (port.unusable || !port.p.name || port.p.protocol == SVCR_OTHER_PROTOCOL)
		return; /* after a warning */
	slot = SVCR_READ_GROW(r, ports);
	if (slot)
		*slot = port.p;
}

/* ---- Endpoints --------------------------------------------------------- */

/* An endpoint as it is read. Its conditions, and the slice's addressType, may come in any order. */
struct read_endpoint {
	struct svcr_endpoint e;
	struct svcr_hints hints;
	bool serving_given;
	bool has_type, ignored; /* of the slice, as far as it is read */
	bool has_addr;
	const char *host; /* its node, as v1beta1 says it */
	const char *hostname, *pod;
	const char *odd; /* what is in the place of an address; NULL: nothing, or a warning */
	struct svcr_addrs more; /* of a model with names: the other addresses */
};

#define ENDPOINT(path) offsetof(struct read_endpoint, path)

static void read_serving(struct svcr_reader *r, void *member)
{
	struct read_endpoint *x = SVCR_CONTAINER(member, struct read_endpoint, e.serving);

	x->serving_given = svcr_read_bool(r, &x->e.serving);
}

/* DNS has all addresses of an endpoint. API servers of today store one. */
static void read_other_address(struct svcr_reader *r, struct read_endpoint *x, struct svcr_str s)
{
	struct svcr_addr a;

	if (svcr_addr_parse(&a, s))
		svcr_read_add_addr(r, &x->more, &a);
	else if (x->has_type)
		svcr_read_address_warning(r, s);
}

/*
 * Only the first address counts, as with kube-proxy: the API says that all
 * addresses of an endpoint are interchangeable. An FQDN slice has text that is
 * no address, and that the slice is one may be known only later: the text is
 * kept until then.
 */
static void read_endpoint_address(struct svcr_reader *r, void *member)
{
	struct read_endpoint *x = SVCR_CONTAINER(member, struct read_endpoint, e.addr);
	struct svcr_str s;

	if (!svcr_read_string(r, &s) || !s.len || x->ignored)
		return;
	if (r->path[r->depth - 1].index) {
		if (r->model->names)
			read_other_address(r, x, s);
		return;
	}
	x->has_addr = svcr_addr_parse(&x->e.addr, s);
	if (!x->has_addr && x->has_type)
		svcr_read_address_warning(r, s);
	else if (!x->has_addr)
		x->odd = svcr_read_intern(r, s);
}

static void read_hint(struct svcr_reader *r, void *member)
{
	static const struct svcr_field fields[] = {
		{ SVCR_FIELD("name"), SVCR_F_STRING, .offset = 0 }, SVCR_END
	};
	struct svcr_names *list = member;
	const char *name = NULL, **slot;

	svcr_read_object(r, fields, (void *)&name);
	if (!name || !*name)
		return;
	slot = SVCR_READ_GROW(r, list);
	if (slot)
		*slot = name;
}

static const struct svcr_field condition_fields[] = {
	{ SVCR_FIELD("ready"), SVCR_F_BOOL, .offset = ENDPOINT(e.ready) },
	{ SVCR_FIELD("serving"), SVCR_F_CUSTOM, ENDPOINT(e.serving), .read = read_serving },
	{ SVCR_FIELD("terminating"), SVCR_F_BOOL, .offset = ENDPOINT(e.terminating) },
	SVCR_END
};

static const struct svcr_field hint_fields[] = {
	{ SVCR_FIELD("forZones"), SVCR_F_EACH, ENDPOINT(hints.zones), true, .read = read_hint },
	{ SVCR_FIELD("forNodes"), SVCR_F_EACH, ENDPOINT(hints.nodes), true, .read = read_hint },
	SVCR_END
};

/* Only v1beta1 has it; nodeName came in 1.20, beside it. */
static const struct svcr_field topology_fields[] = {
	{ SVCR_FIELD("kubernetes.io/hostname"), SVCR_F_STRING, .offset = ENDPOINT(host) }, SVCR_END
};

/* The first row is for models that read which pods endpoints belong to. */
static const struct svcr_field endpoint_fields[] = {
	{ SVCR_FIELD("targetRef"), SVCR_F_CUSTOM, ENDPOINT(pod), .read = svcr_read_target_ref },
	{ SVCR_FIELD("addresses"), SVCR_F_EACH, ENDPOINT(e.addr), .read = read_endpoint_address },
	{ SVCR_FIELD("conditions"), SVCR_F_OBJECT, .fields = condition_fields },
	{ SVCR_FIELD("hints"), SVCR_F_OBJECT, .fields = hint_fields },
	{ SVCR_FIELD("hostname"), SVCR_F_CUSTOM, ENDPOINT(hostname), .read = svcr_read_hostname },
	{ SVCR_FIELD("nodeName"), SVCR_F_STRING, .offset = ENDPOINT(e.node) },
	{ SVCR_FIELD("topology"), SVCR_F_OBJECT, .fields = topology_fields },
	SVCR_END
};

static int name_cmp(const void *a, const void *b)
{
	return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static void sort_names(struct svcr_names *names)
{
	if (names->n > 1)
		qsort((void *)names->v, names->n, sizeof(*names->v), name_cmp);
}

/* Moves hints into the model, each list sorted; NULL when there are none. */
static const struct svcr_hints *keep_hints(struct svcr_reader *r, struct svcr_hints *h)
{
	struct svcr_hints *kept;

	if (!h->zones.n && !h->nodes.n)
		return NULL;
	sort_names(&h->zones);
	sort_names(&h->nodes);
	SVCR_READ_KEEP(r, &h->zones);
	SVCR_READ_KEEP(r, &h->nodes);
	kept = svcr_arena_alloc(&r->model->arena, sizeof(*kept));
	if (kept)
		*kept = *h;
	else
		r->err = -ENOMEM;
	return kept;
}

/* Remembers the text in the place of the next endpoint's address. */
static void keep_odd_address(struct svcr_reader *r, struct slice_object *o, const char *text)
{
	struct odd_address *slot = SVCR_READ_GROW(r, &o->odd);

	if (slot)
		*slot = (struct odd_address){ o->s.endpoints.n, text };
}

static void keep_other_addresses(struct svcr_reader *r, struct slice_object *o,
				 struct read_endpoint *x)
{
	for (size_t i = 0; i < x->more.n; i++) {
		struct svcr_endpoint *slot = SVCR_READ_GROW(r, &o->more);

		if (!slot)
			break;
		*slot = x->e;
		slot->addr = x->more.v[i];
	}
	free(x->more.v);
}

/*
 * An endpoint without an address keeps its place until the end, so that later
 * warnings name the right index.
 */
static void read_slice_endpoint(struct svcr_reader *r, void *member)
{
	struct slice_object *o = SVCR_CONTAINER(member, struct slice_object, s.endpoints);
	struct read_endpoint x = { .e = { .ready = true },
				   .has_type = o->has_type,
				   .ignored = o->s.ignored };
	struct svcr_endpoint *slot;

	svcr_read_object(r, r->model->endpoint_pods ? endpoint_fields : endpoint_fields + 1, &x);
	if (!x.serving_given)
		x.e.serving = x.e.ready;
	if (!x.has_addr)
		x.e.addr = (struct svcr_addr){ .family = NO_ADDRESS };
	if (x.odd)
		keep_odd_address(r, o, x.odd);
	if (!x.e.node || !*x.e.node)
		x.e.node = x.host && *x.host ? x.host : NULL;
	x.e.hints = keep_hints(r, &x.hints);
	x.e.names = svcr_read_endpoint_names(r, x.hostname, x.pod);
	slot = SVCR_READ_GROW(r, &o->s.endpoints);
	if (slot)
		*slot = x.e;
	keep_other_addresses(r, o, &x);
}

/* ---- Fields ------------------------------------------------------------ */

static void read_address_type(struct svcr_reader *r, void *member)
{
	static const char *const words[] = { "IPv4", "IPv6", "FQDN", NULL };
	struct slice_object *o = SVCR_CONTAINER(member, struct slice_object, has_type);
	int i = svcr_read_word(r, words, "the addresses decide");

	o->has_type = i >= 0;
	if (i < 0)
		return;
	o->s.ignored = i == 2;
	o->s.family = i == 1 ? SVCR_IPV6 : SVCR_IPV4;
}

#define MEMBER(path) offsetof(struct slice_object, path)

static void read_nothing(struct svcr_reader *r, void *member)
{
	(void)member;
	svcr_json_skip(&r->json);
}

static const struct svcr_field slice_fields[] = {
	{ SVCR_FIELD("metadata"), SVCR_F_OBJECT, MEMBER(meta), .fields = svcr_metadata_fields },
	/* no field has this name: the rows release lists of an object that is given up */
	{ SVCR_FIELD(""), SVCR_F_CUSTOM, MEMBER(odd), true, .read = read_nothing },
	{ SVCR_FIELD(""), SVCR_F_CUSTOM, MEMBER(more), true, .read = read_nothing },
	{ SVCR_FIELD("addressType"), SVCR_F_CUSTOM, MEMBER(has_type), .read = read_address_type },
	{ SVCR_FIELD("endpoints"), SVCR_F_EACH, MEMBER(s.endpoints), true,
	  .read = read_slice_endpoint },
	{ SVCR_FIELD("ports"), SVCR_F_EACH, MEMBER(s.ports), true, .read = svcr_read_slice_port },
	SVCR_END
};

/* ---- The whole object -------------------------------------------------- */

/* Warns of the address of the endpoint with that index. */
static void warn_address(struct svcr_reader *r, size_t index, const char *text, const char *family)
{
	svcr_read_push(r, "endpoints", 0);
	svcr_read_push(r, NULL, (int)index);
	svcr_read_push(r, "addresses[0]", 0);
	if (family)
		svcr_read_warning(r, "address",
				  "%s is not an %s address, as addressType says: left out", text,
				  family);
	else
		svcr_read_address_warning(r, (struct svcr_str){ text, strlen(text) });
	svcr_read_pop(r);
	svcr_read_pop(r);
	svcr_read_pop(r);
}

/* Drops endpoints without an address, or with one of another family than the slice's. */
static void finish_endpoints(struct svcr_reader *r, struct svcr_slice *s)
{
	const char *expected = s->family == SVCR_IPV6 ? "IPv6" : "IPv4";
	char text[SVCR_ADDR_TEXT];
	size_t kept = 0;

	for (size_t i = 0; i < s->endpoints.n; i++) {
		const struct svcr_endpoint *e = &s->endpoints.v[i];

		if (e->addr.family == NO_ADDRESS)
			continue;
		if (s->any_family || e->addr.family == s->family)
			s->endpoints.v[kept++] = *e;
		else
			warn_address(r, i, svcr_addr_text(&e->addr, text), expected);
	}
	s->endpoints.n = kept;
}

/* Adds the endpoints with other addresses, which no warning counts. */
static void finish_more(struct svcr_reader *r, struct slice_object *o)
{
	for (size_t i = 0; i < o->more.n; i++) {
		const struct svcr_endpoint *e = &o->more.v[i];
		struct svcr_endpoint *slot;

		if (o->s.ignored || (!o->s.any_family && e->addr.family != o->s.family))
			continue;
		slot = SVCR_READ_GROW(r, &o->s.endpoints);
		if (slot)
			*slot = *e;
	}
	free(o->more.v);
}

static void finish_slice(struct svcr_reader *r, void *object)
{
	struct slice_object *o = object;
	struct svcr_slice *s = &o->s, *slot;

	s->ns = o->meta.ns;
	s->service = o->meta.service;
	s->source = r->source;
	s->any_family = !o->has_type;
	if (s->ignored) {
		s->endpoints.n = 0;
	} else {
		for (size_t i = 0; i < o->odd.n; i++)
			warn_address(r, o->odd.v[i].index, o->odd.v[i].text, NULL);
		finish_endpoints(r, s);
	}
	free(o->odd.v);
	finish_more(r, o);
	if (!s->service)
		s->ignored = true;
	SVCR_READ_KEEP(r, &s->ports);
	SVCR_READ_KEEP(r, &s->endpoints);
	slot = SVCR_READ_GROW(r, &r->model->slices);
	if (slot)
		*slot = *s;
}

const struct svcr_kind svcr_kind_endpoint_slice = {
	.kind = "EndpointSlice",
	.api = "discovery.k8s.io/v1",
	.namespaced = true,
	.fields = slice_fields,
	.size = sizeof(struct slice_object),
	.finish = finish_slice,
};

/* Of Kubernetes 1.17 to 1.24; each endpoint has its node's name in `topology`. */
const struct svcr_kind svcr_kind_endpoint_slice_v1beta1 = {
	.kind = "EndpointSlice",
	.api = "discovery.k8s.io/v1beta1",
	.namespaced = true,
	.fields = slice_fields,
	.size = sizeof(struct slice_object),
	.finish = finish_slice,
};
