/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Entries of connection tracking that outlived their endpoint.
 *
 * The kernel decides once per flow how to translate addresses. A UDP client
 * that keeps its port would send to a removed endpoint for ever, so such
 * entries are deleted.
 *
 * libnetfilter_conntrack is not used because the table is streamed here, an
 * entry is deleted by the raw attributes that the kernel sent, and the kernel
 * filters for UDP (CTA_FILTER), where that library makes an object of each entry.
 */
#ifndef SVCRULES_CONNTRACK_H
#define SVCRULES_CONNTRACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ct_flow {
	uint8_t family;                     /* AF_INET (4 bytes of each address) or AF_INET6 */
	uint8_t orig_src[16], orig_dst[16]; /* as the client sent them; network order */
	uint16_t orig_sport, orig_dport;    /* all ports are in host order */
	uint8_t reply_src[16];              /* the source of the answers: the endpoint */
	uint16_t reply_sport;
	bool translated; /* NAT changed the destination; false for virtual servers */
};

/*
 * Deletes the UDP entries of `family` in this network namespace for which
 * `stale` returns true. The table is streamed: only stale entries are stored,
 * and deleted after the dump. The kernel sends only UDP entries (CTA_FILTER,
 * Linux 5.8); older kernels ignore the filter, and their other entries are
 * skipped here.
 * `report` (may be NULL) is called for each entry deleted. With `dry_run`
 * nothing is deleted, and `report` is called for each entry that would be. An
 * entry that expired in the meantime, or whose tuple belongs to another entry
 * by then, is not counted.
 * `stale` may be called more than once for an entry: an interrupted dump is
 * read again, up to five times.
 *
 * *ndeleted is always written, also when an error follows some deletions.
 * Returns 0, -EPERM, -ENOMEM, -EINTR (every dump was interrupted), -EOPNOTSUPP
 * (the kernel has no ctnetlink) or another error of the kernel.
 */
int conntrack_clean_udp(uint8_t family, bool (*stale)(const struct ct_flow *, void *arg), void *arg,
			bool dry_run, void (*report)(const struct ct_flow *, void *),
			void *report_arg, size_t *ndeleted);

#endif
