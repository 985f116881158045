/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sysctls that the ipvs back end needs, of the network namespace the
 * caller is in: those of net.ipv4.vs (there once the module ip_vs is loaded)
 * and, for strict ARP, arp_ignore and arp_announce of all interfaces.
 */
#ifndef SVCRULES_VS_SYSCTL_H
#define SVCRULES_VS_SYSCTL_H

#include <stdbool.h>

/*
 * Sets those that are not as wanted and, unless `quiet`, tells of each change.
 * Goes on after a failure. Returns EXIT_DONE, or EXIT_KERNEL having said which
 * could not be set and why. Not to be called under --no-sysctls.
 */
int vs_sysctl_apply(bool strict_arp, bool quiet);

/* One warning for each that is not as wanted, with what that breaks. Changes nothing. */
void vs_sysctl_warn(bool strict_arp);

#endif
