/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/dns/build.h"
#include "diag.h"
#include "rules/dns/settings.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>

/* The label of the name that makes a namespace without other records exist: no object has it. */
#define EXISTS_LABEL "_exists"

/* A service, or a namespace: `s` is NULL, and its name "". */
struct entry {
	const char *ns, *name;
	const struct svcr_service *s;
};

/* ---- Messages ---------------------------------------------------------------- */

void svcr_dns_note(struct svcr_dns_builder *b, const struct svcr_service *s,
		   const struct svcrules_diag *like, const char *fmt, ...)
{
	char object[SVCR_DNS_NAME], text[1024];
	struct svcrules_diag note = *like;
	va_list ap;

	va_start(ap, fmt);
	vsnprintf(text, sizeof(text), fmt, ap);
	va_end(ap);
	snprintf(object, sizeof(object), "Service %s/%s", s->ns, s->name);
	note.source = s->source;
	note.object = object;
	b->bad = b->bad || note.severity == SVCRULES_ERROR;
	svcr_diag(b->d, &note, "%s", text);
}

int svcr_dns_port_name(struct svcr_dns_builder *b, const struct svcr_service *s, const char *name,
		       uint32_t *ret)
{
	size_t len = strlen(name), whole = svcr_dns_service_length(b, s) + len + strlen("_._sctp.");

	*ret = 0;
	if (len + 1 > SVCR_DNS_LABEL_MAX) {
		svcr_dns_note(b, s,
			      &(struct svcrules_diag){ .severity = SVCRULES_WARNING,
						       .check = "name",
						       .field = "ports" },
			      "_%s has %zu octets, and a label of a DNS name has at most 63: no "
			      "SRV records for this port",
			      name, len + 1);
		return 0;
	}
	if (whole > SVCR_DNS_NAME_MAX) {
		svcr_dns_note(b, s,
			      &(struct svcrules_diag){ .severity = SVCRULES_ERROR,
						       .check = "name",
						       .field = "ports" },
			      "the name of the SRV record of port %s has up to %zu octets, and a "
			      "DNS name has at most 253: the cluster domain is too long for it",
			      name, whole);
	}
	return svcr_dns_text_add(b->v, name, len, ret);
}

static void warn_cluster_ip(struct svcr_dns_builder *b, const struct svcr_service *s,
			    const struct svcr_addr *a)
{
	char text[SVCR_ADDR_TEXT];

	svcr_dns_note(b, s,
		      &(struct svcrules_diag){ .severity = SVCRULES_WARNING,
					       .check = "unusable-address",
					       .field = "spec.clusterIPs" },
		      "%s is %s address, no service can have it: ignored", svcr_addr_text(a, text),
		      svcr_addr_unusable(a));
}

/* ---- Services ---------------------------------------------------------------- */

static int take_cluster_ips(struct svcr_dns_builder *b, const struct svcr_service *s,
			    struct svcr_dns_service *ret)
{
	struct svcr_addrs list = { .n = 0 };

	if (!s->cluster_ips.n)
		return 0;
	list.v = svcr_arena_array(&b->v->arena, s->cluster_ips.n, sizeof(*list.v));
	if (!list.v)
		return -ENOMEM;
	for (size_t i = 0; i < s->cluster_ips.n; i++) {
		const struct svcr_addr *a = &s->cluster_ips.v[i];

		if (svcr_addr_unusable(a))
			warn_cluster_ip(b, s, a);
		else if (b->o->families[a->family])
			list.v[list.n++] = *a;
	}
	svcr_addrs_sort(&list);
	ret->addrs = list.v;
	ret->naddrs = (uint32_t)list.n;
	return 0;
}

static int take_cluster_ports(struct svcr_dns_builder *b, const struct svcr_service *s,
			      struct svcr_dns_service *ret)
{
	int err = 0;

	b->srv.n = 0;
	for (size_t i = 0; i < s->ports.n && !err; i++) {
		const struct svcr_service_port *p = &s->ports.v[i];
		struct svcr_dns_srv srv = { .port = p->port, .protocol = p->protocol }, *slot;

		if (!*p->name)
			continue;
		err = svcr_dns_port_name(b, s, p->name, &srv.name);
		if (err || !srv.name)
			continue;
		slot = SVCR_GROW(&b->srv);
		if (!slot)
			return -ENOMEM;
		*slot = srv;
	}
	return err ? err : svcr_dns_keep_srv(b, ret);
}

/* A CNAME stands alone at its name: ports and endpoints of the service do not matter. */
static int take_external_name(struct svcr_dns_builder *b, const struct svcr_service *s,
			      struct svcr_dns_service *ret)
{
	if (!s->external_name)
		return 0;
	ret->cname = svcr_arena_strndup(&b->v->arena, s->external_name, strlen(s->external_name));
	return ret->cname ? 0 : -ENOMEM;
}

