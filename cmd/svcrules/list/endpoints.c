/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Endpoints of services, from the input. */
#include "list/list.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const char *yes_no(bool value)
{
	return value ? "yes" : "no";
}

/* "http", or the number of the service's port if it has no name; of a slice alone, "?" after it. */
static int port_column(struct columns *t, struct svcrules_services *s, size_t i,
		       const struct svcrules_endpoint *e)
{
	struct svcrules_service_port p;
	int err = e->at == SIZE_MAX ? 0 : svcrules_services_port(s, i, e->at, &p);

	if (err)
		return err;
	if (e->at == SIZE_MAX)
		columns_add(t, "%s", *e->port_name ? e->port_name : "");
	else if (*p.name)
		columns_add(t, "%s", p.name);
	else
		columns_add(t, "%u/%s", p.port, p.protocol);
	return 0;
}

static void place_column(struct columns *t, const struct svcrules_endpoint *e)
{
	const char *open = e->ipv6 ? "[" : "", *close = e->ipv6 ? "]" : "";

	if (e->port)
		columns_add(t, "%s%s%s:%u", open, e->address, close, e->port);
	else
		columns_add(t, "%s", e->address);
}

static const char *state_word(const struct svcrules_endpoint *e)
{
	if (e->terminating)
		return e->serving ? "terminating, serves" : "terminating";
	return yes_no(e->ready);
}

#define NO_PORT "the service has no port of this name and protocol"

/* Why the ports of a service send packets to no endpoint: for each port and family. */
struct unused {
	const char **v; /* "": they do; NULL: the service has no such address */
	bool *told;     /* beside an endpoint */
};

static void unused_release(struct unused *u)
{
	free((void *)u->v);
	free(u->told);
}

static int find_unused(struct svcrules_services *s, size_t i, const struct svcrules_service *svc,
		       struct unused *ret)
{
	struct svcrules_vip v;
	const char **slot;
	int err = 0;

	ret->v = calloc(svc->nports * 2 + 1, sizeof(*ret->v));
	ret->told = calloc(svc->nports * 2 + 1, sizeof(*ret->told));
	if (!ret->v || !ret->told)
		return -ENOMEM;
	for (size_t k = 0; k < svc->nvips && !err; k++) {
		err = svcrules_services_vip(s, i, k, &v);
		if (err)
			break;
		slot = &ret->v[v.at * 2 + v.ipv6];
		if (!*slot || !v.reason.text)
			*slot = v.reason.text ? v.reason.text : "";
	}
	return err;
}

/* If the service has no address of the family, the other one tells what it misses. */
static const char *unused_text(struct unused *unused, size_t port, bool ipv6)
{
	size_t at = port * 2 + ipv6;

	if (!unused->v[at])
		at = port * 2 + !ipv6;
	if (!unused->v[at] || !*unused->v[at])
		return NULL;
	unused->told[at] = true;
	return unused->v[at];
}

/* Why no packet goes to an endpoint of a port that sends packets to others. */
static const char *why_others(const struct svcrules_service *svc, const struct svcrules_endpoint *e,
			      const struct unused *unused)
{
	if (!unused->v[e->at * 2 + e->ipv6])
		return e->ipv6 ? "the service has no IPv6 address here" :
				 "the service has no IPv4 address here";
	if (e->terminating)
		return e->serving ? "it is terminating, and others are ready" : "it is terminating";
	if (!e->ready)
		return "it is not ready";
	if (svc->internal_local && !e->local)
		return "policy Local: it is not on this node";
	return "topology hints: it is for other nodes or zones";
}

/* Why no packet goes to an endpoint; NULL: some do. */
static const char *why_unused(const struct svcrules_service *svc, const struct svcrules_endpoint *e,
			      struct unused *unused)
{
	const char *why = svc->left_out.text;

	if (e->used || why)
		return e->used ? NULL : why;
	if (e->at != SIZE_MAX) {
		why = unused_text(unused, e->at, e->ipv6);
		return why ? why : why_others(svc, e, unused);
	}
	/* it may be meant for a port that has no endpoint */
	for (size_t k = 0; k < svc->nports && !why; k++)
		why = unused_text(unused, k, e->ipv6);
	return why ? why : NO_PORT;
}

static int endpoint_row(struct listing *l, struct svcrules_services *s, size_t i,
			const struct svcrules_service *svc, const struct svcrules_endpoint *e,
			struct unused *unused)
{
	struct columns *t = &l->table;
	const char *why = why_unused(svc, e, unused);
	int err;

	listing_row(l, svc->ns);
	columns_add(t, "%s", svc->name);
	err = port_column(t, s, i, e);
	place_column(t, e);
	columns_add(t, "%s", e->node ? e->node : "<unknown>");
	columns_add(t, "%s", state_word(e));
	columns_add(t, "%s", yes_no(e->used));
	columns_add(t, "%s", yes_no(e->local));
	columns_add(t, "%s", e->pod ? e->pod : "<unknown>");
	columns_add(t, "%s", e->hostname ? e->hostname : "");
	columns_add(t, "%s", why ? why : "");
	return err;
}

