/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one description of the nftables layout: which sets and maps there are,
 * what their keys are made of, which chains there are and what a rule is made
 * of. Text, netlink and the decoder all read these tables.
 */
#ifndef SVCR_NFT_LAYOUT_H
#define SVCR_NFT_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SVCR_NFT_OWNER "managed by svcrules" /* the table's comment: what makes it ours */
#define SVCR_NFT_COMMENT_MAX 128 /* nft(8) takes no longer comment on an element */
#define SVCR_NFT_SIZE_MIN 768 /* elements that the smallest set or map has room for */
#define SVCR_NFT_AFFINITY_SIZE 262144 /* clients remembered at most, a family */

/* What a key is made of. */
enum svcr_nft_field {
	F_END,
	F_SADDR,
	F_DADDR,
	F_L4PROTO,
	F_DPORT,
	F_INDEX,    /* numgen random mod N */
	F_CT_DADDR, /* original destination, before DNAT */
	F_CT_DPORT,
	F_CT_REPLY_SADDR, /* the endpoint: where answers come from */
	F_CT_REPLY_SPORT,
	F__COUNT
};

#define SVCR_NFT_FIELDS_MAX 6 /* with F_END */

struct svcr_nft_field_layout {
	const char *text[2]; /* in a rule, IPv4 and IPv6; F_INDEX takes the modulus */
	const char *type[2]; /* nft(8)'s data type; NULL: only `typeof` can say it */
	uint8_t type_id[2];  /* its number, as in nft's enum datatypes */
	uint8_t len[2];      /* bytes; each field is padded to 4 in a key */
};

extern const struct svcr_nft_field_layout svcr_nft_fields[F__COUNT];

enum svcr_nft_data { DATA_NONE, DATA_VERDICT, DATA_TARGET /* address . port */ };

enum svcr_nft_set_id {
	SET_PROTOCOLS,
	SET_CLUSTER_IPS,
	SET_BOUND_IPS, /* IPVS: local addresses whose undefined ports must not reach the host */
	SET_POD_CIDRS,
	SET_SERVICE_CIDRS,
	SET_UNMANAGED_IPS,
	SET_NODE_IPS,
	SET_FIREWALLED,
	SET_ALLOWED_SOURCES,
	SET_LOCAL_POLICY,
	SET_HAIRPIN,
	SET_STICKY,
	SET_SERVICES,
	SET_SERVICES_EXTERNAL,
	SET_ENDPOINTS,
	SET_LOCAL_ENDPOINTS,
	SET_AFFINITY,
	SET_REMOVED,
	SET_DRAINING, /* IPVS: real servers on their way out, for so long */
	SET__COUNT
};

struct svcr_nft_set_layout {
	const char *name;
	uint8_t key[SVCR_NFT_FIELDS_MAX];
	enum svcr_nft_data data;
	bool interval;  /* the last field is a range */
	bool dynamic;   /* filled by packets; elements have timeouts */
	bool timed;     /* elements have timeouts, given when they are added */
	bool upkeep;    /* of runs to come, not of what is served now */
	bool commented; /* elements carry namespace/name:port */
};

extern const struct svcr_nft_set_layout svcr_nft_sets[SET__COUNT];

/* Key bytes as the kernel has them, without the end of an interval. `family`: SVCR_IPV4 or SVCR_IPV6. */
size_t svcr_nft_key_len(enum svcr_nft_set_id set, uint8_t family);
/* Do its elements say what is done for a VIP? */
bool svcr_nft_set_by_vip(enum svcr_nft_set_id set);
/* NFT_SET_ flags that it is made with. */
uint32_t svcr_nft_set_flags(enum svcr_nft_set_id set);
/* Padded length of one field. */
size_t svcr_nft_field_size(uint8_t field, uint8_t family);
size_t svcr_nft_fields_count(const uint8_t *fields);
size_t svcr_nft_data_len(enum svcr_nft_set_id set, uint8_t family);

enum svcr_nft_chain_kind {
	CHAIN_NONE,
	CHAIN_PREROUTING,
	CHAIN_OUTPUT,
	CHAIN_INPUT,
	CHAIN_POSTROUTING,
	CHAIN_SERVICES,
	CHAIN_FROM_NODE,
	CHAIN_REJECT,
	CHAIN_MASQUERADE,
	CHAIN_IPVS,          /* on to a virtual server */
	CHAIN_MASQUERADED_IPVS,
	CHAIN_BALANCE,       /* n: endpoints */
	CHAIN_BALANCE_LOCAL,
	CHAIN_STICKY,
	CHAIN_STICKY_LOCAL,
	CHAIN_MASQUERADED_BALANCE, /* marks, then goes to the one above of the same name */
	CHAIN_MASQUERADED_BALANCE_LOCAL,
	CHAIN_MASQUERADED_STICKY,
	CHAIN_MASQUERADED_STICKY_LOCAL,
	CHAIN_REMEMBER,      /* n: seconds */
	CHAIN_FOREIGN,       /* n: index of a name that is not ours */
	CHAIN__COUNT
};

struct svcr_nft_chain_id {
	uint32_t kind, n;
};

struct svcr_nft_chain_layout {
	const char *name; /* a prefix if `numbered` */
	bool numbered;
	const char *hook; /* base chains: nat */
	const char *priority_text;
	uint32_t hook_number;
	int32_t priority;
};

extern const struct svcr_nft_chain_layout svcr_nft_chains[CHAIN__COUNT];

#define SVCR_NFT_NAME_MAX 256

/* A rule is a list of statements. */
enum svcr_nft_op {
	OP_LOOKUP,     /* fields [!=] @set */
	OP_VMAP,       /* fields vmap @set */
	OP_L4PROTO,    /* meta l4proto n */
	OP_DNAT,       /* dnat to fields map @set; n: the modulus */
	OP_UPDATE,     /* update @set { fields timeout n : the endpoint } */
	OP_MARK_SET,   /* n: the bit */
	OP_MARK_CLEAR,
	OP_MARK_TEST,
	OP_CT_DNAT,    /* ct status dnat */
	OP_CT_NEW,     /* ct state new */
	OP_REJECT_TCP,
	OP_REJECT,
	OP_MASQUERADE,
	OP_DROP,
	OP_GOTO,       /* chain */
};

struct svcr_nft_stmt {
	enum svcr_nft_op op;
	uint8_t fields[SVCR_NFT_FIELDS_MAX];
	uint8_t set;
	bool negate;
	uint32_t n;
	struct svcr_nft_chain_id chain;
};

#define SVCR_NFT_STMTS_MAX 5

#endif
