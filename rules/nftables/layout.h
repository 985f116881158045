/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layout of the tables that serve Services: sets, maps and chains. Targets that choose
 * endpoints in another way share the numbers and most of the rows.
 */
#ifndef SVCR_SERVICES_LAYOUT_H
#define SVCR_SERVICES_LAYOUT_H

#include <netinet/in.h> /* before SET_SERVICES_EXTERNAL, which has the same types */
#include <linux/netfilter.h>

#include "addr.h"
#include "rules/nft/value.h"

#define SVCR_SERVICES_AFFINITY_SIZE 262144 /* the most clients that are remembered in each family */

enum svcr_services_set {
	SET_PROTOCOLS,
	SET_CLUSTER_IPS,
	/*
	 * with a delegate: addresses that are on this node only for services, so that their
	 * other ports are refused
	 */
	SET_BOUND_IPS,
	SET_POD_CIDRS,
	SET_OWN_POD_CIDRS, /* of this node's pods, where they are not SET_POD_CIDRS */
	SET_SERVICE_CIDRS,
	SET_UNMANAGED_IPS,
	SET_NODE_IPS,
	SET_FIREWALLED,
	SET_ALLOWED_SOURCES, /* lists of few sources */
	SET_SOURCES,         /* number: of struct svcr_sources */
	SET_LOCAL_POLICY,
	SET_HAIRPIN,
	SET_STICKY,
	SET_SERVICES,
	SET_SERVICES_EXTERNAL,
	SET_ENDPOINTS,
	SET_LOCAL_ENDPOINTS,
	SET_AFFINITY,
	SET_REMOVED,
	/*
	 * with a delegate: endpoints that finish their connections, with the rest of their time
	 */
	SET_DRAINING,
	SET__COUNT
};

enum svcr_services_chain {
	CHAIN_PREROUTING = CHAIN_NONE + 1,
	CHAIN_OUTPUT,
	CHAIN_INPUT,
	CHAIN_POSTROUTING,
	CHAIN_AFTER_POSTROUTING,
	CHAIN_SERVICES,
	CHAIN_FROM_NODE,
	CHAIN_REJECT,
	CHAIN_MASQUERADE,
	CHAIN_REMEMBER_NEW,
	CHAIN_DELEGATE, /* passes to the delegate, which chooses the endpoint */
	CHAIN_MASQUERADED_DELEGATE,
	CHAIN_BALANCE, /* n: endpoints */
	CHAIN_BALANCE_LOCAL,
	CHAIN_STICKY,
	CHAIN_STICKY_LOCAL,
	/* these mark, then go to the chain of the same name without "masqueraded-" */
	CHAIN_MASQUERADED_BALANCE,
	CHAIN_MASQUERADED_STICKY,
	CHAIN_REMEMBER, /* n: seconds */
	/* the last, as there may be thousands; n: the number of struct svcr_sources */
	CHAIN_ALLOWED_SOURCES,
	CHAIN_SOURCES,
	CHAIN__COUNT
};

/* clang-format off */
#define SVCR_SERVICES_VIP { F_DADDR, F_L4PROTO, F_DPORT }

/* The rows that all layouts of Services have. */
#define SVCR_SERVICES_SETS                                                                         \
	[SET_PROTOCOLS] = { .name = "protocols", .key = { F_L4PROTO } },                           \
	[SET_CLUSTER_IPS] = { .name = "cluster-ips", .key = { F_DADDR } },                         \
	[SET_POD_CIDRS] = { .name = "pod-cidrs", .key = { F_SADDR }, .interval = true },           \
	[SET_OWN_POD_CIDRS] = { .name = "own-pod-cidrs", .key = { F_SADDR }, .interval = true },   \
	[SET_SERVICE_CIDRS] = { .name = "service-cidrs", .key = { F_DADDR }, .interval = true },   \
	[SET_UNMANAGED_IPS] = { .name = "unmanaged-ips", .key = { F_DADDR } },                     \
	[SET_NODE_IPS] = { .name = "node-ips", .key = { F_SADDR } },                               \
	[SET_FIREWALLED] = { .name = "firewalled", .key = SVCR_SERVICES_VIP,                       \
			     .data = DATA_VERDICT },                                               \
	[SET_ALLOWED_SOURCES] = { .name = "allowed-sources", .interval = true,                     \
				  .key = { F_DADDR, F_L4PROTO, F_DPORT, F_SADDR } },               \
	[SET_SOURCES] = { .name = "sources-", .key = { F_SADDR }, .interval = true,                \
			  .numbered = true },                                                      \
	[SET_LOCAL_POLICY] = { .name = "local-policy", .key = SVCR_SERVICES_VIP },                 \
	[SET_HAIRPIN] = { .name = "hairpin", .key = { F_SADDR, F_DADDR } },                        \
	[SET_STICKY] = { .name = "sticky-services", .key = SVCR_SERVICES_VIP,                      \
			 .data = DATA_VERDICT },                                                   \
	[SET_SERVICES] = { .name = "services", .key = SVCR_SERVICES_VIP, .data = DATA_VERDICT,     \
			   .commented = true },                                                    \
	[SET_SERVICES_EXTERNAL] = { .name = "services-external", .key = SVCR_SERVICES_VIP,         \
				    .data = DATA_VERDICT, .commented = true },                     \
	[SET_ENDPOINTS] = { .name = "endpoints", .data = DATA_ENDPOINT, .aligned = true,           \
			    .key = { F_DADDR, F_L4PROTO, F_DPORT, F_INDEX } },                     \
	[SET_LOCAL_ENDPOINTS] = { .name = "local-endpoints", .data = DATA_ENDPOINT,                \
				  .aligned = true,                                                 \
				  .key = { F_DADDR, F_L4PROTO, F_DPORT, F_INDEX } },               \
	[SET_AFFINITY] = { .name = "affinity", .data = DATA_ENDPOINT, .dynamic = true,             \
			   .size = SVCR_SERVICES_AFFINITY_SIZE,                                    \
			   .key = { F_SADDR, F_DADDR, F_L4PROTO, F_DPORT } },                      \
	[SET_REMOVED] = { .name = "removed", .key = SVCR_SERVICES_VIP, .upkeep = true }

