/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Rules for iptables-restore(8) as a value: records from which the text of each chain is written
 * when it is asked for. The families IPv4 and IPv6 are two texts that share nothing.
 *
 * Packets find their service in trees: a chain has up to SVCR_IPT_FAN rules, each for a prefix of
 * addresses (or a range of ports of one address) that goes to a chain of its own, until few
 * enough are left that a rule for each is quicker.
 */
#ifndef SVCR_IPT_VALUE_H
#define SVCR_IPT_VALUE_H

#include "addr.h"
#include "arena.h"
#include "endpoints.h"
#include "list.h"

#define SVCR_IPT_NAME \
	29 /* bytes of a chain's name, with the terminator (XT_EXTENSION_MAXNAMELEN) */
#define SVCR_IPT_FAN 16
#define SVCR_IPT_FEW 8 /* a chain of a tree has a rule for each of so many */
/*
 * Levels of a tree. nf_tables, through which iptables-nft works, refuses more than 16 chains in a
 * row; addresses that were chosen to make a tree deep get a long chain instead.
 */
#define SVCR_IPT_LEVELS 8
#define SVCR_IPT_ENDPOINTS 32 /* among more, an endpoint is chosen in two steps */
#define SVCR_IPT_NONE UINT32_MAX

enum svcr_ipt_table_id { IPT_NAT, IPT_MANGLE, IPT_FILTER, IPT_TABLES };

/* Chains with names of their own; those of each table that hooks jump to come first. */
enum svcr_ipt_fixed {
	/* nat */
	IPT_NAT_PREROUTING,
	IPT_NAT_INPUT,
	IPT_NAT_OUTPUT,
	IPT_NAT_POSTROUTING,
	IPT_SERVICES,
	IPT_NOT_FROM_PODS, /* marks packets from outside the pod CIDRs */
	IPT_FROM_NODE,
	IPT_CLUSTER_IPS,
	IPT_EXTERNAL,
	IPT_INSIDE,
	IPT_OUTSIDE,
	IPT_HAIRPIN,
	IPT_MASQUERADE,
	/* mangle */
	IPT_MANGLE_PREROUTING,
	IPT_MANGLE_OUTPUT,
	IPT_GUARD,
	IPT_GUARD_OUTSIDE,
	IPT_SOURCES,
	IPT_NO_LOCAL,
	IPT_NO_LOCAL_OUTSIDE,
	/* filter */
	IPT_FILTER_INPUT,
	IPT_FILTER_FORWARD,
	IPT_FILTER_OUTPUT,
	IPT_REFUSE,
	IPT_NO_ENDPOINTS,
	IPT_UNDEFINED,
	IPT_UNALLOCATED,
	IPT_REJECT,
	IPT_FIXED_COUNT
};

struct svcr_ipt_fixed_chain {
	uint8_t table;
	const char *name; /* without "SVCRULES-" */
	const char *hook; /* the built-in chain that jumps to it, or NULL */
};
extern const struct svcr_ipt_fixed_chain svcr_ipt_fixed_chains[IPT_FIXED_COUNT];
extern const char *const svcr_ipt_table_names[IPT_TABLES];

/* Trees: each is looked up by destination, but TREE_HAIRPIN and TREE_ADMIT by source. */
enum svcr_ipt_tree_kind {
	TREE_CLUSTER_IPS,      /* cluster IPs */
	TREE_EXTERNAL,         /* other addresses, policy Cluster: always masqueraded */
	TREE_INSIDE,           /* other addresses, policy Local, for pods and this node */
	TREE_OUTSIDE,          /* the same, for other sources: local endpoints */
	TREE_HAIRPIN,          /* endpoints that may reach themselves */
	TREE_SOURCES,          /* addresses with source ranges */
	TREE_NO_LOCAL,         /* policy Local without a local endpoint: cluster IPs */
	TREE_NO_LOCAL_OUTSIDE, /* other addresses */
	TREE_NO_ENDPOINTS,     /* addresses without any endpoint, but cluster IPs */
	TREE_UNDEFINED,        /* all cluster IPs: other ports are refused */
	TREE_UNALLOCATED,      /* addresses in the service CIDRs that are not dropped */
	TREE_FIXED,
	TREE_ADMIT = TREE_FIXED, /* one for each list of source ranges */
	TREE_KINDS
};

