/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts, for each service of a report, its distinct endpoints before and after the changes, at all
 * its addresses: also at those that do not change.
 */
#ifndef SVCR_SERVICES_TALLY_H
#define SVCR_SERVICES_TALLY_H

#include "rules/nftables/report.h"

struct svcr_tally;

/* Notes an endpoint of a group of the report, on one side. */
void svcr_tally_add(struct svcr_tally *t, uint32_t group, bool to, const struct svcr_addr *addr,
		    uint16_t port);
/*
 * Sets in_from, in_to and the numbers of endpoints of the groups. Takes time in proportion to the
 * services of both sides and to the endpoints of those in the report. `more` may be NULL. 0 or
 * -ENOMEM.
 */
int svcr_tally_count(struct svcr_report *r, const struct svcr_nft_changes *c,
		     const struct svcr_services_more *more);

#endif
