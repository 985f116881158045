/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Services, from the input. */
#include "list/list.h"
#include "stream.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* ---- Counts and reasons ------------------------------------------------------- */

/* An endpoint on this node, to be counted once. */
struct place_here {
	const char *address;
	uint16_t port;
};

static int place_here_cmp(const void *a, const void *b)
{
	const struct place_here *x = a, *y = b;
	int d = strcmp(x->address, y->address);

	return d ? d : (x->port > y->port) - (x->port < y->port);
}

/* Distinct addresses and ports of endpoints. */
struct endpoint_counts {
	size_t here, ready, total; /* here: on this node */
};

/*
 * Counts those at ports of the service; a headless service may have no ports, and all of them
 * count.
 */
static int count_endpoints_here(struct svcrules_services *s, size_t i,
				const struct svcrules_service *svc, struct endpoint_counts *ret)
{
	struct place_here *v = calloc(svc->nendpoints + 1, sizeof(*v));
	struct svcrules_endpoint e;
	size_t found = 0;
	int err = v ? 0 : -ENOMEM;

	*ret = (struct endpoint_counts){ .ready = svc->ready, .total = svc->total };
	for (size_t k = 0; k < svc->nendpoints && !err; k++) {
		err = svcrules_services_endpoint(s, i, k, &e);
		if (err)
			break;
		if (!svc->nports) {
			ret->ready += e.ready;
			ret->total = k + 1;
		}
		if (e.local && (!svc->nports || e.at != SIZE_MAX))
			v[found++] = (struct place_here){ e.address, e.port };
	}
	if (!err && found)
		qsort(v, found, sizeof(*v), place_here_cmp);
	for (size_t k = 0; k < found && !err; k++)
		ret->here += k == 0 || place_here_cmp(&v[k - 1], &v[k]) != 0;
	free(v);
	return err;
}

/* What packets to a service miss. */
struct lack {
	char text[LACK_TEXT]; /* the first reason, and where; "": none */
	char last[LACK_TEXT]; /* the last reason alone */
	size_t others;        /* more of them */
};

static void lack_add(struct lack *l, const char *where, const char *port, const char *reason)
{
	if (!reason || strcmp(l->last, reason) == 0)
		return;
	snprintf(l->last, sizeof(l->last), "%s", reason);
	if (*l->text)
		l->others++;
	else
		snprintf(l->text, sizeof(l->text), "%s%s%s: %s", where, *port ? " at " : "", port,
			 reason);
}

/* A part of the addresses may be left out, and not the service. */
static void lack_add_vip(struct lack *l, const struct svcrules_service *svc,
			 const struct svcrules_vip *v, const char *port)
{
	char place[80];

	snprintf(place, sizeof(place), v->ipv6 ? "[%s]:%u" : "%s:%u", v->address, v->port);
	if (svc->nports < 2)
		port = "";
	if (v->verdict == SVCRULES_LEFT_OUT)
		lack_add(l, "", svc->nvips > 1 ? place : "", v->reason.text);
	else if (v->reason.text)
		lack_add(l, "", port, v->reason.text);
	else
		lack_add(l, " from outside", port, v->reason_outside.text);
}

/* Reasons of addresses, or of ports if the service has no addresses here. */
static int find_lack(struct svcrules_services *s, size_t i, const struct svcrules_service *svc,
		     struct lack *ret)
{
	bool headless = strcmp(svc->cluster_ips, "None") == 0;
	struct svcrules_service_port p;
	struct svcrules_vip v;
	int err = 0;

	for (size_t k = 0; k < svc->nvips && !err; k++) {
		err = svcrules_services_vip(s, i, k, &v);
		if (!err)
			err = svcrules_services_port(s, i, v.at, &p);
		if (!err)
			lack_add_vip(ret, svc, &v, p.name);
	}
	for (size_t k = 0; !svc->nvips && k < svc->nports && !err; k++) {
		err = svcrules_services_port(s, i, k, &p);
		if (!err)
			lack_add(ret, "", svc->nports > 1 ? p.name : "", p.reason.text);
	}
	if (!err && !*ret->text && !svc->total && !headless)
		lack_add(ret, "", "", svc->left_out.text);
	return err;
}

