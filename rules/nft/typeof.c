/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nft/typeof.h"
#include "addr.h"

#include <errno.h>
#include <libnftnl/udata.h>
#include <linux/netfilter/nf_tables.h>

uint32_t svcr_nft_concat_type(const uint8_t *fields, uint8_t family)
{
	uint32_t type = 0;

	for (size_t i = 0; i < svcr_nft_fields_count(fields); i++)
		type = type << 6 | svcr_nft_fields[fields[i]].type_id[family];
	return type;
}

/*
 * The user data from which nft(8) reads the `typeof` of a key: nested type-length-value entries
 * with nft's numbers of expression kinds (as 1.0.6 writes and 1.1.3 reads them).
 */
enum {
	UD_KEYBYTEORDER,
	UD_DATABYTEORDER,
	UD_KEY_TYPEOF = 3,
	UD_DATA_TYPEOF = 4,
	UD_DATA_INTERVAL = 6
};
enum { BYTEORDER_HOST = 1, BYTEORDER_NETWORK = 2 }; /* 0: none, as of keys with many fields */
enum { UD_EXPR_KIND, UD_EXPR_DATA };
enum { UD_PAYLOAD = 7, UD_META = 9, UD_CONCAT = 13, UD_NUMGEN = 23 };
enum { UD_PROTO_TH = 11, UD_PROTO_IP = 12, UD_PROTO_IP6 = 13 };

static void udata_two(struct nftnl_udata_buf *b, uint32_t kind, uint32_t first,
		      const uint32_t *rest, size_t n)
{
	struct nftnl_udata *data;

	nftnl_udata_put_u32(b, UD_EXPR_KIND, kind);
	data = nftnl_udata_nest_start(b, UD_EXPR_DATA);
	nftnl_udata_put_u32(b, 0, first);
	for (size_t i = 0; i < n; i++)
		nftnl_udata_put_u32(b, (uint8_t)(i + 1), rest[i]);
	nftnl_udata_nest_end(b, data);
}

static void udata_field(struct nftnl_udata_buf *b, uint8_t at, uint8_t field, uint8_t family)
{
	struct nftnl_udata *nest = nftnl_udata_nest_start(b, at);
	bool v6 = family == SVCR_IPV6;

	if (field == F_DADDR) /* the 12th (IPv6: 9th) field in nft's description of the header */
		udata_two(b, UD_PAYLOAD, v6 ? UD_PROTO_IP6 : UD_PROTO_IP,
			  (uint32_t[]){ v6 ? 9 : 12 }, 1);
	else if (field == F_DPORT)
		udata_two(b, UD_PAYLOAD, UD_PROTO_TH, (uint32_t[]){ 2 }, 1);
	else if (field == F_L4PROTO)
		udata_two(b, UD_META, NFT_META_L4PROTO, NULL, 0);
	else if (field == F_INDEX)
		udata_two(b, UD_NUMGEN, NFT_NG_RANDOM, (uint32_t[]){ 2, 0 }, 2);
	nftnl_udata_nest_end(b, nest);
}

static void udata_typeof(struct nftnl_udata_buf *b, uint8_t type, const uint8_t *fields,
			 uint8_t family)
{
	struct nftnl_udata *nest = nftnl_udata_nest_start(b, type), *list;

	nftnl_udata_put_u32(b, UD_EXPR_KIND, UD_CONCAT);
	list = nftnl_udata_nest_start(b, UD_EXPR_DATA);
	for (uint8_t i = 0; i < svcr_nft_fields_count(fields); i++)
		udata_field(b, i, fields[i], family);
	nftnl_udata_nest_end(b, list);
	nftnl_udata_nest_end(b, nest);
}

int svcr_nft_put_byteorder(struct nlmsghdr *nlh, const struct svcr_nft_set_layout *l)
{
	struct nftnl_udata_buf *b = nftnl_udata_buf_alloc(256);

	if (!b)
		return -ENOMEM;
	nftnl_udata_put_u32(b, UD_KEYBYTEORDER,
			    l->key[0] == F_PRIORITY ? BYTEORDER_HOST : BYTEORDER_NETWORK);
	nftnl_udata_put_u32(b, UD_DATABYTEORDER, BYTEORDER_HOST);
	mnl_attr_put(nlh, NFTA_SET_USERDATA, nftnl_udata_buf_len(b), nftnl_udata_buf_data(b));
	nftnl_udata_buf_free(b);
	return 0;
}

int svcr_nft_put_typeof(struct nlmsghdr *nlh, const struct svcr_nft_set_layout *l, uint8_t family)
{
	static const uint8_t endpoint[SVCR_NFT_FIELDS_MAX] = { F_DADDR, F_DPORT };
	struct nftnl_udata_buf *b = nftnl_udata_buf_alloc(256);

	if (!b)
		return -ENOMEM;
	nftnl_udata_put_u32(b, UD_KEYBYTEORDER, 0);
	nftnl_udata_put_u32(b, UD_DATABYTEORDER, 0);
	udata_typeof(b, UD_KEY_TYPEOF, l->key, family);
	udata_typeof(b, UD_DATA_TYPEOF, endpoint, family);
	nftnl_udata_put_u32(b, UD_DATA_INTERVAL, 0);
	mnl_attr_put(nlh, NFTA_SET_USERDATA, nftnl_udata_buf_len(b), nftnl_udata_buf_data(b));
	nftnl_udata_buf_free(b);
	return 0;
}