/* A row that says why there is no endpoint, of a port if it has a name or number. */
static void none_row(struct listing *l, const struct svcrules_service *svc, const char *port,
		     const char *why)
{
	listing_row(l, svc->ns);
	columns_add(&l->table, "%s", svc->name);
	columns_add(&l->table, "%s", port);
	for (size_t k = 0; k < 7; k++)
		columns_add(&l->table, "%s", "");
	columns_add(&l->table, "%s", why);
}

/* A service without any endpoint. */
static int no_endpoint_row(struct listing *l, struct svcrules_services *s, size_t i,
			   const struct svcrules_service *svc)
{
	char lack[LACK_TEXT];
	int err = list_lack(s, i, svc, lack);

	if (!err && *lack && strcmp(svc->type, "ExternalName") != 0)
		none_row(l, svc, "", strncmp(lack, ": ", 2) == 0 ? lack + 2 : lack);
	return err;
}

/* Ports and families that no endpoint serves, and which no row of an endpoint has told. */
static int untold_rows(struct listing *l, struct svcrules_services *s, size_t i,
		       const struct svcrules_service *svc, const struct unused *unused)
{
	struct svcrules_service_port p;
	char port[24];
	int err = 0;

	for (size_t k = 0; k < svc->nports * 2 && !err && !svc->left_out.text; k++) {
		if (!unused->v[k] || !*unused->v[k] || unused->told[k])
			continue;
		err = svcrules_services_port(s, i, k / 2, &p);
		if (err)
			break;
		snprintf(port, sizeof(port), "%u/%s", p.port, p.protocol);
		none_row(l, svc, *p.name ? p.name : port, unused->v[k]);
	}
	return err;
}

static void endpoint_json(struct listing *l, const struct svcrules_service *svc,
			  const struct svcrules_endpoint *e, struct unused *unused)
{
	const struct {
		const char *key, *text;
	} texts[] = { { "service", svc->name },    { "port_name", e->port_name },
		      { "protocol", e->protocol }, { "address", e->address },
		      { "node", e->node },         { "pod", e->pod },
		      { "hostname", e->hostname } };
	const struct {
		const char *key;
		bool value;
	} flags[] = { { "port_of_service", e->at != SIZE_MAX },
		      { "ready", e->ready },
		      { "serving", e->serving },
		      { "terminating", e->terminating },
		      { "local", e->local },
		      { "used", e->used } };

	listing_row(l, svc->ns);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		printf(", \"%s\": ", texts[i].key);
		json_put(texts[i].text);
	}
	printf(", \"port\": %u", e->port);
	for (size_t i = 0; i < sizeof(flags) / sizeof(flags[0]); i++)
		printf(", \"%s\": %s", flags[i].key, flags[i].value ? "true" : "false");
	fputs(", \"reason\": ", stdout);
	json_put(why_unused(svc, e, unused));
	putchar('}');
}

/* One row for each endpoint. */
static int list_endpoints_of(struct listing *l, struct svcrules_services *s, size_t i,
			     const struct svcrules_service *svc)
{
	struct unused unused = { NULL, NULL };
	struct svcrules_endpoint e;
	int err = 0;

	if (l->wide && !svc->nendpoints)
		return no_endpoint_row(l, s, i, svc);
	err = find_unused(s, i, svc, &unused);
	for (size_t k = 0; k < svc->nendpoints && !err; k++) {
		err = svcrules_services_endpoint(s, i, k, &e);
		if (!err && l->json)
			endpoint_json(l, svc, &e, &unused);
		else if (!err)
			err = endpoint_row(l, s, i, svc, &e, &unused);
	}
	if (!err && l->wide)
		err = untold_rows(l, s, i, svc, &unused);
	unused_release(&unused);
	return err;
}

/*
 * One row for the service: the endpoints that this node uses. Clients choose among those of a
 * headless service themselves, and the ready ones count.
 */
static int endpoints_row(struct listing *l, struct svcrules_services *s, size_t i,
			 const struct svcrules_service *svc)
{
	bool headless = strcmp(svc->cluster_ips, "None") == 0;
	struct brief brief = { .n = 0 };
	struct svcrules_endpoint e;
	char age[AGE_TEXT];
	int err = 0;

	for (size_t k = 0; k < svc->nendpoints && !err; k++) {
		err = svcrules_services_endpoint(s, i, k, &e);
		if (!err && (headless ? e.ready : e.used))
			brief_add(&brief, e.address, e.port);
	}
	if (err)
		return err;
	listing_row(l, svc->ns);
	columns_add(&l->table, "%s", svc->name);
	brief_column(&l->table, &brief);
	columns_add(&l->table, "%s", age_text(l->now, svc->created, age));
	return 0;
}

int list_endpoints(struct listing *l, struct svcrules_services *s)
{
	bool rows = l->wide || l->json;
	struct svcrules_service svc;
	int err = 0;

	list_start(l, rows ? "SERVICE|PORT|ADDRESS|NODE|READY|USED" : "NAME|ENDPOINTS|AGE",
		   "HERE|POD|HOSTNAME|REASON");
	for (size_t i = 0; i < svcrules_services_count(s) && !err; i++) {
		err = svcrules_services_get(s, i, &svc);
		if (err || !listing_takes(l, svc.ns, svc.name))
			continue;
		if (rows)
			err = list_endpoints_of(l, s, i, &svc);
		else if (strcmp(svc.type, "ExternalName") != 0)
			err = endpoints_row(l, s, i, &svc);
	}
	list_end(l);
	return err;
}
