/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "diag.h"
#include "options.h"

#include <errno.h>

#define DEFAULT_TABLE "svcrules"
#define BESIDE_IPVS "-ipvs" /* ends the name of the table that goes with IPVS */
#define DEFAULT_MARK 0x4000u

struct setting {
	const char *name;
	int (*set)(struct svcrules_options *o, const char *value);
	const char *expected;
};

struct svcrules_options *svcrules_options_new(void)
{
	struct svcrules_options *o = calloc(1, sizeof(*o));

	if (!o)
		return NULL;
	o->table = DEFAULT_TABLE;
	o->mark = DEFAULT_MARK;
	o->scheduler = "rr";
	o->ipvs_table = DEFAULT_TABLE BESIDE_IPVS;
	o->families[SVCR_IPV4] = o->families[SVCR_IPV6] = true;
	return o;
}

void svcrules_options_free(struct svcrules_options *o)
{
	if (!o)
		return;
	free(o->node_ips.v);
	free(o->host_ips.v);
	free(o->cluster_cidrs.v);
	free(o->service_cidrs.v);
	free(o->nodeport_cidrs.v);
	svcr_arena_release(&o->arena);
	free(o);
}

bool svcrules_options_has_node_ip(const struct svcrules_options *o)
{
	return o->has_node_ip;
}

const char *svcrules_options_table(const struct svcrules_options *o)
{
	return o->table;
}

const char *svcrules_options_ipvs_table(const struct svcrules_options *o)
{
	return o->ipvs_table;
}

bool svcrules_ipvs_is_table(const char *name)
{
	size_t n = strlen(name), end = strlen(BESIDE_IPVS);

	return n >= end && strcmp(name + n - end, BESIDE_IPVS) == 0;
}

static int set_string(struct svcrules_options *o, const char **to, const char *value)
{
	char *p = svcr_arena_strndup(&o->arena, value, strlen(value));

	if (!p)
		return -ENOMEM;
	*to = p;
	return 0;
}

/* Calls `each` for the comma-separated parts of `value`; an empty value has none. */
static int split(const char *value, int (*each)(struct svcr_str part, void *list), void *list)
{
	while (*value) {
		size_t len = strcspn(value, ",");
		struct svcr_str part = { value, len };
		int err;

		while (part.len && *part.p == ' ')
			part.p++, part.len--;
		while (part.len && part.p[part.len - 1] == ' ')
			part.len--;
		err = each(part, list);
		if (err)
			return err;
		value += len;
		if (*value == ',' && !*++value)
			return -EINVAL;
	}
	return 0;
}

static int add_addr(struct svcr_str part, void *list)
{
	struct svcr_addrs *l = list;
	struct svcr_addr a, *slot;

	if (!svcr_addr_parse(&a, part))
		return -EINVAL;
	slot = SVCR_GROW(l);
	if (!slot)
		return -ENOMEM;
	*slot = a;
	return 0;
}

static int add_cidr(struct svcr_str part, void *list)
{
	struct svcr_cidrs *l = list;
	struct svcr_cidr c, *slot;

	if (!svcr_cidr_parse(&c, part))
		return -EINVAL;
	slot = SVCR_GROW(l);
	if (!slot)
		return -ENOMEM;
	*slot = c;
	return 0;
}

static int set_node_name(struct svcrules_options *o, const char *value)
{
	return set_string(o, &o->node_name, value);
}

static int set_zone(struct svcrules_options *o, const char *value)
{
	return set_string(o, &o->zone, value);
}

static int set_node_ip(struct svcrules_options *o, const char *value)
{
	o->node_ips.n = 0;
	o->has_node_ip = true;
	return split(value, add_addr, &o->node_ips);
}

static int set_host_ip(struct svcrules_options *o, const char *value)
{
	int err;

	o->host_ips.n = 0;
	err = split(value, add_addr, &o->host_ips);
	if (o->host_ips.n) /* each address of a service is looked up there */
		qsort(o->host_ips.v, o->host_ips.n, sizeof(*o->host_ips.v), svcr_addr_cmp_sort);
	return err;
}

static int set_cluster_cidr(struct svcrules_options *o, const char *value)
{
	o->cluster_cidrs.n = 0;
	o->has_cluster_cidr = true;
	return split(value, add_cidr, &o->cluster_cidrs);
}

static int set_service_cidr(struct svcrules_options *o, const char *value)
{
	o->service_cidrs.n = 0;
	return split(value, add_cidr, &o->service_cidrs);
}

