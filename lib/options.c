/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "diag.h"
#include "options.h"

#include <errno.h>

#define DEFAULT_TABLE "svcrules"
#define DEFAULT_MARK 0x4000u
#define DEFAULT_MAX_SOURCE_RANGES 50000u
#define DEFAULT_MAX_ELEMENTS 100000u
#define NOW_MAX 253402300799u /* the end of the year 9999 */

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
	o->max_source_ranges = DEFAULT_MAX_SOURCE_RANGES;
	o->max_elements = DEFAULT_MAX_ELEMENTS;
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
	free(o->external_cidrs.v);
	free(o->set.v);
	svcr_arena_release(&o->arena);
	free(o);
}

const char *svcrules_options_get(const struct svcrules_options *o, const char *name)
{
	for (size_t i = 0; i < o->set.n; i++)
		if (strcmp(o->set.v[i].name, name) == 0)
			return o->set.v[i].value;
	return strcmp(name, "table") == 0 ? o->table : NULL;
}

int svcr_options_keep(struct svcrules_options *o, const char *name, const char *value)
{
	const char *text = svcr_arena_strndup(&o->arena, value ? value : "",
					      value ? strlen(value) : 0);
	struct svcr_option *slot = NULL;

	for (size_t i = 0; i < o->set.n && !slot; i++)
		if (strcmp(o->set.v[i].name, name) == 0)
			slot = &o->set.v[i];
	if (!slot && text) {
		name = svcr_arena_strndup(&o->arena, name, strlen(name));
		slot = name ? SVCR_GROW(&o->set) : NULL;
		if (slot)
			slot->name = name;
	}
	if (!slot || !text)
		return -ENOMEM;
	slot->value = text;
	return 0;
}

int svcr_options_add(struct svcrules_options *o, const char *name, const char *value)
{
	const char *before = svcrules_options_get(o, name);

	if (before)
		value = svcr_arena_printf(&o->arena, "%s %s", before, value);
	return value ? svcr_options_keep(o, name, value) : -ENOMEM;
}

static int set_string(struct svcrules_options *o, const char **to, const char *value)
{
	char *p = svcr_arena_strndup(&o->arena, value, strlen(value));

	if (!p)
		return -ENOMEM;
	*to = p;
	return 0;
}

/*
 * Calls `each` for the parts of `value` that commas separate; an empty value has no parts. Returns
 * 0, the first error of `each`, or -EINVAL for a comma at the end.
 */
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
	if (o->host_ips.n) /* each address of a service is searched in this list */
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

/* An option that needs no value. */
static int set_bool(bool *to, const char *value)
{
	*to = !value || strcmp(value, "false") != 0;
	return value && strcmp(value, "false") != 0 && strcmp(value, "true") != 0 ? -EINVAL : 0;
}

static int set_masquerade_all(struct svcrules_options *o, const char *value)
{
	return set_bool(&o->masquerade_all, value);
}

static int set_network_policy(struct svcrules_options *o, const char *value)
{
	return set_bool(&o->network_policy, value);
}

static int set_reasons(struct svcrules_options *o, const char *value)
{
	return set_bool(&o->explain, value);
}

