/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which addresses of Services send packets somewhere before a change, and no more after it. */
#ifndef SVCR_SERVICES_LOSS_H
#define SVCR_SERVICES_LOSS_H

#include "rules/ruleset.h"

/* The function `loss` of targets whose tables have a layout of Services; see rules/target.h. */
void svcr_services_loss(const struct svcrules_changes *c, struct svcrules_loss *ret);

#endif
