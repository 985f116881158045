/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/dns/settings.h"
#include "kinds/values.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_DOMAIN "cluster.local"
#define DEFAULT_TTL 5
#define TTL_MAX 2147483647u /* RFC 2181, 8 */
/* the longest label that is put before the domain: "dns-version." */
#define DOMAIN_MAX (SVCR_DNS_NAME_MAX - 12)

const struct svcrules_setting svcr_dns_settings[] = {
	{ .name = "cluster-domain",
	  .argument = "NAME",
	  .help = "for DNS: the domain of the cluster (default: cluster.local)" },
	{ .name = "name-server",
	  .argument = "NAME=ADDRESS,...",
	  .repeatable = true,
	  .help = "for DNS: the server that NS names (default: ns.dns.DOMAIN, kube-dns)" },
	{ .name = "reverse-zone",
	  .argument = "CIDR",
	  .repeatable = true,
	  .help = "for DNS: a reverse zone (default: one for each /16 and /64)" },
	{ .name = "no-reverse", .help = "for DNS: no reverse zones" },
	{ .name = "ttl", .argument = "SECONDS", .help = "for DNS: of all records (default: 5)" },
	{ .name = "serial",
	  .argument = "NUMBER",
	  .help = "for DNS: of all zones (default: made from the records)" },
	{ .name = NULL }
};

/* Returns the number in all of `value`, or -1. */
static int64_t whole_number(const char *value, uint64_t max)
{
	uint64_t n = 0;

	for (const char *p = value; *p; p++) {
		if (*p < '0' || *p > '9')
			return -1;
		n = n * 10 + (uint64_t)(*p - '0');
		if (n > max)
			return -1;
	}
	return *value ? (int64_t)n : -1;
}

static struct svcr_str without_dot(const char *s, size_t len)
{
	return (struct svcr_str){ s, len > 1 && s[len - 1] == '.' ? len - 1 : len };
}

bool svcr_dns_within(const char *name, const char *domain)
{
	size_t n = strlen(name), len = strlen(domain);

	return n >= len && strcmp(name + n - len, domain) == 0 &&
	       (n == len || name[n - len - 1] == '.');
}

static bool domain_valid(const char *value)
{
	struct svcr_str s = without_dot(value, strlen(value));
	char name[SVCR_DNS_NAME];

	if (!svcr_dns_name(s) || s.len > DOMAIN_MAX)
		return false;
	memcpy(name, s.p, s.len);
	name[s.len] = '\0';
	return !svcr_dns_within(name, "in-addr.arpa") && !svcr_dns_within(name, "ip6.arpa");
}

/* Adds the addresses of a list with commas, unless `addrs` is NULL. 0, -EINVAL or -ENOMEM. */
static int read_addrs(const char *list, size_t len, struct svcr_addrs *addrs)
{
	for (size_t at = 0, n; at <= len; at += n + 1) {
		const char *comma = memchr(list + at, ',', len - at);
		struct svcr_addr a, *slot;

		n = comma ? (size_t)(comma - list) - at : len - at;
		if (!svcr_addr_parse(&a, (struct svcr_str){ list + at, n }))
			return -EINVAL;
		slot = addrs ? SVCR_GROW(addrs) : NULL;
		if (slot)
			*slot = a;
		else if (addrs)
			return -ENOMEM;
	}
	return 0;
}

static bool server_valid(const char *value)
{
	const char *equal = strchr(value, '=');

	return equal && svcr_dns_name(without_dot(value, (size_t)(equal - value))) &&
	       read_addrs(equal + 1, strlen(equal + 1), NULL) == 0;
}

/* A zone is cut where a label of its name ends: between octets, or for IPv6 between nibbles. */
static bool reverse_valid(const char *value)
{
	struct svcr_cidr c;

	return svcr_cidr_parse(&c, (struct svcr_str){ value, strlen(value) }) &&
	       c.prefix % (c.addr.family == SVCR_IPV6 ? 4 : 8) == 0;
}

const char *svcr_dns_expected(const char *setting, const char *value)
{
	if (strcmp(setting, "cluster-domain") == 0)
		return domain_valid(value) ?
			       NULL :
			       "labels of lower-case letters, digits and '-' with dots between, up "
			       "to 241 octets, and no reverse zone";
	if (strcmp(setting, "name-server") == 0)
		return server_valid(value) ? NULL :
					     "NAME=ADDRESS, perhaps with more addresses "
					     "after commas";
	if (strcmp(setting, "reverse-zone") == 0)
		return reverse_valid(value) ? NULL :
					      "a prefix that ends between octets, such as "
					      "10.96.0.0/16 (a /12 is sixteen of them), or of "
					      "IPv6 between nibbles, such as fd00:10:96::/48";
	if (strcmp(setting, "ttl") == 0)
		return whole_number(value, TTL_MAX) >= 0 ? NULL : "seconds from 0 to 2147483647";
	return whole_number(value, UINT32_MAX) >= 0 ? NULL : "a number from 0 to 4294967295";
}

/* ---- Values -------------------------------------------------------------- */

