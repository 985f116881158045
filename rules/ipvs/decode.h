/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From the kernel's generic netlink messages of the family IPVS (linux/ip_vs.h) to a value, in
 * this order: a dump of virtual servers; own, which sorts out those that others made; the answers
 * to the questions for missing ones, and own again; for each virtual server left a dump of its
 * real servers; end.
 *
 * The kernel (6.1, 6.18) dumps from one list of all network namespaces, piece by piece, and
 * does not report that the list moved in between: own and end return -EINTR if something is
 * there twice (read all again), and what was skipped is missing, though the tables say that
 * it is there.
 */
#ifndef SVCR_IPVS_DECODE_H
#define SVCR_IPVS_DECODE_H

#include "rules/ipvs/servers.h"

/* Takes a message about a virtual server. 0, -ENOMEM or -EBADMSG. */
int svcr_ipvs_decode(struct svcr_ipvs *v, const void *msg);
/*
 * A virtual server is ours by its address on svcrules0, its place in the tables, or the mark
 * in its flags: all others are moved to `foreign`. 0, -ENOMEM or -EINTR.
 */
int svcr_ipvs_own(struct svcr_ipvs_parts *p);
/* Takes a message about a real server of the i-th virtual server. 0, -ENOMEM or -EBADMSG. */
int svcr_ipvs_decode_real(struct svcr_ipvs *v, size_t i, const void *msg);
/* 0 or -EINTR. */
int svcr_ipvs_decode_end(struct svcr_ipvs *v);

#endif
