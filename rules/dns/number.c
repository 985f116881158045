/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Serial numbers: a hash of all records of a zone, of their time to live and of the name server.
 * It is the same on every machine and in every run; servers load a zone again when it differs.
 */
#include "rules/dns/records.h"

#include <endian.h>

static uint64_t mix(uint64_t h, uint64_t x)
{
	h = (h ^ x) * 0x9e3779b97f4a7c15;
	return h ^ h >> 29;
}

static uint64_t mix_text(uint64_t h, const char *s)
{
	size_t len = strlen(s);
	uint64_t x;

	for (h = mix(h, len); len >= sizeof(x); s += sizeof(x), len -= sizeof(x)) {
		memcpy(&x, s, sizeof(x));
		h = mix(h, le64toh(x));
	}
	for (x = 0; len > 0; len--)
		x = x << 8 | (uint8_t)*s++;
	return mix(h, x);
}

static uint64_t mix_addr(uint64_t h, const struct svcr_addr *a)
{
	h = mix(h, a->family);
	h = mix(h, svcr_load_order(a->bytes));
	return a->family == SVCR_IPV6 ? mix(h, svcr_load_order(a->bytes + 8)) : h;
}

static uint64_t hash_service(const struct svcr_dns_service *s)
{
	return mix_text(mix_text(0, s->ns), s->name);
}

static uint64_t hash_record(uint64_t h, const struct svcr_dns_record *r, uint64_t service)
{
	h = mix(h, (uint64_t)r->kind << 32 | (uint32_t)r->port << 8 | r->protocol);
	h = mix(h, service);
	if (r->text)
		h = mix_text(h, r->text);
	if (r->addr)
		h = mix_addr(h, r->addr);
	if (r->label)
		h = mix_text(h, r->label);
	if (r->port_name)
		h = mix_text(h, r->port_name);
	return r->kind == SVCR_DNS_CNAME ? mix_text(h, r->service->cname) : h;
}

static uint32_t number_of_zone(const struct svcr_dns *v, size_t zone)
{
	struct svcr_dns_cursor c = { .v = v, .zone = zone, .one_zone = true };
	const struct svcr_dns_service *last = NULL;
	uint64_t h = mix_text(mix(1, v->config.ttl), v->config.primary), service = 0;
	struct svcr_dns_record r;

	h = mix_text(mix_text(h, v->config.domain), v->zones[zone].name);
	while (svcr_dns_next(&c, &r)) {
		if (r.service && r.service != last)
			service = hash_service(r.service);
		last = r.service;
		h = hash_record(h, &r, r.service ? service : 0);
	}
	h = mix(h, h >> 32);
	return (uint32_t)(h >> 32) ? (uint32_t)(h >> 32) : 1;
}

void svcr_dns_number(struct svcr_dns *v)
{
	for (size_t i = 0; i < v->nzones; i++)
		v->zones[i].serial = v->config.has_serial ? v->config.serial : number_of_zone(v, i);
}
