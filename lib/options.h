/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The options of a build; svcrules_options_set() sets them. */
#ifndef SVCR_OPTIONS_H
#define SVCR_OPTIONS_H

#include "addr.h"
#include "arena.h"
#include "svcrules.h"

/* An option as it was set, of all targets or of one. */
struct svcr_option {
	const char *name, *value;
};

struct svcr_option_list {
	struct svcr_option *v;
	size_t n, cap;
};

struct svcrules_options {
	struct svcr_arena arena; /* owns the strings */
	const char *node_name, *zone, *table;
	struct svcr_option_list set;          /* all options that were set, each once */
	struct svcr_addrs node_ips, host_ips; /* host_ips sorted */
	struct svcr_cidrs cluster_cidrs, service_cidrs, nodeport_cidrs;
	bool has_node_ip, has_cluster_cidr;
	struct svcr_cidrs external_cidrs; /* for checks: where external addresses may be */
	bool has_external_cidr;
	uint16_t node_port_first, node_port_last;   /* for checks; 0: the default of API servers */
	uint16_t local_port_first, local_port_last; /* for checks; 0: the default of the kernel */
	bool nodeport_primary;                      /* nodeport-addresses is "primary" */
	bool masquerade_all;
	bool network_policy; /* enforce NetworkPolicy objects */
	bool explain;        /* find reasons, with what they need */
	bool endpoint_pods;  /* keep the names of the pods that endpoints belong to */
	int64_t now;   /* seconds since 1970, by which certificates are judged; 0: they are not */
	uint32_t mark; /* masquerade-mark, one bit */
	size_t max_source_ranges, max_elements; /* of one service */
	bool families[SVCR_FAMILY__COUNT];
};

/*
 * Sets an option that all targets have, except `table`. svcrules_options_set() also sets `table`
 * and the settings of targets. Returns the same values.
 */
int svcr_options_set(struct svcrules_options *o, const char *name, const char *value,
		     struct svcrules_diags *d);
/* Adds the diagnostic for a wrong value, and returns -EINVAL. */
int svcr_options_refuse(const char *name, const char *value, const char *expected,
			struct svcrules_diags *d);
/* Adds a value to those of an option that may be given several times. Returns 0 or -ENOMEM. */
int svcr_options_add(struct svcrules_options *o, const char *name, const char *value);
/* Stores a copy of a value (NULL: "") for svcrules_options_get(). Returns 0 or -ENOMEM. */
int svcr_options_keep(struct svcrules_options *o, const char *name, const char *value);

#endif
