/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The addresses of the interface svcrules0, as a value: the part "link" of a rule set. The
 * interface is ours by its alias, SVCRULES_INTERFACE_OWNER and the name of the target's table.
 */
#ifndef SVCR_LINK_H
#define SVCR_LINK_H

#include "model.h"
#include "rules/part.h"

#define SVCR_LINK_OWNER_MAX 256 /* the kernel's limit on aliases, with the terminator */

struct svcr_link {
	struct svcr_part part;           /* first: this is a part */
	char table[SVCR_LINK_OWNER_MAX]; /* that the interface belongs to, as wanted */
	struct svcr_addrs addresses;     /* sorted */
	/* as the kernel has it: */
	struct svcr_addrs preferred; /* those of IPv6 that may become a source; sorted */
	bool present;
	/* not of kind dummy, with another alias, or without one but with addresses */
	bool foreign;
	bool up;
	bool named; /* has an alias */
	int index;
	/* the table that it belongs to; "" without an alias, or if foreign */
	char owner[SVCR_LINK_OWNER_MAX];
};

struct svcr_link_changes {
	struct svcr_part_changes part;
	const struct svcr_link *from, *to;
	SVCR_LIST(const struct svcr_addr *) bind, unbind;
};

extern const struct svcr_part_ops svcr_link_ops;

struct svcr_link *svcr_link_new(const char *table); /* NULL: out of memory */
void svcr_link_free(struct svcr_link *l);
/* Adds to a list of addresses, at the end: 0 or -ENOMEM. */
int svcr_addrs_add(struct svcr_addrs *l, const struct svcr_addr *a);
/* Takes a message of route netlink (RTM_NEWLINK, RTM_NEWADDR) about the interface. 0 or -ENOMEM. */
int svcr_link_decode(struct svcr_link *l, const void *msg);
/* Sorts what was decoded; must follow the last message. */
void svcr_link_decode_end(struct svcr_link *l);

#endif
