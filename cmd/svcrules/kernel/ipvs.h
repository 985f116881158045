/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sysctls that IPVS needs; its driver is in driver.h. */
#ifndef SVCRULES_KERNEL_IPVS_H
#define SVCRULES_KERNEL_IPVS_H

#include "kernel/session.h"

/*
 * Sets those that have another value or, unless `change`, only warns of them, in the findings.
 * Continues after a failure. Returns an exit code.
 */
int ipvs_sysctls(struct session *s, bool strict_arp, bool change);

#endif