int list_lack(struct svcrules_services *s, size_t i, const struct svcrules_service *svc,
	      char ret[static LACK_TEXT])
{
	struct lack lack = { .others = 0 };
	char more[40] = "";
	int err = find_lack(s, i, svc, &lack);

	if (lack.others)
		snprintf(more, sizeof(more), "; and %zu more reason%s", lack.others,
			 lack.others == 1 ? "" : "s");
	snprintf(ret, LACK_TEXT, "%.*s%s", (int)(LACK_TEXT - sizeof(more)), lack.text, more);
	return err;
}

/* ---- Columns -------------------------------------------------------------------- */

static void upper(char *to, const char *from, size_t size)
{
	size_t i = 0;

	for (; from[i] && i + 1 < size; i++)
		to[i] = from[i] >= 'a' && from[i] <= 'z' ? (char)(from[i] - 'a' + 'A') : from[i];
	to[i] = '\0';
}

/* "80/TCP,443:30443/TCP", malloc'ed; NULL: out of memory. */
static int ports_column(struct svcrules_services *s, size_t i, size_t n, char **ret)
{
	size_t size;
	FILE *f = open_memstream(ret, &size);
	int err = f ? 0 : -ENOMEM;

	for (size_t k = 0; k < n && !err; k++) {
		struct svcrules_service_port p;
		char protocol[16], node[16] = "";

		err = svcrules_services_port(s, i, k, &p);
		if (err)
			break;
		upper(protocol, p.protocol, sizeof(protocol));
		if (p.node_port)
			snprintf(node, sizeof(node), ":%u", p.node_port);
		fprintf(f, "%s%u%s/%s", k ? "," : "", p.port, node, protocol);
	}
	if (f && stream_end(f, ret))
		err = -ENOMEM;
	return err;
}

/* As kubectl has it: where a load balancer is reached, then externalIPs. */
static void external_column(struct columns *t, const struct svcrules_service *svc)
{
	const char *elsewhere = svc->elsewhere ? svc->elsewhere : "";

	if (strcmp(svc->type, "ExternalName") == 0)
		columns_add(t, "%s", svc->external_name ? svc->external_name : "");
	else if (!*svc->external_ips && !*elsewhere && strcmp(svc->type, "LoadBalancer") == 0)
		columns_add(t, "<pending>");
	else
		columns_add(t, "%s%s%s", elsewhere, *elsewhere && *svc->external_ips ? "," : "",
			    svc->external_ips);
}

/* "1/2/3", "<none: 2 endpoints, none is ready>", or both if only a part is missing. */
static void endpoints_column(struct columns *t, const struct endpoint_counts *n, const char *lack)
{
	char counts[80] = "";

	if (n->total)
		snprintf(counts, sizeof(counts), "%zu/%zu/%zu", n->here, n->ready, n->total);
	if (*lack)
		columns_add(t, "%s%s<none%s>", counts, *counts ? " " : "", lack);
	else
		columns_add(t, "%s", counts);
}

static int service_row(struct listing *l, struct svcrules_services *s, size_t i,
		       const struct svcrules_service *svc)
{
	struct columns *t = &l->table;
	char age[AGE_TEXT], lack[LACK_TEXT] = "", *ports = NULL;
	struct endpoint_counts n = { .here = 0 };
	int err = ports_column(s, i, svc->nports, &ports);

	if (!err && l->wide)
		err = count_endpoints_here(s, i, svc, &n);
	if (!err && l->wide)
		err = list_lack(s, i, svc, lack);
	if (!err) {
		listing_row(l, svc->ns);
		columns_add(t, "%s", svc->name);
		columns_add(t, "%s", svc->type);
		columns_add(t, "%.*s", l->wide ? 1000 : (int)strcspn(svc->cluster_ips, ","),
			    svc->cluster_ips);
		external_column(t, svc);
		columns_add(t, "%s", ports);
		columns_add(t, "%s", age_text(l->now, svc->created, age));
	}
	if (!err && l->wide) {
		columns_add(t, "%s", svc->selector);
		endpoints_column(t, &n, lack);
	}
	free(ports);
	return err;
}

