/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SVCR_IPVS_BUILD_H
#define SVCR_IPVS_BUILD_H

#include "rules/ruleset.h"

/* Builds virtual servers, addresses and tables from objects; see struct svcr_target.build. */
int svcr_ipvs_build(const struct svcrules_model *m, const struct svcrules_options *o,
		    struct svcrules_diags *d, struct svcrules_ruleset *rs);

#endif
