/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notifications of nf_tables: what each transaction of any program changed, in its order, and
 * then the generation that it made. Errors, ownership and threads: see socket.h.
 */
#ifndef SVCRULES_NETLINK_NOTIFY_H
#define SVCRULES_NETLINK_NOTIFY_H

#include "netlink/socket.h"

/*
 * Opens a socket that gets all notifications of the network namespace from now on; it is for the
 * two functions below only. NULL with *err set.
 */
struct netlink *notify_open(int *err);
/* Discards what waits. */
void notify_discard(struct netlink *s);
/*
 * Takes notifications until that generation was made. `cb` takes each message; what it returns
 * is ignored. Returns 0, -ENOBUFS (some were lost), -ETIMEDOUT (it was not made within a second)
 * or another negative errno.
 */
int notify_read(struct netlink *s, uint32_t generation, netlink_cb_fn cb, void *arg);

#endif