/*
 * The usual priorities of NAT (linux/netfilter_ipv4.h, NF_IP_PRI_NAT_DST and _SRC), except in
 * output: nft 1.1.3 lists -100 there with a name that nft 1.0.6 does not load for this hook.
 *
 * Once a chain of NAT has chosen a source, the kernel asks no other one (nf_nat_inet_fn()), so
 * what must happen whatever other programs do is done by chains of type filter, which see every
 * packet. They come after all masquerading, and 120 has no name in any nft.
 */
#define SVCR_SERVICES_CHAINS                                                                       \
	[CHAIN_PREROUTING] = { .name = "prerouting", .type = "nat", .hook = "prerouting",          \
			       .priority_text = "-100", .hook_number = NF_INET_PRE_ROUTING,        \
			       .priority = -100 },                                                 \
	[CHAIN_OUTPUT] = { .name = "output", .type = "nat", .hook = "output",                      \
			   .priority_text = "-120", .hook_number = NF_INET_LOCAL_OUT,              \
			   .priority = -120 },                                                     \
	[CHAIN_INPUT] = { .name = "input", .type = "filter", .hook = "input",                      \
			  .priority_text = "120", .hook_number = NF_INET_LOCAL_IN,                 \
			  .priority = 120 },                                                       \
	[CHAIN_POSTROUTING] = { .name = "postrouting", .type = "nat", .hook = "postrouting",       \
				.priority_text = "100", .hook_number = NF_INET_POST_ROUTING,       \
				.priority = 100 },                                                 \
	[CHAIN_AFTER_POSTROUTING] = { .name = "after-postrouting", .type = "filter",               \
				      .hook = "postrouting", .priority_text = "120",               \
				      .hook_number = NF_INET_POST_ROUTING, .priority = 120 },      \
	[CHAIN_SERVICES] = { .name = "services" },                                                 \
	[CHAIN_FROM_NODE] = { .name = "from-node" },                                               \
	[CHAIN_REJECT] = { .name = "reject-new" },                                                 \
	[CHAIN_MASQUERADE] = { .name = "masquerade-new" },                                         \
	[CHAIN_REMEMBER_NEW] = { .name = "remember-new" },                                         \
	[CHAIN_BALANCE] = { .name = "balance-", .numbered = true },                                \
	[CHAIN_BALANCE_LOCAL] = { .name = "balance-local-", .numbered = true },                    \
	[CHAIN_STICKY] = { .name = "sticky-", .numbered = true },                                  \
	[CHAIN_STICKY_LOCAL] = { .name = "sticky-local-", .numbered = true },                      \
	[CHAIN_MASQUERADED_BALANCE] = { .name = "masqueraded-balance-", .numbered = true },        \
	[CHAIN_MASQUERADED_STICKY] = { .name = "masqueraded-sticky-", .numbered = true },          \
	[CHAIN_REMEMBER] = { .name = "remember-", .numbered = true, .jumped = true },              \
	[CHAIN_ALLOWED_SOURCES] = { .name = "allowed-sources", .jumped = true },                   \
	[CHAIN_SOURCES] = { .name = "sources-", .numbered = true, .jumped = true }
/* clang-format on */

#define SVCR_SERVICES_WORD "services" /* struct svcr_nft_layout.serves */

extern const struct svcr_nft_layout svcr_services_layout;

/*
 * The table of `n` that serves Services in that family (SVCR_IPV4 or SVCR_IPV6), or NULL; `n`
 * may be NULL.
 */
struct svcr_nft_table *svcr_services_table(const struct svcr_nft *n, uint8_t family);
/* Returns one of its sets; the table must exist. */
static inline struct svcr_nft_set *svcr_services_set(const struct svcr_nft *n, uint8_t family,
						     enum svcr_services_set id)
{
	return &svcr_services_table(n, family)->sets[id];
}

/* Key bytes of a VIP (daddr . l4proto . dport), as in the maps; returns their number. */
#define SVCR_VIP_MAX 24
size_t svcr_vip_key(uint8_t *key, const struct svcr_addr *addr, uint8_t protocol, uint16_t port);
/* Bytes of such a key. */
static inline size_t svcr_vip_len(uint8_t family)
{
	return svcr_addr_len(family) + 8u;
}
/* "10.96.0.1:80/tcp", "[fd00::1]:53/udp" into buf[SVCR_VIP_TEXT], which is returned. */
#define SVCR_VIP_TEXT 72
const char *svcr_vip_text(uint8_t family, const uint8_t *key, char *buf);
/* Returns the name (namespace/name:port) of a VIP from the services map of `n`, or NULL. */
const char *svcr_vip_name(const struct svcr_nft *n, uint8_t family, const uint8_t *key);

/* Bytes of an endpoint (address . port), as in the maps; returns their number. */
#define SVCR_ENDPOINT_MAX 20
size_t svcr_endpoint_data(uint8_t *data, const struct svcr_addr *addr, uint16_t port);

/* An element of the set draining: the VIP's key with the endpoint after it; returns its length. */
#define SVCR_DRAINING_MAX (SVCR_VIP_MAX + 20)
size_t svcr_draining_key(uint8_t *key, const struct svcr_addr *vip, uint8_t protocol, uint16_t port,
			 const struct svcr_addr *endpoint, uint16_t endpoint_port);

#endif