static int set_explain(struct svcrules_options *o, const char *value)
{
	int err = set_reasons(o, value);

	return err ? err : set_bool(&o->endpoint_pods, value);
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

/* A decimal number from 0 to UINT32_MAX. */
static int set_limit(size_t *to, const char *value)
{
	char *end;
	unsigned long n;

	if (*value < '0' || *value > '9')
		return -EINVAL;
	errno = 0;
	n = strtoul(value, &end, 10);
	if (errno || *end || n > UINT32_MAX)
		return -EINVAL;
	*to = n;
	return 0;
}

static int set_max_source_ranges(struct svcrules_options *o, const char *value)
{
	return set_limit(&o->max_source_ranges, value);
}

static int set_max_elements(struct svcrules_options *o, const char *value)
{
	return set_limit(&o->max_elements, value);
}

static int set_now(struct svcrules_options *o, const char *value)
{
	unsigned long long n;
	char *end;

	if (*value < '0' || *value > '9')
		return -EINVAL;
	errno = 0;
	n = strtoull(value, &end, 10);
	if (errno || *end || n > NOW_MAX)
		return -EINVAL;
	o->now = (int64_t)n;
	return 0;
}

static int set_external_cidr(struct svcrules_options *o, const char *value)
{
	o->external_cidrs.n = 0;
	o->has_external_cidr = true;
	return split(value, add_cidr, &o->external_cidrs);
}

/* "30000-32767" */
static int set_range(const char *value, uint16_t *ret_first, uint16_t *ret_last)
{
	const char *dash = strchr(value, '-');
	char first[8];
	size_t from, to;

	if (!dash || dash - value >= (long)sizeof(first))
		return -EINVAL;
	snprintf(first, sizeof(first), "%.*s", (int)(dash - value), value);
	if (set_limit(&from, first) || set_limit(&to, dash + 1) || !from || from > to ||
	    to > UINT16_MAX)
		return -EINVAL;
	*ret_first = (uint16_t)from;
	*ret_last = (uint16_t)to;
	return 0;
}

static int set_node_port_range(struct svcrules_options *o, const char *value)
{
	return set_range(value, &o->node_port_first, &o->node_port_last);
}

static int set_local_ports(struct svcrules_options *o, const char *value)
{
	return set_range(value, &o->local_port_first, &o->local_port_last);
}

static const char no_value[] = "no value";

static const struct setting settings[] = {
	{ "node-name", set_node_name, "a name" },
	{ "node-ip", set_node_ip, "addresses with commas between" },
	{ "cluster-cidr", set_cluster_cidr, "prefixes such as 10.244.0.0/16 with commas between" },
	{ "service-cidr", set_service_cidr, "prefixes such as 10.96.0.0/12 with commas between" },
	{ "masquerade-all", set_masquerade_all, no_value },
	{ "network-policy", set_network_policy, no_value },
	{ "reasons", set_reasons, no_value },
	{ "explain", set_explain, no_value },
	{ "masquerade-mark", set_mark, "a single bit such as 0x4000" },
	{ "nodeport-addresses", set_nodeport_addresses,
	  "prefixes with commas between, or 'primary'" },
	{ "zone", set_zone, "a name" },
	{ "family", set_family, "ipv4, ipv6 or both" },
	{ "max-source-ranges", set_max_source_ranges, "a number from 0 to 4294967295" },
	{ "max-elements", set_max_elements, "a number from 0 to 4294967295" },
	{ "now", set_now, "seconds since 1970" },
	{ "allow-external-cidr", set_external_cidr,
	  "prefixes such as 203.0.113.0/24 with commas between" },
	{ "node-port-range", set_node_port_range, "two port numbers such as 30000-32767" },
	{ "local-ports", set_local_ports, "two port numbers such as 32768-60999" },
	{ "host-ip", set_host_ip, "addresses with commas between" },
};

int svcr_options_refuse(const char *name, const char *value, const char *expected,
			struct svcrules_diags *d)
{
	char field[64];

	snprintf(field, sizeof(field), "--%s", name);
	svcr_diag(d,
		  &(struct svcrules_diag){
			  .severity = SVCRULES_ERROR, .check = "option", .field = field },
		  "'%s' is not valid, expected %s", value ? value : "", expected);
	return -EINVAL;
}

int svcr_options_set(struct svcrules_options *o, const char *name, const char *value,
		     struct svcrules_diags *d)
{
	for (size_t i = 0; i < sizeof(settings) / sizeof(settings[0]); i++) {
		int err = -EINVAL;

		if (strcmp(settings[i].name, name) != 0)
			continue;
		if (value || settings[i].expected == no_value)
			err = settings[i].set(o, value);
		if (!err)
			err = svcr_options_keep(o, name, value);
		return err == -EINVAL ? svcr_options_refuse(name, value, settings[i].expected, d) :
					err;
	}
	return -ENOENT;
}
