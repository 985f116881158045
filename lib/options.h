/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The settings that every build takes, as svcrules_options_set() has them. */
#ifndef SVCR_OPTIONS_H
#define SVCR_OPTIONS_H

#include "addr.h"
#include "arena.h"
#include "svcrules.h"

/*
 * Bytes of the name of an IPVS scheduler, with the terminator
 * (IP_VS_SCHEDNAME_MAXLEN of linux/ip_vs.h).
 */
#define SVCR_SCHEDULER_MAX 16

struct svcrules_options {
	struct svcr_arena arena; /* owns the strings */
	const char *node_name, *zone, *table;
	const char *scheduler, *ipvs_table; /* IPVS */
	struct svcr_addrs node_ips, host_ips; /* host_ips sorted */
	struct svcr_cidrs cluster_cidrs, service_cidrs, nodeport_cidrs;
	bool has_node_ip, has_cluster_cidr;
	bool nodeport_primary; /* nodeport-addresses is "primary" */
	bool masquerade_all;
	uint32_t mark;         /* masquerade-mark, one bit */
	bool families[SVCR_FAMILY__COUNT];
};

/* True if `name` is a scheduler of Linux's IPVS. */
bool svcr_scheduler_known(const char *name);
/* Their names, for messages: "rr, wrr, ...". */
extern const char svcr_scheduler_names[];

#endif