static int set_nodeport_addresses(struct svcrules_options *o, const char *value)
{
	o->nodeport_cidrs.n = 0;
	o->nodeport_primary = strcmp(value, "primary") == 0;
	return o->nodeport_primary ? 0 : split(value, add_cidr, &o->nodeport_cidrs);
}

static int set_masquerade_all(struct svcrules_options *o, const char *value)
{
	o->masquerade_all = !value || strcmp(value, "false") != 0;
	return value && strcmp(value, "false") != 0 && strcmp(value, "true") != 0 ? -EINVAL : 0;
}

static int set_mark(struct svcrules_options *o, const char *value)
{
	char *end;
	unsigned long n;

	if (*value < '0' || *value > '9')
		return -EINVAL;
	errno = 0;
	n = strtoul(value, &end, 0);
	if (errno || *end || n == 0 || n > UINT32_MAX || (n & (n - 1)))
		return -EINVAL;
	o->mark = (uint32_t)n;
	return 0;
}

/* A name that nft(8) can parse: see its scanner's "string". */
static int set_table(struct svcrules_options *o, const char *value)
{
	size_t n = strspn(value, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-.");

	if (n == 0 || value[n] || n > 200 || strchr("0123456789-.", value[0]))
		return -EINVAL;
	if (svcrules_ipvs_is_table(value))
		return -EINVAL;
	o->ipvs_table = svcr_arena_printf(&o->arena, "%s%s", value, BESIDE_IPVS);
	return o->ipvs_table ? set_string(o, &o->table, value) : -ENOMEM;
}

const char svcr_scheduler_names[] = "rr, wrr, lc, wlc, sh, mh, dh, sed, nq, lblc, lblcr";

bool svcr_scheduler_known(const char *name)
{
	size_t len = strlen(name);

	for (const char *p = svcr_scheduler_names; *p; p += strspn(p, ", ")) {
		size_t n = strcspn(p, ",");

		if (n == len && memcmp(p, name, n) == 0)
			return true;
		p += n;
	}
	return false;
}

static int set_scheduler(struct svcrules_options *o, const char *value)
{
	return svcr_scheduler_known(value) ? set_string(o, &o->scheduler, value) : -EINVAL;
}

static int set_family(struct svcrules_options *o, const char *value)
{
	bool both = strcmp(value, "both") == 0;
	bool v4 = both || strcmp(value, "ipv4") == 0, v6 = both || strcmp(value, "ipv6") == 0;

	if (!v4 && !v6)
		return -EINVAL;
	o->families[SVCR_IPV4] = v4;
	o->families[SVCR_IPV6] = v6;
	return 0;
}

static const struct setting settings[] = {
	{ "node-name", set_node_name, "a name" },
	{ "node-ip", set_node_ip, "addresses with commas between" },
	{ "cluster-cidr", set_cluster_cidr, "prefixes such as 10.244.0.0/16 with commas between" },
	{ "service-cidr", set_service_cidr, "prefixes such as 10.96.0.0/12 with commas between" },
	{ "masquerade-all", set_masquerade_all, "no value" },
	{ "masquerade-mark", set_mark, "a single bit such as 0x4000" },
	{ "nodeport-addresses", set_nodeport_addresses, "prefixes with commas between, or 'primary'" },
	{ "zone", set_zone, "a name" },
	{ "table", set_table, "letters, digits, '_', '-' and '.', a letter or '_' first, no '-ipvs' last" },
	{ "family", set_family, "ipv4, ipv6 or both" },
	{ "ipvs-scheduler", set_scheduler, svcr_scheduler_names },
	{ "host-ip", set_host_ip, "addresses with commas between" },
};

int svcrules_options_set(struct svcrules_options *o, const char *name, const char *value,
			 struct svcrules_diags *d)
{
	char field[64];

	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		int err;

		if (strcmp(settings[i].name, name) != 0)
			continue;
		if (!value && settings[i].set != set_masquerade_all)
			err = -EINVAL;
		else
			err = settings[i].set(o, value);
		if (err != -EINVAL)
			return err;
		snprintf(field, sizeof(field), "--%s", name);
		svcr_diag(d, &(struct svcrules_diag){ .severity = SVCRULES_ERROR, .check = "option", .field = field },
			  "'%s' is not valid, expected %s", value ? value : "", settings[i].expected);
		return -EINVAL;
	}
	return -ENOENT;
}
