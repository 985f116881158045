/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Connection tracking entries that outlived their endpoint.
 *
 * Address translation is decided once per flow. A UDP client that keeps its
 * port sends for ever to an endpoint that is gone, so such entries are deleted.
 */
#ifndef SVCRULES_CONNTRACK_H
#define SVCRULES_CONNTRACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ct_flow {
	uint8_t family;                     /* AF_INET (4 bytes of each address used) or AF_INET6 */
	uint8_t orig_src[16], orig_dst[16]; /* as the client sent it; network order */
	uint16_t orig_sport, orig_dport;    /* host order, as all ports here */
	uint8_t reply_src[16];              /* who really answers: the endpoint */
	uint16_t reply_sport;
	bool translated;                    /* by NAT of its destination; what IPVS does does not count as such */
};

/*
 * Deletes the UDP entries of `family` in this network namespace for which
 * `stale` says true. The table is streamed: only stale entries are kept, and
 * deleted after the dump. The kernel sends UDP entries only (CTA_FILTER, Linux
 * 5.8; older ones ignore it, and what they send is sorted out here).
 * `report` (may be NULL) is called for each entry deleted; with `dry_run`,
 * nothing is deleted and it is called for each that would be. An entry that
 * went away by itself, or whose tuple now belongs to another entry, counts not.
 * `stale` may be called again for the same entry: an interrupted dump is read
 * again, up to five times.
 *
 * *ndeleted is written always, also when some were deleted before an error.
 * Returns 0, -EPERM, -ENOMEM, -EINTR (interrupted each time), -EOPNOTSUPP (the
 * kernel has no ctnetlink) or another error of the kernel.
 */
int conntrack_clean_udp(uint8_t family, bool (*stale)(const struct ct_flow *, void *arg),
			void *arg, bool dry_run,
			void (*report)(const struct ct_flow *, void *), void *report_arg,
			size_t *ndeleted);

#endif