/* Puts a server into the list, or its addresses to those that its name has there. */
static int configure_address(struct svcr_dns_config *c, struct svcr_arena *a, const char *name,
			     const struct svcr_addrs *addrs)
{
	struct svcr_dns_server *s = c->servers;
	struct svcr_addr *v;

	while (s < c->servers + c->nservers && strcmp(s->name, name) != 0)
		s++;
	v = svcr_arena_array(a, s->addrs.n + addrs->n + 1, sizeof(*v));
	if (!v)
		return -ENOMEM;
	memcpy(v, s->addrs.n ? s->addrs.v : v, s->addrs.n * sizeof(*v));
	memcpy(v + s->addrs.n, addrs->n ? addrs->v : v, addrs->n * sizeof(*v));
	s->addrs = (struct svcr_addrs){ v, s->addrs.n + addrs->n, 0 };
	svcr_addrs_sort(&s->addrs);
	s->name = name;
	c->nservers += s == c->servers + c->nservers;
	return 0;
}

static int configure_server(struct svcr_dns_config *c, struct svcr_arena *a, const char *value,
			    size_t len)
{
	const char *equal = memchr(value, '=', len), *kept;
	struct svcr_str name = without_dot(value, (size_t)(equal - value));
	size_t used = (size_t)(equal + 1 - value);
	struct svcr_addrs addrs = { .n = 0 };
	int err = read_addrs(value + used, len - used, &addrs);

	kept = svcr_arena_strndup(a, name.p, name.len);
	if (!err)
		err = kept ? configure_address(c, a, kept, &addrs) : -ENOMEM;
	free(addrs.v);
	if (!c->primary)
		c->primary = kept;
	return err;
}

static int server_cmp_sort(const void *a, const void *b)
{
	const struct svcr_dns_server *x = a, *y = b;

	return strcmp(x->name, y->name);
}

/* The number of values of a setting that may be repeated, at least 1. */
static size_t count_values(const char *values)
{
	size_t n = 1;

	for (; values && *values; values++)
		n += *values == ' ';
	return n;
}

static int configure_servers(struct svcr_dns_config *c, struct svcr_arena *a, const char *values)
{
	int err = 0;

	c->servers = svcr_arena_array(a, count_values(values), sizeof(*c->servers));
	if (!c->servers)
		return -ENOMEM;
	if (!values) {
		c->servers[0].name = svcr_arena_printf(a, "ns.dns.%s", c->domain);
		c->nservers = 1;
		c->default_server = true;
		c->primary = c->servers[0].name;
		return c->primary ? 0 : -ENOMEM;
	}
	for (size_t len; *values && !err; values += len, values += *values == ' ') {
		len = strcspn(values, " ");
		err = configure_server(c, a, values, len);
	}
	if (!err && c->nservers > 1)
		qsort(c->servers, c->nservers, sizeof(*c->servers), server_cmp_sort);
	return err;
}

static int cidr_cmp_sort(const void *a, const void *b)
{
	const struct svcr_cidr *x = a, *y = b;
	int d = svcr_addr_cmp(&x->addr, &y->addr);

	return d ? d : (int)x->prefix - (int)y->prefix;
}

static int configure_reverse(struct svcr_dns_config *c, struct svcr_arena *a, const char *values)
{
	struct svcr_cidrs *l = &c->reverse;
	size_t n = 0;

	l->v = svcr_arena_array(a, count_values(values), sizeof(*l->v));
	if (!l->v)
		return -ENOMEM;
	for (size_t len; values && *values; values += len, values += *values == ' ') {
		len = strcspn(values, " ");
		svcr_cidr_parse(&l->v[n++], (struct svcr_str){ values, len });
	}
	if (n > 1)
		qsort(l->v, n, sizeof(*l->v), cidr_cmp_sort);
	for (size_t i = 0; i < n; i++)
		if (i == 0 || cidr_cmp_sort(&l->v[l->n - 1], &l->v[i]) != 0)
			l->v[l->n++] = l->v[i];
	return 0;
}

int svcr_dns_configure(struct svcr_dns_config *c, struct svcr_arena *a,
		       const struct svcrules_options *o)
{
	const char *domain = svcrules_options_get(o, "cluster-domain");
	const char *ttl = svcrules_options_get(o, "ttl");
	const char *serial = svcrules_options_get(o, "serial");
	struct svcr_str s;
	int err;

	domain = domain ? domain : DEFAULT_DOMAIN;
	s = without_dot(domain, strlen(domain));
	c->domain = svcr_arena_strndup(a, s.p, s.len);
	c->ttl = ttl ? (uint32_t)whole_number(ttl, TTL_MAX) : DEFAULT_TTL;
	c->has_serial = serial;
	c->serial = serial ? (uint32_t)whole_number(serial, UINT32_MAX) : 0;
	c->no_reverse = svcrules_options_get(o, "no-reverse");
	if (!c->domain)
		return -ENOMEM;
	err = configure_servers(c, a, svcrules_options_get(o, "name-server"));
	return err ? err : configure_reverse(c, a, svcrules_options_get(o, "reverse-zone"));
}
