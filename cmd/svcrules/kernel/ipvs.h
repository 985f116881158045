/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The sysctls that IPVS needs; its driver is in driver.h. */
#ifndef SVCRULES_KERNEL_IPVS_H
#define SVCRULES_KERNEL_IPVS_H

#include "kernel/session.h"

/*
 * Sets the sysctls that have another value and adds a notice for each or, unless `change`, only a
 * warning, which is a notice, too. `strict_arp`: with the settings for strict ARP. Continues
 * after a failure. Returns an exit code, with findings.
 */
int ipvs_sysctls(struct session *s, bool strict_arp, bool change);

#endif
