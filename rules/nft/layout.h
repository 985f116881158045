/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The layout of a table of nf_tables, as data: its sets and maps with the fields of their keys,
 * its chains, and the statements of its rules. Targets describe their tables with these types.
 * Text output, netlink messages and the decoder of this folder all use that one description.
 */
#ifndef SVCR_NFT_LAYOUT_H
#define SVCR_NFT_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define SVCR_NFT_OWNER "managed by svcrules" /* comment of the tables that svcrules made */
#define SVCR_NFT_COMMENT_MAX 128             /* nft(8) accepts no longer comment on an element */
#define SVCR_NFT_SIZE_MIN 768                /* capacity of the smallest set or map, in elements */

/* The fields that keys are made of. */
enum svcr_nft_field {
	F_END,
	F_SADDR,
	F_DADDR,
	F_L4PROTO,
	F_DPORT,
	F_INDEX,    /* numgen random mod N; always the last field of its key */
	F_CT_SADDR, /* original source, before SNAT */
	F_CT_DADDR, /* original destination, before DNAT */
	F_CT_DPORT,
	F_CT_REPLY_SADDR, /* the endpoint: the source address of replies */
	F_CT_REPLY_SPORT,
	F_PRIORITY, /* of the packet, a number that rules set before they look it up */
	F__COUNT
};

#define SVCR_NFT_FIELDS_MAX 6 /* with F_END */

struct svcr_nft_field_layout {
	const char *text[2]; /* in a rule, IPv4 and IPv6; F_INDEX takes the modulus */
	const char *type[2]; /* nft(8)'s data type; NULL: only `typeof` can express it */
	uint8_t type_id[2];  /* its number, as in nft's enum datatypes */
	uint8_t len[2];      /* bytes; each field is padded to 4 in a key */
};

extern const struct svcr_nft_field_layout svcr_nft_fields[F__COUNT];

enum svcr_nft_data {
	DATA_NONE,
	DATA_VERDICT,
	DATA_ENDPOINT, /* address . port */
	DATA_NUMBER,   /* 32 bits, in network order here and in the host's in the kernel */
};

struct svcr_nft_set_layout {
	const char *name; /* NULL: tables of this layout have no such set */
	uint8_t key[SVCR_NFT_FIELDS_MAX];
	enum svcr_nft_data data;
	uint32_t size; /* of a dynamic set: its capacity in elements */
	bool interval; /* the last field is a range */
	/*
	 * `name` is the beginning of the names of any number of sets, which end in a number. One
	 * struct svcr_nft_set holds them all; the number is the beginning of a record. A set
	 * without elements does not exist. They are intervals of one field, with or without data.
	 */
	bool numbered;
	bool dynamic;   /* filled by packets; elements have timeouts */
	bool timed;     /* elements have timeouts, given when they are added */
	bool upkeep;    /* kept for later runs; not part of what is served now */
	bool commented; /* elements carry a comment */
	/* F_INDEX is only a place in a list, so elements keep the places they have (align.h) */
	bool aligned;
};

/* A chain of a layout, with the number in its name if the row is numbered. */
struct svcr_nft_chain_id {
	uint32_t kind, n;
};

#define CHAIN_NONE 0u           /* no chain; the first row of every layout is empty */
#define CHAIN_FOREIGN 0xffffu   /* n: index of a chain name that is not in the layout */
#define VERDICT_DROP CHAIN_NONE /* chain.kind of verdicts that go to no chain */

struct svcr_nft_chain_layout {
	/* a prefix if `numbered`; NULL: tables of this layout have no such chain */
	const char *name;
	bool numbered;
	bool jumped;      /* verdicts jump here and come back; all others go here for good */
	const char *type; /* base chains: "nat"; NULL: not a base chain */
	const char *hook;
	const char *priority_text;
	uint32_t hook_number;
	int32_t priority;
};

struct svcr_nft_layout {
	/*
	 * what the tables serve; layouts with the same word have the same numbers of sets and
	 * chains
	 */
	const char *serves;
	const struct svcr_nft_set_layout *sets;
	size_t nsets;
	const struct svcr_nft_chain_layout *chains; /* by kind; row 0 (CHAIN_NONE) is empty */
	size_t nchains;
	size_t names;     /* the set whose comments name its keys for people */
	const char *noun; /* what has these names: "Service" */
	/* a table of another program with their name is in the way only if they are wanted */
	bool optional;
};

#define SVCR_NFT_NAME_MAX 256

