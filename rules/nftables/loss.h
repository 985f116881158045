/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Which addresses of Services send packets somewhere before a change, and no more after it. */
#ifndef SVCR_SERVICES_LOSS_H
#define SVCR_SERVICES_LOSS_H

#include "rules/nft/value.h"
#include "rules/ruleset.h"

/* The table of Services of that family; NULL: none, or one that is switched off. */
const struct svcr_nft_table *svcr_services_serving(const struct svcr_nft *n, uint8_t family);
/*
 * True if packets to the address and port `key` are sent to endpoints: those from pods and the node
 * itself, or those from outside. `t` may be NULL.
 */
bool svcr_services_sends(const struct svcr_nft_table *t, const uint8_t *key, bool outside);

/* The function `loss` of targets whose tables have a layout of Services; see rules/target.h. */
void svcr_services_loss(const struct svcrules_changes *c, struct svcrules_loss *ret);

#endif
