/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/nftables/layout.h"
#include "addr.h"

#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

const struct svcr_nft_field_layout svcr_nft_fields[F__COUNT] = {
	[F_SADDR] = { { "ip saddr", "ip6 saddr" }, { "ipv4_addr", "ipv6_addr" }, { 7, 8 }, { 4, 16 } },
	[F_DADDR] = { { "ip daddr", "ip6 daddr" }, { "ipv4_addr", "ipv6_addr" }, { 7, 8 }, { 4, 16 } },
	[F_L4PROTO] = { { "meta l4proto", "meta l4proto" }, { "inet_proto", "inet_proto" }, { 12, 12 }, { 1, 1 } },
	[F_DPORT] = { { "th dport", "th dport" }, { "inet_service", "inet_service" }, { 13, 13 }, { 2, 2 } },
	[F_INDEX] = { { "numgen random mod %u", "numgen random mod %u" }, { NULL, NULL }, { 4, 4 }, { 4, 4 } },
	[F_CT_DADDR] = { { "ct original ip daddr", "ct original ip6 daddr" }, { "ipv4_addr", "ipv6_addr" },
			 { 7, 8 }, { 4, 16 } },
	[F_CT_DPORT] = { { "ct original proto-dst", "ct original proto-dst" }, { "inet_service", "inet_service" },
			 { 13, 13 }, { 2, 2 } },
	[F_CT_REPLY_SADDR] = { { "ct reply ip saddr", "ct reply ip6 saddr" }, { "ipv4_addr", "ipv6_addr" },
			       { 7, 8 }, { 4, 16 } },
	[F_CT_REPLY_SPORT] = { { "ct reply proto-src", "ct reply proto-src" }, { "inet_service", "inet_service" },
			       { 13, 13 }, { 2, 2 } },
};

#define VIP { F_DADDR, F_L4PROTO, F_DPORT }

const struct svcr_nft_set_layout svcr_nft_sets[SET__COUNT] = {
	[SET_PROTOCOLS] = { .name = "protocols", .key = { F_L4PROTO } },
	[SET_CLUSTER_IPS] = { .name = "cluster-ips", .key = { F_DADDR } },
	[SET_BOUND_IPS] = { .name = "bound-ips", .key = { F_DADDR } },
	[SET_POD_CIDRS] = { .name = "pod-cidrs", .key = { F_SADDR }, .interval = true },
	[SET_SERVICE_CIDRS] = { .name = "service-cidrs", .key = { F_DADDR }, .interval = true },
	[SET_UNMANAGED_IPS] = { .name = "unmanaged-ips", .key = { F_DADDR } },
	[SET_NODE_IPS] = { .name = "node-ips", .key = { F_SADDR } },
	[SET_FIREWALLED] = { .name = "firewalled", .key = VIP },
	[SET_ALLOWED_SOURCES] = { .name = "allowed-sources", .key = { F_DADDR, F_L4PROTO, F_DPORT, F_SADDR },
				  .interval = true },
	[SET_LOCAL_POLICY] = { .name = "local-policy", .key = VIP },
	[SET_HAIRPIN] = { .name = "hairpin", .key = { F_SADDR, F_DADDR } },
	[SET_STICKY] = { .name = "sticky-services", .key = VIP, .data = DATA_VERDICT },
	[SET_SERVICES] = { .name = "services", .key = VIP, .data = DATA_VERDICT, .commented = true },
	[SET_SERVICES_EXTERNAL] = { .name = "services-external", .key = VIP, .data = DATA_VERDICT,
				    .commented = true },
	[SET_ENDPOINTS] = { .name = "endpoints", .key = { F_DADDR, F_L4PROTO, F_DPORT, F_INDEX },
			    .data = DATA_TARGET },
	[SET_LOCAL_ENDPOINTS] = { .name = "local-endpoints", .key = { F_DADDR, F_L4PROTO, F_DPORT, F_INDEX },
				  .data = DATA_TARGET },
	[SET_AFFINITY] = { .name = "affinity", .key = { F_SADDR, F_DADDR, F_L4PROTO, F_DPORT },
			   .data = DATA_TARGET, .dynamic = true },
	[SET_REMOVED] = { .name = "removed-udp", .key = VIP, .upkeep = true },
	[SET_DRAINING] = { .name = "draining", .timed = true, .upkeep = true,
			   .key = { F_DADDR, F_L4PROTO, F_DPORT, F_CT_REPLY_SADDR, F_CT_REPLY_SPORT } },
};

