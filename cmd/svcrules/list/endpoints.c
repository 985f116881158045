/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Endpoints of services, from the input. */
#include "list/list.h"

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

static int endpoint_row(struct listing *l, struct svcrules_services *s, size_t i,
			const struct svcrules_service *svc, const struct svcrules_endpoint *e)
{
	struct columns *t = &l->table;
	int err;

	listing_row(l, svc->ns);
	columns_add(t, "%s", svc->name);
	err = port_column(t, s, i, e);
	place_column(t, e);
	columns_add(t, "%s", e->node ? e->node : "<unknown>");
	columns_add(t, "%s", state_word(e));
	columns_add(t, "%s",
		    e->at == SIZE_MAX && *svc->cluster_ips != 'N' ? "no such port" :
								    yes_no(e->used));
	columns_add(t, "%s", yes_no(e->local));
	columns_add(t, "%s", e->pod ? e->pod : "<unknown>");
	columns_add(t, "%s", e->hostname ? e->hostname : "");
	return err;
}

static void endpoint_json(struct listing *l, const struct svcrules_service *svc,
			  const struct svcrules_endpoint *e)
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
	putchar('}');
}

/* One row for each endpoint. */
static int list_endpoints_of(struct listing *l, struct svcrules_services *s, size_t i,
			     const struct svcrules_service *svc)
{
	struct svcrules_endpoint e;
	int err = 0;

	for (size_t k = 0; k < svc->nendpoints && !err; k++) {
		err = svcrules_services_endpoint(s, i, k, &e);
		if (!err && l->json)
			endpoint_json(l, svc, &e);
		else if (!err)
			err = endpoint_row(l, s, i, svc, &e);
	}
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
		   "HERE|POD|HOSTNAME");
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
