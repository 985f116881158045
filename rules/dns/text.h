/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Texts of numbers and addresses. There are several for each endpoint, so they must be quick. */
#ifndef SVCR_DNS_TEXT_H
#define SVCR_DNS_TEXT_H

#include "addr.h"

#include <string.h>

/* Each writes at `p`, without a terminator, and returns the end. */

static inline char *svcr_dns_put(char *p, const char *s, size_t len)
{
	memcpy(p, s, len);
	return p + len;
}

static inline char *svcr_dns_put_str(char *p, const char *s)
{
	return svcr_dns_put(p, s, strlen(s));
}

char *svcr_dns_put_number(char *p, uint32_t n);
char *svcr_dns_put_addr(char *p, const struct svcr_addr *a);
/*
 * The label of an endpoint without a hostname: its address with dashes for dots and colons. An IPv6
 * address that begins or ends with a colon gets a 0 there.
 */
char *svcr_dns_put_dashes(char *p, const struct svcr_addr *a);
/*
 * The name of an address, or of the zone for the first `bits` of it, below in-addr.arpa or
 * ip6.arpa, with a final dot.
 */
char *svcr_dns_put_reverse(char *p, const struct svcr_addr *a, unsigned bits);

#endif
