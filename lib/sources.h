/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which sources loadBalancerSourceRanges admit. */
#ifndef SVCR_SOURCES_H
#define SVCR_SOURCES_H

#include "view.h"

/*
 * Fills in view->sources, and `sources` of the VIPs to which it applies. Services and the node's
 * addresses must be in the view. A service with more than o->max_source_ranges ranges admits
 * nobody, with a warning. 0 or -ENOMEM.
 */
int svcr_sources_select(struct svcr_view *view, const struct svcrules_options *o,
			struct svcrules_diags *d);

#endif
