/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The interface svcrules0 of kind dummy. It holds the addresses of services, so
 * that the kernel delivers their packets locally, where IPVS sees them. Its
 * alias, "managed by svcrules: OWNER", marks it as made by svcrules.
 *
 * libnl-route builds and parses the messages that make the interface;
 * netlink/socket.h sends and receives them. Messages about its addresses come
 * from the library. The driver is in driver.h.
 *
 * Everything is of the network namespace of the caller. Functions return 0 or a
 * negative errno, the kernel's own; outputs are written only on success unless
 * stated otherwise.
 */
#ifndef SVCRULES_KERNEL_LINK_H
#define SVCRULES_KERNEL_LINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "svcrules.h"

#define LINK_NAME SVCRULES_INTERFACE
#define LINK_ALIAS SVCRULES_INTERFACE_OWNER /* followed by the owner's name */
#define LINK_OWNER_SIZE 256                 /* the kernel's limit on aliases */

struct link_address {
	uint8_t family;   /* AF_INET, AF_INET6 */
	uint8_t prefix;   /* 32 or 128 if svcrules added it */
	uint8_t addr[16]; /* network order; IPv4: the first four, the rest zero */
	bool preferred; /* IPv6: may become a source, so svcrules did not add it, or before 0.4.0 */
};

struct link_state {
	bool present;
	/*
	 * Not made by svcrules: of another kind, with another alias, or with
	 * addresses and no alias. (No alias and no address: link_make() was
	 * killed after creating it.)
	 */
	bool foreign;
	bool up;
	char owner[LINK_OWNER_SIZE]; /* "" if it has no alias or is foreign */
	int index;
	struct link_address *addresses; /* without IPv6 link-local ones, in the kernel's order */
	size_t count;
};

/* The number of the interface; 0 with errno set: there is none. */
unsigned int link_index(void);
/*
 * Reads the interface; if there is none, *ret is all zero and the result 0. The
 * caller releases *ret. Returns -ENOMEM, -EINTR (addresses changed during each of
 * five reads) or the kernel's error.
 */
int link_read(struct link_state *ret);
void link_release(struct link_state *d); /* frees the addresses; *d is all zero then */

/*
 * Creates the interface, or completes it: with the alias, without a link-local
 * IPv6 address where that can be set, and up. Settings that are right already
 * are not sent.
 * Returns -EOPNOTSUPP if the kernel has no dummy driver (the request loads the
 * module dummy), -EEXIST if there is a foreign interface or one of another owner
 * (nothing was changed), -ENAMETOOLONG if `owner` is too long, -EPERM, -ENOMEM,
 * or the kernel's error.
 */
int link_make(const char *owner);

/*
 * Removes the interface, which must belong to svcrules, with its addresses;
 * returns 0 also if there is none.
 */
int link_delete(void);

#endif
