/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "rules/ipvs/scheduler.h"

#include <string.h>

const char svcr_scheduler_names[] = "rr, wrr, lc, wlc, sh, mh, dh, sed, nq, lblc, lblcr";

bool svcr_scheduler_known(const char *name)
{
	size_t len = strlen(name);

	for (const char *p = svcr_scheduler_names; *p; p += strspn(p, ", ")) {
		size_t n = strcspn(p, ",");

		if (n == len && memcmp(p, name, n) == 0)
			return true;
		p += n;
	}
	return false;
}

bool svcr_scheduler_needs_fallback(const char *name)
{
	return strcmp(name, "sh") == 0 || strcmp(name, "mh") == 0;
}