/* What a rule of a tree matches, and where it leads. */
struct svcr_ipt_entry {
	struct svcr_addr addr;
	uint8_t bits;     /* of the address that count */
	uint8_t protocol; /* 0: all, and all ports */
	uint16_t port;
	uint32_t to;         /* number of a chain of the table, or SVCR_IPT_NONE */
	const char *comment; /* NULL: none */
};

struct svcr_ipt_tree {
	uint8_t kind;
	uint64_t seed; /* of the numbers of its chains */
	struct svcr_ipt_entry *v;
	size_t n, cap; /* sorted, each once, none covers another */
};

/* A rule of a tree's chain: entries from `lo` to `hi`, which are more than one, and their chain. */
struct svcr_ipt_group {
	uint32_t lo, hi;
	uint32_t chain; /* SVCR_IPT_NONE: there is one entry, whose rule is here */
};

/* The endpoints of a service port under one policy. */
struct svcr_ipt_list {
	const struct svcr_endpoint_addr *v;
	size_t n;
	uint8_t protocol;
	uint32_t affinity; /* seconds; 0: none */
	const char *comment;
};

enum svcr_ipt_chain_kind { CHAIN_FIXED, CHAIN_TREE, CHAIN_ENDPOINTS, CHAIN_SOME_ENDPOINTS };

struct svcr_ipt_chain {
	uint8_t kind;
	uint8_t named;                 /* enum svcr_ipt_fixed; IPT_FIXED_COUNT: it has a number */
	char letter;                   /* in the name of a numbered chain */
	uint32_t of;                   /* the number of a tree or list */
	uint64_t number;               /* in the name */
	uint32_t lo, hi;               /* entries of the tree, endpoints of the list */
	uint32_t first_group, ngroups; /* of a tree, unless it has a rule for each entry */
	uint32_t parts; /* of endpoints: how many chains they are in, which follow; 0: in this */
	uint32_t main;  /* of such a part: the chain that is divided */
};

struct svcr_ipt_chains {
	struct svcr_ipt_chain *v;
	size_t n, cap;
};

struct svcr_ipt_prefixes {
	struct svcr_cidr *v;
	size_t n, cap;
};

/* The rules of one family. */
struct svcr_ipt_family {
	uint8_t family;
	bool wanted; /* by --family */
	bool rules;  /* there are any; without, all its chains are empty */
	bool masquerade_all;
	uint32_t mark;
	struct svcr_ipt_prefixes pods, inside, service_cidrs;
	struct svcr_addrs nodes;
	SVCR_LIST(struct svcr_ipt_tree) trees; /* the first TREE_FIXED by kind */
	SVCR_LIST(struct svcr_ipt_list) lists;
	SVCR_LIST(struct svcr_ipt_group) groups;
	struct svcr_ipt_chains chains[IPT_TABLES];
	uint32_t fixed[IPT_FIXED_COUNT]; /* their chains; SVCR_IPT_NONE: not there */
};

/* The name of a chain into buf[SVCR_IPT_NAME], which is returned. */
const char *svcr_ipt_name(const struct svcr_ipt_chain *c, char *buf);
/* Frees what the family owns; the endpoints of its lists and the comments are somebody else's. */
void svcr_ipt_family_release(struct svcr_ipt_family *f);
/* Adds a chain; *ret is its number in the table. Returns it, until the next, or NULL. */
struct svcr_ipt_chain *svcr_ipt_add_chain(struct svcr_ipt_family *f, uint8_t table, uint8_t kind,
					  uint32_t *ret);
/* Adds the chain, unless it is there. 0 or -ENOMEM. */
int svcr_ipt_add_fixed(struct svcr_ipt_family *f, enum svcr_ipt_fixed id);
static inline bool svcr_ipt_has(const struct svcr_ipt_family *f, enum svcr_ipt_fixed id)
{
	return f->fixed[id] != SVCR_IPT_NONE;
}
/* Makes equal numbers of the chains of each table different, by their order. 0 or -ENOMEM. */
int svcr_ipt_number(struct svcr_ipt_family *f);

#endif