/* ---- JSON ------------------------------------------------------------------------ */

/* `,"KEY": "TEXT"` */
static void json_member(const char *key, const char *text)
{
	printf(", \"%s\": ", key);
	json_put(text);
}

static void json_flag(const char *key, bool value)
{
	printf(", \"%s\": %s", key, value ? "true" : "false");
}

static void json_reason(const char *key, const struct svcrules_reason *r)
{
	if (!r->text)
		return;
	printf(", \"%s\": {\"kind\": ", key);
	json_put(r->kind);
	json_member("text", r->text);
	putchar('}');
}

static int json_ports(struct svcrules_services *s, size_t i, size_t n)
{
	struct svcrules_service_port p;
	int err = 0;

	fputs(",\n   \"ports\": [", stdout);
	for (size_t k = 0; k < n && !err; k++) {
		err = svcrules_services_port(s, i, k, &p);
		if (err)
			break;
		printf("%s{\"port\": %u", k ? ", " : "", p.port);
		json_member("name", p.name);
		json_member("protocol", p.protocol);
		json_member("target", p.target);
		printf(", \"node_port\": %u, \"endpoints\": %zu, \"ready\": %zu", p.node_port,
		       p.total, p.ready);
		json_reason("reason", &p.reason);
		putchar('}');
	}
	putchar(']');
	return err;
}

static int json_vips(struct svcrules_services *s, size_t i, size_t n)
{
	struct svcrules_vip v;
	int err = 0;

	fputs(",\n   \"addresses\": [", stdout);
	for (size_t k = 0; k < n && !err; k++) {
		err = svcrules_services_vip(s, i, k, &v);
		if (err)
			break;
		printf("%s{\"port\": %u", k ? ", " : "", v.port);
		json_member("address", v.address);
		json_member("kind", v.kind);
		json_member("protocol", v.protocol);
		json_member("verdict", list_verdicts[v.verdict]);
		printf(", \"used\": %zu", v.used);
		json_reason("reason", &v.reason);
		json_member("verdict_outside", list_verdicts[v.verdict_outside]);
		printf(", \"used_outside\": %zu", v.used_outside);
		json_reason("reason_outside", &v.reason_outside);
		putchar('}');
	}
	putchar(']');
	return err;
}

static int service_json(struct listing *l, struct svcrules_services *s, size_t i,
			const struct svcrules_service *svc)
{
	char age[AGE_TEXT];
	struct endpoint_counts n;
	int err = count_endpoints_here(s, i, svc, &n);

	if (err)
		return err;
	listing_row(l, svc->ns);
	json_member("name", svc->name);
	json_member("type", svc->type);
	json_member("cluster_ips", svc->cluster_ips);
	json_member("external_ips", svc->external_ips);
	json_member("elsewhere", svc->elsewhere);
	json_member("external_name", svc->external_name);
	json_member("selector", svc->selector);
	json_member("age", svc->created ? age_text(l->now, svc->created, age) : NULL);
	json_flag("internal_local", svc->internal_local);
	json_flag("external_local", svc->external_local);
	json_flag("from_pods", svc->from_pods);
	printf(", \"affinity\": %u, \"endpoints\": {\"here\": %zu, \"ready\": %zu, "
	       "\"total\": %zu}",
	       svc->affinity, n.here, n.ready, n.total);
	json_reason("left_out", &svc->left_out);
	err = json_ports(s, i, svc->nports);
	if (!err)
		err = json_vips(s, i, svc->nvips);
	putchar('}');
	return err;
}

int list_services(struct listing *l, struct svcrules_services *s)
{
	struct svcrules_service svc;
	int err = 0;

	list_start(l, "NAME|TYPE|CLUSTER-IP|EXTERNAL-IP|PORT(S)|AGE",
		   "SELECTOR|ENDPOINTS(HERE/READY/TOTAL)");
	for (size_t i = 0; i < svcrules_services_count(s) && !err; i++) {
		err = svcrules_services_get(s, i, &svc);
		if (!err && listing_takes(l, svc.ns, svc.name))
			err = l->json ? service_json(l, s, i, &svc) : service_row(l, s, i, &svc);
	}
	list_end(l);
	return err;
}
