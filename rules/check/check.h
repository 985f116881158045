/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The table of checks, and what their functions work on. */
#ifndef SVCR_CHECK_H
#define SVCR_CHECK_H

#include "diag.h"
#include "reasons.h"

/* Kinds of objects: what a check looks at, and what it needs besides. */
enum {
	SVCR_HAS_SERVICES = 1,
	SVCR_HAS_SLICES = 2, /* or Endpoints */
	SVCR_HAS_PODS = 4,
	SVCR_HAS_ENDPOINTS = 8, /* slices, Endpoints or Pods */
	SVCR_HAS_NODES = 16,
	SVCR_HAS_POLICIES = 32,
	SVCR_HAS_INGRESSES = 64,
	SVCR_HAS_SECRETS = 128,
	SVCR_HAS_NODE_NAME = 256, /* the option */
	SVCR_HAS_ANYTHING = 512,
};

/*
 * Policies of a namespace with which each other one is compared: the first by name. The work then
 * grows with their number, not with its square.
 */
#define SVCR_POLICIES_COMPARED 256

struct svcr_checks;

/* A row of the table. */
struct svcr_check {
	const char *name;
	enum svcrules_severity severity;
	bool off;
	unsigned about; /* without objects of this kind it has nothing to look at */
	unsigned needs; /* without these it is not run */
	/* Rows may share a function, which runs once; NULL: reading or building finds it. */
	int (*run)(struct svcr_checks *c);
	const char *help;
};

extern const struct svcr_check svcr_check_table[]; /* by name; the last entry has none */

/* What the functions work on. */
struct svcr_checks {
	const struct svcrules_model *m;
	const struct svcrules_options *o;
	struct svcr_view view;
	struct svcr_reasons reasons;
	struct svcr_arena arena;
	/* all of the model by namespace and name, so that nothing depends on the input's order */
	const struct svcr_service **services;
	const struct svcr_network_policy **policies;
	const struct svcr_ingress **ingresses;
	const struct svcr_namespace **namespaces; /* by name */
	struct svcrules_findings *f;
	unsigned has; /* SVCR_HAS_ */
	/* pods that the services of a namespace may still select */
	const char *last_ns;
	size_t pods_left;
};

/* The place of a finding; all but the source may be NULL. */
struct svcr_place {
	const char *kind, *ns, *name, *source, *field;
};

#define SVCR_PLACE_SERVICE(s, at) \
	((struct svcr_place){ "Service", (s)->ns, (s)->name, (s)->source, at })

/* Adds a finding of the check of that name, if it is on. 0 or -ENOMEM. */
int svcr_found(struct svcr_checks *c, const char *check, const struct svcr_place *at,
	       const char *fmt, ...) __attribute__((format(printf, 4, 5)));
/* Adds a diagnostic of reading or building. 0 or -ENOMEM. */
int svcr_found_diag(struct svcrules_findings *f, const struct svcrules_diag *d);
/* The service of that name; NULL: the input has none. */
const struct svcr_service *svcr_checks_service(const struct svcr_checks *c, const char *ns,
					       const char *name);
/* The namespace of that name; NULL: the input has none. */
const struct svcr_namespace *svcr_checks_namespace(const struct svcr_checks *c, const char *name);

/* Before the one below: puts Pods in order, once. 0 or -ENOMEM. */
int svcr_checks_index_pods(struct svcr_checks *c);
/* True if the namespace, whose name is interned, has Pods in the input. */
bool svcr_checks_has_pods(const struct svcr_checks *c, const char *ns);

/* The functions of the table, in the file of their theme. Each returns 0 or -ENOMEM. */
int svcr_check_reasons(struct svcr_checks *c);
int svcr_check_dual_stack(struct svcr_checks *c);
int svcr_check_affinity(struct svcr_checks *c);
int svcr_check_ports(struct svcr_checks *c);
int svcr_check_ranges(struct svcr_checks *c);
int svcr_check_node_ports(struct svcr_checks *c);
int svcr_check_node_port_range(struct svcr_checks *c);
int svcr_check_local_ports(struct svcr_checks *c);
int svcr_check_old_services(struct svcr_checks *c);
int svcr_check_old_ingresses(struct svcr_checks *c);
int svcr_check_old_versions(struct svcr_checks *c);
int svcr_check_addresses(struct svcr_checks *c);
int svcr_check_external(struct svcr_checks *c);
int svcr_check_cluster_ips(struct svcr_checks *c);
int svcr_check_slices(struct svcr_checks *c);
int svcr_check_legacy(struct svcr_checks *c);
int svcr_check_peers(struct svcr_checks *c);
int svcr_check_dns_blocked(struct svcr_checks *c);
int svcr_check_shadowed(struct svcr_checks *c);
int svcr_check_ingresses(struct svcr_checks *c);
int svcr_check_paths(struct svcr_checks *c);
int svcr_check_certificates(struct svcr_checks *c);
int svcr_check_without_tls(struct svcr_checks *c);
int svcr_check_namespaces(struct svcr_checks *c);
int svcr_check_external_names(struct svcr_checks *c);
int svcr_check_hostnames(struct svcr_checks *c);
int svcr_check_subdomains(struct svcr_checks *c);

#endif
