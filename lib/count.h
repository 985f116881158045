/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Counts Services: those that a view serves, and those that it leaves out, by reason. */
#ifndef SVCR_COUNT_H
#define SVCR_COUNT_H

#include "view.h"

struct svcr_model_counts {
	size_t served; /* at one address and port at least */
	size_t headless, external_names, pending;
	size_t not_ours; /* another proxy's */
	size_t other; /* without ports, or with addresses that others have or that are unusable */
};

/* Returns 0 or -ENOMEM. */
int svcr_count_services(const struct svcrules_model *m, const struct svcr_view *view,
			struct svcr_model_counts *ret);

#endif
