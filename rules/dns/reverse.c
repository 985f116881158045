/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Reverse zones: which there are, and the PTR records in them. */
#include "diag.h"
#include "rules/dns/dns.h"
#include "rules/dns/text.h"

#include <errno.h>
#include <stdlib.h>

#define DEFAULT_BITS_IPV4 16
#define DEFAULT_BITS_IPV6 64

/* PTR records with their addresses as numbers. */
struct keyed_ipv4 {
	uint32_t address;
	struct svcr_dns_ptr ptr;
};
struct keyed_ipv6 {
	uint64_t high, low;
	struct svcr_dns_ptr ptr;
};

/* A service has each address once. */
static int service_index_cmp(const struct svcr_dns_ptr *a, const struct svcr_dns_ptr *b)
{
	return (a->service > b->service) - (a->service < b->service);
}

static int ipv4_cmp_sort(const void *a, const void *b)
{
	const struct keyed_ipv4 *x = a, *y = b;

	if (x->address != y->address)
		return x->address < y->address ? -1 : 1;
	return service_index_cmp(&x->ptr, &y->ptr);
}

static int ipv6_cmp_sort(const void *a, const void *b)
{
	const struct keyed_ipv6 *x = a, *y = b;

	if (x->high != y->high)
		return x->high < y->high ? -1 : 1;
	if (x->low != y->low)
		return x->low < y->low ? -1 : 1;
	return service_index_cmp(&x->ptr, &y->ptr);
}

/* The i-th address of a service that has a PTR record, and its index in *ret_item. */
static const struct svcr_addr *ptr_addr(const struct svcr_dns_service *s, size_t i,
					size_t *ret_item)
{
	*ret_item = s->nendpoints ? s->by_addr[i] : i;
	return s->nendpoints ? &s->endpoints[*ret_item].addr : &s->addrs[i];
}

static size_t ptr_count(const struct svcr_dns_service *s)
{
	return s->nendpoints ? s->nby_addr : s->naddrs;
}

/* The list of one family while it is sorted: of one of both types. */
struct keyed_list {
	struct keyed_ipv4 *ipv4;
	struct keyed_ipv6 *ipv6;
	size_t n;
};

static void add_keyed(struct keyed_list *l, const struct svcr_addr *a, struct svcr_dns_ptr ptr)
{
	uint64_t high = svcr_load_order(a->bytes);

	if (l->ipv4)
		l->ipv4[l->n++] = (struct keyed_ipv4){ (uint32_t)(high >> 32), ptr };
	else
		l->ipv6[l->n++] = (struct keyed_ipv6){ high, svcr_load_order(a->bytes + 8), ptr };
}

/* Appends the n addresses of a family, sorted, to the list of records. */
static int sort_family(struct svcr_dns *v, uint8_t family, size_t n)
{
	struct keyed_list l = { .n = 0 };
	size_t item;

	if (family == SVCR_IPV4)
		l.ipv4 = reallocarray(NULL, n + 1, sizeof(*l.ipv4));
	else
		l.ipv6 = reallocarray(NULL, n + 1, sizeof(*l.ipv6));
	if (!l.ipv4 && !l.ipv6)
		return -ENOMEM;
	for (size_t i = 0; n > 0 && i < v->nservices; i++)
		for (size_t k = 0; k < ptr_count(&v->services[i]); k++) {
			const struct svcr_addr *a = ptr_addr(&v->services[i], k, &item);

			if (a->family == family)
				add_keyed(&l, a,
					  (struct svcr_dns_ptr){ (uint32_t)i, (uint32_t)item });
		}
	if (l.ipv4)
		qsort(l.ipv4, n, sizeof(*l.ipv4), ipv4_cmp_sort);
	else
		qsort(l.ipv6, n, sizeof(*l.ipv6), ipv6_cmp_sort);
	for (size_t i = 0; i < n; i++)
		v->ptrs[v->nptrs++] = l.ipv4 ? l.ipv4[i].ptr : l.ipv6[i].ptr;
	free(l.ipv4);
	free(l.ipv6);
	return 0;
}

