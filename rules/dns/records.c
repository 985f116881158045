/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/dns/records.h"
#include "protocol.h"
#include "rules/dns/text.h"

/* ---- The next record -------------------------------------------------------- */

static void next_kind(struct svcr_dns_cursor *c, enum svcr_dns_kind kind)
{
	c->kind = kind;
	c->i = c->k = 0;
}

static bool next_server(struct svcr_dns_cursor *c, struct svcr_dns_record *ret)
{
	const struct svcr_dns_config *g = &c->v->config;

	if (c->kind == SVCR_DNS_NS) {
		if (c->i < g->nservers) {
			ret->text = g->servers[c->i++].name;
			return true;
		}
		next_kind(c, ret->zone->forward ? SVCR_DNS_SERVER : SVCR_DNS_DELEGATION);
		return false;
	}
	for (; c->i < g->nservers; c->i++, c->k = 0)
		if (c->k < g->servers[c->i].addrs.n) {
			ret->text = g->servers[c->i].name;
			ret->addr = &g->servers[c->i].addrs.v[c->k++];
			return true;
		}
	next_kind(c, SVCR_DNS_VERSION);
	return false;
}

/* Only zones that were named can be inside one another. */
static bool next_delegation(struct svcr_dns_cursor *c, struct svcr_dns_record *ret)
{
	for (; c->v->config.reverse.n && c->i < c->v->nzones; c->i++)
		if (c->i != c->zone && c->v->zones[c->i].parent == c->zone &&
		    !c->v->zones[c->i].forward) {
			ret->text = c->v->zones[c->i++].name;
			return true;
		}
	next_kind(c, SVCR_DNS_PTR);
	return false;
}

static bool next_ptr(struct svcr_dns_cursor *c, struct svcr_dns_record *ret)
{
	const struct svcr_dns *v = c->v;
	const struct svcr_dns_ptr *p;

	if (c->i == ret->zone->nptrs) {
		c->zone++;
		next_kind(c, SVCR_DNS_NS);
		return false;
	}
	p = &v->ptrs[ret->zone->first + c->i++];
	ret->service = &v->services[p->service];
	ret->addr = svcr_dns_ptr_addr(v, p);
	ret->label = ret->service->nendpoints ?
			     svcr_dns_text(v, ret->service->endpoints[p->item].label) :
			     NULL;
	return true;
}

static bool next_address(struct svcr_dns_cursor *c, const struct svcr_dns_service *s,
			 struct svcr_dns_record *ret)
{
	if (c->i < s->naddrs)
		ret->addr = &s->addrs[c->i++];
	else if (c->i < s->nby_addr)
		ret->addr = &s->endpoints[s->by_addr[c->i++]].addr;
	return ret->addr;
}

static bool next_srv(struct svcr_dns_cursor *c, const struct svcr_dns_service *s,
		     struct svcr_dns_record *ret)
{
	const struct svcr_dns_srv *srv;

	if (c->i == s->nsrv)
		return false;
	srv = &s->srv[c->i++];
	ret->label = srv->label ? svcr_dns_text(c->v, srv->label) : NULL;
	ret->port_name = svcr_dns_text(c->v, srv->name);
	ret->port = srv->port;
	ret->protocol = srv->protocol;
	return true;
}

static bool next_endpoint(struct svcr_dns_cursor *c, const struct svcr_dns_service *s,
			  struct svcr_dns_record *ret)
{
	if (c->i == s->nendpoints)
		return false;
	ret->label = svcr_dns_text(c->v, s->endpoints[c->i].label);
	ret->addr = &s->endpoints[c->i++].addr;
	return true;
}

static bool next_of_service(struct svcr_dns_cursor *c, struct svcr_dns_record *ret)
{
	const struct svcr_dns_service *s = &c->v->services[c->service];
	bool found = false;

	ret->service = s;
	switch (c->kind) {
	case SVCR_DNS_CNAME: found = s->cname && c->i++ == 0; break;
	case SVCR_DNS_EXISTS: found = s->exists && c->i++ == 0; break;
	case SVCR_DNS_ADDRESS: found = next_address(c, s, ret); break;
	case SVCR_DNS_SRV: found = next_srv(c, s, ret); break;
	default: found = next_endpoint(c, s, ret); break;
	}
	if (found)
		return true;
	if (c->kind < SVCR_DNS_ENDPOINT) {
		next_kind(c, c->kind + 1);
	} else {
		c->service++;
		next_kind(c, SVCR_DNS_CNAME);
	}
	return false;
}

