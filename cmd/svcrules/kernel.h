/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The kernel's side: what is there now, and what it says about a batch. */
#ifndef SVCRULES_KERNEL_H
#define SVCRULES_KERNEL_H

#include "netlink/nfnetlink.h"
#include "netlink/transaction.h"

struct svcrules_changes;
struct svcrules_nft;

#define KERNEL_FAMILIES 2
extern const uint8_t kernel_families[KERNEL_FAMILIES]; /* NFPROTO_IPV4, NFPROTO_IPV6 */

/* Opens a socket and tries it; NULL, having said why it cannot be used (no permission, no nf_tables). */
struct netlink *kernel_open(void);
/* Says that something failed: "cannot <what>: <why>"; returns EXIT_KERNEL. */
int kernel_failed(const char *what, int err);

/*
 * Reads the tables of that name, with their elements, but not the remembered
 * clients: those change by themselves. No such table: an empty value. The
 * generation is the one all of it belongs to. Returns 0 or a negative errno.
 */
int kernel_read(struct netlink *n, const char *table, struct svcrules_nft **ret, uint32_t *ret_genid);
/*
 * kernel_read() for a command: says what is wrong, tables of that name which
 * svcrules did not make included. Returns an exit code.
 */
int kernel_read_own(struct netlink *n, const char *table, struct svcrules_nft **ret, uint32_t *ret_genid);

/*
 * True if the generation is `genid` and the table is there in the families
 * said: then nobody changed any rule since. (The table is asked for because a
 * module that was unloaded counts from 1 again.)
 */
bool kernel_unchanged(struct netlink *n, uint32_t genid, const char *table, bool ipv4, bool ipv6);

/* True if there is a table of that name in one of the families, whosever it is. */
bool kernel_has_table(struct netlink *n, const char *table);

/* Says that the table is not ours; returns EXIT_KERNEL. */
int kernel_foreign(uint8_t family, const char *table);

/* Dumps the elements of one set. Returns as nfnetlink_dump(). */
int kernel_elements(struct netlink *n, uint8_t family, const char *table, const char *set, netlink_cb_fn cb, void *arg);

/* Says what the kernel refused, in the words of `c` (may be NULL); returns EXIT_KERNEL. */
int kernel_refused(const struct svcrules_changes *c, int err, const struct transaction_error *errors, size_t nerrors);

#endif
