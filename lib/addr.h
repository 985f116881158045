/* SPDX-License-Identifier: GPL-2.0-or-later */
/* IP addresses and prefixes. */
#ifndef SVCR_ADDR_H
#define SVCR_ADDR_H

#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include "bytes.h"
#include "list.h"
#include "str.h"

enum svcr_family { SVCR_IPV4, SVCR_IPV6, SVCR_FAMILY__COUNT };

struct svcr_addr {
	uint8_t family;    /* enum svcr_family */
	uint8_t bytes[16]; /* network order; the first 4 for IPv4, the rest 0 */
};

struct svcr_cidr {
	struct svcr_addr addr; /* host bits are 0 */
	uint8_t prefix;
};

struct svcr_addrs {
	struct svcr_addr *v;
	size_t n, cap;
};
struct svcr_cidrs {
	struct svcr_cidr *v;
	size_t n, cap;
};

#define SVCR_ADDR_TEXT 46 /* bytes, with the terminator */
#define SVCR_CIDR_TEXT (SVCR_ADDR_TEXT + 4)

static inline uint8_t svcr_addr_len(uint8_t family)
{
	return family == SVCR_IPV6 ? 16 : 4;
}

/*
 * Parse an address or a prefix ("10.0.0.0/8", host bits are cleared). Return
 * false if the text is none.
 */
bool svcr_addr_parse(struct svcr_addr *a, struct svcr_str s);
bool svcr_cidr_parse(struct svcr_cidr *c, struct svcr_str s);
/* Print into `buf`, which has room for SVCR_ADDR_TEXT (SVCR_CIDR_TEXT) bytes; return buf. */
const char *svcr_addr_text(const struct svcr_addr *a, char *buf);
const char *svcr_cidr_text(const struct svcr_cidr *c, char *buf);

/* Sorts IPv4 before IPv6, then numerically. Inline because sorting spends its time here. */
static inline int svcr_addr_cmp(const struct svcr_addr *a, const struct svcr_addr *b)
{
	if (a->family != b->family)
		return a->family < b->family ? -1 : 1;
	for (int i = 0; i < 16; i += 8) {
		uint64_t x = svcr_load_order(a->bytes + i), y = svcr_load_order(b->bytes + i);

		if (x != y)
			return x < y ? -1 : 1;
	}
	return 0;
}
/* The same for qsort(3). */
int svcr_addr_cmp_sort(const void *a, const void *b);
static inline bool svcr_addr_eq(const struct svcr_addr *a, const struct svcr_addr *b)
{
	return a->family == b->family && memcmp(a->bytes, b->bytes, 16) == 0;
}
/* Sorts the list and removes duplicates. */
void svcr_addrs_sort(struct svcr_addrs *l);
/* True if the list, which must be sorted, holds `a`. */
static inline bool svcr_addrs_have(const struct svcr_addrs *l, const struct svcr_addr *a)
{
	return l->n && bsearch(a, l->v, l->n, sizeof(*l->v), svcr_addr_cmp_sort);
}
/* True if the prefix covers `a`. */
bool svcr_cidr_contains(const struct svcr_cidr *c, const struct svcr_addr *a);

/*
 * Returns why no service and no endpoint can have the address: "a loopback",
 * "a link-local", "a multicast" or "an unspecified"; NULL for all others.
 */
const char *svcr_addr_unusable(const struct svcr_addr *a);

/* A closed range of addresses of one family. */
struct svcr_range {
	struct svcr_addr first, last;
};

/*
 * Writes the ranges of one family that the n `cidrs` cover, sorted; overlapping
 * and adjoining ranges are joined. `ranges` has room for n. Returns their number.
 */
size_t svcr_ranges_of(struct svcr_range *ranges, const struct svcr_cidr *cidrs, size_t n,
		      uint8_t family);
/* Adds 1 to the address. Returns false if it wrapped to zero. */
bool svcr_addr_next(struct svcr_addr *a);

#endif
