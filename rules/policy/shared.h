/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Addresses that several running pods have. Nobody can tell whose packets come from them, so they
 * match no selector.
 */
#ifndef SVCR_POLICY_SHARED_H
#define SVCR_POLICY_SHARED_H

#include "model.h"
#include "options.h"

struct svcr_shared_addrs {
	struct svcr_addrs addrs; /* sorted; malloc'ed */
	/* two pods with the lowest of these addresses; the first by name and another one */
	const struct svcr_pod *first, *second;
};

/* Finds them. 0 or -ENOMEM; the caller releases *ret in both cases. */
int svcr_shared_find(struct svcr_shared_addrs *ret, const struct svcrules_model *m,
		     const struct svcrules_options *o);
void svcr_shared_release(struct svcr_shared_addrs *s);

#endif
