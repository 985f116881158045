/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nft/layout.h"
#include "addr.h"

#include <arpa/inet.h>
#include <linux/netfilter/nf_tables.h>

/* clang-format off */
#define ADDRESS_TYPES { "ipv4_addr", "ipv6_addr" }, { 7, 8 }, { 4, 16 }
#define PORT_TYPES { "inet_service", "inet_service" }, { 13, 13 }, { 2, 2 }
#define PROTOCOL_TYPES { "inet_proto", "inet_proto" }, { 12, 12 }, { 1, 1 }
#define NUMBER_TYPES { "classid", "classid" }, { 23, 23 }, { 4, 4 }
/* clang-format on */

const struct svcr_nft_field_layout svcr_nft_fields[F__COUNT] = {
	[F_SADDR] = { { "ip saddr", "ip6 saddr" }, ADDRESS_TYPES },
	[F_DADDR] = { { "ip daddr", "ip6 daddr" }, ADDRESS_TYPES },
	[F_L4PROTO] = { { "meta l4proto", "meta l4proto" }, PROTOCOL_TYPES },
	[F_DPORT] = { { "th dport", "th dport" }, PORT_TYPES },
	[F_INDEX] = { { "numgen random mod %u", "numgen random mod %u" },
		      { NULL, NULL },
		      { 4, 4 },
		      { 4, 4 } },
	[F_CT_SADDR] = { { "ct original ip saddr", "ct original ip6 saddr" }, ADDRESS_TYPES },
	[F_CT_DADDR] = { { "ct original ip daddr", "ct original ip6 daddr" }, ADDRESS_TYPES },
	[F_CT_DPORT] = { { "ct original proto-dst", "ct original proto-dst" }, PORT_TYPES },
	[F_CT_REPLY_SADDR] = { { "ct reply ip saddr", "ct reply ip6 saddr" }, ADDRESS_TYPES },
	[F_CT_REPLY_SPORT] = { { "ct reply proto-src", "ct reply proto-src" }, PORT_TYPES },
	[F_PRIORITY] = { { "meta priority", "meta priority" }, NUMBER_TYPES },
};

size_t svcr_nft_field_size(uint8_t field, uint8_t family)
{
	return (svcr_nft_fields[field].len[family] + 3u) & ~3u;
}

size_t svcr_nft_fields_count(const uint8_t *fields)
{
	size_t n = 0;

	while (n < SVCR_NFT_FIELDS_MAX && fields[n] != F_END)
		n++;
	return n;
}

size_t svcr_nft_key_len(const struct svcr_nft_set_layout *l, uint8_t family)
{
	size_t n = svcr_nft_fields_count(l->key), len = 0;

	if (n == 1) /* a single field is not padded */
		return svcr_nft_fields[l->key[0]].len[family];
	for (size_t i = 0; i < n; i++)
		len += svcr_nft_field_size(l->key[i], family);
	return len;
}

size_t svcr_nft_end_len(const struct svcr_nft_set_layout *l, uint8_t family)
{
	size_t n = svcr_nft_fields_count(l->key);

	if (!l->interval || n == 0)
		return 0;
	return n == 1 ? svcr_nft_fields[l->key[0]].len[family] :
			svcr_nft_field_size(l->key[n - 1], family);
}

void svcr_nft_swap_key(const struct svcr_nft_set_layout *l, uint8_t family, uint8_t *key)
{
	for (size_t i = 0; i < svcr_nft_fields_count(l->key) && !l->interval; i++) {
		if (l->key[i] == F_INDEX || l->key[i] == F_PRIORITY)
			svcr_nft_swap_number(key);
		key += svcr_nft_field_size(l->key[i], family);
	}
}

void svcr_nft_swap_number(uint8_t *p)
{
	uint32_t n;

	memcpy(&n, p, sizeof(n));
	n = htonl(n);
	memcpy(p, &n, sizeof(n));
}

size_t svcr_nft_data_len(const struct svcr_nft_set_layout *l, uint8_t family)
{
	switch (l->data) {
	case DATA_VERDICT: return sizeof(struct svcr_nft_chain_id);
	case DATA_ENDPOINT: return svcr_addr_len(family) + 4u;
	case DATA_NUMBER: return sizeof(uint32_t);
	case DATA_NONE: break;
	}
	return 0;
}

uint32_t svcr_nft_set_flags(const struct svcr_nft_set_layout *l)
{
	uint32_t flags = 0;

	if (l->interval)
		flags |= NFT_SET_INTERVAL |
			 (svcr_nft_fields_count(l->key) > 1 ? NFT_SET_CONCAT : 0);
	if (l->data != DATA_NONE)
		flags |= NFT_SET_MAP;
	if (l->dynamic)
		flags |= NFT_SET_EVAL;
	if (l->dynamic || l->timed)
		flags |= NFT_SET_TIMEOUT;
	return flags;
}

bool svcr_nft_set_named(const struct svcr_nft_layout *l, size_t set)
{
	const uint8_t *name = l->sets[l->names].key;

	return set < l->nsets && !l->sets[set].upkeep &&
	       memcmp(l->sets[set].key, name, svcr_nft_fields_count(name)) == 0;
}

size_t svcr_nft_name_len(const struct svcr_nft_layout *l, uint8_t family)
{
	return svcr_nft_key_len(&l->sets[l->names], family);
}

bool svcr_nft_name_number(const char *s, uint32_t *ret)
{
	uint64_t n = 0;

	if (*s < '1' || *s > '9')
		return false;
	for (; *s >= '0' && *s <= '9' && n <= UINT32_MAX; s++)
		n = n * 10 + (uint64_t)(*s - '0');
	*ret = (uint32_t)n;
	return !*s && n <= UINT32_MAX;
}

size_t svcr_nft_set_parse(const struct svcr_nft_layout *l, const char *name, uint32_t *ret_number)
{
	*ret_number = 0;
	for (size_t i = 0; i < l->nsets; i++) {
		const struct svcr_nft_set_layout *s = &l->sets[i];
		size_t len = s->name && s->numbered ? strlen(s->name) : 0;

		if (!s->name)
			continue;
		if (s->numbered ? strncmp(name, s->name, len) == 0 &&
					  svcr_nft_name_number(name + len, ret_number) :
				  strcmp(name, s->name) == 0)
			return i;
	}
	*ret_number = 0;
	return l->nsets;
}

const char *svcr_nft_set_name(const struct svcr_nft_set_layout *l, uint32_t number, char *buf)
{
	if (!l->numbered)
		return l->name;
	snprintf(buf, SVCR_NFT_NAME_MAX, "%s%u", l->name, number);
	return buf;
}

const char *svcr_nft_set_noun(const struct svcr_nft_set_layout *l)
{
	return l->data == DATA_NONE ? "set" : "map";
}
