/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Virtual servers with their real servers, as a value: the part "ipvs" of a rule set. */
#ifndef SVCR_IPVS_SERVERS_H
#define SVCR_IPVS_SERVERS_H

#include "model.h"
#include "rules/ipvs/link.h"
#include "rules/ipvs/scheduler.h"
#include "rules/nftables/layout.h"
#include "rules/ruleset.h"

/*
 * The mark of virtual servers that svcrules made: a bit of their flags that the kernel (6.1,
 * 6.18) keeps and does not use.
 */
#define SVCR_IPVS_MARK 0x40000000u

struct svcr_ipvs_real {
	struct svcr_addr addr;
	uint16_t port;
	uint32_t weight; /* 0: no new connections */
	uint32_t conns;  /* active and inactive connections; read from the kernel only */
	bool damaged;    /* in the kernel it is not reached by NAT, or has thresholds */
};

struct svcr_ipvs_server {
	struct svcr_addr addr;
	uint16_t port;
	uint8_t protocol;
	char scheduler[SVCR_SCHEDULER_MAX];
	uint32_t persistence; /* seconds; 0: none */
	bool marked;          /* has SVCR_IPVS_MARK */
	bool damaged;         /* in the kernel it has flags or a netmask that svcrules never sets */
	/* no longer wanted: it stays until its real servers have no connections */
	bool leaving;
	struct svcr_ipvs_real *reals; /* sorted; malloc'ed */
	size_t nreals, cap;
};

struct svcr_ipvs {
	struct svcr_part part;                      /* first: this is a part */
	SVCR_LIST(struct svcr_ipvs_server) servers; /* sorted */
	/* made by other programs; read from the kernel only, without real servers */
	SVCR_LIST(struct svcr_ipvs_server) foreign;
	/* addresses of the host's other interfaces, sorted; only in built rule sets */
	struct svcr_addrs own;
	uint32_t drain_timeout; /* seconds that a removed real server may keep its connections */
	bool absent;            /* the kernel has no IPVS */
};

extern const struct svcr_part_ops svcr_ipvs_ops;

/* The parts of a rule set of the target "ipvs". */
struct svcr_ipvs_parts {
	struct svcr_nft *nft;
	struct svcr_link *link;
	struct svcr_ipvs *ipvs;
};

/* Finds the parts; a part that the rule set lacks is NULL. */
struct svcr_ipvs_parts svcr_ipvs_parts(const struct svcrules_ruleset *rs);
/* True if none of them is NULL. */
bool svcr_ipvs_whole(const struct svcr_ipvs_parts *p);

struct svcr_ipvs *svcr_ipvs_new(void); /* NULL: out of memory */
void svcr_ipvs_free(struct svcr_ipvs *v);
int svcr_ipvs_server_cmp(const struct svcr_ipvs_server *a, const struct svcr_ipvs_server *b);
int svcr_ipvs_real_cmp(const struct svcr_ipvs_real *a, const struct svcr_ipvs_real *b);
/* The server with the address, protocol and port of `like`, or NULL. */
struct svcr_ipvs_server *svcr_ipvs_find(const struct svcr_ipvs *v,
					const struct svcr_ipvs_server *like);
struct svcr_ipvs_server *svcr_ipvs_find_foreign(const struct svcr_ipvs *v,
						const struct svcr_ipvs_server *like);
struct svcr_ipvs_real *svcr_ipvs_find_real(const struct svcr_ipvs_server *s,
					   const struct svcr_ipvs_real *like);
/* Adds a copy at the end; NULL: out of memory. */
struct svcr_ipvs_real *svcr_ipvs_add_real(struct svcr_ipvs_server *s,
					  const struct svcr_ipvs_real *real);
void svcr_ipvs_sort(struct svcr_ipvs *v);
/*
 * True if `v`, which must be sorted, holds a virtual server twice, or one of them a real server
 * twice.
 */
bool svcr_ipvs_has_duplicates(const struct svcr_ipvs *v);

/* The server's key in the maps of the tables, into SVCR_VIP_MAX bytes; returns its length. */
static inline size_t svcr_ipvs_key(uint8_t *key, const struct svcr_ipvs_server *s)
{
	return svcr_vip_key(key, &s->addr, s->protocol, s->port);
}
/* The opposite: a virtual server with that address, protocol and port, and nothing else. */
struct svcr_ipvs_server svcr_ipvs_of_key(uint8_t family, const uint8_t *key);
/*
 * True if the map of the tables has an element for the server, whatever its verdict. False
 * without tables (NULL).
 */
bool svcr_ipvs_in_table(const struct svcr_nft *n, enum svcr_services_set set,
			const struct svcr_ipvs_server *s);
/* True if the tables leave packets to the server or name it as draining; then svcrules made it. */
bool svcr_ipvs_sent_to(const struct svcr_nft *n, const struct svcr_ipvs_server *s);
/*
 * The sets whose elements name virtual servers that svcrules made: their keys begin with
 * svcr_ipvs_key().
 */
#define SVCR_IPVS_NAMING_SETS 3
extern const enum svcr_services_set svcr_ipvs_naming_sets[SVCR_IPVS_NAMING_SETS];

#define SVCR_IPVS_PLACE_TEXT (SVCR_ADDR_TEXT + 8)
/* "10.96.0.10:80", "[fd00::1]:80" into `buf`, which is returned. */
const char *svcr_ipvs_place_text(const struct svcr_addr *a, uint16_t port, char *buf);

#endif