static void check_length(struct svcr_dns_builder *b, const struct svcr_service *s)
{
	size_t len = svcr_dns_service_length(b, s);

	if (len <= SVCR_DNS_NAME_MAX)
		return;
	svcr_dns_note(b, s,
		      &(struct svcrules_diag){ .severity = SVCRULES_ERROR,
					       .check = "name",
					       .field = "metadata.name" },
		      "the name has %zu octets with the cluster domain, and a DNS name has at most "
		      "253",
		      len);
}

/* Sets *ret to the records of a service; it has none if nothing in it is set. */
static int take_service(struct svcr_dns_builder *b, const struct svcr_service *s,
			struct svcr_dns_service *ret)
{
	int err;

	check_length(b, s);
	if (s->type == SVCR_EXTERNAL_NAME)
		return take_external_name(b, s, ret);
	if (s->headless) {
		svcr_endpoints_warn(&b->slices, s, b->d);
		return svcr_dns_headless(b, s, ret);
	}
	err = take_cluster_ips(b, s, ret);
	return err || !ret->naddrs ? err : take_cluster_ports(b, s, ret);
}

/* ---- Namespaces --------------------------------------------------------------- */

static int entry_cmp(const void *a, const void *b)
{
	const struct entry *x = a, *y = b;
	int d = x->ns == y->ns ? 0 : strcmp(x->ns, y->ns);

	return d ? d : x->name == y->name ? 0 : strcmp(x->name, y->name);
}

static struct entry *sorted_entries(const struct svcrules_model *m, size_t *ret_n)
{
	struct entry *v = reallocarray(NULL, m->services.n + m->namespaces.n + 1, sizeof(*v));
	size_t n = 0;

	for (size_t i = 0; v && i < m->services.n; i++) {
		const struct svcr_service *s = &m->services.v[i];

		v[n++] = (struct entry){ s->ns, s->name, s };
	}
	for (size_t i = 0; v && i < m->namespaces.n; i++)
		v[n++] = (struct entry){ m->namespaces.v[i].name, "", NULL };
	if (n > 1)
		qsort(v, n, sizeof(*v), entry_cmp);
	*ret_n = n;
	return v;
}

static int add_service(struct svcr_dns_builder *b, const struct svcr_service *s, const char *ns)
{
	struct svcr_dns_service *slot = &b->v->services[b->v->nservices], made = { .ns = ns };
	int err = take_service(b, s, &made);

	if (err || (!made.cname && !made.naddrs && !made.nendpoints))
		return err;
	made.name = svcr_arena_strndup(&b->v->arena, s->name, strlen(s->name));
	*slot = made;
	b->v->nservices++;
	return made.name ? 0 : -ENOMEM;
}

/*
 * Adds the services of a namespace; one that has no records is made to exist by a name below it.
 */
static int build_namespace(struct svcr_dns_builder *b, const struct entry *v, size_t n)
{
	const char *ns = svcr_arena_strndup(&b->v->arena, v->ns, strlen(v->ns));
	size_t before = b->v->nservices;
	int err = ns ? 0 : -ENOMEM;

	for (size_t i = 0; i < n && !err; i++)
		if (v[i].s)
			err = add_service(b, v[i].s, ns);
	if (!err && b->v->nservices == before)
		b->v->services[b->v->nservices++] = (struct svcr_dns_service){ .ns = ns,
									       .name = EXISTS_LABEL,
									       .exists = true };
	return err;
}

static int add_namespaces(struct svcr_dns_builder *b)
{
	size_t n;
	struct entry *v = sorted_entries(b->m, &n);
	int err = v ? 0 : -ENOMEM;

	b->v->services = svcr_arena_array(&b->v->arena, n + 1, sizeof(*b->v->services));
	if (!b->v->services)
		err = -ENOMEM;
	for (size_t i = 0, end; i < n && !err; i = end) {
		for (end = i + 1; end < n && strcmp(v[end].ns, v[i].ns) == 0;)
			end++;
		err = build_namespace(b, v + i, end - i);
	}
	free(v);
	return err;
}

/* ---- The name server ----------------------------------------------------------- */

static const struct svcr_dns_service *find_service(const struct svcr_dns *v, const char *ns,
						   const char *name)
{
	size_t low = 0, high = v->nservices;

	while (low < high) {
		size_t mid = low + (high - low) / 2;
		int d = strcmp(v->services[mid].ns, ns);

		d = d ? d : strcmp(v->services[mid].name, name);
		if (!d)
			return &v->services[mid];
		if (d < 0)
			low = mid + 1;
		else
			high = mid;
	}
	return NULL;
}

/* The addresses of kube-system/kube-dns, or else of this host's own server. */
static int default_addresses(struct svcr_dns *v, struct svcr_dns_server *server)
{
	static const struct svcr_addr loopback = { .family = SVCR_IPV4, .bytes = { 127, 0, 0, 1 } };
	const struct svcr_dns_service *s = find_service(v, "kube-system", "kube-dns");
	struct svcr_addrs *l = &server->addrs;

	l->v = svcr_arena_array(&v->arena, s ? s->naddrs + s->nby_addr + 1 : 1, sizeof(*l->v));
	if (!l->v)
		return -ENOMEM;
	for (uint32_t i = 0; s && i < s->naddrs; i++)
		l->v[l->n++] = s->addrs[i];
	for (uint32_t i = 0; s && i < s->nby_addr; i++)
		l->v[l->n++] = s->endpoints[s->by_addr[i]].addr;
	if (!l->n)
		l->v[l->n++] = loopback;
	return 0;
}

