/* SPDX-License-Identifier: GPL-2.0-or-later */
/* `apply` through IPVS, and what a change of back ends leaves to be done. */
#ifndef SVCRULES_IPVS_APPLY_H
#define SVCRULES_IPVS_APPLY_H

#include <stdbool.h>

struct arguments;
struct netlink;
struct svcrules_options;

/* The whole command. Returns an exit code. */
int ipvs_apply(const struct arguments *a, struct svcrules_options *settings);
/*
 * Takes away what the ipvs back end left, now that another one serves; what
 * has connections stays, drains, and goes with a later run: *ret_left. The
 * caller has the lock. Returns an exit code.
 */
int ipvs_retire(const struct arguments *a, struct netlink *nl, const struct svcrules_options *settings, bool *ret_left);

#endif
