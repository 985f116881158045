/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Tables of nf_tables as a value: the wanted tables, or the tables in the kernel. A value holds
 * tables of one or more layouts, each for IPv4 and IPv6. It is the part "nft" of a rule set,
 * which changes in one transaction.
 */
#ifndef SVCR_NFT_VALUE_H
#define SVCR_NFT_VALUE_H

#include "addr.h"
#include "arena.h"
#include "intern.h"
#include "list.h"
#include "rules/nft/set.h"
#include "rules/part.h"

struct svcr_nft_rule {
	struct svcr_nft_stmt stmts[SVCR_NFT_STMTS_MAX]; /* of rules that svcrules built */
	size_t nstmts;
	const char *comment; /* of rules that svcrules built; NULL: none */
	/* what the rule does, with its comment (canon.h); rules are compared by it */
	const char *canon;
};

struct svcr_nft_chain {
	struct svcr_nft_chain_id id;
	bool damaged;                /* in the kernel it has another hook or priority */
	bool policy;                 /* in the kernel it has another policy */
	struct svcr_nft_rule *rules; /* malloc'ed */
	size_t nrules, cap;
};

struct svcr_nft_table {
	const struct svcr_nft_layout *layout;
	const char *name;
	uint8_t family;                /* SVCR_IPV4 or SVCR_IPV6 */
	bool present, foreign;         /* foreign: has this name, but was not made by svcrules */
	bool dormant;                  /* in the kernel it is switched off (dormant) */
	struct svcr_nft_set *sets;     /* layout->nsets; malloc'ed */
	struct svcr_nft_chain *chains; /* sorted by id; malloc'ed */
	size_t nchains, chains_cap;
	const char **foreign_sets; /* sets in the table that the layout does not have */
	size_t nforeign_sets, foreign_sets_cap;
	const char **foreign_chains; /* names for CHAIN_FOREIGN */
	size_t nforeign_chains, foreign_chains_cap;
};

struct svcr_nft {
	struct svcr_part part; /* first: this is a part */
	struct svcr_arena arena;
	struct svcr_strings strings;
	/* IPv4 and IPv6 of the first layout, then of the second ...; malloc'ed */
	struct svcr_nft_table *tables;
	size_t ntables;
	uint32_t generation; /* generation of the kernel's rules when they were read; 0: not read */
};

extern const struct svcr_part_ops svcr_nft_ops;

uint8_t svcr_nft_nfproto(uint8_t family); /* SVCR_IPV4 or SVCR_IPV6 to NFPROTO_ */
int svcr_nft_family(uint8_t nfproto);     /* the inverse; -1 for other families */
static inline const char *svcr_nft_family_name(uint8_t family)
{
	return family == SVCR_IPV6 ? "ip6" : "ip";
}

/* A value without tables, or NULL: out of memory. */
struct svcr_nft *svcr_nft_new(void);
/*
 * Adds empty tables of that layout and name for both families. 0 or -ENOMEM (then the value is
 * as before).
 */
int svcr_nft_add_tables(struct svcr_nft *n, const struct svcr_nft_layout *l, const char *name);
/* A value with one pair of tables. NULL: out of memory. */
struct svcr_nft *svcr_nft_new_tables(const struct svcr_nft_layout *l, const char *name);
void svcr_nft_free(struct svcr_nft *n);
/* The table of that name and family, or NULL. */
struct svcr_nft_table *svcr_nft_table(const struct svcr_nft *n, const char *name, uint8_t family);
/* The first table whose layout serves `serves`, or NULL. `family`: SVCR_IPV4 or SVCR_IPV6. */
struct svcr_nft_table *svcr_nft_serving(const struct svcr_nft *n, const char *serves,
					uint8_t family);
/* Returns the number of elements of all sets. */
size_t svcr_nft_count_elements(const struct svcr_nft *n);

/* Finds a chain or makes it, and keeps the list sorted. NULL: out of memory. */
struct svcr_nft_chain *svcr_nft_chain(struct svcr_nft_table *t, struct svcr_nft_chain_id id);
struct svcr_nft_chain *svcr_nft_find_chain(const struct svcr_nft_table *t,
					   struct svcr_nft_chain_id id);
int svcr_nft_chain_cmp(struct svcr_nft_chain_id a, struct svcr_nft_chain_id b);
/* Returns the layout's row of a chain; the row of CHAIN_FOREIGN is empty. */
const struct svcr_nft_chain_layout *svcr_nft_chain_row(const struct svcr_nft_layout *l,
						       struct svcr_nft_chain_id id);
/* Prints a chain's name into buf[SVCR_NFT_NAME_MAX], or returns one that is kept elsewhere. */
const char *svcr_nft_chain_name(const struct svcr_nft_table *t, struct svcr_nft_chain_id id,
				char *buf);
/* Finds the id of a name; an unknown name gets a CHAIN_FOREIGN of its own. 0 or -ENOMEM. */
int svcr_nft_chain_parse(struct svcr_nft *n, struct svcr_nft_table *t, const char *name,
			 struct svcr_nft_chain_id *ret);
/* Appends an empty rule to a chain; NULL: out of memory. */
struct svcr_nft_rule *svcr_nft_add_rule(struct svcr_nft_chain *c);

#endif
