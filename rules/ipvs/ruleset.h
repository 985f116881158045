/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An IPVS rule set as a value: virtual servers with their real servers, the
 * addresses of the dummy interface, and the nftables table that goes with them.
 */
#ifndef SVCR_IPVS_RULESET_H
#define SVCR_IPVS_RULESET_H

#include "model.h"
#include "options.h"
#include "rules/nftables/ruleset.h"

/* A bit of a virtual server's flags that the kernel keeps and gives no meaning (6.1, 6.18): made by svcrules. */
#define SVCR_IPVS_MARK 0x40000000u

struct svcr_ipvs_real {
	struct svcr_addr addr;
	uint16_t port;
	uint32_t weight;  /* 0: no new connections */
	uint32_t conns;   /* the kernel's: active and inactive ones */
	bool damaged;     /* the kernel's is not reached by NAT, or has thresholds */
};

struct svcr_ipvs_server {
	struct svcr_addr addr;
	uint16_t port;
	uint8_t protocol;
	char scheduler[SVCR_SCHEDULER_MAX];
	uint32_t persistence; /* seconds; 0: none */
	bool marked;          /* the kernel's bears SVCR_IPVS_MARK */
	bool damaged;         /* the kernel's has flags or a mask that we never set */
	bool leaving;         /* no longer wanted: here until its real servers have no connection left */
	struct svcr_ipvs_real *reals; /* sorted; malloc'ed */
	size_t nreals, cap;
};

struct svcrules_ipvs {
	struct svcrules_nft *nft;
	bool owns_nft;
	SVCR_LIST(struct svcr_ipvs_server) servers; /* sorted */
	SVCR_LIST(struct svcr_ipvs_server) foreign; /* the kernel's that others made; without real servers */
	struct svcr_addrs addresses;                /* of the interface, sorted */
	struct svcr_addrs own; /* of one that was built: the host's others, which the interface must not have; sorted */
};

int svcr_ipvs_server_cmp(const struct svcr_ipvs_server *a, const struct svcr_ipvs_server *b);
int svcr_ipvs_real_cmp(const struct svcr_ipvs_real *a, const struct svcr_ipvs_real *b);
/* Does its scheduler take another real server only if told to, while the one that it chose has weight 0? */
bool svcr_ipvs_needs_fallback(const struct svcr_ipvs_server *s);
/* The server with the address, protocol and port of `like`, or NULL. */
struct svcr_ipvs_server *svcr_ipvs_find(const struct svcrules_ipvs *v, const struct svcr_ipvs_server *like);
struct svcr_ipvs_server *svcr_ipvs_find_foreign(const struct svcrules_ipvs *v, const struct svcr_ipvs_server *like);
struct svcr_ipvs_real *svcr_ipvs_find_real(const struct svcr_ipvs_server *s, const struct svcr_ipvs_real *like);
/* Adds a copy at the end; NULL: out of memory. */
struct svcr_ipvs_real *svcr_ipvs_add_real(struct svcr_ipvs_server *s, const struct svcr_ipvs_real *real);
/* Adds to one of its lists, at the end: 0 or -ENOMEM. */
int svcr_ipvs_add_addr(struct svcr_addrs *l, const struct svcr_addr *a);
void svcr_ipvs_sort(struct svcrules_ipvs *v);
/* Has it a virtual server twice, or a real server in one of them? It is sorted. */
bool svcr_ipvs_has_twins(const struct svcrules_ipvs *v);

/* Its key in the maps of the table beside it, into SVCR_NFT_VIP_MAX bytes. */
static inline size_t svcr_ipvs_key(uint8_t *key, const struct svcr_ipvs_server *s)
{
	return svcr_nft_vip_key(key, &s->addr, s->protocol, s->port);
}
/* Is there an element for it in that map of the table beside `v`, whatever happens there? */
bool svcr_ipvs_in_table(const struct svcrules_ipvs *v, enum svcr_nft_set_id set, const struct svcr_ipvs_server *s);
/* Does that table send packets on to it, or know that it drains? Then svcrules made it. */
bool svcr_ipvs_told(const struct svcrules_ipvs *v, const struct svcr_ipvs_server *s);
/* The sets that tell it; their keys begin as svcr_nft_vip_key() makes them. */
#define SVCR_IPVS_TELLERS 3
extern const enum svcr_nft_set_id svcr_ipvs_tellers[SVCR_IPVS_TELLERS];

#define SVCR_IPVS_PLACE_TEXT (SVCR_ADDR_TEXT + 8)
/* "10.96.0.10:80", "[fd00::1]:80" into `buf`, which is returned. */
const char *svcr_ipvs_place_text(const struct svcr_addr *a, uint16_t port, char *buf);

#endif
