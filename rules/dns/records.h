/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The records of a value, one after the other, in an order that depends on them alone. */
#ifndef SVCR_DNS_RECORDS_H
#define SVCR_DNS_RECORDS_H

#include "rules/dns/dns.h"

/* In the order of a zone. The SOA record is none of these: its serial is made from them. */
enum svcr_dns_kind {
	SVCR_DNS_NS,
	SVCR_DNS_SERVER,     /* an address of a name server */
	SVCR_DNS_DELEGATION, /* NS of a zone inside */
	SVCR_DNS_VERSION,    /* TXT of the schema */
	/* of a service: */
	SVCR_DNS_CNAME,
	SVCR_DNS_EXISTS, /* TXT below a namespace without other records */
	SVCR_DNS_ADDRESS,
	SVCR_DNS_SRV,
	SVCR_DNS_ENDPOINT, /* an address of an endpoint's name */
	SVCR_DNS_PTR,
};

struct svcr_dns_record {
	const struct svcr_dns_zone *zone;
	enum svcr_dns_kind kind;
	const char *text; /* of NS and SERVER: the server; of DELEGATION: the zone */
	const struct svcr_dns_service *service;
	const struct svcr_addr *addr;
	/* of ENDPOINT, and the target of SRV and PTR: NULL for the service's own name */
	const char *label;
	const char *port_name; /* of SRV */
	uint16_t port;
	uint8_t protocol;
};

/* Zeroed, it is before the first record of the first zone. */
struct svcr_dns_cursor {
	const struct svcr_dns *v;
	size_t zone;
	enum svcr_dns_kind kind;
	size_t service, i, k;
	bool one_zone; /* ends with the zone */
};

/* Sets *ret to the next record; false at the end. */
bool svcr_dns_next(struct svcr_dns_cursor *c, struct svcr_dns_record *ret);
/* Compares records of two values with one domain: by zone, name, type and data. */
int svcr_dns_record_cmp(const struct svcr_dns_record *a, const struct svcr_dns_record *b);

#define SVCR_DNS_LINE 1024 /* more than two names and the rest */

/* Writes records as text. */
struct svcr_dns_writer {
	const struct svcr_dns *v;
	const struct svcr_dns_service *last; /* whose name is in `own` */
	char own[SVCR_DNS_NAME + 1];         /* with a final dot */
	size_t len;
	char line[SVCR_DNS_LINE]; /* "NAME TYPE DATA", terminated */
	size_t type, data;        /* where these begin */
};

/* Writes the line; returns its length. */
size_t svcr_dns_write(struct svcr_dns_writer *w, const struct svcr_dns_record *r);

#endif
