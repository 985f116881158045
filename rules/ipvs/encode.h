/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Makes generic netlink messages of the family IPVS (linux/ip_vs.h) from changes, and the
 * requests that read IPVS.
 */
#ifndef SVCR_IPVS_ENCODE_H
#define SVCR_IPVS_ENCODE_H

#include "rules/ipvs/diff.h"

/* The messages of one stage; `number` is the generic netlink family's. 0 or -ENOMEM. */
int svcr_ipvs_encode(const struct svcr_ipvs_changes *c, enum svcrules_stage stage, uint16_t number,
		     struct svcrules_messages *ret);

/*
 * Requests, into SVCR_IPVS_REQUEST_SIZE bytes aligned for a struct nlmsghdr, with nlmsg_type
 * 0: a dump of all virtual servers, one virtual server, a dump of one's real servers.
 */
#define SVCR_IPVS_REQUEST_SIZE 256
void svcr_ipvs_ask_all(void *buf);
void svcr_ipvs_ask_one(const struct svcr_ipvs_server *s, void *buf);
void svcr_ipvs_ask_reals(const struct svcr_ipvs_server *s, void *buf);

#endif
