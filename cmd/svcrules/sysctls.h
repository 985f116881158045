/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Messages about the sysctls that the ipvs back end needs; kernel/sysctl.h finds and sets them. */
#ifndef SVCRULES_SYSCTLS_H
#define SVCRULES_SYSCTLS_H

#include <stdbool.h>

/*
 * Sets those that have another value and, unless `quiet`, prints each change.
 * Continues after a failure. Returns EXIT_DONE, or EXIT_KERNEL having printed
 * which could not be set and why. Must not be called under --no-sysctls.
 */
int sysctls_apply(bool strict_arp, bool quiet);

/* Prints one warning for each that has another value, with what that breaks. Changes nothing. */
void sysctls_warn(bool strict_arp);

#endif
