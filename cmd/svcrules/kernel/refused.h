/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Findings about a transaction of nf_tables that the kernel refused. */
#ifndef SVCRULES_KERNEL_REFUSED_H
#define SVCRULES_KERNEL_REFUSED_H

#include "kernel/session.h"
#include "netlink/transaction.h"

#define REFUSED_MAX 20 /* refusals that are reported; more say nothing new */

/*
 * Adds to the findings what the kernel refused of a transaction; `err` is its negative errno.
 * `named`: the messages are described as the changes that they make. Returns EXIT_KERNEL.
 */
int refused_find(struct session *s, const struct svcrules_changes *c, bool named, int err,
		 const struct transaction_error *errors, size_t n);

#endif
