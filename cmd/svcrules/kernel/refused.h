/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Transactions of nf_tables: sent, and findings about what the kernel refused. */
#ifndef SVCRULES_KERNEL_REFUSED_H
#define SVCRULES_KERNEL_REFUSED_H

#include "kernel/session.h"
#include "netlink/transaction.h"

#define REFUSED_MAX 20 /* refusals that are reported; more say nothing new */

/* What became of a transaction. */
struct refused {
	struct transaction_error errors[REFUSED_MAX];
	size_t n;        /* of `errors` */
	size_t messages; /* sent */
	int err;         /* 0, or what transaction_send() returned */
};

/*
 * Encodes one stage of the changes of tables and sends it in one transaction, as
 * transaction_send() does with `commit` and `generation`. If `have` is not NULL, and nobody
 * changed its tables since they were read (watch.h), it is sent again in the generations that
 * other programs made; *generation is then the last. Returns EXIT_DONE with *ret set, or an exit
 * code with a finding if nothing could be sent.
 */
int refused_send(struct session *s, struct svcrules_changes *c, enum svcrules_stage stage,
		 bool commit, uint32_t *generation, const struct svcrules_ruleset *have,
		 struct refused *ret);

/*
 * Adds to the findings what the kernel refused of a transaction, when r->err is not 0.
 * `named`: the messages are described as the changes that they make. Returns EXIT_KERNEL.
 */
int refused_find(struct session *s, const struct svcrules_changes *c, bool named,
		 const struct refused *r);

#endif