/* Sorts the addresses of all services, IPv4 first, into the list of records. */
static int sort_ptrs(struct svcr_dns *v)
{
	size_t n[SVCR_FAMILY__COUNT] = { 0 }, item;
	int err;

	for (size_t i = 0; i < v->nservices; i++)
		for (size_t k = 0; k < ptr_count(&v->services[i]); k++)
			n[ptr_addr(&v->services[i], k, &item)->family]++;
	v->ptrs = reallocarray(NULL, n[SVCR_IPV4] + n[SVCR_IPV6] + 1, sizeof(*v->ptrs));
	if (!v->ptrs)
		return -ENOMEM;
	err = sort_family(v, SVCR_IPV4, n[SVCR_IPV4]);
	return err ? err : sort_family(v, SVCR_IPV6, n[SVCR_IPV6]);
}

/* Names a zone, and sets its file; `cidr` and `parent` remain. */
static int name_zone(struct svcr_dns *v, struct svcr_dns_zone *z, const char *name, size_t len)
{
	char *text = svcr_arena_strndup(&v->arena, name, len);

	z->name = text;
	z->file = svcr_arena_printf(&v->arena, "%.*szone", (int)len, name);
	return text && z->file ? 0 : -ENOMEM;
}

static int add_reverse(struct svcr_dns *v, const struct svcr_cidr *c)
{
	struct svcr_dns_zone *z = &v->zones[v->nzones];
	char name[SVCR_DNS_NAME];

	*z = (struct svcr_dns_zone){ .cidr = *c, .parent = v->nzones++ };
	return name_zone(v, z, name,
			 (size_t)(svcr_dns_put_reverse(name, &c->addr, c->prefix) - name));
}

/* ---- The default --------------------------------------------------------- */

static struct svcr_cidr default_zone(const struct svcr_addr *a)
{
	struct svcr_cidr c = { .addr = { .family = a->family } };

	c.prefix = a->family == SVCR_IPV6 ? DEFAULT_BITS_IPV6 : DEFAULT_BITS_IPV4;
	memcpy(c.addr.bytes, a->bytes, c.prefix / 8);
	return c;
}

static bool in_default_zone(const struct svcr_dns *v, size_t i, const struct svcr_cidr *c)
{
	const struct svcr_addr *a = svcr_dns_ptr_addr(v, &v->ptrs[i]);
	uint64_t differ = svcr_load_order(a->bytes) ^ svcr_load_order(c->addr.bytes);

	return a->family == c->addr.family && differ >> (64 - c->prefix) == 0; /* at most 64 */
}

/* Calls add_reverse() for each zone that has an address, unless `ret_n` is to get the number. */
static int each_default_zone(struct svcr_dns *v, size_t *ret_n)
{
	int err = 0;

	for (size_t i = 0, end; i < v->nptrs && !err; i = end) {
		struct svcr_cidr c = default_zone(svcr_dns_ptr_addr(v, &v->ptrs[i]));

		for (end = i + 1; end < v->nptrs && in_default_zone(v, end, &c);)
			end++;
		if (ret_n) {
			++*ret_n;
			continue;
		}
		err = add_reverse(v, &c);
		v->zones[v->nzones - 1].first = i;
		v->zones[v->nzones - 1].nptrs = end - i;
	}
	return err;
}

/* ---- Zones that were named ------------------------------------------------ */

/* The zone of a list for an address: the one with the longest prefix. 0: none. */
static size_t find_zone(const struct svcr_dns *v, const struct svcr_addr *a)
{
	size_t low = 1, high = v->nzones;

	while (low < high) {
		size_t mid = low + (high - low) / 2;

		if (svcr_addr_cmp(&v->zones[mid].cidr.addr, a) <= 0)
			low = mid + 1;
		else
			high = mid;
	}
	for (size_t z = low - 1; z > 0; z = v->zones[z].parent) {
		if (svcr_cidr_contains(&v->zones[z].cidr, a))
			return z;
		if (v->zones[z].parent == z)
			break;
	}
	return 0;
}

