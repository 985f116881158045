/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/iptables.h"
#include "kernel/proc.h"

#include <linux/netfilter.h>
#include <linux/netfilter_ipv4/ip_tables.h>
#include <linux/netfilter_ipv6/ip6_tables.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define LEGACY_MAX (512u << 20) /* bytes of a table */

/* IPv4 and IPv6 have the same interface with different numbers. */
struct legacy {
	int domain, level, get_info, get_entries;
	const char *names;
	size_t target_offset; /* of the member of a rule that says where its target is */
};

static const struct legacy legacy4 = {
	AF_INET,
	IPPROTO_IP,
	IPT_SO_GET_INFO,
	IPT_SO_GET_ENTRIES,
	"/proc/net/ip_tables_names",
	offsetof(struct ipt_entry, target_offset),
};
static const struct legacy legacy6 = {
	AF_INET6,
	IPPROTO_IPV6,
	IP6T_SO_GET_INFO,
	IP6T_SO_GET_ENTRIES,
	"/proc/net/ip6_tables_names",
	offsetof(struct ip6t_entry, target_offset),
};

_Static_assert(sizeof(struct ipt_getinfo) == sizeof(struct ip6t_getinfo), "same layout");
_Static_assert(sizeof(struct ipt_get_entries) == sizeof(struct ip6t_get_entries), "same layout");

static const struct legacy *legacy_of(uint8_t family)
{
	return family == NFPROTO_IPV6 ? &legacy6 : &legacy4;
}

static bool legacy_has_table(const struct legacy *l, const char *table)
{
	char names[512], *line, *save = NULL;

	if (proc_read(l->names, names, sizeof(names)) < 0)
		return false;
	for (line = strtok_r(names, "\n", &save); line; line = strtok_r(NULL, "\n", &save))
		if (strcmp(line, table) == 0)
			return true;
	return false;
}

/* The rules of the table that *info describes, malloc'ed; NULL: they cannot be read. */
static struct ipt_get_entries *legacy_entries(int fd, const struct legacy *l,
					      const struct ipt_getinfo *info)
{
	socklen_t len = (socklen_t)(sizeof(struct ipt_get_entries) + info->size);
	struct ipt_get_entries *e = info->size <= LEGACY_MAX ? calloc(1, len) : NULL;

	if (!e)
		return NULL;
	memcpy(e->name, info->name, sizeof(e->name));
	e->size = info->size;
	if (getsockopt(fd, l->level, l->get_entries, e, &len) == 0)
		return e;
	free(e);
	return NULL;
}

/* The same for a table by its name, with its *info. */
static struct ipt_get_entries *legacy_read(const struct legacy *l, const char *table,
					   struct ipt_getinfo *info)
{
	struct ipt_get_entries *e = NULL;
	socklen_t len = sizeof(*info);
	int fd;

	*info = (struct ipt_getinfo){ .valid_hooks = 0 };
	memcpy(info->name, table, strlen(table) + 1);
	if (!legacy_has_table(l, table))
		return NULL;
	fd = socket(l->domain, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (fd < 0)
		return NULL;
	if (getsockopt(fd, l->level, l->get_info, info, &len) == 0)
		e = legacy_entries(fd, l, info);
	(void)close(fd);
	return e;
}

bool iptables_legacy_has_text(uint8_t family, const char *table, const char *text)
{
	struct ipt_getinfo info;
	struct ipt_get_entries *e = legacy_read(legacy_of(family), table, &info);
	bool found = e && memmem(e->entrytable, info.size, text, strlen(text) + 1);

	free(e);
	return found;
}

/* The verdict of the rule at that place, which has the standard target; 0: there is none. */
static int legacy_verdict(const struct legacy *l, const struct ipt_get_entries *e, uint32_t size,
			  uint32_t at)
{
	const char *rules = (const char *)e->entrytable;
	uint16_t target;
	int verdict;
	size_t place;

	if (at > size || size - at < l->target_offset + sizeof(target))
		return 0;
	memcpy(&target, rules + at + l->target_offset, sizeof(target));
	place = (size_t)at + target + offsetof(struct xt_standard_target, verdict);
	if (place + sizeof(verdict) > size)
		return 0;
	memcpy(&verdict, rules + place, sizeof(verdict));
	return verdict;
}

bool iptables_legacy_forward_drops(uint8_t family)
{
	const struct legacy *l = legacy_of(family);
	struct ipt_getinfo info;
	struct ipt_get_entries *e = legacy_read(l, "filter", &info);
	bool drops = e && (info.valid_hooks & 1 << NF_INET_FORWARD) &&
		     legacy_verdict(l, e, info.size, info.underflow[NF_INET_FORWARD]) ==
			     -NF_DROP - 1;

	free(e);
	return drops;
}
