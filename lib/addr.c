/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "addr.h"

#include <arpa/inet.h>

/*
 * Reads four decimal parts. Leading zeros count for nothing, as Kubernetes reads
 * them (ParseIPSloppy of k8s.io/utils/net): 010 is 10.
 */
static bool parse_ipv4(uint8_t *bytes, struct svcr_str s)
{
	const char *p = s.p, *end = s.p + s.len;

	for (int i = 0; i < 4; i++) {
		unsigned int part = 0;
		const char *first;

		if (i && (p == end || *p++ != '.'))
			return false;
		for (first = p; p < end && *p >= '0' && *p <= '9' && part <= 255; p++)
			part = part * 10 + (unsigned int)(*p - '0');
		if (p == first || part > 255)
			return false;
		bytes[i] = (uint8_t)part;
	}
	return p == end;
}

/* The same for IPv6; its last 32 bits may be written as IPv4. */
static bool parse_ipv6(uint8_t *bytes, struct svcr_str s)
{
	const char *colon = memrchr(s.p, ':', s.len), *dot = memchr(s.p, '.', s.len);
	char buf[SVCR_ADDR_TEXT + 8];
	size_t n = dot && colon ? (size_t)(colon + 1 - s.p) : s.len;
	uint8_t tail[4];

	if (n >= SVCR_ADDR_TEXT)
		return false;
	memcpy(buf, s.p, n);
	memcpy(buf + n, dot ? "0:0" : "", dot ? 4 : 1); /* in the place of the IPv4 part */
	if (strlen(buf) < n || inet_pton(AF_INET6, buf, bytes) != 1)
		return false;
	if (!dot)
		return true;
	if (!parse_ipv4(tail, (struct svcr_str){ s.p + n, s.len - n }))
		return false;
	memcpy(bytes + 12, tail, 4);
	return true;
}

/* Parses the text without regard to what the address means. */
static bool parse_plain(struct svcr_addr *a, struct svcr_str s)
{
	memset(a, 0, sizeof(*a));
	a->family = memchr(s.p, ':', s.len) ? SVCR_IPV6 : SVCR_IPV4;
	return a->family == SVCR_IPV6 ? parse_ipv6(a->bytes, s) : parse_ipv4(a->bytes, s);
}

/* True for ::ffff:a.b.c.d, which is the IPv4 address a.b.c.d (RFC 4291, 2.5.5.2). */
static bool is_mapped(const struct svcr_addr *a)
{
	static const uint8_t first[12] = { [10] = 0xff, [11] = 0xff };

	return a->family == SVCR_IPV6 && memcmp(a->bytes, first, sizeof(first)) == 0;
}

static void make_ipv4(struct svcr_addr *a)
{
	memcpy(a->bytes, a->bytes + 12, 4);
	memset(a->bytes + 4, 0, 12);
	a->family = SVCR_IPV4;
}

bool svcr_addr_parse(struct svcr_addr *a, struct svcr_str s)
{
	if (!parse_plain(a, s))
		return false;
	if (is_mapped(a))
		make_ipv4(a);
	return true;
}

static void clear_host_bits(struct svcr_addr *a, unsigned int prefix, uint8_t fill)
{
	for (unsigned int bit = prefix; bit < svcr_addr_len(a->family) * 8u; bit++) {
		uint8_t mask = (uint8_t)(0x80 >> bit % 8);

		a->bytes[bit / 8] = (uint8_t)((a->bytes[bit / 8] & ~mask) | (fill & mask));
	}
}

bool svcr_cidr_parse(struct svcr_cidr *c, struct svcr_str s)
{
	const char *slash = memchr(s.p, '/', s.len), *p;
	unsigned int prefix = 0;

	if (!slash || !parse_plain(&c->addr, (struct svcr_str){ s.p, (size_t)(slash - s.p) }))
		return false;
	p = slash + 1;
	if (p == s.p + s.len)
		return false;
	for (; p < s.p + s.len; p++) {
		if (*p < '0' || *p > '9' || prefix > 128)
			return false;
		prefix = prefix * 10 + (unsigned int)(*p - '0');
	}
	if (prefix > svcr_addr_len(c->addr.family) * 8u)
		return false;
	if (is_mapped(&c->addr) && prefix >= 96) {
		make_ipv4(&c->addr);
		prefix -= 96;
	}
	c->prefix = (uint8_t)prefix;
	clear_host_bits(&c->addr, prefix, 0);
	return true;
}

