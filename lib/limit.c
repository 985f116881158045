/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "limit.h"
#include "diag.h"

/* The product of the factors plus `n`, at most SIZE_MAX. */
static size_t add_product(size_t n, size_t a, size_t b)
{
	size_t product;

	if (__builtin_mul_overflow(a, b, &product) || __builtin_add_overflow(n, product, &n))
		return SIZE_MAX;
	return n;
}

/* Stops above `max`. */
static int count_elements(const struct svcr_service *s, const struct svcr_extent *extent,
			  struct svcr_endpoints *x, size_t max, size_t *ret)
{
	size_t n = 0;

	for (size_t i = 0; i < s->ports.n && n <= max; i++)
		for (uint8_t f = 0; f < SVCR_FAMILY__COUNT; f++) {
			const struct svcr_service_port *p = &s->ports.v[i];
			size_t addresses = extent->addresses[f], endpoints;
			int err;

			addresses += p->node_port ? extent->node_ports[f] : 0;
			if (!addresses)
				continue;
			err = svcr_endpoints_count(x, s, p, f, max, &endpoints);
			if (err)
				return err;
			n = add_product(n, addresses, 1 + endpoints);
		}
	*ret = n;
	return 0;
}

/* More than the elements can be, and found without a look at each port. */
static size_t most_elements(const struct svcr_service *s, const struct svcr_extent *extent,
			    struct svcr_endpoints *x)
{
	size_t addresses = 0, places;

	for (uint8_t f = 0; f < SVCR_FAMILY__COUNT; f++)
		addresses += extent->addresses[f] + extent->node_ports[f];
	places = add_product(0, addresses, s->ports.n);
	return add_product(places, places, svcr_endpoints_most(x, s));
}

int svcr_limit_check(const struct svcr_service *s, const struct svcr_extent *extent,
		     struct svcr_endpoints *x, size_t max, struct svcrules_diags *d, bool *ret_over)
{
	char object[256];
	size_t n = 0;
	int err = 0;

	if (most_elements(s, extent, x) > max)
		err = count_elements(s, extent, x, max, &n);
	*ret_over = !err && n > max;
	if (!*ret_over)
		return err;
	snprintf(object, sizeof(object), "Service %s/%s", s->ns, s->name);
	svcr_diag(d,
		  &(struct svcrules_diag){ .severity = SVCRULES_WARNING,
					   .check = "too-many-elements",
					   .source = s->source,
					   .object = object },
		  "its addresses, ports and endpoints make %zu elements or more, and "
		  "--max-elements is %zu: no rules for this service",
		  n, max);
	return 0;
}
