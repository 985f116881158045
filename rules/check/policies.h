/* SPDX-License-Identifier: GPL-2.0-or-later */
#ifndef SVCR_CHECK_POLICIES_H
#define SVCR_CHECK_POLICIES_H

#include "rules/check/check.h"

/*
 * Policies of a namespace with which each other one is compared: the first by name. The work then
 * grows with their number, not with its square.
 */
#define SVCR_POLICIES_COMPARED 256

/* All policies by namespace and name, in the arena; NULL: out of memory. */
const struct svcr_network_policy **svcr_checks_policies(struct svcr_checks *c);

#endif
