/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Services as destinations. */
#include "endpoints.h"
#include "rules/explain/question.h"

#include <errno.h>

/* ---- Ports --------------------------------------------------------------- */

/* "http (80/tcp), 53/udp" */
static const char *explain_ports_text(struct svcr_explain_asked *a, const struct svcr_service *s)
{
	char text[512];
	size_t used = 0;

	text[0] = '\0';
	for (size_t i = 0; i < s->ports.n && used + 100 < sizeof(text); i++) {
		const struct svcr_service_port *p = &s->ports.v[i];

		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s%s%u/%s%s",
					 i ? ", " : "", p->name, *p->name ? " (" : "", p->port,
					 svcr_protocol_name(p->protocol), *p->name ? ")" : "");
	}
	return svcr_arena_strndup(&a->x->e->arena, text, used);
}

static bool port_is(const struct svcr_service_port *p, const char *text)
{
	char number[8];

	snprintf(number, sizeof(number), "%u", p->port);
	return strcmp(p->name, text) == 0 || strcmp(number, text) == 0;
}

/* A port that is asked for with the wrong protocol, as tcp is what is asked for by default. */
static const char *other_protocol(const struct svcr_service *s, const char *port)
{
	for (size_t i = 0; i < s->ports.n; i++) {
		uint8_t protocol = s->ports.v[i].protocol;

		if (!port || port_is(&s->ports.v[i], port))
			return protocol == SVCR_UDP  ? "; did you mean the protocol udp?" :
			       protocol == SVCR_SCTP ? "; did you mean the protocol sctp?" :
						       "; did you mean the protocol tcp?";
	}
	return "";
}

const struct svcr_service_port *svcr_explain_port(struct svcr_explain_asked *a,
						  const struct svcr_service *s, const char *port)
{
	const struct svcr_service_port *found = NULL;
	const char *all = explain_ports_text(a, s);
	size_t n = 0;

	for (size_t i = 0; i < s->ports.n; i++) {
		const struct svcr_service_port *p = &s->ports.v[i];

		if (p->protocol != a->q->protocol || (port && !port_is(p, port)))
			continue;
		if (!found)
			found = p;
		n++;
	}
	if (!all || n == 1 || (n && port))
		return found;
	if (n)
		svcr_explain_wrong(a, "--to", 0,
				   "Service %s/%s has several ports, name one as %s/%s:PORT: %s",
				   s->ns, s->name, s->ns, s->name, all);
	else
		svcr_explain_wrong(a, "--to", 0, "Service %s/%s has no port %s%s%s; it has %s%s",
				   s->ns, s->name, port ? port : "", port ? "/" : "of protocol ",
				   svcr_protocol_name(a->q->protocol), *all ? all : "none",
				   other_protocol(s, port));
	return NULL;
}

/* ---- Services ------------------------------------------------------------ */

static const char *explain_service_text(struct svcr_explain_asked *a, const struct svcr_service *s,
					const struct svcr_service_port *p)
{
	return svcr_arena_printf(&a->x->e->arena, *p->name ? "%s/%s:%s" : "%s/%s", s->ns, s->name,
				 p->name);
}

/* A number that is no port of the service is asked for all the same: rules refuse it. */
static int to_number(struct svcr_explain_asked *a, const struct svcr_service *s, uint16_t number)
{
	const char *name = svcr_arena_printf(&a->x->e->arena, "%s/%s", s->ns, s->name);
	int err = name ? 0 : -ENOMEM;

	for (size_t i = 0; i < s->cluster_ips.n && !err; i++)
		err = svcr_explain_add_flow(a, &s->cluster_ips.v[i], number, name, NULL);
	return err;
}

/* The number in all of the text; 0: it is none. */
static uint16_t port_number(const char *text)
{
	uint32_t n = 0;

	for (; text && *text >= '0' && *text <= '9' && n < 65536; text++)
		n = n * 10 + (uint32_t)(*text - '0');
	return text && !*text && n < 65536 ? (uint16_t)n : 0;
}

/* The port that slices give an endpoint for a port of the service; 0: none. */
static uint16_t endpoint_port(const struct svcrules_model *m, const struct svcr_service *s,
			      const struct svcr_service_port *p, const struct svcr_addr *a)
{
	for (size_t i = 0; i < m->slices.n; i++) {
		const struct svcr_slice *l = &m->slices.v[i];
		bool has = false;

		if (!l->service || strcmp(l->ns, s->ns) != 0 || strcmp(l->service, s->name) != 0)
			continue;
		for (size_t k = 0; k < l->endpoints.n && !has; k++)
			has = svcr_addr_eq(&l->endpoints.v[k].addr, a);
		for (size_t k = 0; has && k < l->ports.n; k++)
			if (l->ports.v[k].protocol == p->protocol &&
			    strcmp(l->ports.v[k].name, p->name) == 0)
				return l->ports.v[k].port;
	}
	return 0;
}

