/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Gives up what the process may do beyond its task, before it reads what others wrote: all
 * capabilities but CAP_NET_ADMIN, or all of them, and the right to gain any by executing a file.
 */
#ifndef SVCRULES_PRIVILEGE_H
#define SVCRULES_PRIVILEGE_H

#include <stdbool.h>

/*
 * Keeps CAP_NET_ADMIN if `net_admin` is set and the process has it; drops all others, also from
 * the bounding set where that is permitted, and sets no_new_privs. A failure is a warning and the
 * run goes on: the rules of a node are worth more than a second line of defence. Whatever is
 * opened later must be open to the user without capabilities.
 */
void privilege_drop(bool net_admin);

#endif
