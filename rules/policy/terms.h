/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Inside peers: how terms are made and names are found. */
#ifndef SVCR_POLICY_TERMS_H
#define SVCR_POLICY_TERMS_H

#include "rules/policy/peers.h"

/* Returns the only copy of a term. NULL: out of memory. */
struct svcr_term *svcr_term_add(struct svcr_peers *p, struct svcr_term *like);
/* True if container ports of that name and protocol are asked for. */
bool svcr_peers_has_name(struct svcr_peers *p, const char *name, uint8_t protocol);

#endif
