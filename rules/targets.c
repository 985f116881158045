/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of targets. */
#include "rules/ipvs/target.h"
#include "rules/nftables/target.h"
#include "rules/target.h"

const struct svcr_target *const svcr_targets[] = { &svcr_target_nftables, &svcr_target_ipvs, NULL };
