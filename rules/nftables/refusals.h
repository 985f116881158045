/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Why addresses and ports refuse or drop packets, or are left out: phrases for reports. */
#ifndef SVCR_SERVICES_REFUSALS_H
#define SVCR_SERVICES_REFUSALS_H

#include "rules/ruleset.h"
#include "view.h"

struct svcr_refusal {
	const char *inside, *outside; /* for packets from there; NULL: they are served */
	/* a service port of that name is left out at this address and port; NULL: none is */
	const char *left_out, *name;
};

/* Finds the phrases if the option `explain` is set; else *ret is NULL. 0 or -ENOMEM. */
int svcr_refusals_make(const struct svcr_view *view, const struct svcrules_model *m,
		       const struct svcrules_options *o, struct svcr_refusals **ret);
/* The phrases of a VIP `key`, as in the tables' maps; NULL: none. `r` may be NULL. */
const struct svcr_refusal *svcr_refusals_find(const struct svcr_refusals *r, uint8_t family,
					      const uint8_t *key);
/* Why the service "namespace/name" (`len` bytes) is left out in a family; NULL: it is not. */
const char *svcr_refusals_of_service(const struct svcr_refusals *r, uint8_t family,
				     const char *name, size_t len);

#endif
