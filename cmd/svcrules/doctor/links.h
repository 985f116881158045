/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The interfaces of this network namespace. */
#ifndef SVCRULES_DOCTOR_LINKS_H
#define SVCRULES_DOCTOR_LINKS_H

#include <net/if.h>
#include <stdbool.h>
#include <stdint.h>

#include "netlink/socket.h"

struct link {
	char name[IF_NAMESIZE];
	char kind[16];              /* "vxlan", "bridge"; "": a card */
	uint32_t mtu, index, below; /* below: the interface under a vxlan; 0: unknown */
	bool up, loopback;
};

struct links {
	struct link *v; /* malloc'ed */
	size_t n;
};

/* Adds all of them. Returns 0 or a negative errno; in both cases the list is to be freed. */
int links_read(struct netlink *s, struct links *ret);

#endif
