/* SPDX-License-Identifier: GPL-2.0-or-later */
/* From the model to the view: which services, addresses and endpoints count on this node. */
#ifndef SVCR_SELECT_H
#define SVCR_SELECT_H

#include "view.h"

/*
 * Makes the view. Families that `o` leaves out have no VIPs, addresses or
 * ranges in it. `m` must outlive the view; warnings and notices go to `d`.
 * Returns 0 or -ENOMEM; the view is then released.
 */
int svcr_select(struct svcr_view *view, const struct svcrules_model *m,
		const struct svcrules_options *o, struct svcrules_diags *d);
#endif
