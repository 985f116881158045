/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interface svcrules0 of kind dummy that holds the addresses of services,
 * so that the kernel takes their packets for its own and IPVS sees them. It is
 * ours by its alias, "managed by svcrules: OWNER".
 *
 * All is of the network namespace the caller is in. Functions return 0 or a
 * negative errno, the kernel's own; outputs are written only on success unless
 * said otherwise.
 */
#ifndef SVCRULES_DUMMY_H
#define SVCRULES_DUMMY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "svcrules.h"

#define DUMMY_NAME SVCRULES_IPVS_INTERFACE
#define DUMMY_ALIAS SVCRULES_IPVS_OWNER /* the owner's name follows */
#define DUMMY_OWNER_SIZE 256 /* the kernel's limit on aliases */

struct dummy_address {
	uint8_t family;   /* AF_INET, AF_INET6 */
	uint8_t prefix;   /* 32 or 128 where it is ours */
	uint8_t addr[16]; /* network order; IPv4: the first four, the rest zero */
};

struct dummy {
	bool present;
	/*
	 * Somebody else's: not of kind dummy, with another alias, or without one
	 * but with addresses. No alias and no address is what a killed dummy_make() leaves.
	 */
	bool foreign;
	bool up;
	char owner[DUMMY_OWNER_SIZE]; /* "" without an alias, or if foreign */
	int index;
	struct dummy_address *addresses; /* without IPv6 link-local ones, in the kernel's order */
	size_t count;
};

/* What the kernel refused of dummy_addresses(). */
struct dummy_error {
	size_t index; /* into the array of addresses */
	int err;      /* negative errno, raw */
};

/* The interface's number; 0: there is none. */
unsigned int dummy_index(void);
/*
 * Reads the interface; one that is not there is no error (all zero). *ret is to
 * be released. Returns -ENOMEM, -EINTR (addresses changed during each of five
 * reads) or the kernel's error.
 */
int dummy_read(struct dummy *ret);
void dummy_release(struct dummy *d); /* what it holds; all zero then */

/*
 * Makes the interface, or completes one: alias, IPv6 without a link-local
 * address where that can be set, up. What is as it should be is not sent again.
 * Returns -EOPNOTSUPP when the kernel has no dummy driver (module dummy is
 * loaded by asking for it), -EEXIST when there is a foreign interface or one of
 * another owner (nothing was changed), -ENAMETOOLONG: `owner`, -EPERM, -ENOMEM,
 * or the kernel's error.
 */
int dummy_make(const char *owner);

/*
 * Adds or removes `n` addresses; the interface must be ours. One that is there
 * already, or gone already, counts as done. IPv6 ones get no duplicate address
 * detection and no prefix route. `errors` takes up to `max` refusals in order
 * of the array; *nerrors is how many were stored, and is written always.
 * Returns 0; -ENODEV to add without the interface; -EINVAL with *nerrors 0: an
 * address is of no family, or its prefix too long (nothing was sent); -ENOMEM;
 * -ENOBUFS: answers were lost, read again; otherwise the first refusal.
 */
int dummy_addresses(bool add, const struct dummy_address *v, size_t n,
		    struct dummy_error *errors, size_t max, size_t *nerrors);

/* Removes the interface, which must be ours, with its addresses; 0 also when there is none. */
int dummy_delete(void);

#endif
