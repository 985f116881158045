/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layout of the tables that enforce NetworkPolicy. See svcrules(5), NETWORK POLICY.
 *
 * Two base chains judge the first packets of connections, after their destination was translated
 * and before their source is: `egress` by what the source may reach, then `ingress` by who may
 * reach the destination. A map leads from the address of an isolated pod of this node to the chain
 * of its class; pods that the same policies select share a class. The chain of a class finds the
 * number of a bundle of ports for the other address of the packet, and goes to `allow` if the
 * bundle holds the packet's port. The number is kept in the packet's priority meanwhile, as nft(8)
 * has no other variable that is not kept beyond the packet; `allow` restores the priority.
 */
#ifndef SVCR_POLICY_LAYOUT_H
#define SVCR_POLICY_LAYOUT_H

#include "rules/nft/value.h"

enum svcr_policy_set {
	SET_ISOLATED_OUT, /* address of an isolated pod of this node -> chain of its class */
	SET_ISOLATED_IN,
	SET_SELF,           /* these addresses twice: a pod may reach itself */
	SET_PEERS,          /* address of a pod -> its peer class */
	SET_PAIRS,          /* a class and a peer class in one number -> bundle */
	SET_BLOCKS,         /* numbered; ranges of addresses -> bundle */
	SET_PORT_PROTOCOLS, /* bundle . protocol: all its ports */
	SET_PORTS,          /* bundle . protocol . port */
	SET_PORT_RANGES,
	SET_POLICY__COUNT
};

enum svcr_policy_chain {
	CHAIN_EGRESS = CHAIN_NONE + 1,
	CHAIN_INGRESS,
	CHAIN_OUT, /* n: the class */
	CHAIN_IN,
	CHAIN_PORTS, /* returns if the bundle does not hold the port */
	CHAIN_DENY_OUT,
	CHAIN_DENY_IN,
	CHAIN_ALLOW,
	CHAIN_POLICY__COUNT
};

/*
 * The number of the bundle of all ports and protocols. Other bundles have other numbers, and none
 * has 0.
 */
#define SVCR_BUNDLE_ALL 1u

/* A pair is class << SVCR_PEER_BITS | peer class; neither of the two is 0. */
#define SVCR_PEER_BITS 19
#define SVCR_PEER_MAX ((1u << SVCR_PEER_BITS) - 1)
#define SVCR_CLASS_MAX ((1u << (32 - SVCR_PEER_BITS)) - 1)

#define SVCR_POLICY_WORD "policies" /* struct svcr_nft_layout.serves */

extern const struct svcr_nft_layout svcr_policy_layout;

#endif