const char *svcr_addr_text(const struct svcr_addr *a, char *buf)
{
	if (!inet_ntop(a->family == SVCR_IPV6 ? AF_INET6 : AF_INET, a->bytes, buf, SVCR_ADDR_TEXT))
		buf[0] = '\0';
	return buf;
}

const char *svcr_cidr_text(const struct svcr_cidr *c, char *buf)
{
	size_t n;

	svcr_addr_text(&c->addr, buf);
	n = strlen(buf);
	snprintf(buf + n, SVCR_CIDR_TEXT - n, "/%u", c->prefix);
	return buf;
}

int svcr_addr_cmp_sort(const void *a, const void *b)
{
	return svcr_addr_cmp(a, b);
}

void svcr_addrs_sort(struct svcr_addrs *l)
{
	size_t kept = 0;

	if (l->n == 0)
		return;
	qsort(l->v, l->n, sizeof(*l->v), svcr_addr_cmp_sort);
	for (size_t i = 1; i < l->n; i++)
		if (!svcr_addr_eq(&l->v[i], &l->v[kept]))
			l->v[++kept] = l->v[i];
	l->n = kept + 1;
}

bool svcr_cidr_contains(const struct svcr_cidr *c, const struct svcr_addr *a)
{
	unsigned int whole = c->prefix / 8, rest = c->prefix % 8;

	if (c->addr.family != a->family || memcmp(c->addr.bytes, a->bytes, whole) != 0)
		return false;
	return rest == 0 ||
	       ((c->addr.bytes[whole] ^ a->bytes[whole]) & (uint8_t)(0xff00 >> rest)) == 0;
}

static const char *unusable4(const uint8_t *b)
{
	return !b[0] && !b[1] && !b[2] && !b[3] ? "an unspecified" :
	       b[0] == 127                      ? "a loopback" :
	       b[0] == 169 && b[1] == 254       ? "a link-local" :
	       b[0] >= 224 && b[0] < 240        ? "a multicast" :
						  NULL;
}

static const char *unusable6(const uint8_t *b)
{
	uint64_t high = svcr_load_order(b), low = svcr_load_order(b + 8);

	return high == 0 && low < 2                  ? low ? "a loopback" : "an unspecified" :
	       b[0] == 0xfe && (b[1] & 0xc0) == 0x80 ? "a link-local" :
	       b[0] == 0xff                          ? "a multicast" :
						       NULL;
}

const char *svcr_addr_unusable(const struct svcr_addr *a)
{
	return a->family == SVCR_IPV4 ? unusable4(a->bytes) : unusable6(a->bytes);
}

bool svcr_addr_next(struct svcr_addr *a)
{
	for (int i = svcr_addr_len(a->family) - 1; i >= 0; i--)
		if (++a->bytes[i])
			return true;
	return false;
}

static int range_cmp(const void *a, const void *b)
{
	return svcr_addr_cmp(&((const struct svcr_range *)a)->first,
			     &((const struct svcr_range *)b)->first);
}

size_t svcr_ranges_of(struct svcr_range *ranges, const struct svcr_cidr *cidrs, size_t n,
		      uint8_t family)
{
	size_t count = 0, kept = 0;

	for (size_t i = 0; i < n; i++) {
		if (cidrs[i].addr.family != family)
			continue;
		ranges[count].first = ranges[count].last = cidrs[i].addr;
		clear_host_bits(&ranges[count++].last, cidrs[i].prefix, 0xff);
	}
	if (count == 0)
		return 0;
	qsort(ranges, count, sizeof(*ranges), range_cmp);
	for (size_t i = 1; i < count; i++) {
		struct svcr_addr after = ranges[kept].last;

		if (!svcr_addr_next(&after) || svcr_addr_cmp(&ranges[i].first, &after) <= 0) {
			if (svcr_addr_cmp(&ranges[i].last, &ranges[kept].last) > 0)
				ranges[kept].last = ranges[i].last;
		} else {
			ranges[++kept] = ranges[i];
		}
	}
	return kept + 1;
}