/* A number is asked for as it is: most often it is wrong if the endpoint has another one for it. */
static int to_endpoint_number(struct svcr_explain_asked *a, const struct svcr_service *s,
			      const struct svcr_addr *addr, uint16_t number, const char *port)
{
	struct svcr_arena *r = &a->x->e->arena;
	const char *name = svcr_arena_printf(r, "%s/%s", s->ns, s->name);
	const char *detail = "an endpoint, asked directly";
	uint16_t own = number;

	for (size_t i = 0; i < s->ports.n; i++)
		if (s->ports.v[i].protocol == a->q->protocol && port_is(&s->ports.v[i], port))
			own = endpoint_port(a->x->m, s, &s->ports.v[i], addr);
	if (own && own != number)
		detail = svcr_arena_printf(r,
					   "an endpoint, asked directly: it has port %u for that, "
					   "and no rule translates it",
					   own);
	return name && detail ? svcr_explain_add_flow(a, addr, number, name, detail) : -ENOMEM;
}

int svcr_explain_endpoint(struct svcr_explain_asked *a, const struct svcr_service *s,
			  const struct svcr_addr *addr, const char *port)
{
	static const char direct[] = "an endpoint, asked directly";
	uint16_t number = port_number(port);
	const struct svcr_service_port *p;
	const char *name;

	if (number)
		return to_endpoint_number(a, s, addr, number, port);
	p = svcr_explain_port(a, s, port);
	if (!p)
		return -ENOENT;
	number = endpoint_port(a->x->m, s, p, addr);
	name = explain_service_text(a, s, p);
	if (!name)
		return -ENOMEM;
	return svcr_explain_add_flow(a, addr, number ? number : p->port, name, direct);
}

/* Clients of a headless service go to its endpoints. */
static int to_endpoints(struct svcr_explain_asked *a, const struct svcr_service *s,
			const char *port)
{
	struct svcr_endpoints x;
	struct svcr_arena lists = SVCR_ARENA_INIT;
	int err = svcr_endpoints_init(&x, a->x->m, NULL, NULL);

	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT && !err; f++) {
		struct svcr_endpoint_choice c = { .cluster = { NULL, 0 } };

		if (s->ports.n)
			err = svcr_endpoints_choose(&x, &lists, &lists, s, &s->ports.v[0], f, &c);
		for (size_t i = 0; !err && i < c.cluster.n; i++)
			err = svcr_explain_endpoint(a, s, &c.cluster.v[i].addr, port);
	}
	svcr_endpoints_release(&x);
	svcr_arena_release(&lists);
	a->x->e->nowhere = !a->x->e->flows.n;
	if (!err && !a->x->e->flows.n)
		a->x->e->note = "a headless service without ready endpoints: there is no address "
				"to go to";
	return err;
}

/* True if a port of the service and the protocol has that name or number. */
static bool asks_known_port(const struct svcr_explain_asked *a, const struct svcr_service *s,
			    const char *port)
{
	for (size_t i = 0; i < s->ports.n; i++)
		if (s->ports.v[i].protocol == a->q->protocol && port_is(&s->ports.v[i], port))
			return true;
	return false;
}

static int to_cluster_ips(struct svcr_explain_asked *a, const struct svcr_service *s,
			  const char *port)
{
	const struct svcr_service_port *p;
	const char *name;
	int err = 0;

	if (port_number(port) && !asks_known_port(a, s, port))
		return to_number(a, s, port_number(port));
	p = svcr_explain_port(a, s, port);
	if (!p)
		return -ENOENT;
	name = explain_service_text(a, s, p);
	if (!name)
		return -ENOMEM;
	for (size_t i = 0; i < s->cluster_ips.n && !err; i++)
		err = svcr_explain_add_flow(a, &s->cluster_ips.v[i], p->port, name, NULL);
	return err;
}

/* What is no name of DNS is not printed: a terminal might obey it. */
static int note_alias(struct svcr_explain_asked *a, const struct svcr_service *s)
{
	const char *name = s->external_name ? s->external_name : "";
	bool printable = strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-.") == strlen(name) &&
			 *name;

	a->x->e->note = svcr_arena_printf(
		&a->x->e->arena,
		"a service of type ExternalName: an alias in DNS%s%s, without an address of "
		"its own",
		printable ? " of " : "", printable ? name : "");
	return a->x->e->note ? 0 : -ENOMEM;
}

int svcr_explain_service(struct svcr_explain_asked *a, const struct svcr_service *s,
			 const char *port)
{
	if (s->type == SVCR_EXTERNAL_NAME)
		return note_alias(a, s);
	if (s->headless)
		return to_endpoints(a, s, port);
	if (s->cluster_ips.n)
		return to_cluster_ips(a, s, port);
	return svcr_explain_wrong(a, "--to", -ENOENT,
				  "Service %s/%s has no cluster IP in the input", s->ns, s->name);
}
