/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The schedulers of Linux's IPVS. */
#ifndef SVCR_IPVS_SCHEDULER_H
#define SVCR_IPVS_SCHEDULER_H

#include <stdbool.h>

#define SVCR_SCHEDULER_MAX 16 /* bytes of a name, with the terminator (IP_VS_SCHEDNAME_MAXLEN) */
#define SVCR_SCHEDULER_DEFAULT "rr"

extern const char svcr_scheduler_names[]; /* for messages: "rr, wrr, ..." */
/* True if there is a scheduler of that name. */
bool svcr_scheduler_known(const char *name);
/*
 * True if the scheduler, when the real server that it prefers has weight 0, chooses another one
 * only with its fallback flag set.
 */
bool svcr_scheduler_needs_fallback(const char *name);

#endif
