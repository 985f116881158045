/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Changes of virtual servers in the words of Services, together with those of the tables. */
#ifndef SVCR_IPVS_REPORT_H
#define SVCR_IPVS_REPORT_H

#include "rules/ipvs/diff.h"
#include "rules/report.h"

/* See struct svcr_target.report. */
int svcr_ipvs_report(const struct svcrules_changes *c, bool details, struct svcr_report *ret);

#endif
