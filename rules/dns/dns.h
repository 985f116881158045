/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DNS zones as a value: the part "zones" of a rule set. It keeps services with their addresses
 * and endpoints, from which the records are made one after the other when they are printed or
 * compared (records.h), so that it takes no more memory than the objects did.
 */
#ifndef SVCR_DNS_H
#define SVCR_DNS_H

#include "addr.h"
#include "arena.h"
#include "rules/part.h"

#define SVCR_DNS_NAME 254 /* bytes of a name without its final dot, with the terminator */
#define SVCR_DNS_NAME_MAX 253
#define SVCR_DNS_LABEL_MAX 63

/* Texts of labels, one after the other; a number is where one begins. */
struct svcr_dns_texts {
	char *p; /* malloc'ed */
	size_t len, cap;
};

/* A name of an endpoint, with one of its addresses. There may be hundreds of thousands. */
struct svcr_dns_endpoint {
	struct svcr_addr addr;
	bool dashes;    /* the label is the address with dashes, as it has no hostname */
	uint32_t label; /* a text */
};

/* An SRV record. */
struct svcr_dns_srv {
	uint32_t name;  /* of the port: a text */
	uint32_t label; /* of the endpoint that is its target: a text; 0: the service */
	uint16_t port;
	uint8_t protocol; /* enum svcr_protocol */
};

struct svcr_dns_service {
	const char *ns, *name;   /* in the arena */
	const char *cname;       /* of an ExternalName, without a final dot; NULL: none */
	bool exists;             /* stands for a namespace without other records */
	struct svcr_addr *addrs; /* of its cluster IPs: sorted, each once */
	struct svcr_dns_endpoint *endpoints; /* sorted by label, then address; each pair once */
	uint32_t *by_addr;        /* indices of endpoints, sorted: one for each address */
	struct svcr_dns_srv *srv; /* sorted by port, protocol, label; each once */
	uint32_t naddrs, nendpoints, nby_addr, nsrv;
};

/* A PTR record: of an address of a service, or of an endpoint if the service has endpoints. */
struct svcr_dns_ptr {
	uint32_t service, item; /* indices */
};

struct svcr_dns_zone {
	const char *name, *file; /* "cluster.local.", "cluster.local.zone" */
	bool forward;            /* the cluster domain; else it is for the addresses of `cidr` */
	struct svcr_cidr cidr;
	size_t parent;       /* the zone in which it is delegated; its own index: none */
	size_t first, nptrs; /* its PTR records */
	uint32_t serial;
};

struct svcr_dns_server {
	const char *name;        /* without a final dot */
	struct svcr_addrs addrs; /* sorted, each once; in the arena */
};

/* As options give them. */
struct svcr_dns_config {
	const char *domain; /* without a final dot */
	uint32_t ttl;
	bool no_reverse, has_serial;
	uint32_t serial;
	struct svcr_dns_server *servers; /* at least one, sorted by name, each once */
	size_t nservers;
	const char *primary;       /* the one that was named first */
	bool default_server;       /* nobody named one: it has no addresses until they are built */
	struct svcr_cidrs reverse; /* sorted, each once; none: the default */
};

struct svcr_dns {
	struct svcr_part part;   /* first: this is a part */
	struct svcr_arena arena; /* owns all that is not malloc'ed */
	struct svcr_dns_config config;
	struct svcr_dns_texts texts;
	struct svcr_dns_service *services; /* sorted by namespace and name */
	size_t nservices;
	struct svcr_dns_zone *zones; /* the cluster domain first, then by prefix */
	size_t nzones;               /* 0: nothing was built */
	struct svcr_dns_ptr *ptrs;   /* by zone, address, service; malloc'ed */
	size_t nptrs;
};

extern const struct svcr_part_ops svcr_dns_ops;

/* An empty part for what the options say. NULL: out of memory. */
struct svcr_dns *svcr_dns_new(const struct svcrules_options *o);
void svcr_dns_free(struct svcr_dns *v);

static inline const char *svcr_dns_text(const struct svcr_dns *v, uint32_t text)
{
	return v->texts.p + text;
}
/* Stores a text; *ret is its number, never 0. 0 or -ENOMEM. */
int svcr_dns_text_add(struct svcr_dns *v, const char *s, size_t len, uint32_t *ret);

/* Cuts the reverse zones and makes their PTR records; `v` has its services. 0 or -ENOMEM. */
int svcr_dns_reverse(struct svcr_dns *v, struct svcrules_diags *d);
/* Sets the serial numbers of all zones. */
void svcr_dns_number(struct svcr_dns *v);

/* The address of a PTR record. */
static inline const struct svcr_addr *svcr_dns_ptr_addr(const struct svcr_dns *v,
							const struct svcr_dns_ptr *p)
{
	const struct svcr_dns_service *s = &v->services[p->service];

	return s->nendpoints ? &s->endpoints[p->item].addr : &s->addrs[p->item];
}

#endif