/*
 * Priorities as every NAT uses them (linux/netfilter_ipv4.h NF_IP_PRI_NAT_DST and _SRC),
 * but for output and input: nft 1.1.3 would list -100 and 100 there by names
 * that 1.0.6 refuses to load for these hooks.
 */
const struct svcr_nft_chain_layout svcr_nft_chains[CHAIN__COUNT] = {
	[CHAIN_PREROUTING] = { "prerouting", false, "prerouting", "-100", NF_INET_PRE_ROUTING, -100 },
	[CHAIN_OUTPUT] = { "output", false, "output", "-120", NF_INET_LOCAL_OUT, -120 },
	[CHAIN_INPUT] = { "input", false, "input", "120", NF_INET_LOCAL_IN, 120 },
	[CHAIN_POSTROUTING] = { "postrouting", false, "postrouting", "100", NF_INET_POST_ROUTING, 100 },
	[CHAIN_SERVICES] = { .name = "services" },
	[CHAIN_FROM_NODE] = { .name = "from-node" },
	[CHAIN_REJECT] = { .name = "reject-new" },
	[CHAIN_MASQUERADE] = { .name = "masquerade-new" },
	[CHAIN_IPVS] = { .name = "ipvs" },
	[CHAIN_MASQUERADED_IPVS] = { .name = "masqueraded-ipvs" },
	[CHAIN_BALANCE] = { .name = "balance-", .numbered = true },
	[CHAIN_BALANCE_LOCAL] = { .name = "balance-local-", .numbered = true },
	[CHAIN_STICKY] = { .name = "sticky-", .numbered = true },
	[CHAIN_STICKY_LOCAL] = { .name = "sticky-local-", .numbered = true },
	[CHAIN_MASQUERADED_BALANCE] = { .name = "masqueraded-balance-", .numbered = true },
	[CHAIN_MASQUERADED_BALANCE_LOCAL] = { .name = "masqueraded-balance-local-", .numbered = true },
	[CHAIN_MASQUERADED_STICKY] = { .name = "masqueraded-sticky-", .numbered = true },
	[CHAIN_MASQUERADED_STICKY_LOCAL] = { .name = "masqueraded-sticky-local-", .numbered = true },
	[CHAIN_REMEMBER] = { .name = "remember-", .numbered = true },
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

size_t svcr_nft_key_len(enum svcr_nft_set_id set, uint8_t family)
{
	const struct svcr_nft_set_layout *l = &svcr_nft_sets[set];
	size_t n = svcr_nft_fields_count(l->key), len = 0;

	if (n == 1) /* a single field is not padded */
		return svcr_nft_fields[l->key[0]].len[family];
	for (size_t i = 0; i < n; i++)
		len += svcr_nft_field_size(l->key[i], family);
	return len;
}

size_t svcr_nft_data_len(enum svcr_nft_set_id set, uint8_t family)
{
	switch (svcr_nft_sets[set].data) {
	case DATA_VERDICT:
		return sizeof(struct svcr_nft_chain_id);
	case DATA_TARGET:
		return svcr_addr_len(family) + 4u;
	case DATA_NONE:
		break;
	}
	return 0;
}

bool svcr_nft_set_by_vip(enum svcr_nft_set_id set)
{
	return set < SET__COUNT && !svcr_nft_sets[set].upkeep && svcr_nft_sets[set].key[0] == F_DADDR &&
	       svcr_nft_sets[set].key[1] == F_L4PROTO;
}

uint32_t svcr_nft_set_flags(enum svcr_nft_set_id set)
{
	const struct svcr_nft_set_layout *l = &svcr_nft_sets[set];
	uint32_t flags = 0;

	if (l->interval)
		flags |= NFT_SET_INTERVAL | (svcr_nft_fields_count(l->key) > 1 ? NFT_SET_CONCAT : 0);
	if (l->data != DATA_NONE)
		flags |= NFT_SET_MAP;
	if (l->dynamic)
		flags |= NFT_SET_EVAL;
	if (l->dynamic || l->timed)
		flags |= NFT_SET_TIMEOUT;
	return flags;
}
