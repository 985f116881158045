/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of the tables of network policies in words of policies and pods. */
#ifndef SVCR_POLICY_REPORT_H
#define SVCR_POLICY_REPORT_H

#include "rules/nft/diff.h"
#include "rules/report.h"

/*
 * Fills an empty report: a line for each change of what a class of pods may do, such as
 * "production/go-api: ingress from 3 addresses of pods to 8080/tcp  + 10.244.1.13". Names belong
 * to the changes. 0 or -ENOMEM.
 */
int svcr_policy_report(struct svcr_report *r, const struct svcr_nft_changes *c);

#endif
