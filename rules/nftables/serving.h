/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The endpoints that may keep the flows of UDP and SCTP that they have. The maps of the tables
 * are no help: they have only endpoints that get new flows on this node.
 */
#ifndef SVCR_SERVICES_SERVING_H
#define SVCR_SERVICES_SERVING_H

#include "rules/ruleset.h"
#include "view.h"

/* Takes the lists out of the view: 0 or -ENOMEM. */
int svcr_serving_make(struct svcr_view *view, struct svcr_serving **ret);
/*
 * True if the endpoint `data` (address and port) serves the VIP `key` still; both as in the
 * tables' maps. `s` may be NULL: nothing serves.
 */
bool svcr_serving_has(const struct svcr_serving *s, uint8_t family, const uint8_t *key,
		      const uint8_t *data);

#endif
