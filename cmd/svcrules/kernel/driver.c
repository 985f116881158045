/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/driver.h"

#include <assert.h>
#include <string.h>

/* clang-format off */
static const struct driver *const drivers[] = {
	&driver_nft,
	&driver_link,
	&driver_servers,
};
/* clang-format on */

const struct driver *driver_of(const struct svcrules_ruleset *rs, size_t part)
{
	struct svcrules_part p;

	size_t i = 0;

	if (!svcrules_ruleset_part(rs, part, &p))
		return drivers[0];
	while (i < sizeof(drivers) / sizeof(drivers[0]) && strcmp(drivers[i]->kind, p.kind) != 0)
		i++;
	assert(i < sizeof(drivers) / sizeof(drivers[0]));
	return drivers[i];
}

size_t driver_parts(const struct svcrules_ruleset *rs)
{
	struct svcrules_part p;
	size_t n = 0;

	while (svcrules_ruleset_part(rs, n, &p))
		n++;
	return n;
}

const struct driver *driver_last(const struct svcrules_ruleset *rs)
{
	size_t n = driver_parts(rs);

	return driver_of(rs, n ? n - 1 : 0);
}
