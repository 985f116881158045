/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Names, resolved as the resolver of a pod does it (resolv.conf(5)): the search list that the
 * kubelet writes is gone through first for names with less than ndots dots, last for others.
 */
#include "near.h"
#include "rules/dns/records.h"
#include "rules/dns/settings.h"
#include "rules/explain/question.h"

#include <errno.h>

#define ALIASES_MAX 8 /* one after the other */
#define SHOWN_MAX 6   /* addresses in an answer */

/* What is known of a name. */
struct found {
	SVCR_LIST(struct svcr_dns_record) records; /* its addresses, and its alias */
	bool exists;                               /* it, or a name below it */
};

static char lower(char c)
{
	return c >= 'A' && c <= 'Z' ? (char)(c + 'a' - 'A') : c;
}

/* Names of DNS are equal whatever the case of their letters. */
static bool equal_names(const char *a, const char *b, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (lower(a[i]) != lower(b[i]))
			return false;
	return true;
}

/* True if the owner in a line is the name, or below it. */
static bool owns(const char *owner, size_t len, const char *name, bool *equal)
{
	size_t n = strlen(name);

	*equal = len == n + 1 && equal_names(owner, name, n) && owner[n] == '.';
	return *equal || (len > n + 1 && owner[len - n - 2] == '.' &&
			  equal_names(owner + len - n - 1, name, n));
}

/* Looks through all records of the zone: there is one question in a run. 0 or -ENOMEM. */
static int look_up(const struct svcr_dns *v, const char *name, struct found *ret)
{
	struct svcr_dns_cursor c = { .v = v, .one_zone = true };
	struct svcr_dns_writer w = { .v = v };
	struct svcr_dns_record r;
	bool equal;

	while (svcr_dns_next(&c, &r)) {
		svcr_dns_write(&w, &r);
		if (!owns(w.line, w.type - 1, name, &equal))
			continue;
		ret->exists = true;
		if (equal && (r.addr || r.kind == SVCR_DNS_CNAME)) {
			struct svcr_dns_record *slot = SVCR_GROW(&ret->records);

			if (!slot)
				return -ENOMEM;
			*slot = r;
		}
	}
	return 0;
}

static int add_query(struct svcr_explain_asked *a, const char *name, const char *type,
		     const char *fmt, ...) __attribute__((format(printf, 4, 5)));

static int add_query(struct svcr_explain_asked *a, const char *name, const char *type,
		     const char *fmt, ...)
{
	struct svcr_explain_query *q = SVCR_GROW(&a->x->e->queries);
	va_list ap;

	if (!q)
		return -ENOMEM;
	q->name = svcr_arena_printf(&a->x->e->arena, "%s.", name);
	q->type = type;
	va_start(ap, fmt);
	q->answer = svcr_arena_vprintf(&a->x->e->arena, fmt, ap);
	va_end(ap);
	return q->name && q->answer ? 0 : -ENOMEM;
}

/* Tells what is answered to a question for addresses of a family. */
static int tell_addresses(struct svcr_explain_asked *a, const char *name, const struct found *f,
			  uint8_t family)
{
	char text[SHOWN_MAX * (SVCR_ADDR_TEXT + 2) + 40], addr[SVCR_ADDR_TEXT];
	const char *type = family == SVCR_IPV6 ? "AAAA" : "A";
	size_t used = 0, n = 0;

	for (size_t i = 0; i < f->records.n; i++) {
		const struct svcr_dns_record *r = &f->records.v[i];

		if (!r->addr || r->addr->family != family || n++ >= SHOWN_MAX)
			continue;
		used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%s", used ? ", " : "",
					 svcr_addr_text(r->addr, addr));
	}
	if (n > SHOWN_MAX)
		snprintf(text + used, sizeof(text) - used, " and %zu more", n - SHOWN_MAX);
	if (n)
		return add_query(a, name, type, "%s", text);
	return add_query(a, name, type, "%s", f->exists ? "no such record" : "NXDOMAIN");
}

static const struct svcr_service *model_service(const struct svcrules_model *m,
						const struct svcr_dns_service *s)
{
	for (size_t i = 0; s && i < m->services.n; i++)
		if (strcmp(m->services.v[i].ns, s->ns) == 0 &&
		    strcmp(m->services.v[i].name, s->name) == 0)
			return &m->services.v[i];
	return NULL;
}