/*
 * The service that `name` is, or is below; *ret_label gets the text before the service's name,
 * and its length. NULL: none.
 */
static const struct svcr_dns_service *service_of_name(const struct svcr_dns *v, const char *name,
						      size_t *ret_label)
{
	char text[SVCR_DNS_NAME + 8], buf[SVCR_DNS_NAME], *dot;
	const char *ns, *own;

	snprintf(text, sizeof(text), "svc.%s", v->config.domain);
	if (!svcr_dns_within(name, text) || strlen(name) == strlen(text))
		return NULL;
	snprintf(buf, sizeof(buf), "%.*s", (int)(strlen(name) - strlen(text) - 1), name);
	dot = strrchr(buf, '.');
	if (!dot)
		return NULL;
	*dot = '\0';
	ns = dot + 1;
	dot = strrchr(buf, '.');
	own = dot ? dot + 1 : buf;
	*ret_label = dot ? (size_t)(dot - buf) : 0;
	return find_service(v, ns, own);
}

/* True if the service has this address at its name, or at the name of an endpoint. */
static bool has_address(const struct svcr_dns *v, const struct svcr_dns_service *s,
			const char *label, size_t len, const struct svcr_addr *a)
{
	for (uint32_t i = 0; !len && i < s->naddrs; i++)
		if (svcr_addr_eq(&s->addrs[i], a))
			return true;
	for (uint32_t i = 0; i < s->nendpoints; i++) {
		const char *own = svcr_dns_text(v, s->endpoints[i].label);

		if (svcr_addr_eq(&s->endpoints[i].addr, a) &&
		    (!len || (strlen(own) == len && memcmp(own, label, len) == 0)))
			return true;
	}
	return false;
}

static void refuse_server(struct svcr_dns_builder *b, const char *name, const char *why)
{
	b->bad = true;
	svcr_diag(b->d,
		  &(struct svcrules_diag){ .severity = SVCRULES_ERROR,
					   .check = "name-server",
					   .field = "--name-server" },
		  "%s %s", name, why);
}

/* A name that has other records keeps them; addresses that it has anyway are not repeated. */
static void check_server(struct svcr_dns_builder *b, struct svcr_dns_server *server)
{
	const struct svcr_dns_service *s;
	size_t label, kept = 0;

	if (!svcr_dns_within(server->name, b->v->config.domain)) {
		refuse_server(b, server->name, "is not in the cluster domain");
		return;
	}
	s = service_of_name(b->v, server->name, &label);
	if (s && s->cname)
		refuse_server(b, server->name,
			      "is the name of a service of type ExternalName, or below it");
	for (size_t i = 0; s && i < server->addrs.n; i++)
		if (!has_address(b->v, s, server->name, label, &server->addrs.v[i]))
			server->addrs.v[kept++] = server->addrs.v[i];
	if (s)
		server->addrs.n = kept;
}

/* ---- All ------------------------------------------------------------------------ */

/* Names of endpoints come from slices: without any, all headless services would vanish. */
static void warn_no_endpoints(struct svcr_dns_builder *b)
{
	size_t n = 0;

	for (size_t i = 0; !b->m->slices.n && i < b->m->services.n; i++)
		n += b->m->services.v[i].headless && !svcr_pods_serve(b->m, &b->m->services.v[i]);
	if (n)
		svcr_diag(b->d,
			  &(struct svcrules_diag){ .severity = SVCRULES_WARNING,
						   .check = "no-endpoints" },
			  "%zu headless service%s, but no EndpointSlice and no Endpoints in the "
			  "input: no names for %s",
			  n, n == 1 ? "" : "s", n == 1 ? "it" : "them");
}

static int fill_value(struct svcr_dns_builder *b)
{
	struct svcr_dns *v = b->v;
	int err = svcr_endpoints_init(&b->slices, b->m, NULL, NULL);

	if (!err)
		err = add_namespaces(b);
	if (!err && v->config.default_server)
		err = default_addresses(v, &v->config.servers[0]);
	for (size_t i = 0; i < v->config.nservers && !err; i++)
		check_server(b, &v->config.servers[i]);
	warn_no_endpoints(b);
	if (!err && b->bad)
		return -EINVAL;
	return err ? err : svcr_dns_reverse(v, b->d);
}

int svcr_dns_fill(struct svcr_dns *v, const struct svcrules_model *m,
		  const struct svcrules_options *o, struct svcrules_diags *d)
{
	struct svcr_dns_builder b = { .m = m, .o = o, .d = d, .v = v };
	int err = fill_value(&b);

	svcr_endpoints_release(&b.slices);
	free(b.found.v);
	free(b.slice_ports.v);
	free(b.ports.v);
	free(b.srv.v);
	if (!err)
		svcr_dns_number(v);
	return err;
}
