/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/dns/text.h"

char *svcr_dns_put_number(char *p, uint32_t n)
{
	char digits[10];
	size_t len = 0;

	do
		digits[len++] = (char)('0' + n % 10);
	while (n /= 10);
	while (len > 0)
		*p++ = digits[--len];
	return p;
}

static char *put_octet(char *p, unsigned n)
{
	if (n >= 100) {
		*p++ = (char)('0' + n / 100);
		n %= 100;
		*p++ = (char)('0' + n / 10);
	} else if (n >= 10) {
		*p++ = (char)('0' + n / 10);
	}
	*p++ = (char)('0' + n % 10);
	return p;
}

static char *put_ipv4(char *p, const struct svcr_addr *a, char between)
{
	p = put_octet(p, a->bytes[0]);
	*p++ = between;
	p = put_octet(p, a->bytes[1]);
	*p++ = between;
	p = put_octet(p, a->bytes[2]);
	*p++ = between;
	return put_octet(p, a->bytes[3]);
}

char *svcr_dns_put_addr(char *p, const struct svcr_addr *a)
{
	char text[SVCR_ADDR_TEXT];

	if (a->family == SVCR_IPV4)
		return put_ipv4(p, a, '.');
	return svcr_dns_put_str(p, svcr_addr_text(a, text));
}

static const char hex[] = "0123456789abcdef";

/* The first of the longest run of zero groups, of at least two; its length in *ret. */
static int longest_zeros(const uint16_t groups[8], int *ret)
{
	int best = -1, n = 1, run;

	for (int i = 0; i < 8; i += run ? run : 1) {
		for (run = 0; i + run < 8 && groups[i + run] == 0;)
			run++;
		if (run > n) {
			best = i;
			n = run;
		}
	}
	*ret = best < 0 ? 0 : n;
	return best;
}

static char *put_group(char *p, uint16_t group)
{
	for (int shift = 12; shift >= 0; shift -= 4)
		if (group >> shift || shift == 0)
			*p++ = hex[group >> shift & 15];
	return p;
}

/* As RFC 5952 writes it, but all in groups: addresses with an IPv4 part have no dots. */
static char *put_ipv6_dashes(char *p, const struct svcr_addr *a)
{
	uint16_t groups[8];
	int zeros, nzeros;

	for (int i = 0; i < 8; i++)
		groups[i] = (uint16_t)(a->bytes[2 * i] << 8 | a->bytes[2 * i + 1]);
	zeros = longest_zeros(groups, &nzeros);
	for (int i = 0; i < 8; i++) {
		if (i == zeros) {
			p = svcr_dns_put_str(p, i == 0 ? "0--" : "--");
			i += nzeros - 1;
			if (i == 7)
				*p++ = '0';
			continue;
		}
		p = put_group(p, groups[i]);
		if (i < 7 && i + 1 != zeros)
			*p++ = '-';
	}
	return p;
}

char *svcr_dns_put_dashes(char *p, const struct svcr_addr *a)
{
	return a->family == SVCR_IPV4 ? put_ipv4(p, a, '-') : put_ipv6_dashes(p, a);
}

char *svcr_dns_put_reverse(char *p, const struct svcr_addr *a, unsigned bits)
{
	if (a->family == SVCR_IPV4) {
		for (unsigned i = bits / 8; i-- > 0;) {
			p = put_octet(p, a->bytes[i]);
			*p++ = '.';
		}
		return svcr_dns_put_str(p, "in-addr.arpa.");
	}
	for (unsigned i = bits / 4; i-- > 0;) {
		*p++ = hex[a->bytes[i / 2] >> (i % 2 ? 0 : 4) & 15];
		*p++ = '.';
	}
	return svcr_dns_put_str(p, "ip6.arpa.");
}