/* Of a name server, whose port is not a service's. */
static int to_bare(struct svcr_explain_asked *a, const struct svcr_addr *addr, const char *port)
{
	unsigned long n = port ? strtoul(port, NULL, 10) : 0;

	if (n < 1 || n > 65535)
		return svcr_explain_wrong(a, "--to", -EINVAL, "'%.200s' needs a port: NAME:PORT",
					  a->q->to);
	return svcr_explain_add_flow(a, addr, (uint16_t)n, NULL, NULL);
}

/* Adds flows to what was answered: of a service with cluster IPs, these are the answer. */
static int go_to(struct svcr_explain_asked *a, const struct found *f, const char *port)
{
	const struct svcr_service *s = model_service(a->x->m, f->records.v[0].service);
	int err = 0;

	if (s && s->cluster_ips.n && !f->records.v[0].label)
		return svcr_explain_service(a, s, port);
	for (size_t i = 0; i < f->records.n && !err; i++)
		err = s ? svcr_explain_endpoint(a, s, f->records.v[i].addr, port) :
			  to_bare(a, f->records.v[i].addr, port);
	return err;
}

/* The alias in what was found, or NULL. */
static const char *alias_of(const struct found *f)
{
	for (size_t i = 0; i < f->records.n; i++)
		if (f->records.v[i].kind == SVCR_DNS_CNAME)
			return f->records.v[i].service->cname;
	return NULL;
}

static unsigned dots(const char *name)
{
	unsigned n = 0;

	for (; *name; name++)
		n += *name == '.';
	return n;
}

/* Of services with a name the one that was meant: of the pod's namespace, or the first one. */
static const struct svcr_service *meant_service(const struct svcr_explain_asked *a,
						const char *name)
{
	const struct svcrules_model *m = a->x->m;
	const struct svcr_service *found = NULL;

	for (size_t i = 0; i < m->services.n; i++) {
		const struct svcr_service *s = &m->services.v[i];

		if (strcmp(s->name, name) != 0)
			continue;
		if (a->pod && strcmp(s->ns, a->pod->ns) == 0)
			return s;
		if (!found || strcmp(s->ns, found->ns) < 0)
			found = s;
	}
	return found;
}

/*
 * Sets the note. A name that leads nowhere is most often that of a service in another namespace, or
 * mistyped: the note says what there is. 0 or -ENOMEM.
 */
static int note_lost(struct svcr_explain_asked *a, const char *name, const char *what)
{
	const struct svcrules_model *m = a->x->m;
	char word[SVCR_DNS_LABEL_MAX + 1];
	struct svcr_nearest near = { .word = word };
	const struct svcr_service *other;
	struct svcr_arena *r = &a->x->e->arena;

	snprintf(word, sizeof(word), "%.*s", (int)strcspn(name, "."), name);
	other = meant_service(a, word);
	for (size_t i = 0; a->pod && i < m->services.n; i++)
		if (strcmp(m->services.v[i].ns, a->pod->ns) == 0)
			svcr_nearest_try(&near, m->services.v[i].name);
	if (other && other->headless && a->pod && strcmp(other->ns, a->pod->ns) == 0)
		a->x->e->note = svcr_arena_printf(
			r, "%s; %s/%s is headless, and none of its endpoints is ready", what,
			other->ns, other->name);
	else if (other)
		a->x->e->note = svcr_arena_printf(r, "%s; there is a service %s.%s.svc.%s", what,
						  other->name, other->ns, a->dns->config.domain);
	else if (near.best)
		a->x->e->note = svcr_arena_printf(r, "%s; namespace %s has a service %s", what,
						  a->pod->ns, near.best);
	else
		a->x->e->note = svcr_arena_printf(
			r, "%s%s", what,
			a->pod ? "" : "; only pods of the input have a search list");
	return a->x->e->note ? 0 : -ENOMEM;
}

