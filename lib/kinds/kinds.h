/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kinds of Kubernetes objects that can be read. A kind is one file in this
 * folder, its declaration below and its row in kinds.c.
 */
#ifndef SVCR_KINDS_H
#define SVCR_KINDS_H

#include <stdbool.h>
#include <stddef.h>
#include "str.h"

struct svcr_field;
struct svcr_reader;

struct svcr_kind {
	const char *kind, *api; /* "Service", "v1" */
	bool namespaced;
	/* a name that no object can have is an error: without the object a door would be open */
	bool needs_name;
	bool secret; /* has values that no memory keeps longer than needed */
	/*
	 * The type that objects are read into: its fields and its size. Its
	 * first member is a struct svcr_metadata. It is zeroed before an object
	 * is read, and used for all objects of the kind.
	 */
	const struct svcr_field *fields;
	size_t size;
	/*
	 * Follows when all fields of an object are read, also after errors:
	 * checks what needs more than one field, and moves the object into the
	 * model, including all lists that its fields own. An object that is
	 * given up is released by its fields instead (svcr_read_release()).
	 */
	void (*finish)(struct svcr_reader *r, void *object);
};

extern const struct svcr_kind svcr_kind_service;
extern const struct svcr_kind svcr_kind_endpoint_slice;
extern const struct svcr_kind svcr_kind_endpoint_slice_v1beta1;
extern const struct svcr_kind svcr_kind_endpoints;
extern const struct svcr_kind svcr_kind_node;
extern const struct svcr_kind svcr_kind_pod;
extern const struct svcr_kind svcr_kind_namespace;
extern const struct svcr_kind svcr_kind_network_policy;
extern const struct svcr_kind svcr_kind_ingress;
extern const struct svcr_kind svcr_kind_ingress_class;
extern const struct svcr_kind svcr_kind_secret;
extern const struct svcr_kind svcr_kind_deployment;
extern const struct svcr_kind svcr_kind_stateful_set;
extern const struct svcr_kind svcr_kind_daemon_set;
extern const struct svcr_kind svcr_kind_replica_set;
extern const struct svcr_kind svcr_kind_replication_controller;
extern const struct svcr_kind svcr_kind_job;
extern const struct svcr_kind svcr_kind_cron_job;

/* All of them, ended by NULL. */
extern const struct svcr_kind *const svcr_kinds[];
/* Those that every target reads, unless Pods are needed for nothing, ended by NULL. */
extern const struct svcr_kind *const svcr_pod_kinds[];
/* Those that every target reads with the option network-policy, ended by NULL. */
extern const struct svcr_kind *const svcr_policy_kinds[];

/*
 * Returns the kind of that name and API; with `api` NULL or "" the first kind of
 * that name. NULL: none in `kinds`.
 */
const struct svcr_kind *svcr_kinds_find(const struct svcr_kind *const *kinds, const char *name,
					const char *api);
/* Returns the only kind of that API; NULL if `kinds` have none or several. */
const struct svcr_kind *svcr_kinds_only(const struct svcr_kind *const *kinds, struct svcr_str api);

#endif
