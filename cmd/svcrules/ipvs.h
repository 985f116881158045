/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IPVS in the kernel: what is there now, and how it is changed. Functions return an exit code, having said what is wrong. */
#ifndef SVCRULES_IPVS_H
#define SVCRULES_IPVS_H

#include "kernel/link.h"
#include "netlink/generic.h"
#include "netlink/transaction.h"
#include "svcrules.h"

/* What the kernel has of ours. Starts as { .nl = ... }. */
struct ipvs_kernel {
	struct netlink *nl; /* the caller's */
	bool optional;   /* a kernel without IPVS has no virtual servers: no error */
	bool any_owner;  /* svcrules0 may belong to another table, which is then read */
	struct generic *genl;
	struct link_state dummy;
	struct svcrules_nft *table_now;
	struct svcrules_ipvs *have; /* beside table_now */
	size_t messages;            /* changes sent to IPVS and svcrules0 */
};

/* Reads the table of that name, svcrules0 and the virtual servers. The module ip_vs is loaded by that, if it can be. */
int ipvs_read(struct ipvs_kernel *k, const char *table);
/* All but k->nl. */
void ipvs_kernel_release(struct ipvs_kernel *k);
/* Are there signs that IPVS serves, or did, beside that table? Loads no module. */
bool ipvs_traces(const struct ipvs_kernel *k, const char *table);
/* Is `wanted` in the way of somebody else's virtual servers? */
int ipvs_conflicts(const struct ipvs_kernel *k, const struct svcrules_ipvs *wanted);
/*
 * From what was read to `wanted`: first all that is new or altered, then
 * removals. Not atomic: a run that ends half way is completed by the next, and
 * all is made that is not refused.
 * `table` is the one that svcrules0 belongs to.
 */
int ipvs_make(struct ipvs_kernel *k, const struct svcrules_ipvs *wanted, const char *table);

/* Removes all of it at once. *ret_servers: how many virtual servers. */
int ipvs_remove(struct ipvs_kernel *k, size_t *ret_servers);

struct ipvs_changes {
	struct svcrules_ipvs_changes *ipvs;
	struct svcrules_changes *nft; /* of the table beside */
};

/* Finds them; `to` is arranged as by svcrules_nft_diff(). Both must outlive the result. */
int ipvs_compare(const struct svcrules_ipvs *from, struct svcrules_ipvs *to, struct ipvs_changes *ret);
bool ipvs_changes_empty(const struct ipvs_changes *c);
void ipvs_changes_release(struct ipvs_changes *c);

#endif
