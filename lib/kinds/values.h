/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Readers of values that several kinds have. Functions with `void *member` are
 * for struct svcr_field, and say which type the member has. A wrong value is an
 * error in the diagnostics. It leaves the member as it was, as null and "" do,
 * except that a policy is then false and an address not given.
 */
#ifndef SVCR_VALUES_H
#define SVCR_VALUES_H

#include "reader.h"

/*
 * const char *: a name of up to 63 bytes (services, namespaces, ports: they end
 * up in rule comments).
 */
void svcr_read_short_name(struct svcr_reader *r, void *member);
/* const char *: a name of up to 253 bytes. */
void svcr_read_long_name(struct svcr_reader *r, void *member);

/* An address of an object that may lack it. */
struct svcr_given_addr {
	struct svcr_addr addr;
	bool given;
};

/* struct svcr_given_addr. */
void svcr_read_given_addr(struct svcr_reader *r, void *member);
/* struct svcr_addrs: one more address. */
void svcr_read_addr_item(struct svcr_reader *r, void *member);
/* struct svcr_cidrs: one more prefix; white space around it is allowed. */
void svcr_read_cidr_item(struct svcr_reader *r, void *member);
/* uint8_t, enum svcr_protocol. */
void svcr_read_protocol(struct svcr_reader *r, void *member);
/* bool: a traffic policy; true for Local. */
void svcr_read_policy(struct svcr_reader *r, void *member);

/* Adds an address to a list; sets r->err when memory is short. */
void svcr_read_add_addr(struct svcr_reader *r, struct svcr_addrs *list, const struct svcr_addr *a);
/* Adds the error that `s` is no IP address. */
void svcr_read_address_error(struct svcr_reader *r, struct svcr_str s);

#endif
