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
 * filters (CTA_FILTER), where that library makes an object of each entry.
 */
#ifndef SVCRULES_CONNTRACK_H
#define SVCRULES_CONNTRACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct ct_flow {
	uint8_t family;                     /* AF_INET (4 bytes of each address) or AF_INET6 */
	uint8_t protocol;                   /* IPPROTO_ */
	uint8_t orig_src[16], orig_dst[16]; /* as the client sent them; network order */
	uint16_t orig_sport, orig_dport;    /* all ports are in host order */
	uint8_t reply_src[16];              /* the source of the answers: the endpoint */
	uint16_t reply_sport;
	bool by_nat;  /* NAT changed the destination; false for virtual servers */
	bool opening; /* TCP: the state is SYN_SENT */
};

/* What to delete. */
struct ct_clean {
	uint8_t family; /* AF_INET or AF_INET6 */
	/* protocols that are looked at; of TCP only entries that nobody answered or translated */
	bool tcp, udp, sctp;
	/* called once for an entry or, if the kernel sends it again, more often */
	bool (*stale)(const struct ct_flow *, void *arg);
	/* not NULL: nothing is deleted; called for each entry that would be */
	void (*would)(const struct ct_flow *, void *arg);
	void *arg;
};

/*
 * Deletes the entries for which `stale` returns true, of the default zone of this
 * network namespace: entries of other zones are never looked at. They are deleted
 * while the kernel still lists the table, some hundred at a time, so that nothing
 * grows with their number. The kernel sends only entries of the right protocol
 * (Linux 5.8), state (5.15) and zone (6.8); older kernels ignore that filter, and
 * all is compared here once more. An entry that expired in the meantime, or
 * whose tuple belongs to another entry by then, is not counted.
 *
 * *ndeleted is always written, also when an error follows some deletions.
 * Returns 0, -EPERM, -ENOMEM, -EINTR (changes of the table interrupted each of
 * five readings), -EOPNOTSUPP (the kernel has no ctnetlink) or another error of
 * the kernel.
 */
int conntrack_clean(const struct ct_clean *c, size_t *ndeleted);

#endif
