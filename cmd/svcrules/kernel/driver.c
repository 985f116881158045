/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel/driver.h"

#include <stdlib.h>
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

	if (!svcrules_ruleset_part(rs, part, &p))
		return &driver_nft;
	for (size_t i = 0; i < sizeof(drivers) / sizeof(drivers[0]); i++)
		if (strcmp(drivers[i]->kind, p.kind) == 0)
			return drivers[i];
	return NULL;
}

const struct driver *driver_last(const struct svcrules_ruleset *rs)
{
	struct svcrules_part p;
	size_t n = 0;

	while (svcrules_ruleset_part(rs, n, &p))
		n++;
	return driver_of(rs, n ? n - 1 : 0);
}
