/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What other programs have in IPVS. */
#include "kernel/driver.h"
#include "kernel/host.h"
#include "kernel/proc.h"

#include <errno.h>
#include <string.h>

const char host_virtual_interface[] = "kube-ipvs0";
const char host_virtual_command[] = "ipvsadm -Ln";

bool host_has_virtual_servers(void)
{
	static const char *const begins[] = { "TCP ", "UDP ", "SCTP ", "FWM " };
	static char text[65536];
	ssize_t len = proc_read("/proc/net/ip_vs", text, sizeof(text));

	if (len == -EOVERFLOW)
		return true;
	for (char *rest = len > 0 ? text : NULL, *line; (line = strsep(&rest, "\n"));)
		for (size_t i = 0; i < sizeof(begins) / sizeof(*begins); i++)
			if (strncmp(line, begins[i], strlen(begins[i])) == 0)
				return true;
	return false;
}

bool host_drives_virtual_servers(const struct svcrules_ruleset *rs)
{
	struct svcrules_part p;

	for (size_t i = 0; svcrules_ruleset_part(rs, i, &p); i++)
		if (driver_of(rs, i) == &driver_servers)
			return true;
	return false;
}
