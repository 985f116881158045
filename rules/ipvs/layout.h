/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layout of the tables that go with IPVS: the tables for Services, with IPVS as the
 * delegate that chooses endpoints.
 */
#ifndef SVCR_IPVS_LAYOUT_H
#define SVCR_IPVS_LAYOUT_H

#include "rules/nftables/layout.h"

extern const struct svcr_nft_layout svcr_ipvs_layout;

#endif
