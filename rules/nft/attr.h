/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads netlink attributes of nf_tables and checks every size, and writes them. An attribute
 * that is missing or has an unexpected size is read as zero or empty.
 */
#ifndef SVCR_NFT_ATTR_H
#define SVCR_NFT_ATTR_H

#include <arpa/inet.h>
#include <libmnl/libmnl.h>
#include <linux/netfilter/nf_tables.h>
#include <stdbool.h>
#include <stdint.h>

#define SVCR_NFT_ATTRS 32 /* attributes with higher types are skipped */

typedef const struct nlattr *svcr_nft_attr;

/*
 * A callback for mnl_attr_parse() and mnl_attr_parse_nested(): puts each attribute into an
 * array of SVCR_NFT_ATTRS at its type.
 */
static inline int svcr_nft_attr_collect(const struct nlattr *a, void *array)
{
	svcr_nft_attr *attrs = array;

	if (mnl_attr_get_type(a) < SVCR_NFT_ATTRS)
		attrs[mnl_attr_get_type(a)] = a;
	return MNL_CB_OK;
}

static inline bool svcr_nft_attr_has(svcr_nft_attr a, size_t len)
{
	return a && mnl_attr_get_payload_len(a) == len;
}

static inline const char *svcr_nft_attr_string(svcr_nft_attr a)
{
	return a && mnl_attr_validate(a, MNL_TYPE_NUL_STRING) >= 0 ? mnl_attr_get_str(a) : "";
}

static inline bool svcr_nft_printable(const uint8_t *p, size_t len)
{
	for (size_t i = 0; i < len; i++)
		if (p[i] < ' ' || p[i] > '~')
			return false;
	return true;
}

static inline uint32_t svcr_nft_attr_u32(svcr_nft_attr a)
{
	return svcr_nft_attr_has(a, 4) ? ntohl(mnl_attr_get_u32(a)) : 0;
}

/* Returns the bytes of a nested NFTA_DATA_VALUE if it has `len` of them, else NULL. */
static inline const uint8_t *svcr_nft_attr_value(svcr_nft_attr data, size_t len)
{
	svcr_nft_attr d[SVCR_NFT_ATTRS] = { NULL };

	if (data)
		mnl_attr_parse_nested(data, svcr_nft_attr_collect, d);
	return svcr_nft_attr_has(d[NFTA_DATA_VALUE], len) ?
		       mnl_attr_get_payload(d[NFTA_DATA_VALUE]) :
		       NULL;
}

/* Puts `data` into a nested NFTA_DATA_VALUE. */
static inline void svcr_nft_attr_put_value(struct nlmsghdr *nlh, uint16_t attr, const void *data,
					   size_t len)
{
	struct nlattr *nest = mnl_attr_nest_start(nlh, attr);

	mnl_attr_put(nlh, NFTA_DATA_VALUE, len, data);
	mnl_attr_nest_end(nlh, nest);
}

#endif
