/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An nftables rule set as a value. Elements are byte strings in network
 * order, so that sorting them with memcmp sorts by address, protocol, port and
 * index; a verdict is a pair (kind of chain, its number).
 */
#ifndef SVCR_NFT_RULESET_H
#define SVCR_NFT_RULESET_H

#include "addr.h"
#include "arena.h"
#include "intern.h"
#include "rules/nftables/layout.h"
#include "svcrules.h"

/* chain.kind of verdicts that go to no chain */
#define VERDICT_DROP CHAIN_NONE
/* Verdicts are gotos, but for what comes back to the base chain to go on with masquerading. */
static inline bool svcr_nft_verdict_jumps(struct svcr_nft_chain_id id)
{
	return id.kind == CHAIN_REMEMBER;
}

struct svcr_nft_set {
	bool present;
	bool damaged;     /* the kernel's differs in type or flags: replace it */
	uint32_t size;    /* elements it was made for; 0: intervals, which have no hash to grow */
	uint8_t *v;       /* n records: key, end of the interval, data, comment */
	size_t n, cap;
	size_t key_len;   /* as the kernel has it */
	size_t sort_len;  /* key and end of the interval */
	size_t data_len, stride;
};

struct svcr_nft_rule {
	struct svcr_nft_stmt stmts[SVCR_NFT_STMTS_MAX]; /* of our own rules */
	size_t nstmts;
	const char *canon; /* what it does, whatever registers it uses; compared */
};

struct svcr_nft_chain {
	struct svcr_nft_chain_id id;
	bool damaged; /* the kernel's has another hook or priority */
	bool policy;  /* the kernel's has another policy */
	struct svcr_nft_rule *rules; /* malloc'ed */
	size_t nrules, cap;
};

struct svcr_nft_table {
	bool present, foreign; /* foreign: of this name, but not made by svcrules */
	bool dormant;          /* the kernel's is switched off */
	uint8_t family; /* enum svcr_family */
	struct svcr_nft_set sets[SET__COUNT];
	struct svcr_nft_chain *chains; /* sorted by id; malloc'ed */
	size_t nchains, chains_cap;
	const char **foreign_sets; /* in the arena's keeping: sets that are not ours, inside our table */
	size_t nforeign_sets, foreign_sets_cap;
};

struct svcrules_nft {
	struct svcr_arena arena;
	struct svcr_strings strings;
	const char *name;
	const char **foreign_chains; /* names for CHAIN_FOREIGN */
	size_t nforeign_chains, foreign_chains_cap;
	struct svcr_nft_table tables[SVCR_FAMILY__COUNT];
	struct svcrules_nft_stats stats;
	uint32_t drain_timeout; /* seconds, for what is added to `draining` */
};

uint8_t svcr_nft_nfproto(uint8_t family); /* enum svcr_family to NFPROTO_ */
int svcr_nft_family(uint8_t nfproto);     /* back; -1 for others */
static inline const char *svcr_nft_family_name(uint8_t family)
{
	return family == SVCR_IPV6 ? "ip6" : "ip";
}

/* Prepares the strides of all sets of a new value. */
void svcr_nft_init(struct svcrules_nft *n);
/* A new zeroed record at the end of a set, or NULL. */
uint8_t *svcr_nft_add(struct svcr_nft_set *s);
static inline uint8_t *svcr_nft_elem(const struct svcr_nft_set *s, size_t i)
{
	return s->v + i * s->stride;
}
static inline uint8_t *svcr_nft_elem_data(const struct svcr_nft_set *s, const uint8_t *e)
{
	return (uint8_t *)(uintptr_t)(e + s->sort_len);
}
/* A record's comment, or NULL; records are packed, so it is copied in and out. */
const char *svcr_nft_comment(const struct svcr_nft_set *s, const uint8_t *e);
void svcr_nft_set_comment(const struct svcr_nft_set *s, uint8_t *e, const char *comment);
void svcr_nft_sort(struct svcr_nft_set *s);
/*
 * Chooses the size of `to`: that of `from` (may be NULL: the kernel's) as long
 * as the elements fit, else one with room to grow. A hash with a size is made
 * whole at once: the kernel need not grow it while it takes a batch.
 */
void svcr_nft_fit(enum svcr_nft_set_id id, const struct svcr_nft_set *from, struct svcr_nft_set *to);
/* The record with this key (sort_len bytes) in a sorted set, or NULL. */
uint8_t *svcr_nft_find(const struct svcr_nft_set *s, const uint8_t *key);
/* The first record whose first `len` key bytes are not below `prefix`: an index, n at the end. */
size_t svcr_nft_lower(const struct svcr_nft_set *s, const uint8_t *prefix, size_t len);

/* A chain, found or made (NULL: out of memory); keeps the list sorted. */
struct svcr_nft_chain *svcr_nft_chain(struct svcr_nft_table *t, struct svcr_nft_chain_id id);
struct svcr_nft_chain *svcr_nft_find_chain(const struct svcr_nft_table *t, struct svcr_nft_chain_id id);
int svcr_nft_chain_cmp(struct svcr_nft_chain_id a, struct svcr_nft_chain_id b);
/* An element of the set draining: the VIP's key with the endpoint after it; returns its length. */
#define SVCR_NFT_DRAINING_MAX (SVCR_NFT_VIP_MAX + 20)
size_t svcr_nft_draining_key(uint8_t *key, const struct svcr_addr *vip, uint8_t protocol, uint16_t port,
			     const struct svcr_addr *endpoint, uint16_t endpoint_port);

/* Prints its name into buf[SVCR_NFT_NAME_MAX]. */
const char *svcr_nft_chain_name(const struct svcrules_nft *n, struct svcr_nft_chain_id id, char *buf);
/* The id of a name; unknown ones are kept as CHAIN_FOREIGN. 0 or -ENOMEM. */
int svcr_nft_chain_parse(struct svcrules_nft *n, const char *name, struct svcr_nft_chain_id *ret);
/* The set of that name; SET__COUNT if it is none of ours. */
enum svcr_nft_set_id svcr_nft_set_parse(const char *name);

/* Key bytes of a VIP (daddr . l4proto . dport), as in the maps; returns their number. */
#define SVCR_NFT_VIP_MAX 24
size_t svcr_nft_vip_key(uint8_t *key, const struct svcr_addr *addr, uint8_t protocol, uint16_t port);

/* What a rule does, as text in the arena: statements of ours. NULL: out of memory. */
const char *svcr_nft_rule_canon(struct svcrules_nft *n, uint8_t family, const struct svcr_nft_rule *rule);

#endif
