/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The endpoints of all VIPs of a view. */
#ifndef SVCR_CHOICES_H
#define SVCR_CHOICES_H

#include "view.h"

/*
 * Chooses the endpoints once for each service port and family that has a VIP, and counts ports and
 * endpoints of the view. `ordinals` has for each VIP the number of its service port: ports are
 * counted over all services, `nordinals` of them. 0 or -ENOMEM.
 */
int svcr_choices_make(struct svcr_view *view, const size_t *ordinals, size_t nordinals,
		      struct svcr_endpoints *x);

#endif