/* Asks for one name. 1: it was answered; 0: it was not; or a negative errno. */
static int try_name(struct svcr_explain_asked *a, const char *name, const char *port,
		    unsigned aliases)
{
	static const char outside[] = "a name outside the cluster: it goes where its servers say";
	const bool *families = a->x->o->families;
	struct found f = { .exists = false };
	const char *alias;
	int err;

	if (!strchr(name, '.') && !svcr_dns_within(name, a->dns->config.domain))
		return add_query(a, name, families[SVCR_IPV4] ? "A" : "AAAA",
				 "NXDOMAIN, as for every name without a domain");
	if (!svcr_dns_within(name, a->dns->config.domain)) {
		err = add_query(
			a, name, families[SVCR_IPV4] ? "A" : "AAAA",
			"answered by servers outside the cluster, which are not asked here");
		/* a name with one dot may have been meant for a service and its namespace */
		if (!err && !aliases && dots(name) == 1)
			err = note_lost(a, name, outside);
		else
			a->x->e->note = outside;
		return err ? err : 1;
	}
	err = look_up(a->dns, name, &f);
	alias = alias_of(&f);
	if (!err && alias) {
		err = add_query(a, name, "CNAME", "%s.", alias);
		if (!err)
			err = aliases < ALIASES_MAX ? try_name(a, alias, port, aliases + 1) : 0;
		if (!err) {
			a->x->e->note = "the alias leads to no address";
			a->x->e->nowhere = true;
			err = 1;
		}
	} else if (!err) {
		for (uint8_t i = 0; i < SVCR_FAMILY__COUNT && !err; i++)
			if (families[i])
				err = tell_addresses(a, name, &f, i);
		if (!err && f.records.n) {
			err = go_to(a, &f, port);
			err = err ? err : 1;
		}
	}
	free(f.records.v);
	return err;
}

/* Goes through the search list of a pod: what the kubelet writes for its namespace. */
static int search(struct svcr_explain_asked *a, const char *name, const char *port)
{
	const char *const first[] = { a->pod ? a->pod->ns : "", "", "" };
	static const char *const middle[] = { ".svc.", "svc.", "" };
	const char *domain = a->dns->config.domain;
	int err = 0;

	for (size_t i = 0; a->pod && i < 3 && !err; i++) {
		char full[2 * SVCR_DNS_NAME];
		int n = snprintf(full, sizeof(full), "%s.%s%s%s", name, first[i], middle[i],
				 domain);

		if (n > 0 && n <= SVCR_DNS_NAME_MAX)
			err = try_name(a, full, port, 0);
	}
	return err;
}

static int resolve_name(struct svcr_explain_asked *a, const char *name, bool absolute,
			const char *port)
{
	bool first = absolute || !a->pod || dots(name) >= a->q->ndots;
	int err = first ? try_name(a, name, port, 0) : 0;

	if (!err && !absolute)
		err = search(a, name, port);
	if (!err && !first)
		err = try_name(a, name, port, 0);
	if (err)
		return err < 0 ? err : 0;
	a->x->e->nowhere = true;
	return note_lost(a, name, "the name leads to no address");
}

/* As resolvers send it: labels of letters, digits, '-' and '_', none of which is empty. */
static bool is_host_name(struct svcr_str name)
{
	size_t label = 0;

	for (size_t i = 0; i < name.len; i++) {
		char c = name.p[i];

		if (c == '.' ? !label :
			       c != '-' && c != '_' && (c < '0' || c > '9') &&
				       (c < 'a' || c > 'z') && (c < 'A' || c > 'Z'))
			return false;
		label = c == '.' ? 0 : label + 1;
		if (label > SVCR_DNS_LABEL_MAX)
			return false;
	}
	return label && name.len <= SVCR_DNS_NAME_MAX;
}

int svcr_explain_resolve(struct svcr_explain_asked *a, struct svcr_str name, const char *port)
{
	bool absolute = name.len && name.p[name.len - 1] == '.';
	char text[SVCR_DNS_NAME + 1];

	name.len -= absolute;
	if (!a->dns)
		return svcr_explain_wrong(a, "--to", -EINVAL, "there are no names to resolve");
	if (!is_host_name(name))
		return svcr_explain_wrong(a, "--to", -EINVAL, "'%.200s' is no name of DNS",
					  a->q->to);
	snprintf(text, sizeof(text), "%.*s", (int)name.len, name.p);
	return resolve_name(a, text, absolute, port);
}