static bool zone_covers(const struct svcr_dns_zone *z, const struct svcr_dns_zone *inner)
{
	return z->cidr.prefix <= inner->cidr.prefix &&
	       svcr_cidr_contains(&z->cidr, &inner->cidr.addr);
}

/* Adds the zones of the list, each below the one that covers it. */
static int add_listed(struct svcr_dns *v)
{
	int err = 0;

	for (size_t i = 0; i < v->config.reverse.n && !err; i++) {
		size_t own = v->nzones, up = own - 1;
		struct svcr_dns_zone *z = &v->zones[own];

		err = add_reverse(v, &v->config.reverse.v[i]);
		while (up > 0 && !zone_covers(&v->zones[up], z))
			up = v->zones[up].parent == up ? 0 : v->zones[up].parent;
		if (up > 0)
			z->parent = up;
	}
	return err;
}

static void note_left_out(struct svcrules_diags *d, size_t n, const struct svcr_addr *first)
{
	char text[SVCR_ADDR_TEXT];

	svcr_diag(d,
		  &(struct svcrules_diag){ .severity = SVCRULES_NOTICE, .check = "reverse-zone" },
		  "%zu address%s, such as %s, %s in no --reverse-zone: no PTR record", n,
		  n == 1 ? "" : "es", svcr_addr_text(first, text), n == 1 ? "is" : "are");
}

/* Puts the records into order of their zones, which may be inside one another. */
static int place_ptrs(struct svcr_dns *v, struct svcrules_diags *d)
{
	struct svcr_dns_ptr *placed = reallocarray(NULL, v->nptrs + 1, sizeof(*placed));
	size_t at = 0;

	if (!placed)
		return -ENOMEM;
	v->zones[0].nptrs = 0; /* counts those that are left out */
	for (size_t i = 0; i < v->nptrs; i++) {
		const struct svcr_addr *a = svcr_dns_ptr_addr(v, &v->ptrs[i]);
		size_t z = find_zone(v, a);

		if (z == 0 && v->zones[0].nptrs == 0)
			v->zones[0].first = i;
		v->zones[z].nptrs++;
	}
	if (v->zones[0].nptrs)
		note_left_out(d, v->zones[0].nptrs,
			      svcr_dns_ptr_addr(v, &v->ptrs[v->zones[0].first]));
	for (size_t z = 1; z < v->nzones; z++) {
		v->zones[z].first = at;
		at += v->zones[z].nptrs;
		v->zones[z].nptrs = 0;
	}
	for (size_t i = 0; i < v->nptrs; i++) {
		size_t z = find_zone(v, svcr_dns_ptr_addr(v, &v->ptrs[i]));

		if (z > 0)
			placed[v->zones[z].first + v->zones[z].nptrs++] = v->ptrs[i];
	}
	free(v->ptrs);
	v->ptrs = placed;
	v->nptrs = at;
	v->zones[0].first = v->zones[0].nptrs = 0;
	return 0;
}

int svcr_dns_reverse(struct svcr_dns *v, struct svcrules_diags *d)
{
	size_t n = v->config.reverse.n;
	char name[SVCR_DNS_NAME + 1];
	int err = v->config.no_reverse ? 0 : sort_ptrs(v);

	if (v->config.no_reverse)
		n = 0;
	else if (!err && n == 0)
		err = each_default_zone(v, &n);
	v->zones = err ? NULL : svcr_arena_array(&v->arena, n + 1, sizeof(*v->zones));
	if (!v->zones)
		return -ENOMEM;
	v->zones[0] = (struct svcr_dns_zone){ .forward = true };
	v->nzones = 1;
	snprintf(name, sizeof(name), "%s.", v->config.domain);
	err = name_zone(v, &v->zones[0], name, strlen(name));
	if (err || v->config.no_reverse)
		return err;
	if (v->config.reverse.n == 0)
		return each_default_zone(v, NULL);
	err = add_listed(v);
	return err ? err : place_ptrs(v, d);
}