/* Sets *ret to a record, or moves on to the next kind. */
static bool step(struct svcr_dns_cursor *c, struct svcr_dns_record *ret)
{
	switch (c->kind) {
	case SVCR_DNS_NS:
	case SVCR_DNS_SERVER: return next_server(c, ret);
	case SVCR_DNS_DELEGATION: return next_delegation(c, ret);
	case SVCR_DNS_VERSION: c->kind = SVCR_DNS_CNAME; return true;
	case SVCR_DNS_PTR: return next_ptr(c, ret);
	default: break;
	}
	if (c->service < c->v->nservices)
		return next_of_service(c, ret);
	c->zone++;
	c->service = 0;
	next_kind(c, SVCR_DNS_NS);
	return false;
}

bool svcr_dns_next(struct svcr_dns_cursor *c, struct svcr_dns_record *ret)
{
	size_t first = c->zone;

	while (c->zone < c->v->nzones && !(c->one_zone && c->zone != first)) {
		*ret = (struct svcr_dns_record){ .zone = &c->v->zones[c->zone], .kind = c->kind };
		if (step(c, ret))
			return true;
	}
	return false;
}

/* ---- Order ------------------------------------------------------------------- */

static int zone_cmp(const struct svcr_dns_zone *a, const struct svcr_dns_zone *b)
{
	int d;

	if (a->forward != b->forward)
		return a->forward ? -1 : 1;
	d = a->forward ? 0 : svcr_addr_cmp(&a->cidr.addr, &b->cidr.addr);
	return d ? d : (int)a->cidr.prefix - (int)b->cidr.prefix;
}

static int service_cmp(const struct svcr_dns_service *a, const struct svcr_dns_service *b)
{
	int d = strcmp(a->ns, b->ns);

	return d ? d : strcmp(a->name, b->name);
}

/* NULL comes before all texts. */
static int label_cmp(const char *a, const char *b)
{
	if (!a || !b)
		return (a != NULL) - (b != NULL);
	return strcmp(a, b);
}

static int srv_record_cmp(const struct svcr_dns_record *a, const struct svcr_dns_record *b)
{
	int d = strcmp(a->port_name, b->port_name);

	if (!d)
		d = (int)a->protocol - (int)b->protocol;
	if (!d)
		d = label_cmp(a->label, b->label);
	return d ? d : (int)a->port - (int)b->port;
}

/* Of two records of one service and kind. */
static int of_service_cmp(const struct svcr_dns_record *a, const struct svcr_dns_record *b)
{
	int d;

	switch (a->kind) {
	case SVCR_DNS_CNAME: return strcmp(a->service->cname, b->service->cname);
	case SVCR_DNS_EXISTS: return 0;
	case SVCR_DNS_ADDRESS: return svcr_addr_cmp(a->addr, b->addr);
	case SVCR_DNS_SRV: return srv_record_cmp(a, b);
	default: d = strcmp(a->label, b->label);
	}
	return d ? d : svcr_addr_cmp(a->addr, b->addr);
}

static int ptr_cmp(const struct svcr_dns_record *a, const struct svcr_dns_record *b)
{
	int d = svcr_addr_cmp(a->addr, b->addr);

	if (!d)
		d = service_cmp(a->service, b->service);
	return d ? d : label_cmp(a->label, b->label);
}

int svcr_dns_record_cmp(const struct svcr_dns_record *a, const struct svcr_dns_record *b)
{
	bool top = a->kind < SVCR_DNS_CNAME || b->kind < SVCR_DNS_CNAME;
	int d = zone_cmp(a->zone, b->zone);

	if (d)
		return d;
	if (!top && a->kind == SVCR_DNS_PTR)
		return b->kind == SVCR_DNS_PTR ? ptr_cmp(a, b) : 1;
	d = top ? 0 : service_cmp(a->service, b->service);
	if (!d && a->kind != b->kind)
		return a->kind < b->kind ? -1 : 1;
	if (d || a->kind == SVCR_DNS_VERSION)
		return d;
	if (!top)
		return of_service_cmp(a, b);
	d = strcmp(a->text, b->text);
	return d || !a->addr ? d : svcr_addr_cmp(a->addr, b->addr);
}

