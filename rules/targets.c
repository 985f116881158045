/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The list of targets: each has a header and a row here. */
#include "rules/dns/target.h"
#include "rules/iptables/target.h"
#include "rules/ipvs/target.h"
#include "rules/nftables/target.h"
#include "rules/nginx/target.h"

/* clang-format off */
const struct svcr_target *const svcr_targets[] = {
	&svcr_target_nftables, /* the default */
	&svcr_target_ipvs,
	&svcr_target_dns,
	&svcr_target_iptables,
	&svcr_target_nginx,
	NULL
};
/* clang-format on */