/* A rule is a list of statements. */
enum svcr_nft_op {
	OP_LOOKUP,   /* fields [!=] @set */
	OP_VMAP,     /* fields vmap @set */
	OP_L4PROTO,  /* meta l4proto n */
	OP_DNAT,     /* dnat to fields map @set; n: the modulus */
	OP_UPDATE,   /* update @set { fields timeout n : the endpoint } */
	OP_MARK_SET, /* n: the bit */
	OP_MARK_CLEAR,
	OP_MARK_TEST,
	OP_CT_DNAT,  /* ct status dnat */
	OP_CT_NEW,   /* ct state new */
	OP_CT_FIRST, /* ct status ! confirmed: the first packet of a connection */
	OP_REJECT_TCP,
	OP_REJECT,
	OP_MASQUERADE,
	OP_DROP,
	OP_ACCEPT,
	OP_GOTO, /* chain */
	OP_JUMP,
	OP_CT_OPENING,   /* ct state invalid,new */
	OP_FROM_HOST,    /* iif 0: after routing, the host itself made the packet */
	OP_LOCAL,        /* the address in `fields` is one of the host's own */
	OP_TOS,          /* n: the bits 0x18 of IPv4's type of service */
	OP_PRIORITY_SET, /* meta priority set n; likewise below */
	OP_PRIORITY_MAP, /* set to fields map @set; n: the number of the set */
	OP_PRIORITY_OR,  /* set to itself with the bits n */
	OP_PRIORITY_IS,  /* meta priority n */
};

struct svcr_nft_stmt {
	enum svcr_nft_op op;
	uint8_t fields[SVCR_NFT_FIELDS_MAX];
	uint8_t set;
	bool negate;
	uint32_t n; /* of OP_LOOKUP: the number of the set */
	struct svcr_nft_chain_id chain;
};

#define SVCR_NFT_STMTS_MAX 5

/*
 * Returns the padded length of a field in bytes. `family` is SVCR_IPV4 or SVCR_IPV6 here and
 * below.
 */
size_t svcr_nft_field_size(uint8_t field, uint8_t family);
/* Returns the number of fields before F_END. */
size_t svcr_nft_fields_count(const uint8_t *fields);
/* True if the key ends with F_INDEX. */
static inline bool svcr_nft_key_indexed(const struct svcr_nft_set_layout *l)
{
	size_t n = svcr_nft_fields_count(l->key);

	return n > 0 && l->key[n - 1] == F_INDEX;
}
/* Returns the length of a key in the kernel, without the end of an interval. */
size_t svcr_nft_key_len(const struct svcr_nft_set_layout *l, uint8_t family);
/* Returns the length of the end of an interval, behind the key in a value; 0: no interval. */
size_t svcr_nft_end_len(const struct svcr_nft_set_layout *l, uint8_t family);
/*
 * Changes a key between network order, which values have, and the order that the kernel has: that
 * of the host for F_INDEX and F_PRIORITY, except in intervals, which must be in order of size.
 */
void svcr_nft_swap_key(const struct svcr_nft_set_layout *l, uint8_t family, uint8_t *key);
/* The same for 32 bits at `p`. */
void svcr_nft_swap_number(uint8_t *p);
/* Returns the length of an element's data in a value. */
size_t svcr_nft_data_len(const struct svcr_nft_set_layout *l, uint8_t family);
/* Returns the NFT_SET_ flags with which the set is created. */
uint32_t svcr_nft_set_flags(const struct svcr_nft_set_layout *l);
/*
 * True if the keys of the set begin with a key of the layout's `names` set, so that its
 * elements have names for people.
 */
bool svcr_nft_set_named(const struct svcr_nft_layout *l, size_t set);
/* Returns the length of a key of the layout's `names` set. */
size_t svcr_nft_name_len(const struct svcr_nft_layout *l, uint8_t family);
/*
 * Returns the index of the set of that name, and its number (0: not numbered); nsets if the
 * layout has none.
 */
size_t svcr_nft_set_parse(const struct svcr_nft_layout *l, const char *name, uint32_t *ret_number);
/* The name of a set, in buf[SVCR_NFT_NAME_MAX] or kept elsewhere. */
const char *svcr_nft_set_name(const struct svcr_nft_set_layout *l, uint32_t number, char *buf);
/* Reads a decimal number above 0, without leading zeros, to the end of the string. */
bool svcr_nft_name_number(const char *s, uint32_t *ret);
/* Returns "set" or "map". */
const char *svcr_nft_set_noun(const struct svcr_nft_set_layout *l);

#endif