/* ---- Text --------------------------------------------------------------------- */

static void set_service(struct svcr_dns_writer *w, const struct svcr_dns_service *s)
{
	char *p = w->own;

	if (w->last == s)
		return;
	w->last = s;
	p = svcr_dns_put_str(p, s->name);
	*p++ = '.';
	p = svcr_dns_put_str(p, s->ns);
	p = svcr_dns_put(p, ".svc.", 5);
	p = svcr_dns_put_str(p, w->v->config.domain);
	*p++ = '.';
	w->len = (size_t)(p - w->own);
}

/* The name of the service or, below it, of one of its endpoints. */
static char *put_own(const struct svcr_dns_writer *w, char *p, const char *label)
{
	if (label) {
		p = svcr_dns_put_str(p, label);
		*p++ = '.';
	}
	return svcr_dns_put(p, w->own, w->len);
}

/* Puts a name with a final dot. */
static char *put_absolute(char *p, const char *name)
{
	p = svcr_dns_put_str(p, name);
	*p++ = '.';
	return p;
}

static char *put_owner(const struct svcr_dns_writer *w, char *p, const struct svcr_dns_record *r)
{
	switch (r->kind) {
	case SVCR_DNS_NS: return svcr_dns_put_str(p, r->zone->name);
	case SVCR_DNS_DELEGATION: return svcr_dns_put_str(p, r->text);
	case SVCR_DNS_SERVER: return put_absolute(p, r->text);
	case SVCR_DNS_VERSION:
		p = svcr_dns_put(p, "dns-version.", 12);
		return svcr_dns_put_str(p, r->zone->name);
	case SVCR_DNS_PTR:
		return svcr_dns_put_reverse(p, r->addr, 8u * svcr_addr_len(r->addr->family));
	case SVCR_DNS_SRV:
		*p++ = '_';
		p = svcr_dns_put_str(p, r->port_name);
		*p++ = '.';
		*p++ = '_';
		p = put_absolute(p, svcr_protocol_name(r->protocol));
		return put_own(w, p, NULL);
	case SVCR_DNS_ENDPOINT: return put_own(w, p, r->label);
	default: return put_own(w, p, NULL);
	}
}

static const char *const types[] = {
	[SVCR_DNS_NS] = " NS ",       [SVCR_DNS_DELEGATION] = " NS ", [SVCR_DNS_VERSION] = " TXT ",
	[SVCR_DNS_CNAME] = " CNAME ", [SVCR_DNS_EXISTS] = " TXT ",    [SVCR_DNS_SRV] = " SRV ",
	[SVCR_DNS_PTR] = " PTR ",
};

static char *record_data(const struct svcr_dns_writer *w, char *p, const struct svcr_dns_record *r)
{
	switch (r->kind) {
	case SVCR_DNS_NS: return put_absolute(p, r->text);
	case SVCR_DNS_DELEGATION: return put_absolute(p, w->v->config.primary);
	case SVCR_DNS_VERSION: return svcr_dns_put_str(p, "\"1.1.0\"");
	case SVCR_DNS_CNAME: return put_absolute(p, r->service->cname);
	case SVCR_DNS_EXISTS: return svcr_dns_put_str(p, "\"namespace\"");
	case SVCR_DNS_SRV:
		p = svcr_dns_put(p, "0 100 ", 6);
		p = svcr_dns_put_number(p, r->port);
		*p++ = ' ';
		return put_own(w, p, r->label);
	case SVCR_DNS_PTR: return put_own(w, p, r->label);
	default: return svcr_dns_put_addr(p, r->addr);
	}
}

size_t svcr_dns_write(struct svcr_dns_writer *w, const struct svcr_dns_record *r)
{
	const char *type = types[r->kind];
	char *p = w->line;

	if (!type)
		type = r->addr->family == SVCR_IPV6 ? " AAAA " : " A ";
	if (r->service)
		set_service(w, r->service);
	p = put_owner(w, p, r);
	w->type = (size_t)(p - w->line) + 1;
	p = svcr_dns_put_str(p, type);
	w->data = (size_t)(p - w->line);
	p = record_data(w, p, r);
	*p = '\0';
	return (size_t)(p - w->line);
}
