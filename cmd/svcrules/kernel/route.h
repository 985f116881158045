/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The host's routes. */
#ifndef SVCRULES_KERNEL_ROUTE_H
#define SVCRULES_KERNEL_ROUTE_H

#include <stdint.h>

struct netlink;

/*
 * 1 if this host can send to the address (AF_INET: 4 bytes; AF_INET6: 16), 0 if it has no route
 * to it or one that refuses, or a negative errno. `s` must be a socket of route netlink.
 */
int route_exists(struct netlink *s, uint8_t family, const uint8_t *addr);

#endif
