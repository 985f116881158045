/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Objects as people write them (manifests) laid over those that an API server answered: what the
 * server assigned stays, and endpoints follow as far as they can be known.
 */
#ifndef SVCR_OVERLAY_H
#define SVCR_OVERLAY_H

#include "reader.h"
#include "seen.h"

/*
 * Notes that `new`, an object of the overlay, takes the place of `old`, which was read before the
 * overlay, and gives `new` what the server assigned to `old`: cluster IPs, node ports, addresses of
 * load balancers. To be called while both have entries in the model.
 */
void svcr_overlay_replace(struct svcr_reader *r, const struct svcr_seen *old,
			  const struct svcr_seen *new);
/* Notes an object of the overlay that is new. */
void svcr_overlay_add(struct svcr_reader *r, const struct svcr_seen *new);
/* True if Pods take the place of the slices of the service, because the overlay has changed it. */
bool svcr_overlay_uses_pods(const struct svcrules_model *m, const struct svcr_service *s);

#endif
