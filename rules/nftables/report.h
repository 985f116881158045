/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reports changes in the words of Services: addresses and ports whose endpoints or properties
 * differ.
 */
#ifndef SVCR_SERVICES_REPORT_H
#define SVCR_SERVICES_REPORT_H

#include "rules/nft/diff.h"
#include "rules/nftables/layout.h"
#include "rules/report.h"

/* What another part of the rule set adds to the report of the tables. */
struct svcr_services_more {
	const void *arg;
	/* Adds VIPs that differ by svcr_services_report_vip(). 0 or -ENOMEM. */
	int (*collect)(struct svcr_report *r, const void *arg);
	/* Adds the endpoints and properties of the VIP on one side (`to`, else from). */
	void (*texts)(struct svcr_texts *t, bool to, uint8_t family, const uint8_t *key,
		      const void *arg);
};

/* Adds a VIP, once or more. 0 or -ENOMEM. */
int svcr_services_report_vip(struct svcr_report *r, uint8_t family, const uint8_t *key);
/*
 * Fills an empty report from the changes of tables. `details`: with what was added and
 * removed, and with what the rule sets of `all` say about addresses that refuse. `more` may
 * be NULL. 0 or -ENOMEM (then *r is released). *r refers to names in both rule sets.
 */
int svcr_services_report(struct svcr_report *r, const struct svcr_nft_changes *c, bool details,
			 const struct svcrules_changes *all, const struct svcr_services_more *more);

#endif
