/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Readers of values that several kinds have. Functions with `void *member` are
 * for struct svcr_field, and say which type the member has. A value that cannot
 * be used gets a warning and leaves the member as it was, as null and "" do,
 * except that a policy is then false and an address not given.
 */
#ifndef SVCR_VALUES_H
#define SVCR_VALUES_H

#include "reader.h"

/* Bytes of names: of services, namespaces and ports, which end up in rule comments; of others. */
#define SVCR_NAME_SHORT 63
#define SVCR_NAME_LONG 253
/*
 * Reads a name of up to `max` bytes. Returns false, *member unchanged, after a
 * warning that the value is no name, which ends with `instead`.
 */
bool svcr_read_name(struct svcr_reader *r, const char **member, size_t max, const char *instead);
/*
 * True if `s` is a label of a DNS name as Kubernetes stores it (RFC 1123): up to 63 lower-case
 * letters, digits and '-', a letter or digit first and last.
 */
bool svcr_dns_label(struct svcr_str s);
/* True for such labels with dots between, up to 253 bytes. */
bool svcr_dns_name(struct svcr_str s);
/*
 * True for what Kubernetes calls a DNS subdomain: the names of most objects and the hosts of an
 * Ingress. An API server bounds the whole, 253 bytes, and no label.
 */
bool svcr_subdomain(struct svcr_str s);
/*
 * True unless the model makes DNS names and `name` (NULL: none was read) is no label: then
 * an error is added.
 */
bool svcr_read_check_label(struct svcr_reader *r, const char *name);
/* const char *: the hostname of an endpoint; left alone unless the model has names. */
void svcr_read_hostname(struct svcr_reader *r, void *member);
/*
 * const char *: the name of the pod that targetRef of an endpoint names; left alone unless the
 * model reads which pods endpoints belong to.
 */
void svcr_read_target_ref(struct svcr_reader *r, void *member);
/* The number of an endpoint's names, each perhaps NULL; 0: none, or memory is short (r->err). */
uint32_t svcr_read_endpoint_names(struct svcr_reader *r, const char *hostname, const char *pod);
/* const char *: a name of up to 63 bytes in a label. */
void svcr_read_label_name(struct svcr_reader *r, void *member);
/* const char *: the name of a port; NULL if it is no name, which leaves the port out. */
void svcr_read_port_name(struct svcr_reader *r, void *member);

/* An address of an object that may lack it. */
struct svcr_given_addr {
	struct svcr_addr addr;
	bool given;
};

/* struct svcr_given_addr. */
void svcr_read_given_addr(struct svcr_reader *r, void *member);
/* struct svcr_addrs: one more address. */
void svcr_read_addr_item(struct svcr_reader *r, void *member);
/*
 * struct svcr_cidrs: one more prefix; white space of Unicode around it is
 * trimmed, as API servers do before they check source ranges.
 */
void svcr_read_cidr_item(struct svcr_reader *r, void *member);
/* uint8_t, enum svcr_protocol; SVCR_OTHER_PROTOCOL for a word that is none. */
void svcr_read_protocol(struct svcr_reader *r, void *member);
#define SVCR_OTHER_PROTOCOL 255
/* bool: a traffic policy; true for Local. */
void svcr_read_policy(struct svcr_reader *r, void *member);

/* Adds an address to a list; sets r->err when memory is short. */
void svcr_read_add_addr(struct svcr_reader *r, struct svcr_addrs *list, const struct svcr_addr *a);
/* Adds the warning that `s` is no IP address and is left out. */
void svcr_read_address_warning(struct svcr_reader *r, struct svcr_str s);

#endif
